// SPDX-License-Identifier: Apache-2.0
//! Runs: asked for once, found by their ids.

use keyproof_state::{RunRequest, ulid};
use serde_json::{Value, json};

use super::{CALLER, Duration, OTHER_RUN_ID, RUN_ID, World, get, post, problem, told};

const REPORT: &str = include_str!("../../../../shared/report/cases/key-policy-widened/report.json");

fn asked_for(run_id: &str) -> (RunRequest, Duration) {
    let request = RunRequest {
        run_id: ulid(run_id),
        ..RunRequest::new("orders", "api")
    };
    (request, Duration::ZERO)
}

fn accepted(run_id: &str) -> (u16, Value) {
    (
        202,
        json!({"run_id": run_id, "plan": "orders", "status": "queued"}),
    )
}

#[tokio::test]
async fn a_run_is_asked_for_and_found() {
    let world = World::with_plan().await;

    let response = world.ask(post(r#"{"plan": "orders"}"#)).await;
    let run = world.ask(get(&format!("/runs/{RUN_ID}"))).await;

    assert_eq!(told(&response), accepted(RUN_ID));
    assert_eq!(response.headers["location"], format!("/runs/{RUN_ID}"));
    assert_eq!(world.queue.take(), [asked_for(RUN_ID)]);
    let expected = json!({
        "run_id": RUN_ID, "plan": "orders", "status": "queued", "trigger": "api",
        "requested_at": super::NOW, "started_at": null, "finished_at": null,
        "commit": null, "verdict": null, "error": null,
    });
    assert_eq!(told(&run), (200, expected));
}

#[tokio::test]
async fn a_caller_names_a_stored_plan_and_hands_in_nothing_else() {
    let world = World::with_plan().await;
    for body in [
        r#"{"plan": "orders", "role": "arn:aws:iam::111122223333:role/admin"}"#,
        r#"{"plan": "orders", "run_id": "01KEYPR00F0000000000000009"}"#,
        r#"{"plan": {"name": "orders"}}"#,
        "{}",
        r#"["orders"]"#,
        "orders",
        "",
    ] {
        let response = world.ask(post(body)).await;

        let (status, problem) = told(&response);
        assert_eq!(
            (status, &problem["type"]),
            (400, &json!("urn:keyproof:problem:invalid-body")),
            "{body}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.ends_with(r#"; expected {"plan": NAME}"#), "{detail}");
    }
    let unknown = world.ask(post(r#"{"plan": "invoices"}"#)).await;
    let detail = "there is no plan `invoices`; `keyproof plan push` stores one";
    assert_eq!(
        told(&unknown),
        problem(404, "no-such-plan", "No such plan", detail)
    );

    assert_eq!(world.queue.take(), []);
}

#[tokio::test]
async fn a_plan_that_was_removed_runs_no_more() {
    let world = World::with_plan().await;
    world
        .store()
        .remove("orders", super::NOW.parse().unwrap())
        .await
        .unwrap();

    let response = world.ask(post(r#"{"plan": "orders"}"#)).await;

    assert_eq!(response.status_code, 404);
    assert_eq!(world.queue.take(), []);
}

#[tokio::test]
async fn the_same_key_is_the_same_run() {
    let world = World::with_plan().await;
    let body = r#"{"plan": "orders"}"#;
    let ask = || post(body).header("idempotency-key", "ci-4711");

    let first = world.ask(ask()).await;
    // What is the same to a program is the same request.
    let spaced = post(r#"{ "plan" : "orders" }"#).header("idempotency-key", "ci-4711");
    let second = world.ask(spaced.run_id(OTHER_RUN_ID)).await;
    let without = world.ask(post(body).run_id(OTHER_RUN_ID)).await;

    assert_eq!(told(&first), accepted(RUN_ID));
    assert_eq!(second, first);
    assert_eq!(told(&without), accepted(OTHER_RUN_ID));
}

#[tokio::test]
async fn a_repeated_request_reaches_the_queue_until_its_run_has_begun() {
    let world = World::with_plan().await;
    let ask = || post(r#"{"plan": "orders"}"#).header("idempotency-key", "k");

    world.ask(ask()).await;
    world.ask(ask().run_id(OTHER_RUN_ID)).await;
    // The first may have been lost between the mark and the queue. Both ask for one and the same run.
    assert_eq!(world.queue.take(), [asked_for(RUN_ID), asked_for(RUN_ID)]);

    world.commit(REPORT, RUN_ID, super::NOW).await;
    let after = world.ask(ask().run_id(OTHER_RUN_ID)).await;

    assert_eq!(told(&after), accepted(RUN_ID));
    assert_eq!(world.queue.take(), []);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let world = World::with_plan().await;
    let plan = super::PLAN.replace("name: orders", "name: invoices");
    let parsed = keyproof_plan::Plan::parse(&plan).unwrap();
    let now = super::NOW.parse().unwrap();
    world
        .store()
        .push(&parsed, &plan, keyproof_store::Every::Never, None, now)
        .await
        .unwrap();
    let ask = |plan: &str| {
        let body = format!(r#"{{"plan": "{plan}"}}"#);
        post(&body).header("idempotency-key", "k")
    };

    world.ask(ask("orders")).await;
    let other = world.ask(ask("invoices").run_id(OTHER_RUN_ID)).await;
    // The key is the caller's own: somebody else's is another.
    let mut somebody_else = ask("invoices").run_id(OTHER_RUN_ID);
    somebody_else.caller = Some("arn:aws:iam::111122223333:user/kim");
    let somebody_else = world.ask(somebody_else).await;

    let detail = "the `Idempotency-Key` was used for another request before; choose a new one for a new request";
    assert_eq!(
        told(&other),
        problem(
            422,
            "idempotency-key-reused",
            "Idempotency key reused",
            detail
        )
    );
    assert_eq!(somebody_else.status_code, 202);
    assert_ne!(CALLER, "arn:aws:iam::111122223333:user/kim");
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let world = World::with_plan().await;
    let long = "k".repeat(256);
    for key in ["", " ", "a\tb", "schlüssel", &long] {
        let response = world
            .ask(post(r#"{"plan": "orders"}"#).header("idempotency-key", key))
            .await;

        let detail = "the `Idempotency-Key` is not 1 to 255 visible characters";
        let expected = problem(
            400,
            "invalid-idempotency-key",
            "Invalid idempotency key",
            detail,
        );
        assert_eq!(told(&response), expected, "{key}");
    }
    assert_eq!(world.queue.take(), []);
}

#[tokio::test]
async fn a_body_that_calls_itself_something_else_is_refused() {
    let world = World::with_plan().await;
    let ask = |kind: &str| post(r#"{"plan": "orders"}"#).header("content-type", kind);

    let form = world.ask(ask("application/x-www-form-urlencoded")).await;
    let charset = world.ask(ask("application/json; charset=utf-8")).await;

    let detail = "the body is `application/x-www-form-urlencoded`; expected `application/json`";
    let expected = problem(
        415,
        "unsupported-content-type",
        "Unsupported content type",
        detail,
    );
    assert_eq!(told(&form), expected);
    assert_eq!(charset.status_code, 202);
}

#[tokio::test]
async fn a_run_that_is_done_has_its_verdict_and_on_request_its_report() {
    let world = World::with_plan().await;
    world.commit(REPORT, RUN_ID, "2026-11-26T11:30:00Z").await;
    let path = format!("/runs/{RUN_ID}");

    let run = world.ask(get(&path)).await;
    let with_report = world
        .ask(get(&path).query(json!({"include": "report"})))
        .await;
    let other = world
        .ask(get(&path).query(json!({"include": "plan"})))
        .await;

    let (_, mut expected) = told(&with_report);
    let report = expected.as_object_mut().unwrap().remove("report").unwrap();
    assert_eq!(told(&run), (200, expected.clone()));
    assert_eq!(
        (
            &expected["status"],
            &expected["verdict"],
            &expected["commit"]
        ),
        (&json!("done"), &json!("fail"), &json!(1))
    );
    assert_eq!(report["run"]["id"], RUN_ID);
    let probes = |report: &Value| report["probes"].as_array().unwrap().len();
    assert_eq!(
        probes(&report),
        probes(&serde_json::from_str(REPORT).unwrap())
    );
    let detail = "`include=plan` is nothing that a run has; expected `include=report`";
    assert_eq!(
        told(&other),
        problem(400, "invalid-parameter", "Invalid parameter", detail)
    );
}

#[tokio::test]
async fn a_large_report_comes_from_the_bucket_and_one_that_was_altered_does_not_come() {
    let world = World::with_plan().await;
    let mut report: keyproof_verdict::Report = serde_json::from_str(REPORT).unwrap();
    report.run.id = RUN_ID.to_owned();
    report.probes[0].reason = "long ".repeat(60_000);
    world.commit_report(&report).await;
    let ask = || get(&format!("/runs/{RUN_ID}")).query(json!({"include": "report"}));

    let (status, whole) = told(&world.ask(ask()).await);
    assert_eq!(
        (status, whole["report"]["run"]["id"].as_str()),
        (200, Some(RUN_ID))
    );
    let [key] = world.reports.keys().try_into().unwrap();

    keyproof_store::Reports::put(&world.reports, &key, "{}")
        .await
        .unwrap();
    let altered = world.ask(ask()).await;
    assert_eq!(altered.status_code, 500);
}

#[tokio::test]
async fn a_run_that_nobody_knows_is_a_problem() {
    let world = World::with_plan().await;
    for id in [RUN_ID, "01keypr00f0000000000000000", "1", "%2e%2e"] {
        let response = world.ask(get(&format!("/runs/{id}"))).await;

        let (status, problem) = told(&response);
        assert_eq!(
            (status, &problem["type"]),
            (404, &json!("urn:keyproof:problem:no-such-run")),
            "{id}"
        );
    }
}
