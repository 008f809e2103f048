// SPDX-License-Identifier: Apache-2.0
//! Security Hub and the OCSF archive.

use serde_json::{Value, json};

use crate::world::{Trouble, World, at, excepted, passing, text, widened};

const PROBE: &str = "outsider/dynamodb:GetItem/orders";

/// What the hub was told of one probe, in order: creation, update, status, record state.
fn told(world: &World) -> Vec<[String; 4]> {
    let findings = world.heard.findings.borrow();
    let of_probe = findings
        .iter()
        .filter(|finding| finding["Id"].as_str().unwrap().ends_with(PROBE));
    of_probe
        .map(|finding| {
            let text = |pointer| text(finding, pointer);
            [
                text("/CreatedAt"),
                text("/UpdatedAt"),
                text("/Compliance/Status"),
                text("/RecordState"),
            ]
        })
        .collect()
}

fn row(created: &str, updated: &str, status: &str, state: &str) -> [String; 4] {
    let time = |minutes: &str| format!("2026-11-24T{minutes}:02Z");
    [
        time(created),
        time(updated),
        status.to_owned(),
        state.to_owned(),
    ]
}

#[tokio::test]
async fn a_finding_is_updated_in_place_and_keeps_the_time_of_its_creation() {
    let world = World::new();
    world.commit(&passing(0)).await;
    world.commit(&widened(10)).await;
    world.commit(&widened(20)).await;
    world.commit(&passing(30)).await;
    world.publish().await;

    assert_eq!(
        told(&world),
        [
            row("02:00", "02:00", "PASSED", "ACTIVE"),
            row("02:00", "02:10", "FAILED", "ACTIVE"),
            row("02:00", "02:30", "PASSED", "ACTIVE"),
        ]
    );
    let findings = world.heard.findings.borrow();
    let mut ids: Vec<_> = findings
        .iter()
        .map(|finding| finding["Id"].clone())
        .collect();
    assert_eq!(ids.len(), 12 + 3 + 3);
    ids.sort_by_key(Value::to_string);
    ids.dedup();
    assert_eq!(ids.len(), 12);
    let product = "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default";
    assert!(
        findings
            .iter()
            .all(|finding| finding["ProductArn"] == product)
    );
}

#[tokio::test]
async fn the_workflow_follows_what_keyproof_knows() {
    let world = World::new();
    world.commit(&passing(0)).await;
    world.commit(&widened(10)).await;
    world
        .commit(&excepted(widened(20), "in_force", "2026-11-25"))
        .await;
    world
        .commit(&excepted(widened(2 * 24 * 60), "expired", "2026-11-25"))
        .await;
    world.commit(&passing(2 * 24 * 60 + 10)).await;
    world.publish().await;

    let workflows = world.heard.workflows.borrow();
    let told: Vec<_> = workflows
        .iter()
        .map(|(ids, status)| (ids.len(), status.as_str()))
        .collect();
    assert_eq!(
        told,
        [(3, "NEW"), (3, "SUPPRESSED"), (3, "NEW"), (3, "RESOLVED")]
    );
}

#[tokio::test]
async fn a_workflow_that_could_not_be_set_is_set_when_the_record_comes_again() {
    let world = World::new();
    world.commit(&passing(0)).await;
    world.publish().await;
    world.commit(&widened(10)).await;
    world
        .heard
        .fail("securityhub:BatchUpdateFindings", Trouble::Whole);
    let records = world.stream();

    let first = world.deliver(&records).await;
    let second = world.deliver(&records).await;

    assert!(first.is_some() && second.is_none());
    let workflows = world.heard.workflows.borrow();
    assert_eq!(
        workflows
            .iter()
            .map(|(ids, _)| ids.len())
            .collect::<Vec<_>>(),
        [3]
    );
}

#[tokio::test]
async fn a_finding_that_is_refused_comes_again_alone() {
    let world = World::new();
    world.commit(&passing(0)).await;
    world
        .heard
        .fail("securityhub:BatchImportFindings", Trouble::Part(7));
    let records = world.stream();

    let first = world.deliver(&records).await;
    let second = world.deliver(&records).await;

    assert!(first.is_some() && second.is_none());
    assert_eq!(world.heard.findings.borrow().len(), 12);
}

#[tokio::test]
async fn what_leaves_the_plan_is_archived() {
    let world = World::new();
    world.commit(&passing(0)).await;
    world.commit(&widened(10)).await;
    let mut fewer = passing(20);
    fewer
        .probes
        .retain(|row| row.id != PROBE && row.id != "retired/sts:AssumeRole");
    world.commit(&fewer).await;
    world.publish().await;

    // It had failed, so that its leaving is told.
    assert_eq!(
        told(&world)[2..],
        [row("02:00", "02:20", "FAILED", "ARCHIVED")]
    );
    // What had passed leaves without a word; a sweep finds it.
    let retired = |world: &World| {
        let findings = world.heard.findings.borrow();
        let of = findings.iter().filter(|finding| {
            finding["Id"]
                .as_str()
                .unwrap()
                .ends_with("retired/sts:AssumeRole")
        });
        of.map(|finding| finding["RecordState"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(retired(&world), ["ACTIVE"]);
    world.push().await;
    world.sweep(at(30)).await.unwrap();
    assert_eq!(retired(&world), ["ACTIVE", "ARCHIVED"]);
}

#[tokio::test]
async fn what_changed_is_archived_as_ocsf_by_region_account_and_day() {
    let world = World::new();
    world.commit(&passing(0)).await;
    world.commit(&widened(10)).await;
    world.commit(&passing(20)).await;
    world.publish().await;

    let objects = world.heard.objects.borrow();
    let folder = "ocsf/region=us-east-1/accountId=111122223333/eventDay=20261124";
    let keys: Vec<_> = objects.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        [1, 2, 3].map(|commit| format!("{folder}/orders-{commit:012}-1.jsonl"))
    );
    let activities: Vec<Vec<(Value, Value)>> = objects
        .iter()
        .map(|(_, body)| {
            body.lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap())
                .map(|line| (line["class_uid"].clone(), line["activity_name"].clone()))
                .collect()
        })
        .collect();
    let all = |name: &str, count: usize| vec![(json!(2003), json!(name)); count];
    assert_eq!(
        activities,
        [all("Create", 12), all("Update", 3), all("Close", 3)]
    );
}
