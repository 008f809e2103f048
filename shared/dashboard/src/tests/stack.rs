// SPDX-License-Identifier: Apache-2.0
//! The state table's history is the folder's: the same reports, committed to one and written to the other.
//!
//! A new case: a list of runs, each with its hour and how its probes stand.

use jiff::{SignedDuration, Timestamp};
use keyproof_plan::Plan;
use keyproof_state::{Observed, Rules};
use keyproof_store::memory::{MemoryReports, MemoryTable};
use keyproof_store::{Every, Store};
use keyproof_verdict::{PartRow, Report, Summary, Verdict};
use proptest::prelude::*;
use serde_json::json;

use super::world::{block_on, refresh, report, start};
use crate::{Folder, PlanHistory, Schedule, Segment, Source, Stack};

/// A run of an hour: how long it took to be committed behind the others, and how its probes stand.
type Run = (i64, Vec<(&'static str, &'static str)>);

const PROBES: [&str; 4] = [
    "orders/encryption",
    "reader/dynamodb:GetItem/orders",
    "outsider/dynamodb:GetItem/orders",
    "outsider/kms:Decrypt/orders",
];

/// The text of a plan with these of the probes.
fn plan(probes: &[&str]) -> String {
    let mut expectations = vec![
        json!({"principal": "reader", "on": "orders", "actions": ["dynamodb:GetItem"], "decision": "allowed"}),
    ];
    for (id, action) in [(PROBES[2], "dynamodb:GetItem"), (PROBES[3], "kms:Decrypt")] {
        if probes.contains(&id) {
            expectations.push(
                json!({"principal": "outsider", "on": "orders", "actions": [action], "decision": "denied", "by": "kms"}),
            );
        }
    }
    let role = |name: &str| json!({"role": format!("arn:aws:iam::111122223333:role/{name}")});
    json!({
        "keyproof": "plan/v1", "name": "orders", "region": "us-east-1",
        "tables": {"orders": {"table": "orders", "key": "alias/orders", "canary": {"key": {"pk": {"S": "c"}}}}},
        "principals": {"reader": role("reader"), "outsider": role("outsider")},
        "expectations": expectations,
    })
    .to_string()
}

/// A table and a folder of the same runs.
struct Both {
    store: Store<MemoryTable>,
    reports: MemoryReports,
    directory: tempfile::TempDir,
}

impl Both {
    fn new() -> Self {
        Self {
            store: Store::new(MemoryTable::default()),
            reports: MemoryReports::default(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// The run of an hour as a report of the plan in force, which it brings into force where it must.
    fn made(&self, hour: i64, stand: &[(&'static str, &'static str)]) -> (Report, u64) {
        let text = plan(&stand.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        let parsed = Plan::parse(&text).unwrap();
        let pushed = self
            .store
            .push(&parsed, &text, Every::Minutes(60), None, start(0));
        let version = block_on(pushed).unwrap().head.version;
        let mut report = Report::from_json(&report("orders", hour, stand)).unwrap();
        report.plan.digest = parsed.digest;
        (report, version)
    }

    fn keep(&self, hour: i64, (report, plan_version): &(Report, u64)) {
        let observed = Observed {
            seq: u64::try_from(hour).unwrap() + 1,
            plan_version: *plan_version,
            change: None,
            confirms: None,
        };
        let rules = Rules::default();
        block_on(self.store.commit(report, &observed, &rules, &self.reports)).unwrap();
        let name = format!("run-{hour:05}.json");
        std::fs::write(self.directory.path().join(name), report.to_json().unwrap()).unwrap();
    }

    fn stack(&self) -> Stack<MemoryTable, MemoryReports> {
        Stack::new(self.store.clone(), self.reports.clone())
    }

    fn folder(&self) -> Folder {
        Folder::new(self.directory.path())
    }
}

/// Runs, probes and spans, but for where the reports are.
fn told(source: &impl Source) -> Vec<String> {
    let Some(plan) = source.history().plans.get("orders") else {
        return Vec::new();
    };
    let runs = plan
        .runs
        .iter()
        .map(|run| format!("{} {} {:?}", run.id, run.started, run.summary));
    let mut probes: Vec<_> = plan
        .probes
        .iter()
        .map(|(id, probe)| {
            format!(
                "{id} {:?} {} {:?} {:?}",
                probe.principal, probe.action, probe.table, probe.segments
            )
        })
        .collect();
    // A folder has them in the order of the first run's plan, a table in that of the first version.
    probes.sort();
    runs.chain(probes).collect()
}

#[track_caller]
fn agree(both: &Both) {
    let (mut stack, mut folder) = (both.stack(), both.folder());
    refresh(&mut stack);
    refresh(&mut folder);
    assert_eq!(told(&stack), told(&folder));
}

#[test]
fn a_table_tells_what_a_folder_of_the_same_reports_tells() {
    let both = Both::new();
    let all = |outsider: &'static str| {
        vec![
            (PROBES[0], "pass"),
            (PROBES[1], "pass"),
            (PROBES[2], outsider),
            (PROBES[3], "pass"),
        ]
    };
    for (hour, outsider) in (0..).zip(["pass", "exposed", "exposed", "blind", "pass", "locked_out"])
    {
        both.keep(hour, &both.made(hour, &all(outsider)));
    }

    agree(&both);
}

/// It passed until it left the plan, which no entry tells: the versions of the plan do.
#[test]
fn a_probe_that_left_the_plan_has_no_span_after_that() {
    let both = Both::new();
    let without = [
        (PROBES[0], "pass"),
        (PROBES[1], "pass"),
        (PROBES[2], "pass"),
    ];
    let with = [without.as_slice(), &[(PROBES[3], "pass")]].concat();
    for (hour, stand) in (0..).zip([&with[..], &with, &without, &without, &with]) {
        both.keep(hour, &both.made(hour, stand));
    }

    agree(&both);
}

#[test]
fn a_run_that_is_committed_late_stands_where_it_began() {
    let both = Both::new();
    let stand = |outsider: &'static str| vec![(PROBES[1], "pass"), (PROBES[2], outsider)];
    both.keep(0, &both.made(0, &stand("pass")));
    let late = both.made(1, &stand("exposed"));
    both.keep(2, &both.made(2, &stand("pass")));
    both.keep(1, &late);
    // It saw what the newest saw, and not what stood in between.
    let later = both.made(3, &stand("exposed"));
    both.keep(4, &both.made(4, &stand("exposed")));
    both.keep(3, &later);

    agree(&both);
}

#[test]
fn a_run_of_a_part_is_told_as_one_and_stands_for_no_run_of_the_plan() {
    let both = Both::new();
    let stand = |outsider: &'static str| vec![(PROBES[1], "pass"), (PROBES[2], outsider)];
    let of_a_part = |hour: i64, outsider: &'static str| {
        let (mut report, version) = both.made(hour, &stand(outsider));
        report.probes.retain(|row| row.id == PROBES[2]);
        report.summary = Summary::of(&report.probes);
        report.part = Some(PartRow {
            of: 2,
            touching: vec!["KEY#1".to_owned()],
        });
        (report, version)
    };
    both.keep(0, &both.made(0, &stand("pass")));
    both.keep(1, &of_a_part(1, "exposed"));
    both.keep(2, &of_a_part(2, "pass"));
    let mut stack = both.stack();
    refresh(&mut stack);

    let plan = &stack.history().plans["orders"];
    let runs: Vec<_> = (plan.runs.iter())
        .map(|run| (run.part, run.summary.verdict, run.summary.planned))
        .collect();
    // Each says what all probes came to then, and the part's own size beside it.
    let part = Some((1, 2));
    assert_eq!(
        runs,
        [
            (None, Verdict::Pass, 2),
            (part, Verdict::Fail, 2),
            (part, Verdict::Pass, 2)
        ]
    );
    // What was not asked stands as it stood, in one span; what was has its own.
    let spans = |id: &str| plan.probes[id].segments.len();
    assert_eq!((spans(PROBES[1]), spans(PROBES[2])), (1, 3));
    // No run of the plan for two hours and more.
    assert!(!plan.is_overdue(start(2)));
    assert!(plan.is_overdue(start(2) + SignedDuration::from_mins(1)));
}

#[test]
fn what_comes_later_is_added_and_nothing_new_is_no_change() {
    let both = Both::new();
    let stand = |outsider: &'static str| vec![(PROBES[1], "pass"), (PROBES[2], outsider)];
    let mut stack = both.stack();
    assert!(!refresh(&mut stack));
    let mut version = stack.history().version;
    for (hour, outsider) in (0..).zip(["pass", "exposed", "pass"]) {
        both.keep(hour, &both.made(hour, &stand(outsider)));
        assert!(refresh(&mut stack));
        assert!(!refresh(&mut stack), "nothing is new");
        assert!(stack.history().version > version);
        version = stack.history().version;
        let mut folder = both.folder();
        refresh(&mut folder);
        assert_eq!(told(&stack), told(&folder));
    }
    block_on(both.store.remove("orders", start(5))).unwrap();
    assert!(refresh(&mut stack));
    assert!(stack.history().plans.is_empty());
}

#[test]
fn a_push_puts_off_no_run_that_is_waited_for() {
    let both = Both::new();
    let stand = [(PROBES[1], "pass")];
    let _ = both.made(0, &stand);
    let text = format!("{}\n", plan(&[PROBES[1]]));
    let push = |hour| {
        let parsed = Plan::parse(&text).unwrap();
        let pushed = both
            .store
            .push(&parsed, &text, Every::AsBefore, None, start(hour));
        assert!(block_on(pushed).unwrap().new_version);
    };
    push(3);

    let mut stack = both.stack();
    refresh(&mut stack);
    let schedule = stack.history().plans["orders"].schedule;

    assert_eq!(schedule.awaited_since, Some(start(0)));
    assert!(stack.history().plans["orders"].is_overdue(start(3)));
    both.keep(2, &both.made(2, &stand));
    push(4);
    refresh(&mut stack);
    let plan = &stack.history().plans["orders"];
    assert!(!plan.is_overdue(start(4)));
    assert!(plan.is_overdue(start(4) + SignedDuration::from_mins(1)));
}

#[test]
fn the_next_run_is_due_by_the_interval_that_the_table_has() {
    let both = Both::new();
    let stand = [(PROBES[1], "pass")];
    let made = both.made(3, &stand);
    let mut stack = both.stack();
    refresh(&mut stack);
    let due = |stack: &Stack<MemoryTable, MemoryReports>| stack.history().plans["orders"].due();
    assert_eq!(
        due(&stack),
        Some(start(1)),
        "an interval after it was stored"
    );

    both.keep(3, &made);
    let (mut by_hand, _) = both.made(4, &stand);
    by_hand.run.trigger = "api".to_owned();
    both.keep(4, &(by_hand, 1));
    block_on(both.store.note_recheck("orders", start(5), start(4))).unwrap();
    refresh(&mut stack);

    assert_eq!(
        due(&stack),
        Some(start(4)),
        "runs that somebody asks for put it off by nothing"
    );
    let plan = &stack.history().plans["orders"];
    assert_eq!(
        plan.schedule,
        Schedule {
            interval_minutes: Some(60),
            awaited_since: Some(start(4)),
            recheck_at: Some(start(5))
        }
    );
    let mut said = both.stack().with_interval(Some(30));
    refresh(&mut said);
    assert_eq!(due(&said), Some(start(3) + SignedDuration::from_mins(30)));
}

#[test]
fn a_report_comes_from_the_table_or_from_the_bucket_and_never_altered() {
    let both = Both::new();
    let stand = [(PROBES[1], "pass")];
    let (small, version) = both.made(0, &stand);
    let (mut large, _) = both.made(1, &stand);
    large.probes[0].reason = "x".repeat(250_000);
    both.keep(0, &(small.clone(), version));
    both.keep(1, &(large.clone(), version));
    let mut stack = both.stack();
    refresh(&mut stack);
    let runs = stack.history().plans["orders"].runs.clone();
    let mut reports = |index: usize| block_on(stack.report("orders", &runs[index]));

    assert_eq!(reports(0), Some(small));
    assert_eq!(reports(1), Some(large));
    let [key] = both.reports.keys().try_into().unwrap();
    block_on(keyproof_store::Reports::put(&both.reports, &key, "{}")).unwrap();
    assert_eq!(reports(1), None);
}

/// A run that is not there any more took its changes with it.
fn forget(both: &Both, commits: u64) {
    for commit in 1..=commits {
        for key in [
            keyproof_state::Key::run("orders", commit),
            keyproof_state::Key::change("orders", commit, 1),
        ] {
            let delete = keyproof_store::Write::Delete {
                key,
                conditions: Vec::new(),
            };
            block_on(keyproof_store::Table::write(both.store.table(), &[delete])).unwrap();
        }
    }
}

#[test]
fn how_probes_stood_before_the_first_run_that_is_left_is_known_all_the_same() {
    let both = Both::new();
    let stand = |reader, outsider| vec![(PROBES[1], reader), (PROBES[2], outsider)];
    for (hour, stand) in (0..).zip([
        stand("locked_out", "pass"),
        stand("locked_out", "exposed"),
        stand("locked_out", "exposed"),
        stand("locked_out", "pass"),
    ]) {
        both.keep(hour, &both.made(hour, &stand));
    }
    forget(&both, 2);
    let mut stack = both.stack();
    refresh(&mut stack);
    let plan = &stack.history().plans["orders"];
    let spans = |plan: &PlanHistory, id: &str| {
        let segments = plan.probes[id].segments.iter();
        segments
            .map(|segment| (segment.first, segment.last, segment.standing.as_str()))
            .collect::<Vec<_>>()
    };

    assert_eq!(spans(plan, PROBES[1]), [(0, 1, "fail")]);
    assert_eq!(spans(plan, PROBES[2]), [(0, 0, "fail"), (1, 1, "pass")]);
}

fn moments(runs: &[Run]) -> Vec<(Timestamp, usize)> {
    let delays = runs.iter().enumerate();
    let mut order: Vec<_> = delays
        .map(|(hour, (delay, _))| (start(i64::try_from(hour).unwrap() + delay), hour))
        .collect();
    order.sort();
    order
}

/// Every span, but for what was said of it: where a late run stands in the middle of one, the table knows what
/// was said at its beginning alone.
fn spans(source: &impl Source) -> Vec<String> {
    let mut spans = Vec::new();
    for (id, probe) in &source.history().plans["orders"].probes {
        for Segment {
            first,
            last,
            standing,
            finding,
            ..
        } in &probe.segments
        {
            spans.push(format!("{id} {first} to {last}: {standing:?} {finding:?}"));
        }
    }
    spans.sort();
    spans
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Whatever was seen, in whatever order it was committed.
    #[test]
    fn table_and_folder_agree_on_any_history(
        runs in proptest::collection::vec(
            (0..3_i64, proptest::collection::vec(
                prop_oneof![4 => Just("pass"), 2 => Just("exposed"), 1 => Just("locked_out"), 1 => Just("blind")], 3)),
            1..12,
        )
    ) {
        let both = Both::new();
        let runs: Vec<Run> = runs
            .into_iter()
            .map(|(delay, found)| (delay, PROBES.into_iter().skip(1).zip(found).collect()))
            .collect();
        let made: Vec<_> = (0..).zip(&runs).map(|(hour, (_, stand))| both.made(hour, stand)).collect();
        for (_, hour) in moments(&runs) {
            both.keep(i64::try_from(hour).unwrap(), &made[hour]);
        }
        let (mut stack, mut folder) = (both.stack(), both.folder());
        refresh(&mut stack);
        refresh(&mut folder);
        prop_assert_eq!(spans(&stack), spans(&folder));
    }
}
