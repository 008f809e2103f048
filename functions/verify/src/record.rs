// SPDX-License-Identifier: Apache-2.0
//! What a run leaves in the function's log: one line for people and queries, one for metrics.
//!
//! The second is in `CloudWatch`'s embedded metric format, so that metrics need no call and no
//! permission:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::io::{self, Write};

use jiff::Timestamp;
use keyproof_verdict::{ProbeRow, Report, Verdict};
use serde::Serialize;
use serde_json::json;

/// A line longer than this may be cut in two by Lambda, and then nobody can query it.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
const LONGEST_LINE: usize = 250_000;

/// Writes the run's two lines.
pub(crate) fn write(report: &Report, request_id: &str, log: &mut impl Write) -> io::Result<()> {
    // Each whole: other lines may come from elsewhere.
    let lines = format!("{}\n{}\n", record(report, request_id)?, metrics(report)?);
    log.write_all(lines.as_bytes())?;
    log.flush()
}

/// The run as one structured line. `timestamp` and `level` are what Lambda's log filter reads:
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
#[derive(Serialize)]
struct Record<'a> {
    timestamp: &'a str,
    level: &'static str,
    message: &'static str,
    request_id: &'a str,
    run_id: &'a str,
    plan: &'a str,
    verdict: Verdict,
    /// How many probes that passed were left out of the report, so that the line stays whole.
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
    report: &'a Report,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

fn record(report: &Report, request_id: &str) -> serde_json::Result<String> {
    let line = |report: &Report, left_out| {
        serde_json::to_string(&Record {
            timestamp: &report.run.finished_at,
            level: "INFO",
            message: "report",
            request_id,
            run_id: &report.run.id,
            plan: &report.plan.name,
            verdict: report.summary.verdict,
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
    let metrics = metrics.map(|(name, unit)| json!({"Name": name, "Unit": unit}));
    serde_json::to_string(&json!({
        "_aws": {
            "Timestamp": at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "keyproof",
                "Dimensions": [["plan"]],
                "Metrics": metrics,
            }],
        },
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
