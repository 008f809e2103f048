// SPDX-License-Identifier: Apache-2.0
//! `keyproof verify`: a plan against AWS, or against a sandbox.

use std::cell::Cell;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use keyproof_aws::{Runner, Settings, verify_into};
use keyproof_diagnose::Aws;
use keyproof_plan::{Parts, Plan};
use keyproof_verdict::{PartRow, Report};
use ulid::Ulid;

use crate::connection;
use crate::destination::ReportOptions;
use crate::error::CliError;
use crate::input::Source;
use crate::io::{Io, Messages};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::recording::RecordOptions;
use crate::resume::{self, Left};
use crate::signals;
use crate::stream::Stream;
use crate::target::{self, Target};

/// Run a plan: take each role's place, try each call, judge what AWS answers
///
/// Needs credentials that may assume the plan's roles. Nothing is changed: KMS calls are dry runs,
/// writes carry a condition that can't hold. With --sandbox it needs no AWS at all. Interrupted, it
/// reports what it has found out, and --resume goes on from there.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Probes under way at once; looks at tables and keys take free places, or one beside every eight
    #[arg(long, value_name = "N", default_value = "32", value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// Seconds that one attempt of a call may take
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = connection::seconds)]
    timeout: Duration,
    /// Seconds that the run may take; what has no answer by then is inconclusive [default: no limit]
    #[arg(long, value_name = "SECONDS", value_parser = connection::seconds)]
    deadline: Option<Duration>,
    /// Share of AWS's request quotas that the run takes at most, in percent; less once it is throttled
    /// [default: 25 of AWS's own, no bound at another endpoint]
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    quota_share: Option<u8>,
    /// Look for the statement or grant behind each failure and the CloudTrail event that wrote it, and
    /// keep the keys' policies in the report: reads key policies and grants, and for failures the roles'
    /// and tables' policies, with your own credentials
    #[arg(long)]
    diagnose: bool,
    /// Go on from what an interrupted or cut off run of the same plan left, a week ago at most: a JSON
    /// report, or lines of one (`FILE.partial` of `--format jsonl --output FILE`). What found something
    /// out is kept, table by table; the rest is asked again
    #[arg(long, value_name = "REPORT", conflicts_with_all = ["sandbox", "run_id"])]
    resume: Option<PathBuf>,
    #[command(flatten)]
    shard: ShardOptions,
    /// Give the sessions no policy that keeps them to the calls of the plan
    #[arg(long)]
    no_guard: bool,
    #[command(flatten)]
    report: ReportOptions,
    #[command(flatten)]
    record: RecordOptions,
}

/// Which part of a plan is run, where it is one of several.
#[derive(Debug, clap::Args)]
struct ShardOptions {
    /// Manifest of `keyproof shard cut`: run one shard of the plan, and not the whole
    #[arg(long, value_name = "MANIFEST", requires_all = ["shard", "run_id"])]
    manifest: Option<Source>,
    /// Number of the shard to run
    #[arg(long, value_name = "N", requires = "manifest")]
    shard: Option<usize>,
    /// Id of the run, a ULID; shards of one run share it [default: a new one]
    #[arg(long, value_name = "ULID", value_parser = run_id)]
    run_id: Option<Ulid>,
}

/// A ULID in its one proper spelling: it must be found by the very text that was given.
pub(crate) fn run_id(word: &str) -> Result<Ulid, String> {
    Ulid::from_string(word)
        .ok()
        .filter(|id| id.to_string() == word)
        .ok_or_else(|| "expected a ULID: 26 digits and capital letters".to_owned())
}

/// Runs the plan and writes its report.
pub(crate) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let destinations = arguments.report.destinations(io)?;
    arguments.check()?;
    // Before the run: a key that can't be used must not cost one.
    let recording = arguments
        .record
        .recording(&arguments.target.connection.settings())?;
    let text = arguments.target.plan.read(io)?;
    let (plan, part) = arguments.part(arguments.target.plan.parsed_plan(&text)?, io)?;
    let settings = arguments.settings();
    let left = arguments.resume.as_deref();
    let left = left.map(|path| resume::left(path, &plan, Timestamp::now(), io));
    let left = left.transpose()?;
    let sandbox = arguments.target.account(&plan, io)?;
    // Kept only where it is needed once more: a plan of many probes is a large text.
    let recording = recording.map(|recording| (recording, text));
    let whole = destinations.needs_whole() || arguments.diagnose || recording.is_some();
    let kept = left.as_ref().map_or(0, |left| left.cut.kept.count());
    let watched = io.watched.then(|| io.stderr.clone());
    let progress = Progress::new(watched, plan.planned(), kept);
    let mut stream = Stream::new(plan.planned(), whole, progress);
    // Causes are found after the run: lines that have gone out would lack them.
    if !arguments.diagnose {
        destinations.stream(&mut stream, whole, &mut io.stdout)?;
    }
    let stderr = &mut io.stderr;
    let report = crate::block_on(async {
        if let Some(account) = &sandbox {
            let world = target::world(account, &plan, stderr).await?;
            let run = arguments.on(&plan, part, &settings, &world.administrator);
            run.carry_out(None, &mut stream, stderr).await
        } else {
            let runner = connection::runner(&settings, &plan.region).await?;
            let run = arguments.on(&plan, part, &settings, &runner);
            run.carry_out(left.as_ref(), &mut stream, stderr).await
        }
    })??;
    let outcome = Outcome::from(report.summary.verdict);
    let spool = stream.into_spool();
    let told = if arguments.diagnose {
        destinations.write(&report, io)
    } else {
        destinations.finish(&report, spool, whole, io)
    };
    let kept = recording.map_or(Ok(()), |(recording, text)| {
        recording.keep(&text, &report, io)
    });
    CliError::outputs([told, kept].into_iter().filter_map(Result::err).collect())?;
    Ok(outcome)
}

impl Arguments {
    /// Refuses what doesn't go together.
    fn check(&self) -> Result<(), CliError> {
        self.target.check(self.shard.manifest.as_ref())
    }

    /// The part of the plan that was asked for, and what the report says of it.
    fn part(&self, plan: Plan, io: &mut Io) -> Result<(Plan, Option<PartRow>), CliError> {
        let (Some(source), Some(number)) = (&self.shard.manifest, self.shard.shard) else {
            return Ok((plan, None));
        };
        let manifest = source.manifest(&plan, io)?;
        let shard = manifest.shard(number);
        let shard = shard.map_err(|error| CliError::Usage(error.to_string()))?;
        Ok((
            shard.plan(&Parts::of(&plan)),
            manifest.part_row(shard, &plan),
        ))
    }

    fn settings(&self) -> Settings {
        Settings {
            concurrency: self.concurrency.into(),
            attempt_timeout: self.timeout,
            deadline: self.deadline,
            guard: !self.no_guard,
            quota_share: self.quota_share,
            run_id: self.shard.run_id,
            ..self.target.settings()
        }
    }

    fn on<'a>(
        &'a self,
        plan: &'a Plan,
        part: Option<PartRow>,
        settings: &'a Settings,
        runner: &'a Runner,
    ) -> Run<'a> {
        Run {
            arguments: self,
            plan,
            part,
            settings,
            runner,
        }
    }
}

/// A run that is ready to be made.
struct Run<'a> {
    arguments: &'a Arguments,
    plan: &'a Plan,
    /// What it is of the whole plan.
    part: Option<PartRow>,
    settings: &'a Settings,
    runner: &'a Runner,
}

impl Run<'_> {
    async fn carry_out(
        self,
        left: Option<&Left<'_>>,
        stream: &mut Stream<'_>,
        stderr: &mut Messages,
    ) -> Result<Report, CliError> {
        let (plan, settings, runner) = (self.plan, self.settings, self.runner);
        if let (Some(left), Some(path)) = (left, &self.arguments.resume) {
            let region = settings.region.as_deref().unwrap_or(&plan.region);
            left.is_of(path, region, runner.endpoint())?;
        }
        let interrupted = Cell::new(false);
        let interruption = signals::interrupted().map_err(CliError::Start)?;
        let interruption = async {
            interruption.await;
            interrupted.set(true);
        };
        let cut = left.map(|left| &left.cut);
        let (mut report, written) =
            verify_into(plan, settings, runner, cut, interruption, stream).await;
        if let Some(part) = self.part {
            part.mark(&mut report, plan.planned());
        }
        stream.close(&mut report, written)?;
        if self.arguments.diagnose && !interrupted.get() {
            let aws = Aws::new(runner.service_config(None), &report.environment.region);
            for note in keyproof_diagnose::diagnose(&mut report, plan, &aws, &aws).await {
                stderr.say(format_args!("warning: {note}"));
            }
        }
        Ok(report)
    }
}
