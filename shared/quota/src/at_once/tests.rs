// SPDX-License-Identifier: Apache-2.0
//! Shards of plans, and how many of them the quotas let be beside each other.

use std::fmt::Write as _;

use super::*;
use crate::DEFAULT_SHARE;

const TERMS: Terms<'static> = Terms {
    region: "us-east-1",
    share: DEFAULT_SHARE,
    concurrency: 32,
    latency: Duration::from_millis(20),
};

/// A shard of this many tables of an account, each under a key of ten, two reads each by a reader and an
/// outsider; the reader looks at them. `roles` more are assumed and do nothing else.
fn shard(tables: usize, roles: usize) -> Plan {
    let mut text = "keyproof: plan/v1\nname: large\nregion: us-east-1\ntables:\n".to_owned();
    for number in 0..tables {
        let key = number % 10;
        writeln!(
            text,
            "  t{number}: {{ table: table-{number}, inspect_as: reader, key: 'arn:aws:kms:us-east-1:111122223333:key/{key:08}-12ab-34cd-56ef-1234567890ab', canary: {{ key: {{ pk: {{ S: c }} }} }} }}"
        )
        .unwrap();
    }
    let role =
        |name: &str| format!("  {name}: {{ role: 'arn:aws:iam::111122223333:role/{name}' }}\n");
    text.push_str("principals:\n");
    text.extend(["reader", "outsider"].map(role));
    text.extend((0..roles).map(|number| role(&format!("r{number}"))));
    text.push_str("expectations:\n");
    let names: Vec<_> = (0..tables).map(|number| format!("t{number}")).collect();
    let names = names.join(", ");
    writeln!(text, "  - {{ principal: reader, on: [{names}], actions: [dynamodb:GetItem, dynamodb:Query], decision: allowed }}").unwrap();
    writeln!(text, "  - {{ principal: outsider, on: [{names}], actions: [dynamodb:GetItem, dynamodb:Query], decision: denied, by: kms }}").unwrap();
    for number in 0..roles {
        writeln!(
            text,
            "  - {{ principal: r{number}, actions: [sts:AssumeRole], decision: allowed }}"
        )
        .unwrap();
    }
    Plan::parse(&text).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// As many such shards, each in an account of its own.
fn apart(shard: &Plan, count: usize) -> impl Iterator<Item = Plan> {
    (0..count).map(|account| {
        let mut shard = shard.clone();
        for (name, principal) in &mut shard.principals {
            let role = format!("arn:aws:iam::{account:012}:role/{name}");
            principal.role = role.parse().unwrap();
        }
        shard
    })
}

#[test]
fn accounts_of_their_own_share_the_one_that_assumes_their_roles() {
    // 1,000 probes: as many as a shard has at most where nobody says otherwise.
    let accounts = |roles: usize| at_once(apart(&shard(200, roles), 100), &TERMS);

    // 150 requests of STS a second, one more of each shard than it has roles; it takes about a second.
    assert_eq!(
        (accounts(0), accounts(1), accounts(8)),
        (Some(45), Some(34), Some(12))
    );
}

#[test]
fn shards_of_one_account_share_its_quotas() {
    let shard = shard(200, 1);
    let together = |count, terms: &Terms<'_>| at_once(vec![shard.clone(); count], terms);

    // 625 tables may be looked at in a second, and a shard looks at 200 in about one.
    assert_eq!(together(100, &TERMS), Some(2));
    // Where there are fewer than the quotas let be, nothing binds them.
    assert_eq!(together(2, &TERMS), None);
    let whole = Terms {
        share: 100,
        ..TERMS
    };
    assert_eq!(together(100, &whole), Some(11));
}

#[test]
fn one_is_always_let() {
    let stingy = Terms { share: 1, ..TERMS };
    assert_eq!(at_once(vec![shard(100, 0); 3], &stingy), Some(1));
}
