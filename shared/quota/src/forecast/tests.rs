// SPDX-License-Identifier: Apache-2.0
//! Forecasts, worked out by hand.

use std::time::Duration;

use keyproof_plan::Plan;

use super::{Bound, Forecast, Terms, forecast};

fn plan(principals: usize, actions: &str) -> Plan {
    let names: Vec<_> = (0..principals).map(|number| format!("p{number}")).collect();
    let roles = names
        .iter()
        .map(|name| format!("  {name}: {{ role: \"arn:aws:iam::111122223333:role/{name}\" }}\n"))
        .collect::<Vec<_>>()
        .concat();
    let text = format!(
        "keyproof: plan/v1\nname: many\nregion: us-east-1\ntables:\n  orders: {{ table: orders, key: \
         alias/orders, canary: {{ key: {{ pk: {{ S: c }} }} }} }}\nprincipals:\n{roles}expectations:\n  - {{ \
         principal: [{}], on: orders, actions: [{actions}], decision: allowed }}\n",
        names.join(", ")
    );
    Plan::parse(&text).unwrap()
}

const TERMS: Terms<'_> = Terms {
    region: "eu-north-1",
    share: 50,
    concurrency: 10,
    latency: Duration::from_millis(20),
};

#[test]
fn a_small_run_takes_as_long_as_its_calls() {
    // Who the operator is, 3 sessions, table, key, and 3 reads: 9 calls, in a round after the sessions'.
    assert_eq!(
        forecast(&plan(3, "dynamodb:GetItem"), &TERMS),
        Forecast {
            calls: 9,
            duration: Duration::from_millis(40),
            bound: Bound::Latency,
        }
    );
}

#[test]
fn a_run_waits_for_the_fullest_of_its_quotas() {
    // 200 lists of grants at 50 a second, of which the first 50 go at once: 3 s.
    assert_eq!(
        forecast(&plan(200, "kms:ListGrants"), &TERMS),
        Forecast {
            calls: 403,
            duration: Duration::from_secs(3),
            bound: Bound::Quota("KMS ListGrants"),
        }
    );
    let whole = Terms {
        share: 100,
        ..TERMS
    };
    let found = forecast(&plan(200, "kms:ListGrants"), &whole);
    assert_eq!(found.duration, Duration::from_secs(1));
}
