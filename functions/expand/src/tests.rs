// SPDX-License-Identifier: Apache-2.0
//! What the function does with inventories, over a state table and schedules in memory.
//!
//! A new case: what is in the bucket and what the sources answer, an invocation, and the whole of what is
//! stored after it.

mod world;

use keyproof_plan::Plan;
use keyproof_store::{Every, TableError};
use serde_json::json;

use crate::{Answer, Failed, HandlerError};

use self::world::{ONE, Slow, TWO, World, inventory, midnight, with};

const BANK: &str = "s3://docs/inventories/bank.yaml";
const SHOP: &str = "s3://docs/inventories/shop.yaml";

fn names<const N: usize>(names: [&str; N]) -> std::collections::BTreeSet<String> {
    names.map(str::to_owned).into()
}

fn failed(error: HandlerError) -> Vec<Failed> {
    match error {
        HandlerError::NotExpanded(failed) => failed,
        other => panic!("{other}"),
    }
}

fn failure(inventory: &str, why: &str) -> Failed {
    Failed {
        inventory: inventory.to_owned(),
        why: vec![why.to_owned()],
    }
}

#[tokio::test]
async fn a_plan_that_is_new_is_stored_with_a_schedule_and_where_it_came_from() {
    let world = World::of([("bank.yaml", inventory("bank", &[ONE]))]);

    let answer = world.handle().await.unwrap();

    let expected = Answer {
        inventories: 1,
        plans: 1,
        stored: names(["bank"]),
        ..Answer::default()
    };
    assert_eq!(answer, expected);
    let head = world.store().head("bank").await.unwrap().unwrap();
    assert_eq!(
        (
            head.version,
            head.interval_minutes,
            head.pushed_by.as_deref(),
            head.pushed_at
        ),
        (
            1,
            Some(60),
            Some("s3://docs/inventories/bank.yaml?versionId=v1"),
            midnight()
        )
    );
    let version = world.store().version("bank", 1).await.unwrap().unwrap();
    assert_eq!(version.text, world::expanded("bank", &[ONE]).text);
    assert_eq!(
        world.schedules.intervals(),
        [("bank".to_owned(), 60)].into()
    );
    let origins = [("bank".to_owned(), BANK.to_owned())];
    assert_eq!(world.store().origins().await.unwrap(), origins.into());
}

#[tokio::test]
async fn what_came_out_the_same_is_written_nowhere() {
    let world = World::of([("bank.yaml", inventory("bank", &[ONE, TWO]))]);
    world.handle().await.unwrap();
    let before = world.table.items();
    world.schedules.clear();
    // A write would fail.
    world.table.refuse_writes();

    let answer = world.handle().await.unwrap();

    let expected = Answer {
        inventories: 1,
        plans: 1,
        ..Answer::default()
    };
    assert_eq!(answer, expected);
    assert_eq!(world.table.items(), before);
    assert_eq!(world.schedules.intervals(), [].into());
}

#[tokio::test]
async fn an_account_that_appears_is_one_more_version_and_the_schedule_stays_as_somebody_set_it() {
    let mut world = World::of([("bank.yaml", inventory("bank", &[ONE]))]);
    world.handle().await.unwrap();
    let (plan, text) = world.plan("bank").await;
    world.push(&plan, &text, Every::Minutes(15)).await;
    world.schedules.clear();
    world.put("bank.yaml", inventory("bank", &[ONE, TWO]));

    let answer = world.handle().await.unwrap();

    assert_eq!(answer.stored, names(["bank"]));
    let head = world.store().head("bank").await.unwrap().unwrap();
    assert_eq!((head.version, head.interval_minutes), (2, Some(15)));
    let version = world.store().version("bank", 2).await.unwrap().unwrap();
    assert_eq!(version.text, world::expanded("bank", &[ONE, TWO]).text);
    assert_eq!(world.schedules.intervals(), [].into());
    // The version of before is there to be looked at.
    let version = world.store().version("bank", 1).await.unwrap().unwrap();
    assert_eq!(version.text, world::expanded("bank", &[ONE]).text);
}

#[tokio::test]
async fn what_is_not_found_out_leaves_the_plan_as_it_is_and_is_told() {
    let organization = world::of_organization("bank");
    let mut world = World::of([("bank.yaml", organization.clone())]);
    world.knows(&[ONE, TWO]);
    world.handle().await.unwrap();
    let before = world.table.items();

    let two = format!("account {TWO} in us-east-1: tag:GetResources: AccessDeniedException: no");
    for (lose, text, why) in [
        (
            Some("organizations:ListAccountsForParent"),
            organization.clone(),
            "not found out: everywhere: organizations:ListAccountsForParent: TooManyRequestsException".to_owned(),
        ),
        (None, organization.clone(), format!("not found out: secret: {two}")),
        (
            None,
            with(&organization, "keyproof: inventory/v1", "keyprof: inventory/v1"),
            format!("{BANK}?versionId=v1:1:1: keyprof: unknown field `keyprof` in an inventory; did you mean `keyproof`?"),
        ),
    ] {
        world.lose(lose);
        world.put("bank.yaml", text);
        let error = world.handle().await.unwrap_err();
        assert_eq!(error.name(), "NotExpanded");
        assert!(error.to_string().contains(&why), "{error}");
        let [only] = <[_; 1]>::try_from(failed(error)).unwrap();
        assert_eq!(only.inventory, BANK);
        assert!(only.why.contains(&why), "{:?}", only.why);
        assert_eq!(world.table.items(), before);
    }
}

#[tokio::test]
async fn one_that_can_not_be_read_hinders_no_other() {
    let mut world = World::of([
        ("bank.yaml", "{".to_owned()),
        ("shop.yaml", inventory("shop", &[ONE])),
    ]);

    let error = world.handle().await.unwrap_err();
    let [only] = <[_; 1]>::try_from(failed(error)).unwrap();
    assert_eq!(only.inventory, BANK);
    assert_eq!(world.store().plans().await.unwrap(), ["shop"]);

    world.put("bank.yaml", inventory("bank", &[TWO]));
    assert_eq!(world.handle().await.unwrap().stored, names(["bank"]));
    assert_eq!(world.store().plans().await.unwrap(), ["bank", "shop"]);
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_too_long_leaves_time_for_the_others() {
    let mut world = World::of([
        ("bank.yaml", world::of_organization("bank")),
        ("shop.yaml", inventory("shop", &[ONE])),
    ]);
    world.hangs = true;

    let error = world.handle().await.unwrap_err();

    let why = "there was no time left after 145 s of it; name fewer accounts in one inventory, or give the function more time";
    assert_eq!(failed(error), [failure(BANK, why)]);
    assert_eq!(world.store().plans().await.unwrap(), ["shop"]);
}

#[tokio::test]
async fn an_account_that_left_stays_in_the_plan_and_what_appears_comes_all_the_same() {
    const THREE: &str = "777788889999";
    let mut world = World::of([("bank.yaml", inventory("bank", &[ONE, TWO]))]);
    world.handle().await.unwrap();
    world.put("bank.yaml", inventory("bank", &[TWO, THREE]));

    let answer = world.handle().await.unwrap();

    assert_eq!(
        (answer.stored, answer.kept),
        (names(["bank"]), names(["bank"]))
    );
    let tables = world.tables("bank").await;
    assert_eq!(
        tables,
        [TWO, THREE, ONE].map(|account| format!("orders@{account}"))
    );
    // From then on nothing is new in it, and it is told every time.
    let before = world.table.items();
    let answer = world.handle().await.unwrap();
    assert_eq!((answer.stored, answer.kept), (names([]), names(["bank"])));
    assert_eq!(world.table.items(), before);
    // Until somebody says that it may go.
    let without = world::expanded("bank", &[TWO, THREE]);
    world
        .push(&without.plan, &without.text, Every::AsBefore)
        .await;
    let answer = world.handle().await.unwrap();
    assert_eq!((answer.stored, answer.kept), (names([]), names([])));
    assert_eq!(
        world.tables("bank").await,
        [TWO, THREE].map(|account| format!("orders@{account}"))
    );
}

#[tokio::test]
async fn a_plan_of_which_nothing_is_left_runs_on_until_somebody_removes_it() {
    let mut world = World::of([("bank.yaml", inventory("bank-{account}", &[ONE, TWO]))]);
    world.handle().await.unwrap();
    let gone = format!("bank-{ONE}");
    world.put("bank.yaml", inventory("bank-{account}", &[TWO]));

    let answer = world.handle().await.unwrap();
    assert_eq!(answer.left, names([gone.as_str()]));
    let head = world.store().head(&gone).await.unwrap().unwrap();
    assert_eq!(
        (head.version, head.removed_at, head.interval_minutes),
        (1, None, Some(60))
    );

    world.store().remove(&gone, midnight()).await.unwrap();
    assert_eq!(world.handle().await.unwrap().left, names([]));
}

#[tokio::test]
async fn an_inventory_that_is_gone_or_moved_is_no_silent_end() {
    let mut world = World::of([
        ("bank.yaml", inventory("bank", &[ONE])),
        ("shop.yaml", inventory("shop", &[ONE])),
    ]);
    world.handle().await.unwrap();
    world.take("bank.yaml");

    let why = "it is gone, and `bank` came of it, which runs on and gets nothing new; put the inventory back, or take \
               the plan away with `keyproof plan remove`";
    assert_eq!(
        failed(world.handle().await.unwrap_err()),
        [failure(BANK, why)]
    );
    world.put("moved.yaml", inventory("bank", &[ONE]));
    world.handle().await.unwrap();
    world.take("moved.yaml");
    world.store().remove("bank", midnight()).await.unwrap();
    world.handle().await.unwrap();

    world.take("shop.yaml");
    let error = failed(world.handle().await.unwrap_err());
    let told: Vec<_> = error.iter().map(|one| one.inventory.as_str()).collect();
    assert_eq!(told, [SHOP, "s3://docs/inventories/"]);
}

#[tokio::test]
async fn a_plan_of_two_inventories_is_the_firsts() {
    let world = World::of([
        ("bank.yaml", inventory("bank", &[ONE])),
        ("shop.yaml", inventory("bank", &[TWO])),
    ]);
    for _ in 0..2 {
        let error = failed(world.handle().await.unwrap_err());
        let why =
            format!("the plan `bank`: it comes of `{BANK}`, too; give one of them another `name`");
        assert_eq!(error, [failure(SHOP, &why)]);
        assert_eq!(world.tables("bank").await, [format!("orders@{ONE}")]);
    }
}

#[tokio::test]
async fn the_stacks_own_plan_is_none_of_an_inventory() {
    let world = World::of([("bank.yaml", inventory("orders", &[ONE]))]);
    let own = include_str!("../../../plans/orders.yaml");
    let stack = Some("arn:aws:cloudformation:us-east-1:111122223333:stack/keyproof/1a2b");
    let plan = Plan::parse(own).unwrap();
    let pushed = world.store();
    pushed
        .push(&plan, own, Every::Minutes(15), stack, midnight())
        .await
        .unwrap();

    let why = "the plan `orders`: it is the stack's own, from its template; give the inventory another `name`";
    assert_eq!(
        failed(world.handle().await.unwrap_err()),
        [failure(BANK, why)]
    );
    assert_eq!(
        world.store().head("orders").await.unwrap().unwrap().version,
        1
    );
}

#[tokio::test]
async fn a_push_that_was_cut_off_is_taken_up_again() {
    let counted = World::of([("bank.yaml", inventory("bank", &[ONE]))]);
    counted.handle().await.unwrap();
    let whole = counted.table.items();
    let mut cut = 0;
    for operations in 0.. {
        let world = World::of([("bank.yaml", inventory("bank", &[ONE]))]);
        let lost = TableError::Call {
            what: "write to",
            table: "state".to_owned(),
            why: "lost".to_owned(),
            refused: false,
        };
        world.table.memory.fail_after(operations, lost);
        if world.handle().await.is_ok() {
            break;
        }
        cut += 1;
        world.handle().await.unwrap();
        assert_eq!(world.table.items(), whole, "{operations}");
        assert_eq!(
            world.schedules.intervals(),
            counted.schedules.intervals(),
            "{operations}"
        );
    }
    assert!(cut > 5, "{cut}");
}

#[tokio::test]
async fn invocations_that_overlap_do_no_harm() {
    let accounts = [[ONE, TWO].as_slice(), &[ONE]];
    // One is slow, and the other comes at any moment of it; one of them still has the answers of before.
    for (slow, wait) in [0, 1]
        .into_iter()
        .flat_map(|slow| (0..60).map(move |wait| (slow, wait)))
    {
        let world = World::of([("bank.yaml", inventory("bank", &[ONE]))]);
        world.handle().await.unwrap();
        let of = |accounts: &[&str], turns: usize| {
            let mut other = World::of([("bank.yaml", inventory("bank", accounts))]);
            other.table = Slow::over(&world.table, turns);
            other
        };
        let (slower, faster) = (of(accounts[slow], 5), of(accounts[1 - slow], 1));

        let after_a_while = async {
            for _ in 0..wait {
                tokio::task::yield_now().await;
            }
            faster.handle().await
        };
        let (one, other) = tokio::join!(slower.handle(), after_a_while);
        one.unwrap();
        other.unwrap();

        let mut tables = world.tables("bank").await;
        tables.sort();
        let expected = [ONE, TWO].map(|account| format!("orders@{account}"));
        assert_eq!(tables, expected, "{slow} {wait}");
    }
}

#[tokio::test]
async fn a_file_of_an_inventory_is_read_beside_it_and_told_by_its_address() {
    let text = with(
        &inventory("bank", &[ONE]),
        "{ accounts: [\"111122223333\"], regions: [us-east-1] }",
        "{ csv: files/tables.csv }",
    );
    let text = with(&text, "table: orders, ", "");
    let mut world = World::of([("bank.yaml", text)]);

    let why = "the file `files/tables.csv` of the inventory: s3:GetObject of \
               `s3://docs/inventories/files/tables.csv`: NoSuchKey";
    assert_eq!(
        failed(world.handle().await.unwrap_err()),
        [failure(BANK, why)]
    );
    world.put("files/tables.csv", "account,region\n".to_owned());
    let why = "s3://docs/inventories/files/tables.csv:1:1: the column `table` is missing: every table has an account, a \
               region and a name";
    assert_eq!(
        failed(world.handle().await.unwrap_err()),
        [failure(BANK, why)]
    );
    world.put(
        "files/tables.csv",
        format!("account,region,table\n{TWO},us-east-1,ledger\n"),
    );
    world.handle().await.unwrap();
    assert_eq!(world.tables("bank").await, [format!("ledger@{TWO}")]);
}

#[tokio::test]
async fn a_payload_that_asks_for_something_else_is_refused() {
    let world = World::of([("bank.yaml", inventory("bank", &[ONE]))]);
    for payload in [
        json!({}),
        json!({"expand": "now"}),
        json!({"expand": "2026-01-15T00:00:00Z", "plan": "a"}),
        json!([]),
    ] {
        let error = world.invoke(&payload).await.unwrap_err();
        assert_eq!(error.name(), "InvalidRequest", "{payload}");
    }
    assert_eq!(world.table.items(), Vec::<keyproof_state::Item>::new());
}
