// SPDX-License-Identifier: Apache-2.0
//! Broken replies, throttles, time-outs, deadlines: never a pass that isn't true, never a lost probe.

use std::time::{Duration, Instant};

use keyproof_aws::Settings;
use keyproof_scripted::{Reply, Rule, Script};
use keyproof_verdict::Verdict;

use crate::world::{KEY, finding, parse, plan, row, run_with, settings, world};

const BOTH: &str = "
  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }
";
const READER: &str = "reader/dynamodb:GetItem/orders";
const OUTSIDER: &str = "outsider/dynamodb:GetItem/orders";

/// Few and short attempts, for faults that last.
fn impatient() -> Settings {
    Settings {
        attempts: 2,
        attempt_timeout: Duration::from_millis(300),
        ..settings()
    }
}

/// Each fault there is, with the number of attempts that it takes at most two of.
fn faults() -> Vec<(&'static str, Reply, u32)> {
    let dynamodb = "com.amazon.coral.service#";
    vec![
        ("throttled", Reply::throttled(), 2),
        (
            "throughput",
            Reply::error(
                400,
                &format!("{dynamodb}ProvisionedThroughputExceededException"),
                "slow down",
            ),
            2,
        ),
        ("500", Reply::server_error(), 2),
        ("503 page", Reply::html(503), 2),
        ("403 page", Reply::html(403), 2),
        ("200 page", Reply::html(200), 2),
        ("empty", Reply::body(""), 2),
        ("blank", Reply::body(" \r\n"), 2),
        ("no object", Reply::body("[]"), 2),
        ("null", Reply::body("null"), 2),
        ("broken JSON", Reply::body("{\"Item\":"), 2),
        ("two documents", Reply::body("{}{}"), 2),
        (
            "bytes",
            Reply::Raw {
                status: 200,
                content_type: "x/y",
                body: vec![0xff, 0xfe, 0, 1],
            },
            2,
        ),
        (
            "204",
            Reply::Raw {
                status: 204,
                content_type: "x/y",
                body: vec![],
            },
            2,
        ),
        (
            "202",
            Reply::Raw {
                status: 202,
                content_type: "x/y",
                body: b"{}".to_vec(),
            },
            2,
        ),
        (
            "error without code",
            Reply::Raw {
                status: 400,
                content_type: "x/y",
                body: b"{}".to_vec(),
            },
            2,
        ),
        ("redirect", Reply::Redirect, 2),
        ("cut short", Reply::CutShort, 2),
        ("endless", Reply::Endless, 2),
        ("closed", Reply::Close, 2),
        ("hang", Reply::Hang, 2),
        (
            "huge",
            Reply::body(&format!("{{\"x\":\"{}\"}}", "x".repeat(9 << 20))),
            2,
        ),
        ("expired", Reply::expired(), 1),
        (
            "skewed",
            Reply::error(400, "InvalidSignatureException", "Signature expired"),
            1,
        ),
        (
            "no such operation",
            Reply::error(400, "UnknownOperationException", ""),
            1,
        ),
        (
            "validation",
            Reply::error(
                400,
                "ValidationException",
                "The provided key element does not match the schema",
            ),
            1,
        ),
    ]
}

#[tokio::test]
async fn every_fault_of_a_read_is_blind_in_both_directions() {
    for (fault, reply, attempts) in faults() {
        let script = Script::new(world()).rule(Rule::new(reply).on("GetItem"));
        let (report, _endpoint) = run_with(&plan(BOTH), script, &impatient()).await;

        assert_eq!(
            (&*finding(&report, READER), &*finding(&report, OUTSIDER)),
            ("blind", "blind"),
            "{fault}"
        );
        assert_eq!(report.summary.verdict, Verdict::Inconclusive, "{fault}");
        assert_eq!(row(&report, READER).observed.attempts, attempts, "{fault}");
    }
}

#[tokio::test]
async fn every_fault_of_assume_role_blinds_the_principal() {
    for (fault, reply, _) in faults() {
        let script = Script::new(world()).rule(Rule::new(reply).on("AssumeRole").of("outsider"));
        let (report, _endpoint) = run_with(&plan(BOTH), script, &impatient()).await;

        assert_eq!(
            (&*finding(&report, READER), &*finding(&report, OUTSIDER)),
            ("pass", "blind"),
            "{fault}"
        );
        assert_eq!(row(&report, OUTSIDER).observed.attempts, 0, "{fault}");
    }
}

#[tokio::test]
async fn every_fault_of_an_inspection_blinds_the_tables_own_probe() {
    for (fault, reply, _) in faults() {
        for operation in ["DescribeTable", "DescribeKey"] {
            let script = Script::new(world())
                .rule(Rule::new(Reply::DenyOld).by("outsider").on("GetItem"))
                .rule(Rule::new(reply.clone()).on(operation));
            let (report, _endpoint) = run_with(&plan(BOTH), script, &impatient()).await;

            let of_table = finding(&report, "orders/encryption");
            assert_eq!(of_table, "blind", "{fault} {operation}");
            // What reads show doesn't hang on the look.
            assert_eq!(
                (&*finding(&report, READER), &*finding(&report, OUTSIDER)),
                ("pass", "pass"),
                "{fault}"
            );
        }
    }
}

#[tokio::test]
async fn what_passes_is_tried_again_until_it_answers() {
    for (fault, reply, attempts) in faults() {
        if attempts == 1 {
            continue;
        }
        let script = Script::new(world())
            .rule(Rule::new(reply.clone()).by("reader").on("GetItem").times(1))
            .rule(Rule::new(reply).by("outsider").on("GetItem").times(1))
            .rule(Rule::new(Reply::DenyOld).by("outsider").on("GetItem"));
        let (report, _endpoint) = run_with(&plan(BOTH), script, &impatient()).await;

        assert_eq!(
            (&*finding(&report, READER), &*finding(&report, OUTSIDER)),
            ("pass", "pass"),
            "{fault}"
        );
        assert_eq!(row(&report, OUTSIDER).observed.attempts, 2, "{fault}");
    }
}

#[tokio::test]
async fn a_throttle_that_lasts_takes_five_attempts() {
    let script = Script::new(world()).rule(Rule::new(Reply::throttled()).on("GetItem"));
    let (report, endpoint) = run_with(&plan(BOTH), script, &settings()).await;

    assert_eq!(row(&report, READER).observed.attempts, 5);
    assert_eq!(endpoint.requests_of("GetItem").len(), 10);
}

#[tokio::test]
async fn keys_that_a_batch_leaves_unprocessed_are_throttled() {
    let text = "  - { principal: reader, on: orders, actions: [dynamodb:BatchGetItem], decision: allowed }\n";
    let id = "reader/dynamodb:BatchGetItem/orders";

    let script =
        Script::new(world()).rule(Rule::new(Reply::Unprocessed).times(2).on("BatchGetItem"));
    let (report, _endpoint) = run_with(&plan(text), script, &settings()).await;
    assert_eq!(
        (&*finding(&report, id), row(&report, id).observed.attempts),
        ("pass", 3)
    );

    let script = Script::new(world()).rule(Rule::new(Reply::Unprocessed).on("BatchGetItem"));
    let (report, _endpoint) = run_with(&plan(text), script, &impatient()).await;
    assert_eq!(finding(&report, id), "blind");
}

#[tokio::test]
async fn at_the_deadline_the_report_is_whole_and_the_unanswered_are_blind() {
    let text = "
  - { principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:Query, kms:Decrypt], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, actions: [sts:AssumeRole], decision: allowed }
";
    let script = Script::new(world())
        .rule(Rule::new(Reply::Hang).by("reader").on("Query"))
        .rule(Rule::new(Reply::Hang).on("AssumeRole").of("outsider"));
    let settings = Settings {
        deadline: Some(Duration::from_millis(700)),
        ..settings()
    };
    let start = Instant::now();
    let (report, _endpoint) = run_with(&plan(text), script, &settings).await;

    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    let found = [
        "reader/dynamodb:GetItem/orders",
        "reader/dynamodb:Query/orders",
        "reader/kms:Decrypt/orders",
        OUTSIDER,
        "outsider/sts:AssumeRole",
    ]
    .map(|id| finding(&report, id));
    assert_eq!(found, ["pass", "blind", "pass", "blind", "blind"]);
}

#[tokio::test]
async fn a_deadline_of_nothing_still_gives_a_whole_report() {
    let settings = Settings {
        deadline: Some(Duration::ZERO),
        ..settings()
    };
    let (report, endpoint) = run_with(&plan(BOTH), Script::new(world()), &settings).await;

    assert_eq!(report.summary.inconclusive, report.summary.planned);
    assert_eq!(endpoint.requests().len(), 0);
}

#[tokio::test]
async fn no_more_calls_are_under_way_than_allowed() {
    let text = "
  - { principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:Query, dynamodb:Scan, dynamodb:BatchGetItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem, dynamodb:Query, dynamodb:Scan, dynamodb:BatchGetItem], decision: allowed }
";
    for concurrency in [1, 3] {
        let script = Script {
            latency: Duration::from_millis(5),
            ..Script::new(world())
        };
        let settings = Settings {
            concurrency,
            ..settings()
        };
        let (report, endpoint) = run_with(&plan(text), script, &settings).await;

        assert_eq!(report.summary.verdict, Verdict::Pass);
        assert_eq!(endpoint.most_under_way(), concurrency);
    }
}

#[tokio::test]
async fn many_principals_and_few_places_come_to_an_end() {
    let names: Vec<String> = (0..20).map(|n| format!("role-{n:02}")).collect();
    let principals: Vec<String> = names
        .iter()
        .map(|name| format!("  {name}: {{ role: 'arn:aws:iam::111122223333:role/{name}' }}\n"))
        .collect();
    let expectations: Vec<String> = names
        .iter()
        .map(|name| {
            format!("  - {{ principal: {name}, on: orders, actions: [dynamodb:GetItem, dynamodb:Query, dynamodb:Scan], decision: allowed }}\n")
        })
        .collect();
    let plan = parse(&format!(
        "keyproof: plan/v1\nname: many\nregion: us-east-1\ntables:\n  orders: {{ table: orders, key: '{KEY}', canary: {{ key: {{ pk: {{ S: keyproof#canary }} }} }} }}\nprincipals:\n{}expectations:\n{}",
        principals.concat(),
        expectations.concat()
    ));
    for concurrency in [1, 2, 8, 16] {
        // Throttles make calls wait for another attempt while others come.
        let script = Script::new(world()).rule(Rule::new(Reply::throttled()).on("Query").times(5));
        let settings = Settings {
            concurrency,
            ..settings()
        };
        let (report, _endpoint) = run_with(&plan, script, &settings).await;

        assert_eq!(report.summary.pass, 61, "{concurrency}");
    }
}

#[tokio::test]
async fn an_endpoint_that_nobody_listens_at_is_blind_with_the_reason() {
    let plan = plan(BOTH);
    let credentials = aws_credential_types::Credentials::new("AKIA", "secret", None, None, "test");
    let runner =
        keyproof_aws::Runner::with_credentials(credentials, "http://127.0.0.1:9", "us-east-1");
    let report = keyproof_aws::verify(&plan, &impatient(), &runner.await.unwrap()).await;

    assert_eq!(report.summary.inconclusive, report.summary.planned);
    let seen = &row(&report, "orders/encryption").observed;
    assert_eq!(
        seen.message.as_deref(),
        Some("Connection refused (os error 111)")
    );
}
