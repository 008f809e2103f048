// SPDX-License-Identifier: Apache-2.0
//! `keyproof evidence verify`: what is missing in a pack, and what was altered.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use keyproof_evidence::{PlanCompleteness, Verification, Verifier};
use keyproof_report::visible;
use keyproof_verdict::Verdict;
use serde_json::{Value, json};

use crate::command::plan::counted;
use crate::error::CliError;
use crate::io::Io;
use crate::outcome::Outcome;
use crate::signing;

/// Verify a pack, offline, with the public key alone
///
/// Exit code 0: every record is intact and nothing is missing. 1: something was altered, removed,
/// repeated, reordered or added; each line says what. 3: it could not be found out: a key that signed was
/// not given; or intact, but not complete: runs were not made, or files that records name were not there to
/// be packed.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The pack, a .tar.gz from `keyproof evidence export`
    #[arg(value_name = "PACK")]
    pack: PathBuf,
    /// Public key to believe, PEM; repeat it where keys were changed
    #[arg(long, value_name = "FILE", required = true)]
    key: Vec<PathBuf>,
    /// Format of the result
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    format: Format,
}

/// As many endpoints are named one by one; `--format json` has all of them.
const ENDPOINTS: usize = 5;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

pub(super) fn run(arguments: &Arguments, io: &mut Io) -> Result<Outcome, CliError> {
    let keys = signing::public_keys(&arguments.key)?;
    let name = arguments.pack.display().to_string();
    let file = File::open(&arguments.pack).map_err(|source| CliError::Unreadable {
        name: name.clone(),
        source,
    })?;
    let verification = Verifier::new(keys)
        .pack(BufReader::with_capacity(1 << 16, file))
        .map_err(|source| CliError::Archive { name, source })?;
    let written = match arguments.format {
        Format::Text => text(&verification, &mut io.stdout),
        Format::Json => writeln!(io.stdout, "{:#}", as_json(&verification)),
    };
    written.map_err(CliError::stdout)?;
    Ok(Outcome::from(verification.verdict()))
}

fn as_json(verification: &Verification) -> Value {
    let mut value = json!({
        "schema": "keyproof.evidence-verification/v1",
        "verdict": verification.verdict(),
        "intact": verification.is_intact(),
        "complete": verification.is_complete(),
    });
    if let (Some(value), Ok(Value::Object(rest))) =
        (value.as_object_mut(), serde_json::to_value(verification))
    {
        value.extend(rest);
    }
    value
}

fn text(verification: &Verification, out: &mut impl Write) -> io::Result<()> {
    let summary = &verification.summary;
    let findings = verification.findings.len() + verification.more;
    let number = counted(findings, "finding");
    let (sign, sentence) = match verification.verdict() {
        Verdict::Pass => ("✓", "INTACT: nothing is altered or missing".to_owned()),
        Verdict::Inconclusive if verification.is_intact() => {
            ("?", format!("INTACT, BUT NOT COMPLETE: {number}"))
        }
        Verdict::Inconclusive => ("?", format!("NOT VERIFIED: {number}")),
        Verdict::Fail => ("✗", format!("NOT INTACT: {number}")),
    };
    writeln!(out, "{sign} {sentence}")?;
    for finding in &verification.findings {
        let kind = finding.kind.as_str();
        let line = format!("{}: {}", finding.file, finding.sentence);
        writeln!(out, "  {kind:<10} {}", visible(&line))?;
    }
    if verification.more > 0 {
        writeln!(out, "  and {} more", verification.more)?;
    }
    writeln!(out, "{} verified", counted(summary.records, "record"))?;
    for key in &summary.keys {
        writeln!(out, "  signed by {key}")?;
    }
    // A sandbox is at another port each time.
    for endpoint in summary.endpoints.iter().take(ENDPOINTS) {
        let endpoint = visible(endpoint);
        writeln!(out, "  not AWS itself: runs were made against {endpoint}")?;
    }
    let more = summary.endpoints.len().saturating_sub(ENDPOINTS);
    if more > 0 {
        writeln!(out, "  and against {}", counted(more, "other endpoint"))?;
    }
    if let Some(manifest) = &summary.manifest {
        writeln!(out, "period {}", manifest.period)?;
        for plan in &manifest.plans {
            let name = visible(&plan.name);
            match (plan.first, plan.last) {
                (Some(first), Some(last)) => {
                    writeln!(out, "  {name}: records {first} to {last}")?;
                }
                _ => writeln!(out, "  {name}: no records")?,
            }
            if plan.interval_minutes.is_none() {
                writeln!(
                    out,
                    "    no schedule is known: nothing is said about runs that were never made"
                )?;
            }
        }
    }
    Ok(())
}

/// A plan's completeness in a line.
pub(super) fn completeness(plan: &PlanCompleteness) -> String {
    let verdicts = format!(
        "{} passed, {} failed, {} inconclusive",
        plan.passed, plan.failed, plan.inconclusive
    );
    let name = visible(&plan.plan);
    let parts = match plan.parts {
        0 => String::new(),
        parts => format!("; of parts of it, {} more", runs(parts)),
    };
    match (plan.expected, plan.missing) {
        (Some(expected), Some(missing)) => format!(
            "{name}: {} done ({verdicts}), {expected} expected, {missing} missing{parts}",
            runs(plan.done)
        ),
        _ => format!(
            "{name}: {} done ({verdicts}), no schedule known{parts}",
            plan.done
        ),
    }
}

fn runs(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "run")
}
