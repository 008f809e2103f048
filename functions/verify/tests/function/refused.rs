// SPDX-License-Identifier: Apache-2.0
//! Plans of the state table that are not run: removed, altered, or of a newer version.

use keyproof_state::{PlanVersion, RunStage};
use keyproof_verify::{Answer, Done};
use serde_json::json;

use crate::support::{Fake, ID, PLAN, handle, request};

#[tokio::test]
async fn a_plan_that_was_removed_is_run_no_more() {
    let fake = Fake::with_plan().await;
    fake.store().remove("orders", fake.now()).await.unwrap();

    let (answer, _) = handle(&fake, &request(&json!({}))).await;

    assert_eq!(answer.unwrap(), Answer::Done(Done::Removed));
    assert_eq!(fake.runs(), 0);
}

#[tokio::test]
async fn a_plan_that_is_not_what_was_pushed_is_refused() {
    let fake = Fake::with_plan().await;
    let pushed = fake.store().version("orders", 1).await.unwrap().unwrap();
    let tampered = PlanVersion {
        text: PLAN.replace("role/reader", "role/admin"),
        ..pushed
    };
    overwrite(&fake, &tampered).await;

    let error = handle(&fake, &request(&json!({}))).await.0.unwrap_err();

    assert_eq!(error.name(), "InvalidPlan");
    let message = error.to_string();
    assert!(
        message.starts_with(
            "version 1 of the plan `orders` is not what was pushed: its digest is sha256:"
        ),
        "{message}"
    );
    assert_eq!(fake.runs(), 0);
}

#[tokio::test]
async fn a_plan_of_a_newer_format_is_refused_by_its_place() {
    let fake = Fake::with_plan().await;
    let pushed = fake.store().version("orders", 1).await.unwrap().unwrap();
    let newer = PlanVersion {
        text: PLAN.replace("plan/v1", "plan/v2"),
        ..pushed
    };
    overwrite(&fake, &newer).await;

    let error = handle(&fake, &request(&json!({"run_id": ID})))
        .await
        .0
        .unwrap_err();

    assert_eq!(error.name(), "InvalidPlan");
    let message = error.to_string();
    assert!(
        message.starts_with("version 1 of the plan `orders` is not valid: 1:14: ")
            && message.contains("plan/v2"),
        "{message}"
    );
    let status = fake.store().run_status(ID).await.unwrap().unwrap();
    assert_eq!(
        (status.status, status.error),
        (RunStage::Failed, Some(message))
    );
}

#[tokio::test]
async fn a_plan_that_a_newer_keyproof_pushed_is_refused_with_both_versions() {
    let fake = Fake::with_plan().await;
    let pushed = fake.store().version("orders", 1).await.unwrap().unwrap();
    assert_eq!(
        pushed.pushed_with.as_deref(),
        Some(env!("CARGO_PKG_VERSION"))
    );
    let newer = PlanVersion {
        text: PLAN.replace("\"tables\"", "\"novelty\": 1, \"tables\""),
        pushed_with: Some("9.0.0".to_owned()),
        ..pushed
    };
    overwrite(&fake, &newer).await;

    let error = handle(&fake, &request(&json!({"run_id": ID})))
        .await
        .0
        .unwrap_err();

    assert_eq!(error.name(), "InvalidPlan");
    let message = error.to_string();
    let start = format!(
        "version 1 of the plan `orders`, pushed with keyproof 9.0.0 where this function is {} (upgrade: deploy \
         the stack of 9.0.0), is not valid: 2:3: ",
        env!("CARGO_PKG_VERSION")
    );
    assert!(
        message.starts_with(&start) && message.contains("novelty"),
        "{message}"
    );
    assert_eq!(fake.runs(), 0);
}

#[tokio::test]
async fn a_state_of_a_newer_version_is_not_written_over() {
    use keyproof_state::Noun as _;
    use keyproof_store::{Table as _, Write};
    let fake = Fake::with_plan().await;
    handle(&fake, &request(&json!({}))).await.0.unwrap();
    let mut item = fake
        .store()
        .state("orders")
        .await
        .unwrap()
        .to_item()
        .unwrap();
    item.insert("schema".to_owned(), 2.into());
    item.insert("novelty".to_owned(), "kept".into());
    let table = fake.store().table();
    table.write(&[Write::put(item.clone())]).await.unwrap();

    let (answer, log) = handle(&fake, &request(&json!({}))).await;

    assert_eq!(answer.unwrap_err().name(), "OtherSchema");
    let kept = table.items();
    assert!(kept.contains(&item), "the state was written over");
    assert_eq!(fake.store().run("orders", 2).await.unwrap(), None);
    // Nobody else has what the run found.
    assert!(
        log.contains("\"message\":\"the report could not be committed\""),
        "{log}"
    );
}

#[tokio::test]
async fn a_table_of_a_newer_version_is_refused() {
    use keyproof_state::Noun as _;
    use keyproof_store::{Table as _, Write};
    let fake = Fake::with_plan().await;
    let head = fake.store().head("orders").await.unwrap().unwrap();
    let mut item = head.to_item().unwrap();
    item.insert("schema".to_owned(), 2.into());
    fake.store()
        .table()
        .write(&[Write::put(item)])
        .await
        .unwrap();

    let error = handle(&fake, &request(&json!({}))).await.0.unwrap_err();

    assert_eq!(error.name(), "OtherSchema");
    assert_eq!(
        error.to_string(),
        format!(
            "a plan in the state table has schema 2, and keyproof {} knows 1; a newer keyproof wrote it: upgrade \
             this one (the command line to the stack's version, the stack by deploying it anew)",
            env!("CARGO_PKG_VERSION")
        )
    );
    assert_eq!(fake.runs(), 0);
}

async fn overwrite(fake: &Fake, version: &PlanVersion) {
    use keyproof_state::Noun as _;
    use keyproof_store::{Table as _, Write};
    let item = version.to_item().unwrap();
    fake.store()
        .table()
        .write(&[Write::put(item)])
        .await
        .unwrap();
}
