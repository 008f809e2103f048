// SPDX-License-Identifier: Apache-2.0
//! How many instructions a probe costs from plan to report, and its own call through the SDK: a slowdown is
//! seen without a stop-watch.
//!
//! The test runs itself under callgrind, with two sizes of plan: the difference is what the probes cost,
//! whatever starting up takes. It takes valgrind, so that it is ignored where nobody asks for it:
//!
//! ```console
//! $ cargo nextest run -p keyproof-report --run-ignored only instructions
//! ```
//!
//! A change that makes a probe dearer on purpose records the new number in [`RECORDED`]; one that makes
//! it cheaper should, too.
#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a program that measures itself, and fails by panicking"
)]

mod call;

use std::fmt::Write as _;
use std::process::Command;

use jiff::Timestamp;
use keyproof_core::Service;
use keyproof_plan::{Plan, ProbeKind};
use keyproof_report::{Format, Options, render};
use keyproof_verdict::{
    Answer, Denial, Encryption, Evidence, Judge, KeyState, Observation, Observations, RunFacts,
    TableObservation,
};

/// Instructions of an unoptimised build, as tests are, for each probe of these steps.
const RECORDED: &[(&str, u64)] = &[
    ("judge", 175_000),
    ("lines", 394_000),
    ("html", 12_450),
    ("call", 3_010_000),
];
/// Above and below this many percent somebody has to look.
const TOLERANCE: u64 = 10;
const SIZES: [usize; 2] = [10, 30];
const VARIABLE: &str = "KEYPROOF_MEASURED_STEP";

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn plan(tables: usize) -> Plan {
    let mut text = "keyproof: plan/v1\nname: many\nregion: us-east-1\ntables:\n".to_owned();
    let names: Vec<_> = (0..tables)
        .map(|number| format!("table-{number:03}"))
        .collect();
    for name in &names {
        writeln!(
            text,
            "  {name}: {{ table: {name}, key: \"{KEY}\", canary: {{ key: {{ pk: {{ S: c }} }} }} }}"
        )
        .unwrap();
    }
    let all = names.join(", ");
    write!(
        text,
        "principals:\n  reader: {{ role: \"arn:aws:iam::111122223333:role/reader\" }}\n  outsider: {{ role: \
         \"arn:aws:iam::111122223333:role/outsider\" }}\nexpectations:\n  - {{ principal: reader, on: [{all}], \
         actions: [dynamodb:GetItem, dynamodb:Scan, kms:Decrypt], decision: allowed }}\n  - {{ principal: \
         outsider, on: [{all}], actions: [dynamodb:GetItem, dynamodb:Scan, kms:Decrypt], decision: denied, by: \
         kms }}\n"
    )
    .unwrap();
    Plan::parse(&text).unwrap()
}

fn saw(answer: Answer, message: Option<&str>) -> Observation {
    Observation {
        answer,
        resource: Some("arn:aws:dynamodb:us-east-1:111122223333:table/orders".to_owned()),
        error_code: message.map(|_| "AccessDeniedException".to_owned()),
        message: message.map(str::to_owned),
        request_id: Some("3f1b2c4d-0000-4000-8000-000000000000".to_owned()),
        attempts: 1,
        latency_ms: Some(20),
    }
}

fn observations(probes: &[(usize, keyproof_plan::Probe)]) -> Observations {
    let mut seen = Observations::default();
    for (_, probe) in probes {
        match &probe.kind {
            ProbeKind::Encryption { table } => {
                let look = TableObservation {
                    look: saw(Answer::Allowed(Evidence::Succeeded), None),
                    encryption: Some(Encryption::Key {
                        arn: KEY.to_owned(),
                    }),
                    expected_key: Some(KEY.to_owned()),
                    key_state: Some(KeyState::Enabled),
                    table_arn: None,
                };
                seen.tables.insert(table.clone(), look);
            }
            ProbeKind::Access {
                principal, action, ..
            } => {
                let observation = if principal == "outsider" {
                    let denial = Denial {
                        by: Some(Service::Kms),
                        user: Some("arn:aws:sts::111122223333:assumed-role/outsider/s".to_owned()),
                        ..Denial::default()
                    };
                    saw(
                        Answer::Denied(denial),
                        Some("the ciphertext refers to a key"),
                    )
                } else if action.reads_canary() {
                    saw(Answer::Allowed(Evidence::Canary), None)
                } else {
                    saw(Answer::Allowed(Evidence::DryRun), None)
                };
                seen.probes.insert(probe.id.clone(), observation);
            }
        }
    }
    seen
}

/// Units, judged one after the other as a run judges them, and then written.
fn carry_out(step: &str, tables: usize) {
    let plan = plan(tables);
    if step == "call" {
        let report = call::run(&plan);
        assert_eq!(report.summary.pass, tables * 7, "{report:#?}");
        return;
    }
    let now: Timestamp = "2026-11-24T10:00:00Z".parse().unwrap();
    let facts = RunFacts {
        id: "01KB0000000000000000000000".to_owned(),
        trigger: "cli".to_owned(),
        started_at: now,
        finished_at: now,
        account: Some("111122223333".to_owned()),
        region: None,
        endpoint: None,
        version: "0.0.0".to_owned(),
        plan_file: None,
        today: "2026-11-24".parse().unwrap(),
    };
    let units = plan.units();
    let mut judge = Judge::new(&plan, facts.today);
    let mut rows = Vec::new();
    for unit in &units.all {
        let probes = units.probes(unit);
        rows.extend(judge.rows(&probes, &observations(&probes), &facts));
    }
    let mut report = judge.report(facts);
    assert_eq!(report.summary.pass, tables * 7);
    rows.sort_by_key(|(place, _)| *place);
    report.probes = rows.into_iter().map(|(_, row)| row).collect();
    let format = match step {
        "judge" => return,
        "lines" => Format::Jsonl,
        _ => Format::Html,
    };
    render(&report, format, Options::default(), &mut std::io::sink()).unwrap();
}

/// Instructions of this program, doing one step.
fn counted(step: &str, tables: usize) -> u64 {
    let this = std::env::current_exe().unwrap();
    let done = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args([
            "--exact",
            "the_measured_step",
            "--ignored",
            "--test-threads=1",
        ])
        .env(VARIABLE, format!("{step} {tables}"))
        .output()
        .expect("valgrind runs; install the package `valgrind`");
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{told}");
    let count = told
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    count.unwrap().1.trim().parse().unwrap()
}

#[test]
#[ignore = "it is what the other test measures"]
fn the_measured_step() {
    let Ok(step) = std::env::var(VARIABLE) else {
        return;
    };
    let (step, tables) = step.split_once(' ').unwrap();
    carry_out(step, tables.parse().unwrap());
}

#[test]
#[ignore = "takes valgrind"]
fn a_probe_costs_as_many_instructions_as_recorded() {
    let mut before = 0;
    let mut found = Vec::new();
    for (step, _) in RECORDED {
        let [small, large] = SIZES.map(|tables| counted(step, tables));
        let probes = (SIZES[1] - SIZES[0]) * 7;
        let each = (large - small) / probes as u64;
        // What is written is judged first.
        let own = if *step == "judge" {
            each
        } else {
            each - before
        };
        if *step == "judge" {
            before = each;
        }
        found.push((*step, own));
    }
    let within = |(_, found): &(&str, u64), (_, recorded): &(&str, u64)| {
        found.abs_diff(*recorded) * 100 <= recorded * TOLERANCE
    };
    let held = found
        .iter()
        .zip(RECORDED)
        .all(|(found, recorded)| within(found, recorded));
    assert!(
        held,
        "instructions a probe: {found:?}; recorded: {RECORDED:?}, {TOLERANCE} % either way"
    );
}
