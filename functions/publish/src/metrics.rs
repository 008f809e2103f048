// SPDX-License-Identifier: Apache-2.0
//! Metrics, as lines of the function's log that `CloudWatch` counts: no call, no permission.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use keyproof_state::RunItem;
use keyproof_verdict::{ProbeRow, Report, Summary, Verdict};
use serde_json::{Map, Value, json};

/// The namespace of every metric.
const NAMESPACE: &str = "keyproof";

/// What a run says, by plan, by table and by principal, a line each. A run of a part of the plan says
/// something of the tables that it asked, which are whole in it, and of the plan no more than that it fails: a
/// pass of it must not end an alarm.
#[must_use]
pub(crate) fn of_run(run: &RunItem, report: &Report) -> Vec<Value> {
    let at = run.finished_at;
    let mut line = counts(&run.summary);
    line.push(("DurationMs", "Milliseconds", json!(run.duration_ms)));
    let mut lines: Vec<_> = by(run, "table", report, |row| row.table.as_deref()).collect();
    let plan = [("plan", run.plan.as_str())];
    if run.part.is_some() {
        // A failure is one of the plan's, too.
        line.retain(|&(name, ..)| name == "Fail" && run.summary.fail > 0);
        if !line.is_empty() {
            lines.insert(0, emf(at, &plan, &line));
        }
    } else {
        lines.insert(0, emf(at, &plan, &line));
        lines.extend(by(run, "principal", report, |row| row.principal.as_deref()));
    }
    for line in &mut lines {
        if let Some(fields) = line.as_object_mut() {
            fields.insert("run_id".to_owned(), json!(run.run_id));
        }
    }
    lines
}

/// What a plan's standing says between runs.
#[must_use]
pub(crate) fn of_plan(
    plan: &str,
    now: Timestamp,
    overdue: bool,
    failing: usize,
    inconclusive_minutes: i64,
) -> Value {
    let line = [
        ("Overdue", "Count", json!(u8::from(overdue))),
        ("Failing", "Count", json!(failing)),
        // CloudWatch has no unit for minutes.
        ("InconclusiveMinutes", "None", json!(inconclusive_minutes)),
    ];
    emf(now, &[("plan", plan)], &line)
}

type Metric = (&'static str, &'static str, Value);

fn counts(sum: &Summary) -> Vec<Metric> {
    let count = |name, number: usize| (name, "Count", json!(number));
    vec![
        count("Pass", sum.pass),
        count("Fail", sum.fail),
        count("Inconclusive", sum.inconclusive),
        count("Excepted", sum.excepted),
        count("Planned", sum.planned),
        // 1 for a pass, 0 for anything else: its minimum is the alarm.
        (
            "Verdict",
            "None",
            json!(u8::from(sum.verdict == Verdict::Pass)),
        ),
    ]
}

/// A line for each value of a dimension, in its order.
fn by<'a>(
    run: &RunItem,
    dimension: &'static str,
    report: &'a Report,
    value: impl Fn(&'a ProbeRow) -> Option<&'a str>,
) -> impl Iterator<Item = Value> {
    let mut groups: BTreeMap<&str, Vec<&ProbeRow>> = BTreeMap::new();
    for row in &report.probes {
        if let Some(name) = value(row) {
            groups.entry(name).or_default().push(row);
        }
    }
    groups.into_iter().map(|(name, rows)| {
        let counted = rows
            .iter()
            .map(|row| (row.verdict, row.exception.is_some()));
        let dimensions = [("plan", run.plan.as_str()), (dimension, name)];
        emf(
            run.finished_at,
            &dimensions,
            &counts(&Summary::count(counted)),
        )
    })
}

fn emf(at: Timestamp, dimensions: &[(&str, &str)], metrics: &[Metric]) -> Value {
    let names: Vec<_> = dimensions.iter().map(|(name, _)| name).collect();
    let told: Vec<_> = metrics
        .iter()
        .map(|(name, unit, _)| json!({"Name": name, "Unit": unit}))
        .collect();
    let mut line = Map::new();
    line.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": at.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [names],
                "Metrics": told,
            }],
        }),
    );
    for (name, value) in dimensions {
        line.insert((*name).to_owned(), json!(value));
    }
    for (name, _, value) in metrics {
        line.insert((*name).to_owned(), value.clone());
    }
    Value::Object(line)
}
