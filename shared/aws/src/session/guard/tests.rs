// SPDX-License-Identifier: Apache-2.0
//! What a guard lets through.

use keyproof_plan::{Action, Plan};

use super::guard;

const THROUGH_DYNAMODB: [&str; 6] = [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
];

fn plan(action: &str, more: &str) -> Plan {
    let expectation = match action {
        "sts:AssumeRole" => {
            "{ principal: p, actions: [sts:AssumeRole], decision: allowed }".to_owned()
        }
        action => format!("{{ principal: p, on: t, actions: ['{action}'], decision: allowed }}"),
    };
    Plan::parse(&format!(
        "keyproof: plan/v1\nname: n\nregion: us-east-1\ntables:\n  t:\n    table: orders\n    \
         key: alias/t\n    canary: {{ key: {{ pk: {{ S: k }} }} }}\n{more}\nprincipals:\n  \
         p: {{ role: 'arn:aws:iam::111122223333:role/p' }}\nexpectations:\n  - {expectation}\n"
    ))
    .unwrap()
}

fn actions(plan: &Plan) -> Vec<String> {
    let guard: serde_json::Value = serde_json::from_str(&guard(plan).unwrap()).unwrap();
    assert_eq!(guard["Version"], "2012-10-17");
    let [statement] = guard["Statement"].as_array().unwrap().as_slice() else {
        panic!("{guard}")
    };
    assert_eq!(
        (&statement["Effect"], &statement["Resource"]),
        (&"Allow".into(), &"*".into())
    );
    assert_eq!(statement.as_object().unwrap().len(), 3, "{statement}");
    let actions = statement["Action"].as_array().unwrap().iter();
    actions
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn each_action_is_let_through_with_all_that_it_is_authorised_as() {
    for action in Action::ALL {
        let own = match action {
            Action::TransactGetItems => "dynamodb:GetItem",
            Action::ReEncrypt => "kms:ReEncrypt*",
            Action::AssumeRole => "sts:GetCallerIdentity",
            other => other.as_str(),
        };
        let mut expected = vec![own];
        if own.starts_with("dynamodb:") {
            expected.extend(THROUGH_DYNAMODB);
        }
        expected.sort_unstable();

        assert_eq!(actions(&plan(action.as_str(), "")), expected, "{action}");
    }
}

#[test]
fn whoever_inspects_may_look() {
    let plan = plan("kms:Decrypt", "    inspect_as: p");

    assert_eq!(
        actions(&plan),
        ["dynamodb:DescribeTable", "kms:Decrypt", "kms:DescribeKey"]
    );
}

#[test]
fn a_plan_of_every_action_has_a_guard_that_sts_takes() {
    let names: Vec<&str> = Action::ALL
        .iter()
        .filter(|action| **action != Action::AssumeRole)
        .map(|action| action.as_str())
        .collect();
    let plan = plan(&names.join("', '"), "    inspect_as: p");

    assert!(guard(&plan).unwrap().len() < 1_000);
}
