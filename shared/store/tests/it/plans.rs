// SPDX-License-Identifier: Apache-2.0
//! Plans: versions, the list, removal, and the numbers of their runs.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use keyproof_plan::Plan;
use keyproof_state::{Key, PlanHead, Reference, references};
use keyproof_store::memory::MemoryTable;
use keyproof_store::{
    Every, Pushed, Started, Store, StoreError, Table, TableError, Update, Write, Written,
};

use crate::support::{Before, PLAN, midnight, plan};

fn store() -> Store<MemoryTable> {
    Store::new(MemoryTable::default())
}

async fn push(store: &Store<MemoryTable>, text: &str, every: Every) -> Pushed {
    let plan = Plan::parse(text).unwrap();
    store
        .push(
            &plan,
            text,
            every,
            Some("arn:aws:iam::111122223333:user/Alice"),
            midnight(),
        )
        .await
        .unwrap()
}

async fn push_again(store: &Store<impl Table>) -> Result<Pushed, StoreError> {
    let by = Some("arn:aws:iam::111122223333:user/Alice");
    store
        .push(&plan(), PLAN, Every::AsBefore, by, midnight())
        .await
}

async fn seq(store: &Store<MemoryTable>) -> u64 {
    match store.start("orders").await.unwrap() {
        Started::Now(head) => head.next_seq,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_first_push_is_version_one() {
    let store = store();

    let pushed = push(&store, PLAN, Every::Minutes(15)).await;

    assert_eq!(
        pushed,
        Pushed {
            head: PlanHead {
                plan: "orders".to_owned(),
                version: 1,
                digest: plan().digest,
                planned: Some(plan().planned()),
                interval_minutes: Some(15),
                scheduled_at: Some(midnight()),
                pushed_at: midnight(),
                pushed_by: Some("arn:aws:iam::111122223333:user/Alice".to_owned()),
                next_seq: 0,
                removed_at: None,
                recheck_at: None,
                recheck_since: None,
                referred: Some(plan().digest),
            },
            new_version: true,
        }
    );
    let version = store.version("orders", 1).await.unwrap().unwrap();
    assert_eq!(
        (version.text.as_str(), version.digest),
        (PLAN, plan().digest)
    );
    assert_eq!(store.plans().await.unwrap(), ["orders"]);
}

#[tokio::test]
async fn the_same_bytes_again_are_no_new_version() {
    let store = store();
    push(&store, PLAN, Every::Minutes(15)).await;
    let before = store.table().items();

    let again = push(&store, PLAN, Every::AsBefore).await;

    assert!(!again.new_version);
    assert_eq!(store.table().items(), before);
    let written = async |writes: &[Write]| panic!("{writes:?}");
    let unwritable = Store::new(Before(store.table().clone(), written));
    assert!(!push_again(&unwritable).await.unwrap().new_version);
    let other = push(&store, PLAN, Every::Minutes(30)).await;
    assert_eq!(
        (other.new_version, other.head.interval_minutes),
        (false, Some(30))
    );
    let never = push(&store, PLAN, Every::Never).await;
    assert_eq!((never.head.version, never.head.interval_minutes), (1, None));
}

/// From when on a run is waited for: another version of the plan changes nothing of that.
#[tokio::test]
async fn only_another_schedule_or_a_return_begins_the_wait_for_a_run_anew() {
    let at = |hours| midnight() + SignedDuration::from_hours(hours);
    let other = format!("# another\n{PLAN}");
    let store = store();
    let mut seen = Vec::new();
    let steps = [
        (PLAN, Every::Minutes(15)),
        (&other, Every::AsBefore),
        (PLAN, Every::Minutes(15)),
        (PLAN, Every::Minutes(15)),
        (PLAN, Every::Minutes(30)),
        (&other, Every::Never),
        (&other, Every::Minutes(30)),
    ];
    for (hours, (text, every)) in (0..).zip(steps) {
        let plan = Plan::parse(text).unwrap();
        let pushed = store.push(&plan, text, every, None, at(hours)).await;
        seen.push(pushed.unwrap().head.scheduled_at);
    }
    store.remove("orders", at(10)).await.unwrap();
    let back = Plan::parse(&other).unwrap();
    let pushed = store.push(&back, &other, Every::AsBefore, None, at(11));
    seen.push(pushed.await.unwrap().head.scheduled_at);

    assert_eq!(seen, [0, 0, 0, 0, 4, 5, 6, 11].map(|hours| Some(at(hours))));
}

/// Everything that a plan mentions, and the plans to which it leads.
async fn led(store: &Store<MemoryTable>) -> Vec<BTreeSet<String>> {
    let mut found = Vec::new();
    for reference in references(&plan()) {
        let one = [reference].into();
        found.push(store.plans_that_mention(&one).await.unwrap());
    }
    found
}

#[tokio::test]
async fn what_a_push_that_was_cut_off_left_out_the_same_bytes_again_write() {
    let everything = vec![BTreeSet::from(["orders".to_owned()]); references(&plan()).len()];
    // Reads the head, writes the version, reads the head; then the references.
    for cut_off in 3..=4 {
        let store = store();
        let error = TableError::NoTable {
            table: "keyproof".to_owned(),
            region: "this region".to_owned(),
        };
        store.table().fail_after(cut_off, error);
        push_again(&store).await.unwrap_err();

        let again = push(&store, PLAN, Every::AsBefore).await;

        assert_eq!(
            (again.new_version, again.head.referred),
            (false, Some(plan().digest))
        );
        assert_eq!(led(&store).await, everything);
    }
}

#[tokio::test]
async fn a_plan_that_is_pushed_while_it_is_being_removed_is_found_after_the_next_push() {
    let store = store();
    push(&store, PLAN, Every::AsBefore).await;
    let everything = led(&store).await;
    let pushes = async |writes: &[Write]| {
        if matches!(writes, [Write::Delete { .. }, ..]) {
            push(&store, PLAN, Every::AsBefore).await;
        }
        None
    };
    let late = Store::new(Before(store.table().clone(), pushes));

    late.remove("orders", midnight()).await.unwrap();
    assert_eq!(store.plans().await.unwrap(), ["orders"]);
    push(&store, PLAN, Every::AsBefore).await;

    assert_eq!(led(&store).await, everything);
}

#[tokio::test]
async fn a_reference_that_others_keep_from_being_written_is_an_error() {
    let refers = |write: &Write| matches!(write, Write::Put { item, .. } if item["pk"].as_str().unwrap().starts_with("REF#"));
    let conflict = async |writes: &[Write]| writes.iter().any(refers).then_some(Written::Conflict);
    let busy = Store::new(Before(MemoryTable::default(), conflict));

    let refused = push_again(&busy).await.unwrap_err();

    assert_eq!(
        refused.to_string(),
        "the state of the plan `orders` was written by others each time it was tried; try again"
    );
}

#[tokio::test]
async fn other_bytes_are_a_new_version_and_the_old_one_stays() {
    let store = store();
    push(&store, PLAN, Every::Minutes(15)).await;
    let text = format!("{PLAN}\n");

    let second = push(&store, &text, Every::AsBefore).await;

    assert!(second.new_version);
    assert_eq!(
        (second.head.version, second.head.interval_minutes),
        (2, Some(15))
    );
    assert_ne!(second.head.digest, plan().digest);
    let texts = [1, 2, 3].map(async |number| store.version("orders", number).await.unwrap());
    let mut found = Vec::new();
    for text in texts {
        found.push(text.await.map(|version| version.text));
    }
    assert_eq!(found, [Some(PLAN.to_owned()), Some(text), None]);
}

#[tokio::test]
async fn runs_are_numbered_as_they_begin_whatever_is_pushed() {
    let store = store();
    push(&store, PLAN, Every::AsBefore).await;

    let mut seqs = vec![seq(&store).await, seq(&store).await];
    push(&store, &format!("{PLAN}\n"), Every::AsBefore).await;
    seqs.push(seq(&store).await);
    store.remove("orders", midnight()).await.unwrap();
    assert_eq!(store.start("orders").await.unwrap(), Started::Removed);
    push(&store, PLAN, Every::AsBefore).await;
    seqs.push(seq(&store).await);

    assert_eq!(seqs, [1, 2, 3, 4]);
    assert_eq!(store.start("invoices").await.unwrap(), Started::Unknown);
}

#[tokio::test]
async fn a_plan_that_was_removed_is_listed_no_more_and_goes_on_when_it_is_pushed_again() {
    let store = store();
    push(&store, PLAN, Every::Minutes(15)).await;
    let table = [Reference::table("control")].into();
    let role = [Reference::role("111122223333", "reader")].into();
    assert_eq!(store.plans_that_mention(&table).await.unwrap().len(), 1);

    let removed = store.remove("orders", midnight()).await.unwrap().unwrap();

    assert_eq!((removed.version, removed.interval_minutes), (1, Some(15)));
    assert_eq!(store.plans().await.unwrap(), [] as [&str; 0]);
    assert_eq!(store.plans_that_mention(&table).await.unwrap(), [].into());
    assert_eq!(store.plans_that_mention(&role).await.unwrap(), [].into());
    let head = store.head("orders").await.unwrap().unwrap();
    assert_eq!(
        (head.removed_at, head.interval_minutes),
        (Some(midnight()), None)
    );
    assert_eq!(store.remove("orders", midnight()).await.unwrap(), None);
    assert_eq!(store.remove("nowhere", midnight()).await.unwrap(), None);

    let again = push(&store, PLAN, Every::AsBefore).await;
    assert_eq!(
        (again.new_version, again.head.version, again.head.removed_at),
        (true, 2, None)
    );
    assert_eq!(store.plans().await.unwrap(), ["orders"]);
    assert_eq!(store.plans_that_mention(&table).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_plan_that_is_too_large_is_refused() {
    let store = store();
    let mut large = plan();
    large.expectations = vec![large.expectations[0].clone(); 100_000];
    let long = " ".repeat(40_000_001);
    let push = async |plan, text| {
        let pushed = store.push(plan, text, Every::AsBefore, None, midnight());
        pushed.await.unwrap_err().to_string()
    };

    assert_eq!(
        push(&large, PLAN).await,
        "the plan `orders` has 100001 probes, and a stored plan may have 100000; divide it into several, by table for instance"
    );
    assert_eq!(
        push(&plan(), &long).await,
        "the plan `orders` is 40000001 bytes long, and a stored plan may be 40000000; divide it into several, by table for instance"
    );
    assert_eq!(store.table().items(), []);
}

#[tokio::test]
async fn the_latest_re_verification_is_the_one_that_is_pending() {
    let store = store();
    push(&store, PLAN, Every::AsBefore).await;
    let at = |minutes| midnight() + SignedDuration::from_mins(minutes);
    let pending = async || {
        let head = store.head("orders").await.unwrap().unwrap();
        (head.recheck_at, head.recheck_since)
    };
    let note = async |when: Timestamp, now| store.note_recheck("orders", when, now).await.unwrap();

    note(at(6), at(0)).await;
    note(at(9) + SignedDuration::from_millis(250), at(3)).await;
    note(at(8), at(4)).await;
    assert_eq!(pending().await, (Some(at(9)), Some(at(0))));

    store.settle_recheck("orders", at(6)).await.unwrap();
    assert_eq!(pending().await, (Some(at(9)), Some(at(0))));
    store.settle_recheck("orders", at(9)).await.unwrap();
    assert_eq!(pending().await, (None, None));
}

#[tokio::test]
async fn the_same_bytes_again_tell_how_many_probes_there_are_where_nobody_had_said() {
    let store = store();
    push(&store, PLAN, Every::Minutes(15)).await;
    let mut update = Update::of(Key::head("orders"));
    update.remove = vec!["planned"];
    store.table().update(&update).await.unwrap();
    assert_eq!(store.head("orders").await.unwrap().unwrap().planned, None);

    let again = push(&store, PLAN, Every::AsBefore).await;

    assert!(!again.new_version);
    assert_eq!(again.head.planned, Some(plan().planned()));
}

#[tokio::test]
async fn a_push_over_a_version_that_is_no_longer_in_force_pushes_nothing() {
    let store = store();
    let push_over = async |before: Option<&PlanHead>, text: &str| {
        let plan = Plan::parse(text).unwrap();
        let by = Some("s3://inventories/orders.yaml");
        let pushed = store.push_over(before, &plan, text, Every::AsBefore, by, midnight());
        pushed.await.unwrap()
    };
    let other = PLAN.replace("dynamodb:GetItem", "dynamodb:Scan");

    let first = push_over(None, PLAN).await.unwrap();
    assert_eq!((first.head.version, first.new_version), (1, true));
    // Two looked at the first version, and one was faster.
    let second = push_over(Some(&first.head), &other).await.unwrap();
    assert_eq!((second.head.version, second.new_version), (2, true));
    let before = store.table().items();
    assert_eq!(push_over(Some(&first.head), PLAN).await, None);
    assert_eq!(push_over(None, PLAN).await, None);
    assert_eq!(store.table().items(), before);
    let same = push_over(Some(&second.head), &other).await.unwrap();
    assert_eq!((same.head, same.new_version), (second.head, false));
    assert_eq!(store.table().items(), before);
}

#[tokio::test]
async fn of_which_inventory_a_plan_comes_is_noted_and_is_no_plan() {
    let store = store();
    assert_eq!(store.origins().await.unwrap(), [].into());

    store.note_origin("b", "s3://i/one.yaml").await.unwrap();
    store.note_origin("a", "s3://i/one.yaml").await.unwrap();
    store.note_origin("b", "s3://i/two.yaml").await.unwrap();

    let expected = [("a", "s3://i/one.yaml"), ("b", "s3://i/two.yaml")];
    let expected = expected.map(|(plan, inventory)| (plan.to_owned(), inventory.to_owned()));
    assert_eq!(store.origins().await.unwrap(), expected.into());
    assert_eq!(store.plans().await.unwrap(), Vec::<String>::new());
}
