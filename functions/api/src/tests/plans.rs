// SPDX-License-Identifier: Apache-2.0
//! How a plan stands, and what it was like.

use serde_json::{Value, json};

use super::{RUN_ID, World, get, problem, told};

const FAILING: &str =
    include_str!("../../../../shared/report/cases/key-policy-widened/report.json");

fn passing() -> String {
    let mut report: Value = serde_json::from_str(FAILING).unwrap();
    let probes = report["probes"].as_array_mut().unwrap();
    for probe in probes.iter_mut() {
        probe["verdict"] = "pass".into();
        probe["finding"] = Value::Null;
        probe["cause"] = Value::Null;
    }
    let planned = probes.len();
    report["summary"] = json!({"verdict": "pass", "pass": planned, "fail": 0, "inconclusive": 0,
        "excepted": 0, "planned": planned});
    report.to_string()
}

fn id(number: usize) -> String {
    format!("01KEYPR00F00000000000000{number:02}")
}

#[tokio::test]
async fn a_plan_that_has_not_run_yet_says_so() {
    let world = World::with_plan().await;

    let (status, told) = told(&world.ask(get("/plans/orders/status")).await);

    assert_eq!(status, 200);
    let expected = json!({
        "plan": "orders", "version": 1, "digest": told["digest"], "interval_minutes": 15,
        "verdict": null, "overdue": true, "last_run": null, "last_pass": null, "not_passing": [],
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn the_status_is_the_last_runs_and_names_what_does_not_pass() {
    let world = World::with_plan().await;
    world
        .commit(&passing(), &id(1), "2026-11-26T11:30:00Z")
        .await;
    world.commit(FAILING, &id(2), "2026-11-26T11:45:00Z").await;

    let (_, told) = told(&world.ask(get("/plans/orders/status")).await);

    assert_eq!(told["verdict"], "fail");
    assert_eq!(told["overdue"], false);
    assert_eq!(told["last_run"]["run_id"], id(2));
    assert_eq!(told["last_pass"]["run_id"], id(1));
    let expected: Vec<Value> = serde_json::from_str::<Value>(FAILING).unwrap()["probes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|probe| probe["verdict"] != "pass")
        .map(|probe| {
            json!({
                "probe": probe["id"], "verdict": probe["verdict"], "finding": probe["finding"],
                "excepted": false, "since": "2026-11-26T11:45:00Z", "reason": probe["reason"],
                "cause": probe["cause"],
            })
        })
        .collect();
    let mut expected = expected;
    expected.sort_by_key(|probe| probe["probe"].as_str().unwrap().to_owned());
    let mut seen = told["not_passing"].as_array().unwrap().clone();
    for probe in &mut seen {
        let probe = probe.as_object_mut().unwrap();
        assert!(probe.remove("confirmed").is_some() && probe.remove("told_at").is_some());
    }
    assert!(!seen.is_empty());
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_schedule_that_brings_no_run_is_overdue() {
    let world = World::with_plan().await;
    let overdue = async || {
        let (_, told) = told(&world.ask(get("/plans/orders/status")).await);
        told["overdue"].clone()
    };
    assert_eq!(overdue().await, true);

    world
        .commit(&passing(), &id(1), "2026-11-26T11:29:59Z")
        .await;
    assert_eq!(overdue().await, true);

    world
        .commit(&passing(), &id(2), "2026-11-26T11:30:00Z")
        .await;
    assert_eq!(overdue().await, false);
}

/// The plan was stored at 11:00, and has run last at 11:29; another version of it is no run.
#[tokio::test]
async fn a_push_puts_off_no_run_that_is_waited_for() {
    for runs in [0, 1] {
        let world = World::with_plan().await;
        for number in 0..runs {
            world
                .commit(&passing(), &id(number + 1), "2026-11-26T11:29:59Z")
                .await;
        }
        world.push_another("2026-11-26T11:55:00Z").await;

        let (_, told) = told(&world.ask(get("/plans/orders/status")).await);

        assert_eq!(
            (&told["version"], &told["overdue"]),
            (&json!(2), &json!(true))
        );
    }
}

#[tokio::test]
async fn history_comes_newest_first_a_page_at_a_time() {
    let world = World::with_plan().await;
    for number in 1..=5 {
        let minute = format!("2026-11-26T11:{:02}:00Z", number * 7);
        world.commit(&passing(), &id(number), &minute).await;
    }
    let mut pages = Vec::new();
    let mut query = json!({"limit": "2"});
    loop {
        let response = world.ask(get("/plans/orders/history").query(query)).await;
        let (status, page) = told(&response);
        assert_eq!(status, 200);
        let runs = page["runs"].as_array().unwrap();
        pages.push(
            runs.iter()
                .map(|run| run["commit"].clone())
                .collect::<Vec<_>>(),
        );
        let Some(next) = page["next"].as_str() else {
            assert!(!response.headers.contains_key("link"));
            break;
        };
        assert_eq!(response.headers["link"], format!("<{next}>; rel=\"next\""));
        let (path, parameters) = next.split_once('?').unwrap();
        assert_eq!(path, "/plans/orders/history");
        query = parameters
            .split('&')
            .map(|one| one.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), json!(value)))
            .collect::<serde_json::Map<_, _>>()
            .into();
    }

    assert_eq!(
        pages,
        [
            vec![json!(5), json!(4)],
            vec![json!(3), json!(2)],
            vec![json!(1)]
        ]
    );
}

#[tokio::test]
async fn a_page_of_no_size_is_refused() {
    let world = World::with_plan().await;
    for (name, value, range) in [
        ("limit", "0", "1 to 100"),
        ("limit", "101", "1 to 100"),
        ("limit", "many", "1 to 100"),
        ("before", "0", "1 to 999999999999"),
        ("before", "-1", "1 to 999999999999"),
    ] {
        let response = world
            .ask(get("/plans/orders/history").query(json!({name: value})))
            .await;

        let detail = format!("`{name}={value}` has no meaning; expected a number from {range}");
        let expected = problem(400, "invalid-parameter", "Invalid parameter", &detail);
        assert_eq!(told(&response), expected);
    }
}

#[tokio::test]
async fn a_plan_that_is_not_stored_is_a_problem() {
    let world = World::new();
    let long = "x".repeat(300);
    for plan in ["orders", "a%20b", &long] {
        for path in ["status", "history", "badge.svg"] {
            let response = world.ask(get(&format!("/plans/{plan}/{path}"))).await;

            let (status, problem) = told(&response);
            let kind = json!("urn:keyproof:problem:no-such-plan");
            assert_eq!((status, &problem["type"]), (404, &kind), "{plan}");
        }
    }
}

#[tokio::test]
async fn a_plans_badge_is_the_last_runs_and_only_while_it_is_news() {
    let world = World::with_plan().await;
    let badge = async || {
        let response = world.ask(get("/plans/orders/badge.svg")).await;
        assert_eq!(response.headers["content-type"], "image/svg+xml");
        assert_eq!(response.headers["cache-control"], "no-store");
        let (_, rest) = response.body.split_once("<title>").unwrap();
        rest.split_once("</title>").unwrap().0.to_owned()
    };

    let before = badge().await;
    world
        .commit(&passing(), &id(1), "2026-11-26T11:29:00Z")
        .await;
    let old = badge().await;
    world
        .commit(&passing(), &id(2), "2026-11-26T11:45:00Z")
        .await;
    let passes = badge().await;
    world.commit(FAILING, RUN_ID, "2026-11-26T11:50:00Z").await;
    let fails = badge().await;

    assert_eq!(before, "keyproof: orders: no run");
    assert_eq!(old, "keyproof: orders: stale: 31 minutes");
    assert_eq!(passes, "keyproof: orders: pass");
    assert!(fails.starts_with("keyproof: orders: fail: "), "{fails}");
}

/// What a run of a part of the plan saw: these rows, and nothing of the others.
fn of_a_part(whole: &str, wanted: impl Fn(&Value) -> bool) -> String {
    let mut report: Value = serde_json::from_str(whole).unwrap();
    let of = report["probes"].as_array().unwrap().len();
    report["probes"].as_array_mut().unwrap().retain(wanted);
    report["part"] = json!({"of": of, "touching": ["TABLE#orders"]});
    let probes = report["probes"].as_array().unwrap();
    let count = |verdict| {
        probes
            .iter()
            .filter(|probe| probe["verdict"] == verdict)
            .count()
    };
    let [pass, fail] = ["pass", "fail"].map(count);
    let verdict = if fail > 0 { "fail" } else { "pass" };
    report["summary"] = json!({"verdict": verdict, "pass": pass, "fail": fail, "inconclusive": 0,
        "excepted": 0, "planned": pass + fail});
    report.to_string()
}

#[tokio::test]
async fn a_run_of_a_part_changes_how_the_plan_stands_and_is_no_run_of_it() {
    let world = World::with_plan().await;
    let status = async || told(&world.ask(get("/plans/orders/status")).await).1;
    let badge = async || world.ask(get("/plans/orders/badge.svg")).await.body;
    world
        .commit(&passing(), &id(1), "2026-11-26T11:30:00Z")
        .await;
    let fails = of_a_part(FAILING, |probe| probe["verdict"] == "fail");
    world.commit(&fails, &id(2), "2026-11-26T11:45:00Z").await;

    let failing = status().await;
    assert_eq!(failing["verdict"], "fail");
    assert!(!failing["not_passing"].as_array().unwrap().is_empty());
    assert_eq!(
        (
            &failing["last_run"]["run_id"],
            &failing["last_pass"]["run_id"]
        ),
        (&json!(id(1)), &json!(id(1)))
    );
    assert!(badge().await.contains("fail"));
    let (_, history) = told(&world.ask(get("/plans/orders/history")).await);
    assert_eq!(
        history["runs"][0]["part"]["touching"],
        json!(["TABLE#orders"])
    );
    assert_eq!(history["runs"][1]["part"], Value::Null);

    // A pass of the same part heals it; when all was last seen stays the first run.
    let passes = of_a_part(&passing(), |probe| {
        let failed: Value = serde_json::from_str(&fails).unwrap();
        failed["probes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|other| other["id"] == probe["id"])
    });
    world.commit(&passes, RUN_ID, "2026-11-26T11:50:00Z").await;
    let healed = status().await;
    assert_eq!(
        (&healed["verdict"], &healed["last_run"]["run_id"]),
        (&json!("pass"), &json!(id(1)))
    );
}
