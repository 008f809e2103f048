// SPDX-License-Identifier: Apache-2.0
//! The same operations, and what each must come to, on any table.
//!
//! A new case: an operation and its outcome in `conforms`; it holds for the table in memory here, and
//! for DynamoDB in `dynamo`.

use keyproof_state::{Item, Key};
use keyproof_store::memory::MemoryTable;
use keyproof_store::{Condition, Query, Range, Table, Update, Updated, Write, Written};
use serde_json::{Value, json};

fn key(pk: &str, sk: &str) -> Key {
    Key {
        pk: pk.to_owned(),
        sk: sk.to_owned(),
    }
}

fn item(pk: &str, sk: &str, fields: &Value) -> Item {
    let mut item = Item::new();
    item.insert("pk".to_owned(), pk.into());
    item.insert("sk".to_owned(), sk.into());
    item.extend(fields.as_object().unwrap().clone());
    item
}

fn put(sk: &str, fields: &Value, conditions: &[Condition]) -> Write {
    Write::Put {
        item: item("p", sk, fields),
        conditions: conditions.to_vec(),
    }
}

/// Goes through every operation and condition, met and not met.
pub(crate) async fn conforms(table: &impl Table) {
    values_come_back_as_they_were(table).await;
    conditions_hold_or_refuse(table).await;
    writes_are_all_or_nothing(table).await;
    updates_alter_and_tell(table).await;
    queries_are_in_order(table).await;
}

async fn values_come_back_as_they_were(table: &impl Table) {
    let fields = json!({
        "text": "ä\n\"quoted\"", "empty": "", "number": 999_999_999_999_u64, "negative": -5, "yes": true,
        "nothing": null, "list": [1, "two", {"three": [null]}], "map": {"a": {"b": 1}}, "none": [], "bare": {},
    });
    let put = Write::put(item("values", "1", &fields));

    assert_eq!(table.write(&[put]).await.unwrap(), Written::Done);

    let found = table.get(&key("values", "1")).await.unwrap().unwrap();
    assert_eq!(
        Value::Object(found),
        Value::Object(item("values", "1", &fields))
    );
    assert_eq!(table.get(&key("values", "2")).await.unwrap(), None);
}

async fn conditions_hold_or_refuse(table: &impl Table) {
    let refused = || Written::Refused(vec![0]);
    let cases = [
        // No item is there.
        (vec![Condition::Present], refused()),
        (vec![Condition::Equals("n", 1.into())], refused()),
        (
            vec![
                Condition::Lacks("n"),
                Condition::LacksOrBelow("n", 1.into()),
            ],
            Written::Done,
        ),
        // Now there is one, without `n`.
        (vec![Condition::Absent], refused()),
        (
            vec![Condition::Present, Condition::Lacks("n")],
            Written::Done,
        ),
    ];
    for (index, (conditions, outcome)) in cases.into_iter().enumerate() {
        let write = put("conditions", &json!({"case": index}), &conditions);
        assert_eq!(
            table.write(&[write]).await.unwrap(),
            outcome,
            "{conditions:?}"
        );
    }
    table
        .write(&[put(
            "conditions",
            &json!({"n": 9, "t": "2026-01-15T03:00:00Z"}),
            &[],
        )])
        .await
        .unwrap();
    let with_n = [
        (Condition::Lacks("n"), false),
        (Condition::Equals("n", 9.into()), true),
        (Condition::Equals("n", "9".into()), false),
        (Condition::Equals("n", 8.into()), false),
        (Condition::LacksOrBelow("n", 10.into()), true),
        (Condition::LacksOrBelow("n", 9.into()), false),
        (
            Condition::LacksOrBelow("t", "2026-01-15T03:00:01Z".into()),
            true,
        ),
        (
            Condition::LacksOrBelow("t", "2026-01-15T02:59:59Z".into()),
            false,
        ),
    ];
    for (condition, holds) in with_n {
        let write = put(
            "conditions",
            &json!({"n": 9, "t": "2026-01-15T03:00:00Z"}),
            std::slice::from_ref(&condition),
        );
        let written = table.write(&[write]).await.unwrap();
        assert_eq!(written == Written::Done, holds, "{condition:?}");
    }
    let delete = |conditions| Write::Delete {
        key: key("p", "conditions"),
        conditions,
    };
    assert_eq!(
        table
            .write(&[delete(vec![Condition::Absent])])
            .await
            .unwrap(),
        refused()
    );
    assert_eq!(table.write(&[delete(vec![])]).await.unwrap(), Written::Done);
    assert_eq!(table.write(&[delete(vec![])]).await.unwrap(), Written::Done);
    assert_eq!(table.get(&key("p", "conditions")).await.unwrap(), None);
}

async fn writes_are_all_or_nothing(table: &impl Table) {
    table
        .write(&[put("b", &json!({"n": 1}), &[])])
        .await
        .unwrap();
    let mut update = Update::of(key("p", "c"));
    update.set = vec![("n", 1.into())];
    let writes = [
        put("a", &json!({"n": 1}), &[Condition::Absent]),
        put("b", &json!({"n": 2}), &[Condition::Equals("n", 7.into())]),
        Write::Update(update.clone()),
        put("d", &json!({"n": 1}), &[Condition::Present]),
    ];

    assert_eq!(
        table.write(&writes).await.unwrap(),
        Written::Refused(vec![1, 3])
    );
    for sk in ["a", "c", "d"] {
        assert_eq!(table.get(&key("p", sk)).await.unwrap(), None, "{sk}");
    }

    let writes = [
        put("a", &json!({"n": 1}), &[Condition::Absent]),
        put("b", &json!({"n": 2}), &[Condition::Equals("n", 1.into())]),
        Write::Update(update),
    ];
    assert_eq!(table.write(&writes).await.unwrap(), Written::Done);
    for (sk, n) in [("a", 1), ("b", 2), ("c", 1)] {
        let found = table.get(&key("p", sk)).await.unwrap().unwrap();
        assert_eq!(found.get("n"), Some(&json!(n)), "{sk}");
    }
}

async fn updates_alter_and_tell(table: &impl Table) {
    let at = key("p", "update");
    let mut update = Update::of(at.clone());
    update.set = vec![("name", "first".into())];
    update.set_if_absent = vec![("since", "then".into())];
    update.count_up = Some("count");
    let done = |fields: &Value| Updated::Done(item("p", "update", fields));

    let first = table.update(&update).await.unwrap();
    update.set = vec![("name", "second".into())];
    update.set_if_absent = vec![("since", "now".into())];
    update.conditions = vec![Condition::Equals("name", "first".into())];
    let second = table.update(&update).await.unwrap();
    let refused = table.update(&update).await.unwrap();
    let mut remove = Update::of(at);
    remove.remove = vec!["since", "never"];
    let removed = table.update(&remove).await.unwrap();
    let mut absent = Update::of(key("p", "nowhere"));
    absent.count_up = Some("count");
    absent.conditions = vec![Condition::Present];
    let nowhere = table.update(&absent).await.unwrap();

    assert_same(
        first,
        done(&json!({"name": "first", "since": "then", "count": 1})),
    );
    let twice = json!({"name": "second", "since": "then", "count": 2});
    assert_same(second, done(&twice));
    assert_same(refused, Updated::Refused(Some(item("p", "update", &twice))));
    assert_same(removed, done(&json!({"name": "second", "count": 2})));
    assert_same(nowhere, Updated::Refused(None));
}

/// Attributes have no order.
#[track_caller]
fn assert_same(one: Updated, other: Updated) {
    let sorted = |updated| match updated {
        Updated::Done(item) => (true, Some(Value::Object(item))),
        Updated::Refused(item) => (false, item.map(Value::Object)),
    };
    assert_eq!(sorted(one), sorted(other));
}

async fn queries_are_in_order(table: &impl Table) {
    for sk in [
        "STATE#002",
        "RUN#000000000010",
        "RUN#000000000002",
        "STATE",
        "RUN#000000000001",
        "HEAD",
    ] {
        let written = table.write(&[Write::put(item("q", sk, &json!({})))]).await;
        assert_eq!(written.unwrap(), Written::Done);
    }
    let found = async |query: Query| {
        let items = table.query(&query).await.unwrap();
        items
            .iter()
            .map(|item| item.get("sk").unwrap().as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let runs = |from: &str, to: &str| Query {
        range: Range::Between(from.to_owned(), to.to_owned()),
        ..Query::partition("q")
    };

    assert_eq!(
        found(Query::partition("q")).await,
        [
            "HEAD",
            "RUN#000000000001",
            "RUN#000000000002",
            "RUN#000000000010",
            "STATE",
            "STATE#002"
        ]
    );
    assert_eq!(
        found(Query::prefix("q", "STATE")).await,
        ["STATE", "STATE#002"]
    );
    assert_eq!(
        found(runs("RUN#000000000001", "RUN#000000000002")).await,
        ["RUN#000000000001", "RUN#000000000002"]
    );
    let newest = Query {
        backwards: true,
        limit: Some(2),
        ..runs("RUN#000000000000", "RUN#999999999999")
    };
    assert_eq!(
        found(newest).await,
        ["RUN#000000000010", "RUN#000000000002"]
    );
    assert_eq!(found(Query::partition("nowhere")).await, [] as [&str; 0]);
    let none = Query {
        limit: Some(0),
        ..Query::partition("q")
    };
    assert_eq!(found(none).await, [] as [&str; 0]);

    // `plan` and `region` are reserved words.
    let fields = json!({"plan": "p", "region": "r", "report": "x"});
    let put = Write::put(item("fields", "1", &fields));
    assert_eq!(table.write(&[put]).await.unwrap(), Written::Done);
    let some = Query {
        fields: Some(
            ["sk", "plan", "region", "nowhere"]
                .map(str::to_owned)
                .to_vec(),
        ),
        ..Query::partition("fields")
    };
    let found = table.query(&some).await.unwrap();
    assert_eq!(
        Value::Array(found.into_iter().map(Value::Object).collect()),
        json!([{"sk": "1", "plan": "p", "region": "r"}])
    );
}

#[tokio::test]
async fn the_table_in_memory_conforms() {
    conforms(&MemoryTable::default()).await;
}
