// SPDX-License-Identifier: Apache-2.0
//! Which statement or grant is named, and when none is.

use keyproof_policy::Grant;
use keyproof_verdict::{DocumentRow, ExpectedRow, ObservedRow, Verdict};
use serde_json::{Value, json};

use super::*;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const OUTSIDER: &str = "arn:aws:iam::111122223333:role/keyproof/outsider";

fn plan() -> Plan {
    let plan = json!({
        "keyproof": "plan/v1", "name": "orders", "region": "us-east-1",
        "tables": {"orders": {"table": "orders", "key": KEY, "canary": {"key": {"pk": {"S": "c"}}}}},
        "principals": {
            "reader": {"role": "arn:aws:iam::111122223333:role/keyproof/reader"},
            "outsider": {"role": OUTSIDER},
        },
        "expectations": [
            {"principal": "reader", "on": "orders", "actions": ["dynamodb:GetItem"], "decision": "allowed"},
        ],
    });
    Plan::parse(&plan.to_string()).unwrap()
}

fn row(principal: &str, action: &str, expected: &str, observed: &str) -> ProbeRow {
    let by = |decision: &str| (decision == "denied").then_some(Service::Kms);
    ProbeRow {
        id: format!("{principal}/{action}/orders"),
        principal: Some(principal.to_owned()),
        role_arn: None,
        action: action.to_owned(),
        table: Some("orders".to_owned()),
        resource: Some("arn:aws:dynamodb:us-east-1:111122223333:table/orders".to_owned()),
        expected: ExpectedRow {
            decision: expected.to_owned(),
            by: by(expected),
            policy: None,
            key: None,
        },
        observed: ObservedRow {
            decision: observed.to_owned(),
            by: by(observed),
            policy: None,
            explicit: None,
            error_code: None,
            message: None,
            request_id: None,
            attempts: 1,
            latency_ms: None,
            key: None,
        },
        verdict: Verdict::Fail,
        finding: None,
        reason: String::new(),
        cause: None,
        exception: None,
        line: None,
    }
}

fn exposed(action: &str) -> ProbeRow {
    row("outsider", action, "denied", "allowed")
}

fn key(statements: &Value, grants: Vec<Grant>) -> KeyDocuments {
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    let row = DocumentRow::new(KEY, PolicyType::ResourcePolicy, policy.clone());
    let policy = Document::from_value(&policy, Grammar::Resource).unwrap();
    KeyDocuments {
        arn: KEY.to_owned(),
        row,
        policy,
        grants,
    }
}

fn statement(sid: &str, principal: &str, action: &str) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"})
}

/// The cause's policy type and name.
fn found(row: &ProbeRow, key: &KeyDocuments) -> Option<(PolicyType, String)> {
    let plan = plan();
    let cause = cause(
        row,
        &plan,
        plan.tables.get("orders").unwrap(),
        key,
        "us-east-1",
    )?;
    assert_eq!(cause.document.as_deref(), Some(KEY));
    Some((cause.policy, cause.statement.unwrap()))
}

fn in_the_key_policy(name: &str) -> (PolicyType, String) {
    (PolicyType::ResourcePolicy, name.to_owned())
}

#[test]
fn the_statement_that_lets_the_role_in_is_named() {
    let administration = statement(
        "Admin",
        "arn:aws:iam::111122223333:root",
        "kms:PutKeyPolicy",
    );
    let mut users = statement("Users", OUTSIDER, "kms:Decrypt");
    users["Condition"] = json!({"StringEquals": {"kms:ViaService": "dynamodb.us-east-1.amazonaws.com",
            "kms:EncryptionContext:aws:dynamodb:tableName": "orders",
            "kms:EncryptionContext:aws:dynamodb:subscriberId": "111122223333"}});
    let key = key(&json!([administration, users]), Vec::new());

    assert_eq!(
        found(&exposed("dynamodb:GetItem"), &key),
        Some(in_the_key_policy("Users"))
    );
    assert_eq!(
        found(&exposed("dynamodb:PutItem"), &key),
        Some(in_the_key_policy("Users"))
    );
    // Not through DynamoDB: this statement can't be what let the call in.
    assert_eq!(found(&exposed("kms:Decrypt"), &key), None);
}

#[test]
fn a_statement_without_a_name_has_its_index() {
    let mut users = statement("x", OUTSIDER, "kms:*");
    users.as_object_mut().unwrap().remove("Sid");
    let other = statement("Other", "arn:aws:iam::111122223333:role/other", "kms:*");
    let key = key(&json!([other, users]), Vec::new());

    assert_eq!(
        found(&exposed("kms:ReEncrypt"), &key),
        Some(in_the_key_policy("1"))
    );
}

#[test]
fn a_grant_is_named_by_its_id() {
    let grant = Grant {
        id: Some("g1".into()),
        ..Grant::new(OUTSIDER, ["Decrypt"])
    };
    let key = key(
        &json!([statement(
            "Admin",
            "arn:aws:iam::111122223333:root",
            "kms:List*"
        )]),
        vec![grant],
    );

    assert_eq!(
        found(&exposed("dynamodb:Scan"), &key),
        Some((PolicyType::Grant, "g1".to_owned()))
    );
    assert_eq!(found(&exposed("kms:Encrypt"), &key), None);
}

#[test]
fn where_the_key_leaves_it_to_iam_that_statement_is_named() {
    let everyone = statement("Enable IAM", "arn:aws:iam::111122223333:root", "kms:*");
    let key = key(&json!([everyone]), Vec::new());

    assert_eq!(
        found(&exposed("dynamodb:GetItem"), &key),
        Some(in_the_key_policy("Enable IAM"))
    );
}

#[test]
fn an_explicit_deny_that_locks_out_is_named_and_the_want_of_an_allow_is_not() {
    let mut denied = statement("KeepOut", "*", "kms:Decrypt");
    denied["Effect"] = "Deny".into();
    let allowed = statement(
        "Users",
        "arn:aws:iam::111122223333:role/keyproof/reader",
        "kms:Decrypt",
    );
    let locked_out = row("reader", "dynamodb:GetItem", "allowed", "denied");

    assert_eq!(
        found(&locked_out, &key(&json!([allowed, denied]), Vec::new())),
        Some(in_the_key_policy("KeepOut"))
    );
    assert_eq!(
        found(
            &locked_out,
            &key(&json!([statement("A", OUTSIDER, "kms:*")]), Vec::new())
        ),
        None
    );
}

#[test]
fn what_another_layer_decided_has_no_cause_in_the_key() {
    let key = key(&json!([statement("Users", OUTSIDER, "kms:*")]), Vec::new());
    let mut by_dynamodb = exposed("dynamodb:PutItem");
    by_dynamodb.expected.by = Some(Service::DynamoDb);

    assert_eq!(found(&by_dynamodb, &key), None);
}

#[test]
fn documents_that_say_otherwise_explain_nothing() {
    let key = key(
        &json!([statement(
            "Users",
            "arn:aws:iam::111122223333:role/keyproof/reader",
            "kms:*"
        )]),
        Vec::new(),
    );

    assert_eq!(found(&exposed("dynamodb:GetItem"), &key), None);
    assert_eq!(
        found(
            &row("outsider", "sts:AssumeRole", "denied", "allowed"),
            &key
        ),
        None
    );
}

#[test]
fn a_statement_is_pointed_at_in_the_policy_and_a_grant_is_not() {
    let plan = plan();
    let table = &plan.tables["orders"];
    let statements = json!([
        statement(
            "Other",
            "arn:aws:iam::111122223333:role/keyproof/reader",
            "kms:Decrypt"
        ),
        statement("Wide", OUTSIDER, "kms:Decrypt"),
    ]);
    let by_policy = key(&statements, vec![]);
    let by_grant = key(&json!([]), vec![Grant::new(OUTSIDER, ["Decrypt"])]);
    let row = exposed("kms:Decrypt");

    let policy = cause(&row, &plan, table, &by_policy, "us-east-1").unwrap();
    let grant = cause(&row, &plan, table, &by_grant, "us-east-1").unwrap();

    assert_eq!(policy.source.as_deref(), Some(KEY));
    assert_eq!(policy.pointer.as_deref(), Some("/Statement/1"));
    let pointed = by_policy.row.content.pointer("/Statement/1/Sid");
    assert_eq!(pointed, Some(&json!("Wide")));
    assert_eq!((grant.source, grant.pointer), (None, None));
}
