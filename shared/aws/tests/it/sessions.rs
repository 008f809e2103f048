// SPDX-License-Identifier: Apache-2.0
//! Sessions: one for each principal, anew for each run, on connections of its own.

use std::collections::{BTreeMap, BTreeSet};

use keyproof_aws::verify;
use keyproof_scripted::{Layer, Reply, Rule, Script, Scripted, implicitly};

use crate::world::{finding, parse, plan, row, run, runner, settings, world};

const TWO: &str = "
  - { principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:Query, dynamodb:Scan, kms:Decrypt], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem, dynamodb:Query], decision: denied, by: kms }
  - { principal: outsider, on: control, actions: [dynamodb:GetItem], decision: allowed }
";

#[tokio::test]
async fn two_principals_take_two_assume_role_calls_and_share_no_connection() {
    let rule = Rule::new(Reply::DenyOld).by("outsider").of("orders");
    let (_, endpoint) = run(&plan(TWO), Script::new(world()).rule(rule)).await;

    assert_eq!(endpoint.requests_of("AssumeRole").len(), 2);
    let mut connections: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for request in endpoint.requests() {
        connections
            .entry(request.caller)
            .or_default()
            .insert(request.connection);
    }
    let callers: Vec<&str> = connections.keys().map(String::as_str).collect();
    assert_eq!(callers, ["outsider", "reader", "runner"]);
    let all: usize = connections.values().map(BTreeSet::len).sum();
    let distinct: BTreeSet<usize> = connections.into_values().flatten().collect();
    assert_eq!(distinct.len(), all);
}

#[tokio::test]
async fn a_second_run_assumes_anew_and_opens_new_connections() {
    let endpoint = Scripted::start(Script::new(world())).await;
    let runner = runner(&endpoint).await;
    let plan = plan(TWO);

    let first = verify(&plan, &settings(), &runner).await;
    let calls_of_first = endpoint.requests().len();
    let second = verify(&plan, &settings(), &runner).await;

    let requests = endpoint.requests();
    let (before, after) = requests.split_at(calls_of_first);
    assert_ne!(first.run.id, second.run.id);
    assert_eq!(endpoint.requests_of("AssumeRole").len(), 4);
    let connections = |requests: &[keyproof_scripted::Request]| -> BTreeSet<usize> {
        let of_roles = requests.iter().filter(|request| request.caller != "runner");
        of_roles.map(|request| request.connection).collect()
    };
    assert!(connections(before).is_disjoint(&connections(after)));
}

#[tokio::test]
async fn the_run_is_named_in_every_session_and_call() {
    let (report, endpoint) = run(&plan(TWO), Script::new(world())).await;

    let name = format!("keyproof-{}", report.run.id);
    assert_eq!(report.run.id.len(), 26);
    for request in endpoint.requests() {
        assert!(
            request.user_agent.contains(&format!("app/{name}")),
            "{}",
            request.user_agent
        );
        if request.operation == "AssumeRole" {
            assert_eq!(request.body["RoleSessionName"], *name);
        }
        if request.caller != "runner" {
            assert!(
                request.user.ends_with(&format!("/{name}")),
                "{}",
                request.user
            );
        }
    }
}

#[tokio::test]
async fn what_the_plan_says_of_a_principal_goes_into_its_session() {
    let plan = parse(
        r#"
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders: { table: orders, key: aws-owned, canary: { key: { pk: { S: keyproof#canary } } } }
principals:
  reader:
    role: "arn:aws:iam::111122223333:role/keyproof/reader"
    external_id: door-7
    tags: { team: red }
    duration: 900
    source_identity: alice
expectations:
  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
"#,
    );
    let (_, endpoint) = run(&plan, Script::new(world())).await;

    let [request] = &endpoint.requests_of("AssumeRole")[..] else {
        panic!("one call")
    };
    let sent = |name: &str| request.body[name].as_str().unwrap_or_default().to_owned();
    let told = [
        "RoleArn",
        "ExternalId",
        "DurationSeconds",
        "SourceIdentity",
        "Tags.member.1.Key",
        "Tags.member.1.Value",
    ];
    assert_eq!(
        told.map(sent),
        [
            "arn:aws:iam::111122223333:role/keyproof/reader",
            "door-7",
            "900",
            "alice",
            "team",
            "red"
        ]
    );
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_blinds_its_probes_and_answers_its_own() {
    let text = TWO.to_owned()
        + "  - { principal: outsider, actions: [sts:AssumeRole], decision: denied, by: sts }\n\
           \x20 - { principal: reader, actions: [sts:AssumeRole], decision: allowed }\n";
    let reason = implicitly("role trust policy", "sts:AssumeRole");
    let rule = Rule::new(Reply::Deny(Layer::Service, reason))
        .on("AssumeRole")
        .of("outsider");
    let (report, endpoint) = run(&plan(&text), Script::new(world()).rule(rule)).await;

    assert_eq!(finding(&report, "outsider/sts:AssumeRole"), "pass");
    assert_eq!(finding(&report, "reader/sts:AssumeRole"), "pass");
    assert_eq!(
        finding(&report, "outsider/dynamodb:GetItem/orders"),
        "blind"
    );
    let blind = &row(&report, "outsider/dynamodb:GetItem/orders").observed;
    assert_eq!(blind.attempts, 0);
    assert_eq!(blind.decision, "unknown");
    assert_eq!(endpoint.requests_of("AssumeRole").len(), 2);
}

#[tokio::test]
async fn a_role_that_should_not_be_assumed_and_is_is_exposed() {
    let text =
        "  - { principal: outsider, actions: [sts:AssumeRole], decision: denied, by: sts }\n";
    let (report, _endpoint) = run(&plan(text), Script::new(world())).await;

    assert_eq!(finding(&report, "outsider/sts:AssumeRole"), "exposed");
}

#[tokio::test]
async fn a_session_of_another_role_is_not_used() {
    let rule = Rule::new(Reply::OtherSession("admin".to_owned()))
        .on("AssumeRole")
        .of("outsider");
    let (report, endpoint) = run(&plan(TWO), Script::new(world()).rule(rule)).await;

    assert_eq!(
        finding(&report, "outsider/dynamodb:GetItem/orders"),
        "blind"
    );
    assert_eq!(
        endpoint
            .requests()
            .iter()
            .filter(|request| request.caller == "admin")
            .count(),
        0
    );
}

#[tokio::test]
async fn credentials_of_another_role_are_no_denial_and_no_session() {
    let text = "
  - { principal: outsider, actions: [sts:AssumeRole], decision: denied, by: sts }
  - { principal: reader, actions: [sts:AssumeRole], decision: allowed }
";
    let rule = Rule::new(Reply::OtherSession("admin".to_owned())).on("AssumeRole");
    let (report, _endpoint) = run(&plan(text), Script::new(world()).rule(rule)).await;

    assert_eq!(finding(&report, "outsider/sts:AssumeRole"), "exposed");
    assert_eq!(finding(&report, "reader/sts:AssumeRole"), "blind");
}

#[tokio::test]
async fn a_session_that_the_reply_does_not_name_is_asked_who_it_is() {
    for (role, expected) in [("outsider", "pass"), ("admin", "blind")] {
        let rule = Rule::new(Reply::UnnamedSession(role.to_owned()))
            .on("AssumeRole")
            .of("outsider");
        let denied = Rule::new(Reply::DenyOld).by("outsider").of("orders");
        let script = Script::new(world()).rule(rule).rule(denied);
        let (report, endpoint) = run(&plan(TWO), script).await;

        assert_eq!(
            finding(&report, "outsider/dynamodb:GetItem/orders"),
            expected
        );
        let asked = endpoint.requests_of("GetCallerIdentity");
        let by_session = asked.iter().filter(|request| request.caller == role);
        assert_eq!(by_session.count(), 1);
    }
}

#[tokio::test]
async fn a_refusal_of_somebody_else_is_not_the_answer() {
    for layer in [Layer::Service, Layer::KmsThroughDynamoDb] {
        let user = "arn:aws:sts::111122223333:assumed-role/somebody/s".to_owned();
        let rule = Rule::new(Reply::DenyOther { layer, user })
            .by("outsider")
            .of("orders");
        let (report, _endpoint) = run(&plan(TWO), Script::new(world()).rule(rule)).await;

        assert_eq!(
            finding(&report, "outsider/dynamodb:GetItem/orders"),
            "blind"
        );
        assert_eq!(finding(&report, "outsider/dynamodb:Query/orders"), "blind");
    }
}

#[tokio::test]
async fn without_get_caller_identity_the_account_is_that_of_the_roles() {
    let refused = Reply::Deny(Layer::Service, String::new());
    let rule = Rule::new(refused).on("GetCallerIdentity");
    let (report, _endpoint) = run(&plan(TWO), Script::new(world()).rule(rule)).await;

    assert_eq!(report.environment.account.as_deref(), Some("111122223333"));
}

#[tokio::test]
async fn without_any_session_the_account_is_not_known() {
    let refused = Reply::Deny(Layer::Service, String::new());
    let script = Script::new(world())
        .rule(Rule::new(refused.clone()).on("GetCallerIdentity"))
        .rule(Rule::new(refused).on("AssumeRole"));
    let (report, _endpoint) = run(&plan(TWO), script).await;

    assert_eq!(report.environment.account, None);
}
