// SPDX-License-Identifier: Apache-2.0
//! Policies that settle while a run looks: allowed, then denied, then allowed again, and the other
//! way round. A run sees the moment of each call, and what it saw open it must say.

use keyproof_faults::{Disturbance, Fault};
use keyproof_plan::Plan;
use keyproof_verdict::{Report, Verdict};

use crate::places;
use crate::world::{Truth, Worlds, block_on, patient};

/// The reads of the outsider, in the order of the plan.
const READS: [&str; 6] = [
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:BatchGetItem",
    "dynamodb:PartiQLSelect",
    "dynamodb:TransactGetItems",
];

fn plan() -> Plan {
    let actions = READS.join(", ");
    places::plan(&format!(
        "  - {{ principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }}\n  \
         - {{ principal: outsider, on: orders, actions: [{actions}], decision: denied, by: kms }}\n"
    ))
}

/// A run in the world of `truth`, of which the outsider's calls `skip..skip + times` see `other`.
async fn flap(worlds: &Worlds, truth: Truth, other: Truth, skip: usize, times: usize) -> Report {
    let plan = plan();
    let elsewhere = worlds
        .proxy(other, None, keyproof_faults::Recording::default())
        .await;
    worlds.run(other, &elsewhere, &plan, &patient()).await;
    let disturbance = Disturbance {
        operation: "*".to_owned(),
        principal: "outsider".to_owned(),
        fault: Fault::Recorded,
        // The session itself comes first, and is of this world.
        skip: skip + 1,
        lost: false,
        times,
    };
    let proxy = worlds
        .proxy(truth, Some(disturbance), elsewhere.recording())
        .await;
    worlds.run(truth, &proxy, &plan, &patient()).await
}

fn exposed(report: &Report) -> usize {
    let rows = report.probes.iter();
    rows.filter(|row| {
        row.finding
            .is_some_and(|finding| finding.as_str() == "exposed")
    })
    .count()
}

#[test]
fn an_opening_that_flaps_is_exposed_as_often_as_it_was_seen_open() {
    block_on(async {
        let worlds = Worlds::start().await;
        for skip in 0..READS.len() {
            for times in 1..=READS.len() - skip {
                let denied = flap(&worlds, Truth::Open, Truth::Kept, skip, times).await;
                let allowed = flap(&worlds, Truth::Kept, Truth::Open, skip, times).await;

                let expected = (READS.len() - times, times);
                assert_eq!(
                    (exposed(&denied), exposed(&allowed)),
                    expected,
                    "{skip} {times}"
                );
                assert_eq!(allowed.summary.verdict, Verdict::Fail);
                let seen_shut_throughout = times == READS.len();
                assert_eq!(
                    denied.summary.verdict == Verdict::Pass,
                    seen_shut_throughout
                );
            }
        }
    });
}
