// SPDX-License-Identifier: Apache-2.0
//! Small organisations of which the outcome is known.

use super::*;

const SMALL: Scenario = Scenario {
    accounts: 20,
    tables: 5,
    keys: 1,
    roles: 3,
    reads: 4,
    one_account: false,
    at_once: 4,
    region: "us-east-1",
    latency: 20_000,
    overhead: 250_000,
    lost_calls: 0.0,
    deaths: 0.0,
    seed: 7,
};

#[test]
fn where_nothing_goes_wrong_every_call_is_made_once_and_nothing_is_blind() {
    let outcome = simulate(&SMALL);

    // Sessions, looks at tables and at the key, reads.
    let calls = 20 * (3 + 5 + 1 + 20);
    assert_eq!(
        (outcome.probes, outcome.blind, outcome.calls, outcome.tries),
        (500, 0, calls, 20)
    );
    assert_eq!(outcome.throttled, BTreeMap::new());
    // Five rounds of shards, each no shorter than half of what is usual.
    assert!(outcome.seconds > 5.0 * 0.125, "{outcome:?}");
    assert!(outcome.function_seconds > outcome.seconds, "{outcome:?}");
}

#[test]
fn the_same_seed_is_the_same_run_and_another_is_another() {
    assert_eq!(simulate(&SMALL), simulate(&SMALL));
    let other = Scenario { seed: 8, ..SMALL };
    assert_ne!(simulate(&SMALL), simulate(&other));
}

#[test]
fn more_shards_at_once_are_faster_until_a_quota_is_met() {
    let large = Scenario {
        accounts: 1_000,
        at_once: 100,
        ..SMALL
    };
    let faster = simulate(&large);
    let all = simulate(&Scenario {
        at_once: 1_000,
        ..large
    });

    assert!(
        faster.seconds
            < simulate(&Scenario {
                at_once: 10,
                ..large
            })
            .seconds
    );
    // Three thousand roles within a second or so, where six hundred may be assumed.
    let throttled: Vec<_> = all.throttled.keys().copied().collect();
    assert_eq!(throttled, ["STS requests"]);
    assert_eq!(faster.throttled, BTreeMap::new());
}

#[test]
fn a_shard_that_dies_each_time_is_blind_and_costs_the_others_nothing() {
    let certain = simulate(&Scenario {
        deaths: 1.0,
        ..SMALL
    });
    assert_eq!((certain.blind, certain.dead, certain.tries), (500, 500, 60));

    let some = simulate(&Scenario {
        deaths: 0.6,
        ..SMALL
    });
    assert_eq!(some.blind, some.dead);
    assert_eq!(some.blind % 25, 0);
    assert!(some.blind > 0 && some.blind < 500, "{some:?}");
}

#[test]
fn calls_that_are_lost_five_times_are_blind() {
    let none = simulate(&Scenario {
        lost_calls: 1.0,
        ..SMALL
    });
    assert_eq!((none.blind, none.probes), (500, 500));

    let some = simulate(&Scenario {
        lost_calls: 0.3,
        ..SMALL
    });
    assert!(some.blind < 50, "{some:?}");
    assert!(some.calls > 20 * 29, "{some:?}");
}

#[test]
fn what_is_one_account_shares_its_quotas() {
    let tables = Scenario {
        tables: 300,
        accounts: 100,
        at_once: 100,
        roles: 1,
        keys: 1,
        ..SMALL
    };
    let apart = simulate(&tables);
    let together = simulate(&Scenario {
        one_account: true,
        ..tables
    });

    assert_eq!(apart.throttled, BTreeMap::new());
    let throttled: Vec<_> = together.throttled.keys().copied().collect();
    assert_eq!(throttled, ["DynamoDB control plane"]);
}
