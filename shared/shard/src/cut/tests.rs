// SPDX-License-Identifier: Apache-2.0
//! Cuts: the whole plan once, no account mixed, the same each time.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use keyproof_plan::Parts;
use proptest::prelude::*;

use super::cut;
use crate::tests::{Drawn, plan, tables};
use crate::{Manifest, ManifestError};

fn at_most(most: usize) -> NonZeroUsize {
    NonZeroUsize::new(most).unwrap()
}

fn drawn(account: u8, reader: u8, outsider: u8) -> Drawn {
    Drawn {
        account,
        reader,
        outsiders: vec![outsider],
        excepted: false,
    }
}

#[test]
fn tables_with_the_same_account_and_principals_share_a_shard() {
    // Each table has 5 probes: its encryption, two of the reader, two of the outsider.
    let plan = plan(&[
        drawn(1, 1, 4),
        drawn(2, 2, 5),
        drawn(1, 1, 4),
        drawn(2, 2, 5),
    ]);
    let manifest = cut(&plan, at_most(10));
    let shards: Vec<_> = manifest
        .shards
        .iter()
        .map(|shard| {
            let tables: Vec<_> = shard.tables.iter().map(String::as_str).collect();
            (
                shard.account.as_deref().unwrap(),
                tables,
                shard.expectations.clone(),
                shard.principals,
                shard.probes,
            )
        })
        .collect();
    assert_eq!(
        shards,
        [
            ("000000000000", vec![], vec![0], 1, 1),
            ("111111111111", vec!["t0", "t2"], vec![], 2, 10),
            ("222222222222", vec!["t1", "t3"], vec![], 2, 10),
        ]
    );
}

#[test]
fn a_table_larger_than_a_shard_stays_whole() {
    let plan = plan(&[drawn(1, 1, 4)]);
    let manifest = cut(&plan, at_most(1));
    let probes: Vec<_> = manifest.shards.iter().map(|shard| shard.probes).collect();
    assert_eq!(probes, [1, 5]);
}

#[test]
fn a_manifest_that_would_lose_or_repeat_a_part_is_refused() {
    let plan = plan(&[drawn(1, 1, 4), drawn(2, 2, 5)]);
    let whole = cut(&plan, at_most(5));
    let refused = |change: &dyn Fn(&mut Manifest)| {
        let mut manifest = whole.clone();
        change(&mut manifest);
        let text = serde_json::to_string(&manifest).unwrap();
        Manifest::read(&text, &plan).unwrap_err().to_string()
    };
    let mend = |what: &str| {
        format!("the manifest's shards are not the whole plan: {what}; cut the plan again")
    };
    assert_eq!(
        refused(&|it| drop(it.shards.pop())),
        mend("table `t1` is in no shard")
    );
    assert_eq!(
        refused(&|it| it.shards[2] = crate::Shard {
            number: 2,
            ..it.shards[1].clone()
        }),
        mend("table `t0` is in two shards")
    );
    assert_eq!(
        refused(&|it| it.shards[0].expectations.clear()),
        mend("shard 0 has 0 probes, and not 1")
    );
    assert_eq!(
        refused(&|it| {
            it.shards[0].expectations.clear();
            it.shards[0].probes = 0;
        }),
        mend("expectation 0 is in no shard")
    );
    assert_eq!(
        refused(&|it| it.shards[0].expectations = vec![1]),
        mend("expectation 1 is none without a table")
    );
    assert_eq!(
        refused(&|it| it.shards[1].tables = vec!["t9".to_owned()]),
        mend("the plan has no table `t9`")
    );
    assert_eq!(
        refused(&|it| it.shards.swap(0, 1)),
        mend("shard 0 is numbered 1")
    );
    assert_eq!(
        refused(&|it| it.digest = "sha256:0".to_owned()),
        format!(
            "the manifest is of plan `large` with digest `sha256:0`, not of this one (`{}`); cut the plan again",
            plan.digest
        )
    );
    assert_eq!(
        refused(&|it| it.schema = "keyproof.shards/v2".to_owned()),
        format!(
            "the document's schema is `keyproof.shards/v2`, and keyproof {} reads `keyproof.shards/v1`; \
             upgrade keyproof, if a newer one wrote it",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert!(matches!(
        Manifest::read(r#"{"schema":"keyproof.shards/v1","surprise":1}"#, &plan),
        Err(ManifestError::Unreadable { .. })
    ));
}

proptest! {
    #[test]
    fn every_probe_is_in_exactly_one_shard(tables in tables(), most in 1usize..40) {
        let plan = plan(&tables);
        let manifest = cut(&plan, at_most(most));
        // INVARIANT (the whole plan once), as a reader of the manifest checks it.
        let text = serde_json::to_string(&manifest).unwrap();
        prop_assert_eq!(&Manifest::read(&text, &plan).unwrap(), &manifest);
        let mut ids: Vec<String> = manifest
            .shards
            .iter()
            .flat_map(|shard| shard.plan(&Parts::of(&plan)).probes())
            .map(|probe| probe.id)
            .collect();
        ids.sort();
        let mut planned: Vec<String> = plan.probes().into_iter().map(|probe| probe.id).collect();
        planned.sort();
        prop_assert_eq!(ids, planned);
        for shard in &manifest.shards {
            let part = shard.plan(&Parts::of(&plan));
            prop_assert_eq!(part.principals.len(), shard.principals);
            prop_assert!(shard.probes <= most || shard.tables.len() + shard.expectations.len() == 1);
            let accounts: BTreeSet<_> = part
                .tables
                .values()
                .map(|table| table.arn.as_ref().unwrap().account())
                .collect();
            prop_assert!(accounts.len() <= 1, "{:?}", accounts);
        }
        prop_assert_eq!(cut(&plan, at_most(most)), manifest);
    }
}
