// SPDX-License-Identifier: Apache-2.0
//! The order of items: sort keys of every type, forward and backward, from a place on.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::attribute;
use super::super::key::KeyType;
use super::*;

fn attributes(json: &Value) -> Attributes {
    attribute::attributes(json.as_object().unwrap()).unwrap()
}

fn schema(kind: KeyType) -> KeySchema {
    KeySchema {
        partition: ("pk".into(), KeyType::S),
        sort: Some(("sk".into(), kind)),
    }
}

fn stored(keys: &KeySchema, sort_values: &[Value]) -> Store {
    let mut store = Store::default();
    for value in sort_values {
        for partition in ["p", "q"] {
            let item = attributes(&json!({"pk": {"S": partition}, "sk": value}));
            store.put(keys, std::iter::empty(), item);
        }
    }
    store
}

fn read(store: &Store, forward: bool, after: Option<&Position>) -> Vec<Value> {
    store
        .partition(None, KeyValue::Text("p".into()), forward, after)
        .map(|item| item["sk"].to_json())
        .collect()
}

#[test]
fn sort_keys_are_in_the_order_of_their_type() {
    for (kind, ascending) in [
        (
            KeyType::N,
            ["-100", "-2.5", "-2", "0", "0.5", "3", "20"]
                .map(|text| json!({"N": text}))
                .to_vec(),
        ),
        (
            KeyType::S,
            ["A", "B", "a", "aa", "b", "é", "日"]
                .map(|text| json!({"S": text}))
                .to_vec(),
        ),
        (
            KeyType::B,
            ["AA==", "AAA=", "AQ==", "fw==", "gA==", "/w=="]
                .map(|text| json!({"B": text}))
                .to_vec(),
        ),
    ] {
        let keys = schema(kind);
        let mut shuffled = ascending.clone();
        shuffled.reverse();
        shuffled.rotate_left(2);
        let store = stored(&keys, &shuffled);
        assert_eq!(read(&store, true, None), ascending);
        let descending: Vec<Value> = ascending.iter().rev().cloned().collect();
        assert_eq!(read(&store, false, None), descending);

        let place = keys.position(&attributes(&json!({"pk": {"S": "p"}, "sk": ascending[2]})));
        assert_eq!(read(&store, true, place.as_ref()), ascending[3..]);
        assert_eq!(
            read(&store, false, place.as_ref()),
            [ascending[1].clone(), ascending[0].clone()]
        );
    }
}

#[test]
fn an_index_follows_the_items() {
    let keys = schema(KeyType::S);
    let name = "by-color".to_owned();
    let index = KeySchema {
        partition: ("color".into(), KeyType::S),
        sort: None,
    };
    let colored = |sort: &str, color: &str| {
        attributes(&json!({"pk": {"S": "p"}, "sk": {"S": sort}, "color": {"S": color}}))
    };
    let indexes = || std::iter::once((&name, &index));
    let red = |store: &Store| -> Vec<Value> {
        store
            .partition(Some("by-color"), KeyValue::Text("red".into()), true, None)
            .map(|item| item["sk"].to_json())
            .collect()
    };

    let mut store = Store::default();
    store.add_index(&name, &index);
    store.put(&keys, indexes(), colored("1", "red"));
    store.put(&keys, indexes(), colored("2", "red"));
    store.put(&keys, indexes(), colored("3", "blue"));
    store.put(
        &keys,
        indexes(),
        attributes(&json!({"pk": {"S": "p"}, "sk": {"S": "4"}})),
    );
    assert_eq!(red(&store), [json!({"S": "1"}), json!({"S": "2"})]);

    store.put(&keys, indexes(), colored("1", "blue"));
    store.remove(
        &keys,
        indexes(),
        &attributes(&json!({"pk": {"S": "p"}, "sk": {"S": "2"}})),
    );
    assert_eq!(red(&store), Vec::<Value>::new());
    assert_eq!(
        (store.totals(None).0, store.totals(Some("by-color")).0),
        (3, 2)
    );

    let mut later = store.clone();
    later.remove_index(&name);
    later.add_index(&name, &index);
    assert_eq!(
        later.totals(Some("by-color")),
        store.totals(Some("by-color"))
    );
}

proptest! {
    #[test]
    fn pages_make_up_the_whole(numbers in proptest::collection::btree_set(-1000_i32..1000, 0..40), page in 1_usize..7, forward: bool) {
        let keys = schema(KeyType::N);
        let values: Vec<Value> = numbers.iter().map(|number| json!({"N": number.to_string()})).collect();
        let store = stored(&keys, &values);
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let read: Vec<_> = store.partition(None, KeyValue::Text("p".into()), forward, after.as_ref()).take(page).cloned().collect();
            let Some(last) = read.last() else { break };
            after = keys.position(last);
            seen.extend(read.iter().map(|item| item["sk"].to_json()));
        }
        let mut expected = values;
        if !forward { expected.reverse(); }
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn segments_share_a_scan_between_them(count in 1_usize..60, total in 1_u64..9) {
        let keys = KeySchema { partition: ("pk".into(), KeyType::N), sort: None };
        let mut store = Store::default();
        for number in 0..count {
            store.put(&keys, std::iter::empty(), attributes(&json!({"pk": {"N": number.to_string()}})));
        }
        let in_segment = |segment| store.scan(None, None).filter(|(position, _)| position.segment(total) == segment).count();
        prop_assert_eq!((0..total).map(in_segment).sum::<usize>(), count);
    }
}
