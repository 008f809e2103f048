// SPDX-License-Identifier: Apache-2.0
//! What a report changes, one story a test; `properties` holds what is true of every history.
//!
//! A new case: a list of runs, each a `seq`, a minute and what it saw, and the entries that come of
//! them.

mod attribution;
mod histories;
mod parts;
mod properties;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use keyproof_core::Service;
use keyproof_verdict::{
    Environment, ExceptionNote, ExpectedRow, Finding, ObservedRow, PlanRow, ProbeRow, Report, Run,
    Sentinel, Summary, Trial, Verdict,
};

use super::*;
use crate::{EntryKind, Standing};

const PLAN: &str = "orders";
/// The probes of most stories.
const READ: &str = "reader/dynamodb:GetItem/orders";
const STEAL: &str = "outsider/dynamodb:GetItem/orders";

fn pass() -> Standing {
    Standing::PASS
}

fn found(finding: Finding) -> Standing {
    Standing {
        verdict: finding.verdict(),
        finding: Some(finding),
        excepted: false,
    }
}

fn excepted(finding: Finding) -> Standing {
    Standing {
        excepted: true,
        ..found(finding)
    }
}

/// The start of a run that began so many minutes after midnight.
fn minute(minutes: i64) -> Timestamp {
    let midnight: Timestamp = "2026-01-15T00:00:00Z".parse().unwrap();
    midnight + SignedDuration::from_mins(minutes)
}

/// A run ends ten seconds after it began.
fn end(minutes: i64) -> Timestamp {
    minute(minutes) + SignedDuration::from_secs(10)
}

fn row(id: &str, standing: Standing) -> ProbeRow {
    let parts: Vec<_> = id.split('/').collect();
    let [principal, action, table] = parts.as_slice() else {
        panic!("`{id}` is no id of an access probe");
    };
    let exception = standing.excepted.then(|| ExceptionNote {
        probe: id.to_owned(),
        status: "in_force".to_owned(),
        reason: "moving house".to_owned(),
        owner: "alice".to_owned(),
        expires: "2026-02-01".to_owned(),
    });
    ProbeRow {
        id: id.to_owned(),
        principal: Some((*principal).to_owned()),
        role_arn: Some(format!(
            "arn:aws:iam::111122223333:role/keyproof/{principal}"
        )),
        action: (*action).to_owned(),
        table: Some((*table).to_owned()),
        resource: Some(format!(
            "arn:aws:dynamodb:us-east-1:111122223333:table/{table}"
        )),
        expected: ExpectedRow {
            decision: "denied".to_owned(),
            by: Some(Service::Kms),
            policy: None,
            key: None,
        },
        observed: ObservedRow {
            decision: "unknown".to_owned(),
            by: None,
            policy: None,
            explicit: None,
            error_code: None,
            message: None,
            request_id: None,
            attempts: 1,
            latency_ms: None,
            key: None,
        },
        verdict: standing.verdict,
        finding: standing.finding,
        reason: format!("{id} came out so"),
        cause: None,
        exception,
        line: None,
    }
}

/// The report of a run of this number that began at this minute.
fn report(number: u64, minutes: i64, rows: &[(&str, Standing)]) -> Report {
    let rows: Vec<_> = rows
        .iter()
        .map(|(id, standing)| row(id, *standing))
        .collect();
    let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    let failed = rows
        .iter()
        .filter(|row| Standing::of(row).counts_as_failure());
    let fail = failed.count();
    let inconclusive = count(Verdict::Inconclusive);
    let verdict = match (fail, inconclusive) {
        (0, 0) => Verdict::Pass,
        (0, _) => Verdict::Inconclusive,
        (_, _) => Verdict::Fail,
    };
    Report {
        schema: Report::SCHEMA.to_owned(),
        run: Run {
            id: format!("01KEYPR00F{number:016}"),
            trigger: "schedule".to_owned(),
            started_at: minute(minutes).to_string(),
            finished_at: end(minutes).to_string(),
            duration_ms: 10_000,
        },
        plan: PlanRow {
            name: PLAN.to_owned(),
            digest: "sha256:0".to_owned(),
            file: None,
        },
        environment: Environment {
            account: Some("111122223333".to_owned()),
            region: "us-east-1".to_owned(),
            endpoint: None,
            version: "0.0.0".to_owned(),
        },
        part: None,
        summary: Summary {
            verdict,
            pass: count(Verdict::Pass),
            fail,
            inconclusive,
            excepted: count(Verdict::Fail) - fail,
            planned: rows.len(),
        },
        probes: rows,
        exceptions: Vec::new(),
        notes: Vec::new(),
        documents: Vec::new(),
        sentinel: None,
        calls: Vec::new(),
    }
}

const fn observed(seq: u64) -> Observed<'static> {
    Observed {
        seq,
        plan_version: 1,
        change: None,
        confirms: None,
    }
}

/// Applies reports, each with its `seq`, in this order.
fn applied(runs: &[(u64, Report)]) -> Vec<Applied> {
    let mut state = PlanState::new(PLAN);
    let mut all = Vec::new();
    for (seq, report) in runs {
        let applied = apply(&state, report, &observed(*seq), &Rules::default()).unwrap();
        state = applied.state.clone();
        all.push(applied);
    }
    all
}

/// An entry in short: its kind, the findings from and to (`-` where there is none, `pass`), and
/// whether it pages.
fn short(entry: &Entry) -> String {
    let name = |standing: Option<Standing>| match standing {
        None => "-".to_owned(),
        Some(standing) => {
            let finding = standing.finding.map_or("pass", Finding::as_str);
            let mark = if standing.excepted { "(excepted)" } else { "" };
            format!("{finding}{mark}")
        }
    };
    let pages = if entry.pages { " PAGES" } else { "" };
    format!(
        "{} {}>{}{pages}",
        entry.kind.as_str(),
        name(entry.from),
        name(entry.to)
    )
}

/// What each run of a history of one probe told, in short. Runs begin in the order of their commits.
#[track_caller]
fn history(seen: &[(i64, Standing)]) -> Vec<Vec<String>> {
    let runs: Vec<_> = (1..)
        .zip(seen)
        .map(|(seq, (minutes, standing))| (seq, report(seq, *minutes, &[(STEAL, *standing)])))
        .collect();
    let entries = |applied: &Applied| applied.entries().map(short).collect();
    applied(&runs).iter().map(entries).collect()
}

#[test]
fn a_transition_says_everything_that_a_message_needs() {
    let runs = [
        (1, report(1, 0, &[(READ, pass()), (STEAL, pass())])),
        (
            2,
            report(2, 15, &[(READ, pass()), (STEAL, found(Finding::Exposed))]),
        ),
    ];

    let all = applied(&runs);

    let [_, second] = all.as_slice() else {
        panic!("{all:?}");
    };
    assert_eq!(
        serde_json::to_value(&second.changes).unwrap(),
        serde_json::json!([{
            "plan": "orders", "commit": 2, "part": 1, "parts": 1,
            "run_id": "01KEYPR00F0000000000000002", "seq": 2, "trigger": "schedule",
            "change": null, "plan_digest": "sha256:0", "plan_version": 1,
            "account": "111122223333", "region": "us-east-1",
            "started_at": "2026-01-15T00:15:00Z", "finished_at": "2026-01-15T00:15:10Z",
            "expires": minute(15).as_second() + 10 + 400 * 24 * 3600,
            "entries": [{
                "id": "orders/2/0", "kind": "transition", "probe": STEAL,
                "subject": {
                    "principal": "outsider",
                    "role_arn": "arn:aws:iam::111122223333:role/keyproof/outsider",
                    "action": "dynamodb:GetItem", "table": "orders",
                    "resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
                },
                "from": {"verdict": "pass", "finding": null, "excepted": false},
                "from_since": "2026-01-15T00:00:00Z",
                "to": {"verdict": "fail", "finding": "exposed", "excepted": false},
                "since": "2026-01-15T00:15:00Z",
                "reason": format!("{STEAL} came out so"), "cause": null,
                "incident": "orders/2/0", "incident_since": "2026-01-15T00:15:00Z",
                "pages": true,
            }],
        }])
    );
}

#[test]
fn a_run_in_short_is_all_of_it_but_its_text() {
    let all = applied(&[(1, report(1, 0, &[(READ, pass())]))]);

    let run = serde_json::to_value(&all.first().unwrap().run).unwrap();

    let fields = run.as_object().unwrap().keys().map(String::as_str);
    let mut names: BTreeSet<_> = ["pk", "sk", "schema"].into_iter().chain(fields).collect();
    assert!(names.remove("report"));
    assert_eq!(RunItem::in_short().collect::<BTreeSet<_>>(), names);
}

#[test]
fn a_run_is_recorded_with_its_report_and_the_digest_of_its_bytes() {
    let mut seen = report(1, 0, &[(READ, pass())]);
    seen.sentinel = Some(Sentinel::of(vec![Trial {
        probe: READ.to_owned(),
        seen: true,
        must: Finding::Exposed,
        found: Some(Finding::Exposed),
    }]));

    let all = applied(&[(7, seen.clone())]);

    let text = seen.to_json().unwrap();
    let first = all.first().unwrap();
    assert_eq!(
        serde_json::to_value(&first.run).unwrap(),
        serde_json::json!({
            "plan": "orders", "commit": 1, "seq": 7, "run_id": "01KEYPR00F0000000000000001",
            "trigger": "schedule", "change": null, "confirms": null, "late": false, "part": null,
            "summary": {"verdict": "pass", "pass": 1, "fail": 0, "inconclusive": 0, "excepted": 0, "planned": 1},
            "sentinel_awake": true,
            "started_at": "2026-01-15T00:00:00Z", "finished_at": "2026-01-15T00:00:10Z",
            "duration_ms": 10_000, "plan_digest": "sha256:0", "plan_version": 1,
            "account": "111122223333", "region": "us-east-1", "endpoint": null,
            "report": text, "report_key": null, "report_digest": digest(text.as_bytes()),
            "expires": minute(0).as_second() + 10 + 400 * 24 * 3600,
        })
    );
    assert_eq!(first.apart, None);
}

#[test]
fn a_report_that_is_too_large_is_kept_apart_under_its_digest() {
    let ids: Vec<_> = (0..400)
        .map(|number| format!("reader/dynamodb:Scan/table-{number}"))
        .collect();
    let rows: Vec<_> = ids.iter().map(|id| (id.as_str(), pass())).collect();
    let seen = report(1, 0, &rows);

    let all = applied(&[(1, seen.clone())]);

    let text = seen.to_json().unwrap();
    let name = digest(text.as_bytes()).replace("sha256:", "reports/") + ".json";
    let first = all.first().unwrap();
    assert!(text.len() > LARGEST_REPORT, "{}", text.len());
    assert_eq!(
        (&first.run.report, &first.run.report_key, &first.apart),
        (&None, &Some(name), &Some(text))
    );
}

#[test]
fn many_entries_are_divided_and_count_on() {
    let ids: Vec<_> = (0..1500)
        .map(|number| format!("reader/dynamodb:Scan/table-{number}"))
        .collect();
    let rows: Vec<_> = ids.iter().map(|id| (id.as_str(), pass())).collect();

    let all = applied(&[(1, report(1, 0, &rows))]);

    let first = all.first().unwrap();
    let parts: Vec<_> = (first.changes.iter())
        .map(|item| (item.part, item.parts))
        .collect();
    assert_eq!(parts, [(1, 3), (2, 3), (3, 3)]);
    for item in &first.changes {
        assert!(serde_json::to_string(item).unwrap().len() < 350_000);
    }
    let entries: Vec<_> = first.entries().map(|entry| entry.id.clone()).collect();
    let expected: Vec<_> = (0..1500).map(|index| format!("orders/1/{index}")).collect();
    assert_eq!(entries, expected);
    let probes: Vec<_> = first.entries().map(|entry| entry.probe.clone()).collect();
    assert_eq!(probes, ids);
}

#[test]
fn a_report_of_another_plan_is_refused() {
    let state = PlanState::new("invoices");

    let refused = apply(&state, &report(1, 0, &[]), &observed(1), &Rules::default());

    assert_eq!(
        refused.unwrap_err().to_string(),
        "the report is of the plan `orders`, the state of `invoices`"
    );
}

#[test]
fn a_report_without_a_time_is_refused() {
    let mut seen = report(1, 0, &[]);
    "soon".clone_into(&mut seen.run.finished_at);

    let refused = apply(
        &PlanState::new(PLAN),
        &seen,
        &observed(1),
        &Rules::default(),
    );

    let message = refused.unwrap_err().to_string();
    assert!(
        message.starts_with("the report's `finished_at` is no time: "),
        "{message}"
    );
}

#[test]
fn keys_are_noted_once() {
    let key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let seen = |number, key: &str| {
        let mut seen = report(number, 0, &[(READ, pass())]);
        seen.probes.first_mut().unwrap().observed.key = Some(key.to_owned());
        (number, seen)
    };

    let all = applied(&[seen(1, "aws-owned"), seen(2, key), seen(3, key)]);

    let new: Vec<_> = all.iter().map(|applied| applied.new_keys.clone()).collect();
    assert_eq!(new, [vec![], vec![key.to_owned()], vec![]]);
    assert_eq!(all.last().unwrap().state.keys, [key.to_owned()].into());
}
