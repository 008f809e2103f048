// SPDX-License-Identifier: Apache-2.0
//! What a sweep tells Security Hub: what it would forget, passes that are none any more, plans that were removed.
//! The plan runs every 30 minutes, and has 12 probes.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

use crate::world::{Trouble, WIDENED, World, at, counted, failing, passing, text, widened};

const DAY: i64 = 24 * 60;

/// How often the hub was told what, since the last look: status and record state.
fn told(world: &World) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for finding in world.heard.findings.borrow_mut().drain(..) {
        let text = |pointer| text(&finding, pointer);
        let said = format!("{} {}", text("/Compliance/Status"), text("/RecordState"));
        *told.entry(said).or_default() += 1;
    }
    told
}

fn only(said: &str, times: usize) -> BTreeMap<String, usize> {
    [(said.to_owned(), times)].into()
}

/// The next time that the hub is told, a run is committed and told beside it.
fn widened_meanwhile(world: &Rc<World>) {
    let stage = Rc::clone(world);
    world.heard.meanwhile(async move {
        stage.commit(&widened(31 * DAY + 1)).await;
        stage.publish().await;
    });
}

fn nothing() -> BTreeMap<String, usize> {
    BTreeMap::new()
}

/// A plan whose runs have been told.
async fn running(runs: &[i64]) -> World {
    let world = World::new();
    world.push().await;
    for minutes in runs {
        world.commit(&passing(*minutes)).await;
        world.publish().await;
    }
    world
}

#[tokio::test]
async fn a_pass_of_a_plan_that_runs_is_told_again_long_before_the_hub_forgets_it() {
    let world = running(&[0, 29 * DAY]).await;
    let first = world.heard.findings.borrow()[0].clone();
    assert_eq!(told(&world), only("PASSED ACTIVE", 12));
    world.sweep(at(29 * DAY)).await.unwrap();
    assert_eq!(told(&world), nothing());
    world.commit(&passing(31 * DAY)).await;

    world.sweep(at(31 * DAY)).await.unwrap();

    let again = |finding: &&Value| finding["Id"] == first["Id"];
    let second = world.heard.findings.borrow().iter().find(again).cloned();
    let mut expected = first;
    expected["UpdatedAt"] = json!(at(31 * DAY).to_string());
    assert_eq!(second.unwrap(), expected);
    assert_eq!(told(&world), only("PASSED ACTIVE", 12));
    world.sweep(at(31 * DAY + 5)).await.unwrap();
    assert_eq!(told(&world), nothing());
}

#[tokio::test]
async fn a_pass_is_none_any_more_when_nothing_runs_and_one_again_with_the_next_run() {
    let world = running(&[0]).await;
    let first = world.heard.findings.borrow()[0].clone();
    let _ = told(&world);
    world.sweep(at(60)).await.unwrap();
    assert_eq!(told(&world), nothing());

    world.sweep(at(61)).await.unwrap();

    let again = |finding: &&Value| finding["Id"] == first["Id"];
    let lapsed = world.heard.findings.borrow().iter().find(again).cloned();
    let why = "No run of the plan has come since 2026-11-24T02:00:00Z. The last one passed; whether it is so still, \
               nobody knows.";
    let mut expected = first.clone();
    expected["UpdatedAt"] = json!(at(61).to_string());
    expected["Description"] = json!(why);
    expected["Compliance"]["Status"] = json!("WARNING");
    expected["Compliance"]["StatusReasons"] = json!([{"ReasonCode": "STALE", "Description": why}]);
    expected["FindingProviderFields"]["Severity"] = json!({"Label": "MEDIUM", "Original": "stale"});
    expected["Workflow"]["Status"] = json!("NEW");
    expected["ProductFields"]["keyproof/verdict"] = json!("inconclusive");
    assert_eq!(lapsed.unwrap(), expected);
    assert_eq!(told(&world), only("WARNING ACTIVE", 12));
    // Once, and again only where the hub would forget it.
    for minutes in [66, 2 * DAY, 29 * DAY] {
        world.sweep(at(minutes)).await.unwrap();
        assert_eq!(told(&world), nothing(), "{minutes}");
    }
    world.sweep(at(31 * DAY)).await.unwrap();
    assert_eq!(told(&world), only("WARNING ACTIVE", 12));

    // A pass after a pass is no change: nobody else tells the hub of it.
    world.commit(&passing(32 * DAY)).await;
    world.publish().await;
    assert_eq!(told(&world), nothing());
    world.sweep(at(32 * DAY + 1)).await.unwrap();

    let back = world.heard.findings.borrow().iter().find(again).cloned();
    let mut expected = first.clone();
    expected["UpdatedAt"] = json!(at(32 * DAY + 1).to_string());
    assert_eq!(back.unwrap(), expected);
    assert_eq!(told(&world), only("PASSED ACTIVE", 12));
    let workflows = world.heard.workflows.borrow();
    let moved: Vec<_> = workflows
        .iter()
        .map(|(ids, status)| (ids.len(), status.as_str()))
        .collect();
    assert_eq!(moved, [(12, "NEW"), (12, "RESOLVED")]);
}

/// It keeps a day where there is no schedule, as on a badge.
#[tokio::test]
async fn a_pass_of_a_plan_without_a_schedule_is_one_for_a_day() {
    let world = running(&[0]).await;
    world.never_again().await;
    let _ = told(&world);

    world.sweep(at(DAY)).await.unwrap();
    assert_eq!(told(&world), nothing());
    world.sweep(at(DAY + 1)).await.unwrap();

    assert_eq!(told(&world), only("WARNING ACTIVE", 12));
}

#[tokio::test]
async fn a_failure_and_what_was_not_found_out_stay_what_they_were_and_are_renewed() {
    let world = World::new();
    world.push().await;
    let unknown = "outsider/dynamodb:Scan/orders";
    world
        .commit(&failing(0, &[WIDENED, &[unknown]].concat()))
        .await;
    world.publish().await;
    let all = |pass: &str| {
        BTreeMap::from([
            (format!("{pass} ACTIVE"), 8 + usize::from(pass == "WARNING")),
            ("FAILED ACTIVE".to_owned(), 3),
        ])
    };
    let mut first = all("PASSED");
    first.insert("WARNING ACTIVE".to_owned(), 1);
    assert_eq!(told(&world), first);

    world.sweep(at(61)).await.unwrap();
    assert_eq!(told(&world), only("WARNING ACTIVE", 8));
    world.sweep(at(31 * DAY)).await.unwrap();
    let renewed = told(&world);
    world.sweep(at(32 * DAY)).await.unwrap();

    let soon = told(&world);
    assert_eq!((renewed, soon), (all("WARNING"), nothing()));
}

/// A run that began before a renewal and is committed after it: what it saw is news.
#[tokio::test]
async fn what_a_run_saw_before_a_renewal_is_told_after_it() {
    let world = running(&[0, 31 * DAY]).await;
    let _ = told(&world);

    world.sweep(at(31 * DAY + 3)).await.unwrap();
    assert_eq!(told(&world), only("PASSED ACTIVE", 12));
    world.commit(&widened(31 * DAY + 1)).await;
    world.publish().await;

    // The hub must take it for the newer of the two.
    let renewed = at(31 * DAY + 3).to_string();
    let later = renewed.replace('Z', ".001Z");
    let updated = |finding: &Value| finding["UpdatedAt"].as_str().unwrap().to_owned();
    let all: Vec<_> = world.heard.findings.borrow().iter().map(updated).collect();
    assert_eq!(all, vec![later; 3]);
    assert_eq!(told(&world), only("FAILED ACTIVE", 3));
}

#[tokio::test]
async fn what_has_changed_since_is_not_told_anew_as_it_was() {
    let world = running(&[0, 31 * DAY]).await;
    let _ = told(&world);
    world.commit(&widened(31 * DAY + 1)).await;

    world.sweep(at(31 * DAY + 3)).await.unwrap();
    assert_eq!(told(&world), only("PASSED ACTIVE", 9));
    world.publish().await;

    assert_eq!(told(&world), only("FAILED ACTIVE", 3));
}

/// The sweep has read state and ledger, and is telling the hub, when a run is committed and told.
#[tokio::test(flavor = "current_thread")]
async fn a_run_that_is_told_while_a_sweep_renews_has_the_last_word() {
    let world = Rc::new(running(&[0, 31 * DAY]).await);
    let _ = told(&world);
    widened_meanwhile(&world);

    world.sweep(at(31 * DAY + 3)).await.unwrap();

    let mut last: BTreeMap<String, (String, String)> = BTreeMap::new();
    for finding in world.heard.findings.borrow().iter() {
        let text = |pointer| text(finding, pointer);
        let (id, updated) = (text("/Id"), text("/UpdatedAt"));
        let before = last.insert(id, (updated.clone(), text("/Compliance/Status")));
        assert!(before.is_none_or(|(before, _)| before <= updated));
    }
    let fails = last.iter().filter(|(_, (_, status))| status == "FAILED");
    let fails: Vec<_> = fails.map(|(id, _)| id.clone()).collect();
    assert_eq!((last.len(), fails.len()), (12, 3));
    for (id, probe) in fails.iter().zip(WIDENED) {
        assert!(id.ends_with(probe), "{id}");
        assert_eq!(
            last[id].0,
            at(31 * DAY + 3).to_string().replace(":00Z", ":01Z")
        );
    }
    // And nothing is left to tell.
    let _ = told(&world);
    world.sweep(at(32 * DAY)).await.unwrap();
    assert_eq!(told(&world)["WARNING ACTIVE"], 9);
}

/// What a run has for the first time, while a sweep looks, has not left the plan.
#[tokio::test(flavor = "current_thread")]
async fn a_probe_that_is_new_while_a_sweep_renews_is_not_taken_back() {
    let new = WIDENED[0];
    let mut without = passing(31 * DAY);
    without.probes.retain(|row| row.id != new);
    let world = Rc::new(World::new());
    world.push().await;
    for minutes in [0, 31 * DAY] {
        without.run.started_at = at(minutes).to_string();
        without.run.finished_at = at(minutes).to_string();
        without.run.id = format!("01KEYPR00F{minutes:016}");
        world.commit(&counted(without.clone())).await;
        world.publish().await;
    }
    let _ = told(&world);
    widened_meanwhile(&world);

    world.sweep(at(31 * DAY + 3)).await.unwrap();

    let findings = world.heard.findings.borrow();
    let of_new = findings
        .iter()
        .rfind(|finding| finding["Id"].as_str().unwrap().ends_with(new));
    let of_new = of_new.unwrap();
    assert_eq!(
        (&of_new["Compliance"]["Status"], &of_new["RecordState"]),
        (&json!("FAILED"), &json!("ACTIVE"))
    );
}

#[tokio::test]
async fn what_the_hub_has_of_a_plan_that_was_removed_is_taken_back_once() {
    let world = running(&[0]).await;
    let _ = told(&world);
    world.sweep(at(5)).await.unwrap();
    world.publisher.store.remove("orders", at(6)).await.unwrap();

    // A run may be under way yet.
    world.sweep(at(20)).await.unwrap();
    assert_eq!(told(&world), nothing());
    world
        .heard
        .fail("securityhub:BatchImportFindings", Trouble::Whole);
    let failed = world.sweep(at(21)).await;
    assert_eq!(
        failed.unwrap_err(),
        "Untold: 1 of 1 were not told to everybody; the log says whom and why"
    );
    world.sweep(at(26)).await.unwrap();
    assert_eq!(told(&world), only("PASSED ARCHIVED", 12));
    world.sweep(at(31)).await.unwrap();
    world.sweep(at(3 * DAY)).await.unwrap();
    assert_eq!(told(&world), nothing());

    // With the plan its findings are back, and say what is known.
    world.push_another("back", at(3 * DAY + 1)).await;
    world.sweep(at(3 * DAY + 2)).await.unwrap();
    assert_eq!(told(&world), only("WARNING ACTIVE", 12));
    world.commit(&passing(3 * DAY + 3)).await;
    world.sweep(at(3 * DAY + 7)).await.unwrap();
    assert_eq!(told(&world), only("PASSED ACTIVE", 12));
}
