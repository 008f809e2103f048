// SPDX-License-Identifier: Apache-2.0
//! The calls of a large run's steps.

use std::collections::BTreeSet;

use keyproof_faults::Recording;

use super::machine::Step;

/// A call of a step.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) step: Step,
    /// The column it stands in.
    pub(super) column: &'static str,
    /// The operation on the wire, and what it is about.
    pub(super) operation: &'static str,
    pub(super) principal: &'static str,
    /// Whether it gets lost on its way.
    pub(super) lost: bool,
}

const fn call(step: Step, column: &'static str, operation: &'static str) -> Call {
    Call {
        step,
        column,
        operation,
        principal: "runner",
        lost: false,
    }
}

const fn lost(step: Step, column: &'static str, operation: &'static str) -> Call {
    Call {
        lost: true,
        ..call(step, column, operation)
    }
}

const fn of(principal: &'static str, column: &'static str, operation: &'static str) -> Call {
    Call {
        principal,
        ..call(Step::Shard, column, operation)
    }
}

const VERSION: &str = "GetItem VERSION#00000001";
const MANIFEST: &str = "PutObject runs/01KEYPR00F0000000000000000/manifest.json";
const ITEMS: &str = "PutObject runs/01KEYPR00F0000000000000000/items.json";
const PART: &str = "PutObject runs/01KEYPR00F0000000000000000/shards/0.json";
const REPORT: &str = "PutObject runs/01KEYPR00F0000000000000000/reports/0.json";

/// Every call; of the two shards, the first one's.
pub(super) const CALLS: &[Call] = &[
    call(Step::Cut, "GetItem version", VERSION),
    call(Step::Cut, "PutObject part", PART),
    lost(Step::Cut, "PutObject part, lost", PART),
    call(Step::Cut, "PutObject manifest", MANIFEST),
    lost(Step::Cut, "PutObject manifest, lost", MANIFEST),
    call(Step::Cut, "PutObject items", ITEMS),
    call(
        Step::Shard,
        "GetObject part",
        "GetObject runs/01KEYPR00F0000000000000000/shards/0.json",
    ),
    call(
        Step::Shard,
        "HeadObject report",
        "HeadObject runs/01KEYPR00F0000000000000000/reports/0.json",
    ),
    of("runner", "GetCallerIdentity", "GetCallerIdentity"),
    of("reader", "AssumeRole", "AssumeRole"),
    of("outsider", "AssumeRole", "AssumeRole"),
    of("reader", "GetItem", "GetItem"),
    of("outsider", "GetItem", "GetItem"),
    of("runner", "DescribeTable", "DescribeTable"),
    of("runner", "DescribeKey", "DescribeKey"),
    call(Step::Shard, "PutObject report", REPORT),
    lost(Step::Shard, "PutObject report, lost", REPORT),
    call(Step::Collect, "GetItem run", "GetItem RUN"),
    call(Step::Collect, "GetItem version", VERSION),
    call(
        Step::Collect,
        "GetObject manifest",
        "GetObject runs/01KEYPR00F0000000000000000/manifest.json",
    ),
    call(
        Step::Collect,
        "GetObject report",
        "GetObject runs/01KEYPR00F0000000000000000/reports/0.json",
    ),
    call(
        Step::Collect,
        "GetObject second report",
        "GetObject runs/01KEYPR00F0000000000000000/reports/0.2.json",
    ),
    call(Step::Collect, "Query state", "Query"),
    call(
        Step::Collect,
        "TransactWriteItems",
        "TransactWriteItems STATE",
    ),
    lost(
        Step::Collect,
        "TransactWriteItems, lost",
        "TransactWriteItems STATE",
    ),
    call(Step::Collect, "PutItem references", "PutItem PLAN#orders"),
];

/// Whether these are the calls that the steps make, of the other shard's objects those of the first.
#[track_caller]
pub(super) fn are_all(recordings: &[(Step, Recording)]) {
    let made = recordings.iter().flat_map(|(step, recording)| {
        recording.calls().map(|call| {
            let name = format!("{} {}", call.operation, call.subject);
            let name = name.trim_end().replace("s/1.", "s/0.");
            (*step, name, call.principal.clone())
        })
    });
    let known = CALLS.iter().map(|call| {
        let (operation, principal) = (call.operation.to_owned(), call.principal.to_owned());
        (call.step, operation, principal)
    });
    assert_eq!(
        made.collect::<BTreeSet<_>>(),
        known.collect::<BTreeSet<_>>()
    );
}
