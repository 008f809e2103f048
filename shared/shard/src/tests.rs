// SPDX-License-Identifier: Apache-2.0
//! What the tests of cutting and collecting share: plans of any shape, and what was seen of them.

use std::fmt::Write as _;

use jiff::{Timestamp, civil::date};
use keyproof_core::Service;
use keyproof_plan::{Plan, ProbeKind};
use keyproof_verdict::{
    Answer, Blindness, Denial, Encryption, Evidence, KeyState, Observation, Observations, RunFacts,
    TableObservation,
};
use proptest::prelude::*;

pub(crate) const RUN: &str = "01KEYPR00F0000000000000000";

/// A table of a plan: its account (by number), who must and who must not read it.
#[derive(Clone, Debug)]
pub(crate) struct Drawn {
    pub(crate) account: u8,
    pub(crate) reader: u8,
    pub(crate) outsiders: Vec<u8>,
    pub(crate) excepted: bool,
}

/// The plan of these tables. Principals `p0` … `p5` are in the accounts 0 to 2 in turn; `retired`
/// can be assumed by nobody.
pub(crate) fn plan(tables: &[Drawn]) -> Plan {
    let mut text = "keyproof: plan/v1\nname: large\nregion: us-east-1\ntables:\n".to_owned();
    for (number, drawn) in tables.iter().enumerate() {
        let account = format!("{}", drawn.account).repeat(12);
        writeln!(
            text,
            "  t{number}:\n    table: arn:aws:dynamodb:us-east-1:{account}:table/table-{number}\n    key: arn:aws:kms:us-east-1:{account}:key/{number:08}-12ab-34cd-56ef-1234567890ab\n    canary: {{ key: {{ pk: {{ S: c }} }} }}"
        )
        .unwrap();
    }
    text.push_str("principals:\n");
    for number in 0..6 {
        let account = format!("{}", number % 3).repeat(12);
        writeln!(
            text,
            "  p{number}: {{ role: \"arn:aws:iam::{account}:role/p{number}\" }}"
        )
        .unwrap();
    }
    text.push_str(
        "  retired: { role: \"arn:aws:iam::000000000000:role/retired\" }\nexpectations:\n",
    );
    text.push_str(
        "  - { principal: retired, actions: [sts:AssumeRole], decision: denied, by: sts }\n",
    );
    for (number, drawn) in tables.iter().enumerate() {
        let reader = drawn.reader;
        writeln!(text, "  - {{ principal: p{reader}, on: t{number}, actions: [dynamodb:GetItem, dynamodb:Scan], decision: allowed }}").unwrap();
        for outsider in drawn
            .outsiders
            .iter()
            .filter(|&&outsider| outsider != reader)
        {
            writeln!(text, "  - {{ principal: p{outsider}, on: t{number}, actions: [dynamodb:GetItem, kms:Decrypt], decision: denied, by: kms }}").unwrap();
        }
    }
    let excepted = tables
        .iter()
        .enumerate()
        .filter(|(_, drawn)| drawn.excepted);
    let mut first = true;
    for (number, drawn) in excepted {
        if first {
            text.push_str("exceptions:\n");
            first = false;
        }
        writeln!(text, "  - {{ probe: p{}/dynamodb:GetItem/t{number}, reason: r, owner: o, expires: 2026-12-31 }}", drawn.reader).unwrap();
    }
    Plan::parse(&text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

pub(crate) fn tables() -> impl Strategy<Value = Vec<Drawn>> {
    let drawn = (
        0u8..3,
        0u8..6,
        prop::collection::btree_set(0u8..6, 0..4),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(account, reader, outsiders, excepted)| Drawn {
            account,
            reader,
            outsiders: outsiders.into_iter().collect(),
            excepted,
        });
    prop::collection::vec(drawn, 1..12)
}

pub(crate) fn facts() -> RunFacts {
    RunFacts {
        id: RUN.to_owned(),
        trigger: "test".to_owned(),
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: Timestamp::UNIX_EPOCH,
        account: Some("111122223333".to_owned()),
        region: None,
        endpoint: None,
        version: "0.0.0".to_owned(),
        plan_file: None,
        today: date(2026, 11, 26),
    }
}

fn observation(answer: Answer) -> Observation {
    Observation {
        answer,
        resource: None,
        error_code: None,
        message: None,
        request_id: None,
        attempts: 1,
        latency_ms: Some(3),
    }
}

/// What was seen of every probe, drawn from `dice`, one number a probe.
pub(crate) fn seen(plan: &Plan, dice: &[u8]) -> Observations {
    let mut dice = dice.iter().copied().cycle();
    let mut observations = Observations::default();
    for probe in plan.probes() {
        let thrown = dice.next().unwrap_or(0);
        match &probe.kind {
            ProbeKind::Encryption { table } => {
                let arn = plan.tables[table].key.to_string();
                let state = if thrown == 9 {
                    KeyState::Disabled
                } else {
                    KeyState::Enabled
                };
                let encryption = (thrown != 8).then(|| match thrown {
                    7 => Encryption::AwsOwned,
                    _ => Encryption::Key { arn: arn.clone() },
                });
                let look = TableObservation {
                    look: observation(Answer::Allowed(Evidence::Succeeded)),
                    encryption,
                    expected_key: Some(arn),
                    key_state: Some(state),
                    table_arn: None,
                };
                observations.tables.insert(table.clone(), look);
            }
            ProbeKind::Access { .. } => {
                let denied = |by| {
                    Answer::Denied(Denial {
                        by: Some(by),
                        ..Denial::default()
                    })
                };
                let answer = match thrown {
                    0..=3 => Answer::Allowed(Evidence::Canary),
                    4..=6 => denied(Service::Kms),
                    7 => denied(Service::DynamoDb),
                    8 => Answer::Allowed(Evidence::CanaryMissing),
                    9 => Answer::Unknown(Blindness::Throttled),
                    _ => continue,
                };
                observations.probes.insert(probe.id, observation(answer));
            }
        }
    }
    observations
}

pub(crate) fn dice() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0u8..11, 1..200)
}
