// SPDX-License-Identifier: Apache-2.0
//! What the function leaves in its log: a line for people and queries, and one for metrics.
//!
//! Metrics are in `CloudWatch`'s embedded metric format, so that they need no call and no
//! permission:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::io::{self, Write};

use jiff::Timestamp;
use keyproof_state::Applied;
use keyproof_verdict::{ProbeRow, Report, Verdict};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{HandlerError, Invocation};

/// A line longer than this may be cut in two by Lambda, and then nobody can query it.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
const LONGEST_LINE: usize = 250_000;

/// A run of a function that stands alone: its report, and its counts as metrics by plan.
pub(crate) fn alone(report: &Report, invocation: &Invocation, log: &mut impl Write) {
    let line = line(report, None, "INFO", "report", invocation);
    write(log, [line, metrics(report)]);
}

/// A run that was committed: its report, and where it is. Its metrics are published from there.
pub(crate) fn committed(
    report: &Report,
    applied: &Applied,
    invocation: &Invocation,
    log: &mut impl Write,
) {
    let line = line(report, Some(applied), "INFO", "report", invocation);
    write(log, [line]);
}

/// A run whose report could not be committed: nobody else has it.
pub(crate) fn uncommitted(report: &Report, invocation: &Invocation, log: &mut impl Write) {
    let line = line(
        report,
        None,
        "ERROR",
        "the report could not be committed",
        invocation,
    );
    write(log, [line]);
}

/// A request that was not carried out: a line, and a count for an alarm.
pub(crate) fn failed(
    error: &HandlerError,
    message_id: Option<&str>,
    invocation: &Invocation,
    log: &mut impl Write,
) {
    let now = Timestamp::now();
    let line = json!({
        "timestamp": now.to_string(),
        "level": "ERROR",
        "message": "not carried out",
        "request_id": invocation.request_id,
        "trace_id": invocation.trace_id,
        "message_id": message_id,
        "error_type": error.name(),
        "error_message": error.to_string(),
    });
    let metrics = json!({
        "_aws": embedded(now, &[["function"].as_slice(), &["function", "error_type"]], &[("Errors", "Count")]),
        "function": "verify",
        "error_type": error.name(),
        "Errors": 1,
    });
    write(
        log,
        [line, metrics].map(|line| serde_json::to_string(&line)),
    );
}

/// Writes lines, whole, as others may come from elsewhere. A log that can't be written to is no
/// reason to keep an answer back.
fn write<const N: usize>(log: &mut impl Write, lines: [serde_json::Result<String>; N]) {
    let written = lines
        .into_iter()
        .try_for_each(|line| -> io::Result<()> {
            let line = format!("{}\n", line?);
            log.write_all(line.as_bytes())
        })
        .and_then(|()| log.flush());
    if let Err(error) = written {
        tracing::error!(%error, "could not write the log");
    }
}

/// The run as one structured line. `timestamp` and `level` are what Lambda's log filter reads:
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
#[derive(Serialize)]
struct Record<'a> {
    timestamp: &'a str,
    level: &'static str,
    message: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    run_id: &'a str,
    plan: &'a str,
    trigger: &'a str,
    verdict: Verdict,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    /// How many probes that passed were left out of the report, so that the line stays whole.
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
    report: &'a Report,
}

/// Where a committed run stands.
#[derive(Serialize)]
struct Place<'a> {
    commit: u64,
    seq: u64,
    late: bool,
    plan_version: u64,
    /// The ids of what it changed.
    entries: Vec<&'a str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn line(
    report: &Report,
    applied: Option<&Applied>,
    level: &'static str,
    message: &'static str,
    invocation: &Invocation,
) -> serde_json::Result<String> {
    /// More than this many ids say no more than their number.
    const MOST_ENTRIES: usize = 200;
    let line = |report: &Report, left_out| {
        serde_json::to_string(&Record {
            timestamp: &report.run.finished_at,
            level,
            message,
            request_id: &invocation.request_id,
            trace_id: invocation.trace_id.as_deref(),
            run_id: &report.run.id,
            plan: &report.plan.name,
            trigger: &report.run.trigger,
            verdict: report.summary.verdict,
            place: applied.map(|applied| Place {
                commit: applied.run.commit,
                seq: applied.run.seq,
                late: applied.run.late,
                plan_version: applied.run.plan_version,
                entries: (applied.entries().take(MOST_ENTRIES))
                    .map(|entry| entry.id.as_str())
                    .collect(),
            }),
            left_out,
            report,
        })
    };
    let whole = line(report, 0)?;
    if whole.len() <= LONGEST_LINE {
        return Ok(whole);
    }
    // What needs a person stays, as far as there is room for it.
    let mut short = report.clone();
    let mut room = LONGEST_LINE / 2;
    short.probes.retain(|row: &ProbeRow| {
        let length = serde_json::to_string(row).map_or(usize::MAX, |row| row.len());
        let kept = row.verdict != Verdict::Pass && length <= room;
        room -= if kept { length } else { 0 };
        kept
    });
    let left_out = report.probes.len() - short.probes.len();
    line(&short, left_out)
}

/// The run's counts as metrics, by plan.
fn metrics(report: &Report) -> serde_json::Result<String> {
    let summary = &report.summary;
    let at = report
        .run
        .finished_at
        .parse::<Timestamp>()
        .unwrap_or_default();
    let metrics = [
        ("Pass", "Count"),
        ("Fail", "Count"),
        ("Inconclusive", "Count"),
        ("Excepted", "Count"),
        ("Planned", "Count"),
        ("DurationMs", "Milliseconds"),
        // 1 for a pass, 0 for anything else: its minimum is the alarm.
        ("Verdict", "None"),
    ];
    serde_json::to_string(&json!({
        "_aws": embedded(at, &[&["plan"]], &metrics),
        "plan": report.plan.name,
        "run_id": report.run.id,
        "Pass": summary.pass,
        "Fail": summary.fail,
        "Inconclusive": summary.inconclusive,
        "Excepted": summary.excepted,
        "Planned": summary.planned,
        "DurationMs": report.run.duration_ms,
        "Verdict": u8::from(summary.verdict == Verdict::Pass),
    }))
}

/// What makes a line one of metrics.
fn embedded(at: Timestamp, dimensions: &[&[&str]], metrics: &[(&str, &str)]) -> Value {
    let metrics: Vec<_> = (metrics.iter())
        .map(|(name, unit)| json!({"Name": name, "Unit": unit}))
        .collect();
    json!({
        "Timestamp": at.as_millisecond(),
        "CloudWatchMetrics": [{
            "Namespace": "keyproof",
            "Dimensions": dimensions,
            "Metrics": metrics,
        }],
    })
}
