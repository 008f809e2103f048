// SPDX-License-Identifier: Apache-2.0
//! What is refused, whichever route it is for.

use keyproof_store::TableError;
use serde_json::json;

use super::{Ask, World, get, post, problem, told};

#[tokio::test]
async fn a_path_that_is_none_is_a_problem() {
    let world = World::new();
    for path in [
        "/",
        "/run",
        "/plans",
        "/plans/orders",
        "/plans//status",
        "/plans/a/b/status",
        "/runs/",
    ] {
        let response = world.ask(get(path)).await;

        let detail = format!("there is no `{path}`; GET /openapi.json lists what there is");
        assert_eq!(
            told(&response),
            problem(404, "no-such-route", "No such route", &detail)
        );
        assert_eq!(response.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn another_method_is_told_the_right_one() {
    let world = World::new();
    for (method, path, allowed) in [
        ("GET", "/runs", "POST"),
        ("DELETE", "/runs/01KEYPR00F0000000000000000", "GET"),
        ("POST", "/plans/orders/status", "GET"),
    ] {
        let response = world
            .ask(Ask {
                method,
                ..get(path)
            })
            .await;

        let detail = format!("this path takes {allowed} only");
        let expected = problem(405, "method-not-allowed", "Method not allowed", &detail);
        assert_eq!(told(&response), expected);
        assert_eq!(response.headers["allow"], allowed);
    }
}

#[tokio::test]
async fn a_parameter_that_nobody_knows_is_refused_and_not_passed_over() {
    let world = World::with_plan().await;
    let no_parameters = "unknown parameter `limit`; this route has none";
    for path in [
        "/plans/orders/status",
        "/openapi.json",
        "/plans/orders/badge.svg",
    ] {
        let response = world.ask(get(path).query(json!({"limit": "5"}))).await;

        assert_eq!(
            told(&response),
            problem(400, "invalid-parameter", "Invalid parameter", no_parameters)
        );
    }
    let response = world
        .ask(get("/plans/orders/history").query(json!({"befor": "5"})))
        .await;
    let detail = "unknown parameter `befor`; this route has `before` and `limit`";
    assert_eq!(
        told(&response),
        problem(400, "invalid-parameter", "Invalid parameter", detail)
    );
}

#[tokio::test]
async fn a_request_that_nobody_signed_gets_nothing() {
    let world = World::with_plan().await;
    let unsigned = Ask {
        caller: None,
        ..post(r#"{"plan": "orders"}"#)
    };

    let response = world.ask(unsigned).await;

    assert_eq!(response.status_code, 403);
    assert!(world.queue.take().is_empty());
}

#[tokio::test]
async fn trouble_of_the_services_own_is_not_told_in_detail() {
    let world = World::with_plan().await;
    let failing = |refused| TableError::Call {
        what: "read",
        table: "secret-table".to_owned(),
        why: "AccessDeniedException: arn:aws:dynamodb".to_owned(),
        refused,
    };

    world.table.fail_after(0, failing(false));
    let busy = world.ask(get("/plans/orders/status")).await;
    world.table.fail_after(0, failing(true));
    let broken = world.ask(get("/plans/orders/status")).await;

    let detail = "the service is busy or can't be reached; try again";
    assert_eq!(
        told(&busy),
        problem(503, "unavailable", "Temporarily unavailable", detail)
    );
    assert_eq!(busy.headers["retry-after"], "5");
    let detail = "something is wrong with the service; its log says what";
    assert_eq!(
        told(&broken),
        problem(500, "internal", "Internal error", detail)
    );
}
