// SPDX-License-Identifier: Apache-2.0
//! Runs that outlast their sessions, over the wire: sessions of three seconds, in runs of five.

use std::time::Duration;

use keyproof_aws::Settings;
use keyproof_scripted::{Layer, Reply, Rule, Script, Scripted, implicitly};
use keyproof_verdict::{Report, Verdict};

use crate::world::{finding, plan, row, run_with, settings, world};

/// Thirteen calls one after the other, each of 400 ms: two sessions last for ten of them at the most.
const LONG: &str = "
  - { principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:Query, dynamodb:Scan, dynamodb:BatchGetItem, dynamodb:PartiQLSelect, dynamodb:TransactGetItems, kms:Decrypt], decision: allowed }
  - { principal: reader, on: control, actions: [dynamodb:GetItem, dynamodb:Query, dynamodb:Scan, dynamodb:BatchGetItem, dynamodb:PartiQLSelect, dynamodb:TransactGetItems], decision: allowed }
  - { principal: reader, actions: [sts:AssumeRole], decision: allowed }
";

async fn long_run(rules: Vec<Rule>) -> (Report, Scripted) {
    let mut script = Script::new(world());
    script.latency = Duration::from_millis(400);
    script.rules = rules;
    let one_by_one = Settings {
        concurrency: 1,
        ..settings()
    };
    run_with(&plan(LONG), script, &one_by_one).await
}

fn short() -> Rule {
    Rule::new(Reply::ShortSession(3)).on("AssumeRole")
}

fn sessions(report: &Report) -> (u64, u64) {
    let row = report
        .calls
        .iter()
        .find(|row| row.operation == "AssumeRole");
    row.map_or((0, 0), |row| (row.calls, row.requests))
}

#[tokio::test]
async fn a_run_that_outlasts_its_session_goes_on_with_another_of_the_same_name() {
    let (report, endpoint) = long_run(vec![short()]).await;

    assert_eq!(report.summary.pass, report.summary.planned, "{report:#?}");
    let assumed = endpoint.requests_of("AssumeRole");
    assert!(assumed.len() >= 2, "{}", assumed.len());
    let told = u64::try_from(assumed.len()).unwrap();
    assert_eq!(sessions(&report), (told, told));
    let name = format!("keyproof-{}", report.run.id);
    assert!(assumed.iter().all(|it| it.body["RoleSessionName"] == *name));
    // Another session has connections of its own.
    let reads = endpoint
        .requests()
        .into_iter()
        .filter(|it| it.caller == "reader");
    let connections: std::collections::BTreeSet<_> = reads.map(|it| it.connection).collect();
    assert!(connections.len() >= assumed.len(), "{connections:?}");
}

#[tokio::test]
async fn a_role_that_may_no_longer_be_assumed_passes_nothing_more() {
    let reason = implicitly("role trust policy", "sts:AssumeRole");
    let refused = Rule::new(Reply::Deny(Layer::Service, reason)).on("AssumeRole");

    let (report, endpoint) = long_run(vec![short().times(1), refused]).await;

    assert_eq!(endpoint.requests_of("AssumeRole").len(), 2);
    assert_eq!(report.summary.verdict, Verdict::Inconclusive);
    let passed = report.probes.iter().filter(|row| row.observed.attempts > 0);
    assert!(passed.count() > 3);
    let rest: Vec<_> = (report.probes.iter())
        .filter(|row| row.observed.attempts == 0)
        .collect();
    assert!(rest.len() > 3, "{report:#?}");
    for row in &rest {
        assert_eq!(finding(&report, &row.id), "blind");
        let why = "was not found out: its session came to its end during the run, and the role could not be \
                   assumed again (`AccessDenied`)";
        assert!(row.reason.contains(why), "{}", row.reason);
        let said = row.observed.message.as_deref().unwrap();
        assert!(
            said.contains("because no role trust policy allows"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_session_of_another_role_takes_no_ones_place() {
    let other = Rule::new(Reply::OtherSession("admin".to_owned())).on("AssumeRole");

    let (report, endpoint) = long_run(vec![short().times(1), other]).await;

    let by_admin = endpoint
        .requests()
        .into_iter()
        .filter(|it| it.caller == "admin");
    assert_eq!(by_admin.count(), 0);
    let last = row(&report, "reader/dynamodb:TransactGetItems/control");
    assert!(last.reason.contains("another role's"), "{}", last.reason);
    assert_eq!(finding(&report, "reader/sts:AssumeRole"), "pass");
}

/// A service whose sessions end sooner than they say, as where clocks differ.
#[tokio::test]
async fn a_call_that_came_too_late_is_made_once_more_by_the_session_in_force() {
    let expired = || Rule::new(Reply::expired()).by("reader").on("PutItem");
    let text = "  - { principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:PutItem], decision: allowed }";
    // Without a session to take its place, it is blind, and nobody is asked again and again.
    let (report, endpoint) = run_with(
        &plan(text),
        Script::new(world()).rule(expired()),
        &settings(),
    )
    .await;
    assert_eq!(finding(&report, "reader/dynamodb:PutItem/orders"), "blind");
    assert_eq!(endpoint.requests_of("AssumeRole").len(), 1);
    assert_eq!(endpoint.requests_of("PutItem").len(), 1);

    // One that waits for its turn until its session is over: the first call is held up for longer.
    let slow = Rule::new(Reply::Hang).on("GetItem").times(1);
    let patient = Settings {
        concurrency: 1,
        attempts: 2,
        attempt_timeout: Duration::from_millis(3_500),
        ..settings()
    };
    let script = Script::new(world()).rule(short()).rule(slow);
    let (report, endpoint) = run_with(&plan(text), script, &patient).await;
    assert_eq!(report.summary.pass, report.summary.planned, "{report:#?}");
    assert!(endpoint.requests().iter().any(|it| it.expired));
    assert_eq!(endpoint.requests_of("AssumeRole").len(), 2);
}

#[tokio::test]
async fn the_secrets_of_each_session_stay_out_of_what_is_said_to_a_later_one() {
    let ids = ["ASIASCRIPTED00000000", "ASIASCRIPTED00000001"];
    let quoted = ids.map(|id| format!("scripted/secret/of/{id} scripted/token/of/{id}"));
    let talkative = Reply::error(400, "ValidationException", &quoted.join(" "));
    let rule = Rule::new(talkative).by("reader").of("keyproof-control");

    let (report, endpoint) = long_run(vec![short(), rule]).await;

    let last = row(&report, "reader/dynamodb:TransactGetItems/control");
    assert!(endpoint.requests_of("AssumeRole").len() >= 2);
    let said = last.observed.message.as_deref();
    assert_eq!(said, Some(&*["[redacted]"; 4].join(" ")));
}
