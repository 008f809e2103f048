// SPDX-License-Identifier: Apache-2.0
//! The table key cache: what keeps a key, and what does not.

use super::*;

const KEEP: Duration = Duration::from_mins(5);

fn key(session: &str) -> CachedKey {
    CachedKey {
        session: session.into(),
        table: ("table".into(), Timestamp::UNIX_EPOCH),
        key: "key".into(),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn a_table_key_stays_as_long_as_it_is_used() {
    let mut cache = TableKeyCache::default();
    assert!(!cache.uses(&key("a"), at(0), KEEP));
    cache.keep(key("a"), at(0), KEEP);
    for second in [299, 500, 799] {
        assert!(cache.uses(&key("a"), at(second), KEEP), "{second}");
    }
    assert!(!cache.uses(&key("a"), at(1099), KEEP));
}

#[test]
fn another_session_table_or_key_has_its_own_table_key() {
    let mut cache = TableKeyCache::default();
    cache.keep(key("a"), at(0), KEEP);
    assert!(!cache.uses(&key("b"), at(1), KEEP));
    assert!(!cache.uses(
        &CachedKey {
            key: "new".into(),
            ..key("a")
        },
        at(1),
        KEEP
    ));
    assert!(!cache.uses(
        &CachedKey {
            table: ("table".into(), at(1)),
            ..key("a")
        },
        at(1),
        KEEP
    ));
    cache.forget_table("table");
    assert!(!cache.uses(&key("a"), at(1), KEEP));
}

#[test]
fn without_a_time_nothing_is_kept() {
    let mut cache = TableKeyCache::default();
    cache.keep(key("a"), at(0), Duration::ZERO);
    assert!(!cache.uses(&key("a"), at(0), Duration::ZERO));
}
