// SPDX-License-Identifier: Apache-2.0
//! Whom a trust policy lets in, and what keeps the runner out. A case is a policy, a plan and a sentence.

use std::collections::BTreeMap;

use keyproof_plan::Plan;
use serde_json::{Value, json};

use super::diagnosis::{allowed, facts, found, refused};
use crate::{Check, Circumstances, State, diagnose};

const RUNNER: &str = "arn:aws:iam::111122223333:role/deploy/ci";

fn plan(principal: &str, decision: &str) -> Plan {
    let text = format!(
        "
keyproof: plan/v1
name: orders
region: us-east-1
principals:
  reader: {{ role: 'arn:aws:iam::111122223333:role/app/reader'{principal} }}
expectations:
  - {{ principal: reader, actions: [sts:AssumeRole], {decision} }}
"
    );
    Plan::parse(&text).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn trust(statement: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

fn runner(condition: &Value) -> Value {
    trust(&json!({
        "Sid": "Runner", "Effect": "Allow", "Principal": {"AWS": RUNNER},
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"], "Condition": condition,
    }))
}

/// The checks of the principal, whom STS refuses without a reason.
fn checks(plan: &Plan, policy: Value, runner: Option<&str>, is_allowed: bool) -> Vec<Check> {
    let circumstances = Circumstances {
        trust: BTreeMap::from([("reader".to_owned(), policy)]),
        runner: runner.map(str::to_owned),
        ..Circumstances::default()
    };
    let seen = if is_allowed { allowed() } else { refused(None) };
    let checks = diagnose(plan, &found(seen), &circumstances, facts()).checks;
    let of_reader = checks.into_iter();
    of_reader
        .filter(|check| check.id.starts_with("principal/reader/"))
        .collect()
}

/// What is said of the trust policy, and the mends.
fn told(principal: &str, policy: Value) -> (State, String, Vec<String>) {
    let plan = plan(principal, "decision: allowed");
    let check = checks(&plan, policy, Some(RUNNER), false).swap_remove(1);
    assert_eq!(check.id, "principal/reader/trust");
    let mends = check.mends.into_iter().map(|mend| mend.text).collect();
    (check.state, check.finding, mends)
}

const LETS_IN: &str = "the trust policy of `arn:aws:iam::111122223333:role/app/reader` lets in";

#[test]
fn whoever_may_assume_the_role_is_named() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": [RUNNER, "111122223333"]}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole",
         "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}},
        {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:TagSession"},
    ]});

    let check = checks(&plan("", "decision: allowed"), policy, Some(RUNNER), true).swap_remove(1);

    assert_eq!(check.state, State::Ok);
    assert_eq!(
        check.finding,
        format!(
            "{LETS_IN} `{RUNNER}`, whom the IAM policies of account 111122223333 allow it and the service \
             `lambda.amazonaws.com` (on `aws:SourceAccount`)"
        )
    );
}

#[test]
fn the_condition_that_stands_in_the_way_is_named_with_its_mend_and_no_secret() {
    let secret = json!({"StringEquals": {"sts:ExternalId": "5ecret-5ecret"}});
    let (state, finding, mends) = told("", runner(&secret));
    assert_eq!(state, State::Problem);
    assert_eq!(
        finding,
        format!(
            "{LETS_IN} `{RUNNER}` (on `sts:ExternalId`), and lets the runner `sts:AssumeRole` only on \
             `sts:ExternalId`, which stands in the way"
        )
    );
    assert_eq!(
        mends,
        ["give the principal in the plan the `external_id` that the trust policy asks for"]
    );

    let (_, finding, mends) = told(", external_id: an0ther-1", runner(&secret));
    assert!(!finding.contains("5ecret") && !finding.contains("an0ther"));
    assert_eq!(
        mends,
        ["the plan's `external_id` is not what the trust policy asks for: correct one of them"]
    );

    for (condition, mend) in [
        (
            json!({"StringEquals": {"aws:RequestTag/team": "red"}}),
            "give the principal in the plan the `tags` with `team` that the trust policy asks for",
        ),
        (
            json!({"StringLike": {"sts:RoleSessionName": "ada-*"}}),
            "let the trust policy take keyproof's session names, `keyproof-*`",
        ),
        (
            json!({"StringEquals": {"sts:SourceIdentity": "ada"}}),
            "give the principal in the plan the `source_identity` that the trust policy asks for",
        ),
    ] {
        let (state, _, mends) = told("", runner(&condition));
        assert_eq!((state, mends), (State::Problem, vec![mend.to_owned()]));
    }
}

#[test]
fn what_the_plan_gives_stands_in_nobodys_way() {
    let policy = runner(&json!({"StringEquals": {
        "sts:ExternalId": "5ecret-5ecret", "aws:RequestTag/team": "red", "sts:SourceIdentity": "ada",
    }}));
    let given = ", external_id: 5ecret-5ecret, tags: { team: red }, source_identity: ada";

    let (state, finding, mends) = told(given, policy);

    // Refused it is, but not by the trust policy.
    assert_eq!((state, mends.len()), (State::Ok, 0), "{finding}");
    // What nobody can know before the call keeps nobody out.
    let network = runner(&json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}));
    assert_eq!(told("", network).0, State::Ok);
}

#[test]
fn a_runner_that_is_not_named_or_denied_is_told_so() {
    let other = "arn:aws:iam::111122223333:role/other";
    let policy =
        trust(&json!({"Effect": "Allow", "Principal": {"AWS": other}, "Action": "sts:AssumeRole"}));
    let (state, finding, _) = told("", policy.clone());
    assert_eq!(state, State::Problem);
    assert_eq!(finding, format!("{LETS_IN} `{other}`, and not the runner"));
    // Whose path is not known might be named after all.
    let plan = plan("", "decision: allowed");
    let unknown = checks(&plan, policy, None, false).swap_remove(1);
    assert_eq!(unknown.state, State::Ok);

    let mut denied = runner(&json!({}));
    denied["Statement"].as_array_mut().unwrap().push(json!({
        "Sid": "NoRobots", "Effect": "Deny", "Principal": {"AWS": RUNNER}, "Action": "sts:AssumeRole",
    }));
    let (state, finding, _) = told("", denied);
    assert_eq!(state, State::Problem);
    assert!(
        finding.ends_with("and its statement `NoRobots` denies the runner `sts:AssumeRole`"),
        "{finding}"
    );

    let without_tags = trust(
        &json!({"Effect": "Allow", "Principal": {"AWS": RUNNER}, "Action": "sts:AssumeRole"}),
    );
    let (state, finding, _) = told(", tags: { team: red }", without_tags);
    assert_eq!(state, State::Problem);
    assert!(
        finding
            .ends_with("doesn't let the runner `sts:TagSession`, which the plan's principal takes"),
        "{finding}"
    );
}

#[test]
fn a_role_that_is_open_to_everybody_is_a_problem_even_where_it_can_be_assumed() {
    let open = |condition: Option<Value>| {
        let mut statement = json!({"Sid": "Open", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        let plan = plan("", "decision: allowed");
        checks(&plan, trust(&statement), Some(RUNNER), true).swap_remove(1)
    };

    let check = open(None);
    assert_eq!(check.state, State::Problem);
    assert_eq!(
        check.finding,
        "the trust policy of `arn:aws:iam::111122223333:role/app/reader` lets everybody in, of every account \
         (`Open`)"
    );
    let bound = open(Some(
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-example"}}),
    ));
    assert_eq!(bound.state, State::Ok);
}

#[test]
fn a_refusal_that_the_plan_expects_is_known_to_be_the_trust_policys() {
    let plan = plan("", "decision: denied, by: sts");
    let other = trust(
        &json!({"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "sts:AssumeRole"}),
    );

    let states = |policy: Value, runner| -> Vec<State> {
        let checks = checks(&plan, policy, runner, false).into_iter();
        checks.map(|check| check.state).collect()
    };

    assert_eq!(states(other.clone(), Some(RUNNER)), [State::Ok, State::Ok]);
    // Without the runner's ARN, or where the policy lets it in, nobody knows who refused.
    assert_eq!(states(other, None), [State::Unknown, State::Ok]);
    let open = runner(&json!({}));
    assert_eq!(states(open, Some(RUNNER)), [State::Unknown, State::Ok]);
}
