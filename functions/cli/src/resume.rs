// SPDX-License-Identifier: Apache-2.0
//! `--resume`: a run that was cut off, read from what it left, twice: to see what of it is whole, and to
//! keep that. Never all of it in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::rc::Rc;

use jiff::Timestamp;
use keyproof_aws::{Cut, EarlierRows};
use keyproof_plan::Plan;
use keyproof_verdict::{Earlier, FirstLine, Line, Report};

use crate::error::CliError;
use crate::input::Source;
use crate::io::Io;

/// What a run left.
pub(crate) struct Left<'a> {
    /// What is gone on from.
    pub(crate) cut: Cut<'a>,
    /// Where it was made.
    pub(crate) region: String,
    pub(crate) endpoint: Option<String>,
}

/// The earlier part of a run of this plan: a report, or the lines of one that may lack its end.
pub(crate) fn left<'a>(path: &'a Path, plan: &Plan, io: &mut Io) -> Result<Left<'a>, CliError> {
    let mut first = String::new();
    let begin = BufReader::new(open(path)?).read_line(&mut first);
    begin.map_err(|source| unreadable(path, source))?;
    if first.trim().is_empty() {
        return Err(refused(path, "it holds nothing"));
    }
    if FirstLine::begins(&first) {
        return lines(path, plan);
    }
    let report = Source::File(path.to_owned()).report(io)?;
    document(path, plan, report)
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

/// Checks that a part is of this plan, and reads its run's id and start.
fn begun(
    path: &Path,
    plan: &Plan,
    digest: &str,
    id: &str,
    started_at: &str,
) -> Result<(ulid::Ulid, Timestamp), CliError> {
    if digest != plan.digest {
        let why = format!(
            "it is of a plan with digest `{digest}`, and this one's is `{}`",
            plan.digest
        );
        return Err(refused(path, why));
    }
    let id = ulid::Ulid::from_string(id).map_err(|_| refused(path, "its run has no ULID"))?;
    let started_at = started_at
        .parse()
        .map_err(|_| refused(path, "its run has no start"))?;
    Ok((id, started_at))
}

fn lines<'a>(path: &'a Path, plan: &Plan) -> Result<Left<'a>, CliError> {
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
    let run = &first.run;
    let (id, started_at) = begun(path, plan, &first.plan.digest, &run.id, &run.started_at)?;
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

fn document<'a>(path: &Path, plan: &Plan, mut report: Report) -> Result<Left<'a>, CliError> {
    let run = &report.run;
    let (id, started_at) = begun(path, plan, &report.plan.digest, &run.id, &run.started_at)?;
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
