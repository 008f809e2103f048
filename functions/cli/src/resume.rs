// SPDX-License-Identifier: Apache-2.0
//! `--resume`: a run that was cut off, read from what it left, twice: to see what of it is whole, and to
//! keep that. Never all of it in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use keyproof_aws::{Cut, EarlierRows};
use keyproof_plan::Plan;
use keyproof_verdict::{Earlier, FirstLine, Line, Report};

use crate::error::CliError;
use crate::input::Source;
use crate::io::Io;

/// How long ago a run may have begun that is gone on from.
const OLDEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Clocks may differ by this much.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// What a run left.
pub(crate) struct Left<'a> {
    /// What is gone on from.
    pub(crate) cut: Cut<'a>,
    /// Where it was made.
    pub(crate) region: String,
    pub(crate) endpoint: Option<String>,
}

/// The earlier part of a run of this plan, as of `now`: a report, or the lines of one that may lack its end.
pub(crate) fn left<'a>(
    path: &'a Path,
    plan: &Plan,
    now: Timestamp,
    io: &mut Io,
) -> Result<Left<'a>, CliError> {
    let mut first = String::new();
    let begin = BufReader::new(open(path)?).read_line(&mut first);
    begin.map_err(|source| unreadable(path, source))?;
    if first.trim().is_empty() {
        return Err(refused(path, "it holds nothing"));
    }
    if FirstLine::begins(&first) {
        return lines(path, plan, now);
    }
    let report = Source::File(path.to_owned()).report(io)?;
    document(path, plan, now, report)
}

fn open(path: &Path) -> Result<File, CliError> {
    File::open(path).map_err(|source| unreadable(path, source))
}

fn unreadable(path: &Path, source: io::Error) -> CliError {
    CliError::Unreadable {
        name: path.display().to_string(),
        source,
    }
}

fn refused(path: &Path, why: impl std::fmt::Display) -> CliError {
    CliError::Usage(format!(
        "cannot go on from `{}`: {why}; run the plan anew, without `--resume`",
        path.display()
    ))
}

/// Checks that a part is of a run of this plan that is still news, and reads the run's id and start.
fn begun(
    path: &Path,
    plan: &Plan,
    now: Timestamp,
    first: &FirstLine,
) -> Result<(ulid::Ulid, Timestamp), CliError> {
    let run = &first.run;
    // INVARIANT (asked of the system itself): what a document says is no answer, and would be kept as one.
    if run.trigger == keyproof_check::TRIGGER {
        let why =
            "it is a report of `keyproof check`, which evaluates policies and asks AWS nothing";
        return Err(refused(path, why));
    }
    if first.plan.digest != plan.digest {
        let why = format!(
            "it is of a plan with digest `{}`, and this one's is `{}`",
            first.plan.digest, plan.digest
        );
        return Err(refused(path, why));
    }
    let id = ulid::Ulid::from_string(&run.id);
    let id = id.map_err(|_| refused(path, "its run has no ULID"))?;
    let started_at: Timestamp = run
        .started_at
        .parse()
        .map_err(|_| refused(path, "its run has no start"))?;
    let age = now.duration_since(started_at);
    let not_now = if age > OLDEST {
        "more than 7 days ago, and what it found out may be so no longer"
    } else if age < -AHEAD {
        "which is yet to come"
    } else {
        return Ok((id, started_at));
    };
    Err(refused(
        path,
        format!("its run began at {started_at:.3}, {not_now}"),
    ))
}

fn lines<'a>(path: &'a Path, plan: &Plan, now: Timestamp) -> Result<Left<'a>, CliError> {
    let units = plan.units();
    let mut earlier = Earlier::new(&units);
    let mut first = None;
    let mut last: Option<Box<Report>> = None;
    let mut again = 0_usize;
    for line in Line::each(BufReader::new(open(path)?)) {
        match line.map_err(|source| unreadable(path, source))? {
            Line::First(found) => first = Some(found),
            Line::Probe(place, row) => {
                earlier.see(place, &row).map_err(|why| refused(path, why))?;
            }
            Line::Again => {
                again += 1;
                earlier.again();
            }
            Line::Last(report) => last = Some(report),
        }
    }
    // Its first line was read before.
    let Some(first) = first else {
        return Err(refused(path, "it holds nothing"));
    };
    let (id, started_at) = begun(path, plan, now, &first)?;
    let asleep = last
        .as_ref()
        .and_then(|report| report.sentinel.as_ref())
        .is_some_and(|sentinel| !sentinel.awake);
    if asleep {
        // What passed before a judge that can't fail is good for nothing.
        earlier.again();
    }
    let kept = earlier.kept();
    let rows = move || -> io::Result<EarlierRows<'a>> {
        let mut before = again;
        let lines = Line::each(BufReader::new(File::open(path)?));
        let rows = lines.filter_map(move |line| match line {
            Ok(Line::Probe(place, row)) if before == 0 => Some(Ok((place, *row))),
            Ok(Line::Again) => {
                before = before.saturating_sub(1);
                None
            }
            Ok(Line::First(_) | Line::Probe(..) | Line::Last(_)) => None,
            Err(error) => Some(Err(error)),
        });
        Ok(Box::new(rows))
    };
    let (calls, notes, sentinel) = last
        .map(|report| (report.calls, report.notes, report.sentinel))
        .unwrap_or_default();
    Ok(Left {
        region: first.environment.region,
        endpoint: first.environment.endpoint,
        cut: Cut {
            id,
            started_at,
            account: first.environment.account,
            kept,
            rows: Box::new(rows),
            calls,
            notes,
            sentinel,
        },
    })
}

fn document<'a>(
    path: &Path,
    plan: &Plan,
    now: Timestamp,
    mut report: Report,
) -> Result<Left<'a>, CliError> {
    let first = FirstLine::of(&report, report.probes.len());
    let (id, started_at) = begun(path, plan, now, &first)?;
    let units = plan.units();
    let mut earlier = Earlier::new(&units);
    for (place, row) in report.probes.iter().enumerate() {
        earlier.see(place, row).map_err(|why| refused(path, why))?;
    }
    let rows = Rc::new(std::mem::take(&mut report.probes));
    let all = move || -> io::Result<EarlierRows<'a>> {
        let rows = Rc::clone(&rows);
        let each =
            (0..rows.len()).filter_map(move |place| Some(Ok((place, rows.get(place)?.clone()))));
        Ok(Box::new(each))
    };
    Ok(Left {
        region: report.environment.region,
        endpoint: report.environment.endpoint,
        cut: Cut {
            id,
            started_at,
            account: report.environment.account,
            kept: earlier.kept(),
            rows: Box::new(all),
            calls: report.calls,
            notes: report.notes,
            sentinel: report.sentinel,
        },
    })
}

impl Left<'_> {
    /// Refuses to go on elsewhere than the run began.
    pub(crate) fn is_of(
        &self,
        path: &Path,
        region: &str,
        endpoint: Option<&str>,
    ) -> Result<(), CliError> {
        if self.region != region {
            let why = format!(
                "it is of region `{}`, and this run of `{region}`",
                self.region
            );
            return Err(refused(path, why));
        }
        if self.endpoint.as_deref() != endpoint {
            let named = |endpoint: Option<&str>| {
                endpoint.map_or_else(|| "AWS's own".to_owned(), |url| format!("`{url}`"))
            };
            let why = format!(
                "its endpoint is {}, and this run's is {}",
                named(self.endpoint.as_deref()),
                named(endpoint)
            );
            return Err(refused(path, why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "{keyproof: plan/v1, name: orders, region: us-east-1, principals: {retired: {role: \
                        'arn:aws:iam::111122223333:role/retired'}}, expectations: [{principal: retired, actions: \
                        [sts:AssumeRole], decision: denied, by: sts}]}";
    const STARTED: &str = "2026-11-20T12:00:00Z";

    /// What is said of a part that began then, at this time; `None` where it is gone on from.
    fn said(now: &str) -> Option<String> {
        let plan = Plan::parse(PLAN).unwrap();
        let first = serde_json::json!({
            "schema": FirstLine::SCHEMA,
            "run": {"id": "01KEYPR00F0000000000000000", "trigger": "cli", "started_at": STARTED},
            "plan": {"name": "orders", "digest": plan.digest},
            "environment": {"account": null, "region": "us-east-1", "endpoint": null, "version": "0.0.0"},
            "planned": 1,
        });
        let first: FirstLine = serde_json::from_value(first).unwrap();
        match begun(Path::new("r"), &plan, now.parse().unwrap(), &first) {
            Ok((_, started_at)) => {
                assert_eq!(started_at, STARTED.parse().unwrap());
                None
            }
            Err(error) => Some(error.to_string()),
        }
    }

    #[test]
    fn a_run_is_gone_on_from_for_a_week() {
        let refused = |why: &str| {
            Some(format!(
                "cannot go on from `r`: its run began at 2026-11-20T12:00:00.000Z, {why}; run the plan anew, \
                 without `--resume`"
            ))
        };
        let old = refused("more than 7 days ago, and what it found out may be so no longer");

        assert_eq!(
            said("2026-11-20T11:54:59Z"),
            refused("which is yet to come")
        );
        assert_eq!(said("2026-11-20T11:55:00Z"), None);
        assert_eq!(said("2026-11-20T12:00:01Z"), None);
        assert_eq!(said("2026-11-27T12:00:00Z"), None);
        assert_eq!(said("2026-11-27T12:00:01Z"), old);
        assert_eq!(said("2027-11-27T12:00:00Z"), old);
    }
}
