// SPDX-License-Identifier: Apache-2.0
//! Which event is taken for the one that wrote a document, and when none is.

use jiff::Timestamp;
use keyproof_core::PolicyType;
use keyproof_verdict::{Cause, Change, DocumentRow};
use serde_json::{Value, json};

use crate::change::{Writer, search, writer};
use crate::port::Event;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const KEY_ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const ROLE: &str = "arn:aws:iam::111122223333:role/team/reader";
const TABLE: &str = "arn:aws:dynamodb:us-east-1:111122223333:table/orders";

fn cause(policy: PolicyType, statement: Option<&str>, document: &str) -> Cause {
    Cause {
        policy,
        statement: statement.map(str::to_owned),
        document: Some(document.to_owned()),
        changed: None,
        file: None,
        line: None,
        source: None,
        pointer: None,
        alternatives: Vec::new(),
    }
}

fn event(name: &str, id: &str, at: &str, parameters: &Value) -> Event {
    Event {
        name: name.to_owned(),
        id: id.to_owned(),
        at: at.to_owned(),
        record: json!({
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/admin/ada"},
            "readOnly": false, "requestParameters": parameters,
        }),
    }
}

fn put(id: &str, at: &str, key: &str) -> Event {
    event(
        "PutKeyPolicy",
        id,
        at,
        &json!({"keyId": key, "policyName": "default"}),
    )
}

/// The id of the event that is found, at noon.
fn found(cause: &Cause, events: &[Event]) -> Option<String> {
    let noon: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let search = search(cause).unwrap();
    id_of(writer(&search, events, None, noon))
}

fn id_of(writer: Writer) -> Option<String> {
    match writer {
        Writer::Known(change) => change.event_id,
        Writer::Unknown => None,
        Writer::Older(event) => Some(format!("an older {event}")),
    }
}

#[test]
fn the_newest_event_that_wrote_the_document_is_named() {
    let of_key = cause(PolicyType::ResourcePolicy, Some("AllowKeyUsers"), KEY);
    let events = [
        put("old", "2026-11-23T10:00:00Z", KEY),
        put("new", "2026-11-24T10:00:00Z", KEY_ID),
        put("other-key", "2026-11-24T11:00:00Z", "another"),
        put("later", "2026-11-24T12:00:01Z", KEY),
        event(
            "EnableKey",
            "other-act",
            "2026-11-24T11:30:00Z",
            &json!({"keyId": KEY}),
        ),
    ];
    let noon: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();

    let change = writer(&search(&of_key).unwrap(), &events, None, noon);

    assert_eq!(
        change,
        Writer::Known(Change {
            event: "PutKeyPolicy".to_owned(),
            by: Some("arn:aws:sts::111122223333:assumed-role/admin/ada".to_owned()),
            at: Some("2026-11-24T10:00:00Z".to_owned()),
            event_id: Some("new".to_owned()),
        })
    );
    assert_eq!(found(&of_key, &events[2..]), None);
}

#[test]
fn an_event_that_changed_nothing_is_none() {
    let of_key = cause(PolicyType::ResourcePolicy, None, KEY);
    let mut refused = put("refused", "2026-11-24T11:00:00Z", KEY);
    refused.record["errorCode"] = json!("AccessDenied");
    let mut read = put("read", "2026-11-24T11:00:00Z", KEY);
    read.record["readOnly"] = json!(true);
    let good = put("good", "2026-11-24T09:00:00Z", KEY);

    assert_eq!(
        found(&of_key, &[refused.clone(), read.clone(), good]),
        Some("good".to_owned())
    );
    assert_eq!(found(&of_key, &[refused, read]), None);
}

#[test]
fn where_two_fit_none_is_guessed() {
    let of_key = cause(PolicyType::ResourcePolicy, None, KEY);
    let one = put("one", "2026-11-24T11:00:00Z", KEY);
    let two = put("two", "2026-11-24T11:00:00Z", KEY);

    assert_eq!(found(&of_key, &[one.clone(), two]), None);
    // The same event, seen by two trails, is one.
    assert_eq!(found(&of_key, &[one.clone(), one]), Some("one".to_owned()));
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a table, one row for each kind of document"
)]
fn each_kind_of_document_has_its_own_writers() {
    let at = "2026-11-24T11:00:00Z";
    let cases = [
        (
            cause(PolicyType::Grant, Some("0c23"), KEY),
            ("us-east-1", KEY),
            event(
                "CreateGrant",
                "hit",
                at,
                &json!({"keyId": KEY, "grantId": "0c23"}),
            ),
            event(
                "CreateGrant",
                "miss",
                at,
                &json!({"keyId": KEY, "grantId": "0c24"}),
            ),
        ),
        (
            cause(PolicyType::ResourcePolicy, Some("Enabled"), KEY),
            ("us-east-1", KEY),
            event("DisableKey", "hit", at, &json!({"keyId": KEY})),
            put("miss", at, KEY),
        ),
        (
            cause(PolicyType::IdentityPolicy, Some("Read"), ROLE),
            ("us-east-1", "reader"),
            event(
                "PutRolePolicy",
                "hit",
                at,
                &json!({"roleName": "reader", "policyName": "read"}),
            ),
            event("PutRolePolicy", "miss", at, &json!({"roleName": "reader2"})),
        ),
        (
            cause(PolicyType::TrustPolicy, None, ROLE),
            ("us-east-1", "reader"),
            event(
                "UpdateAssumeRolePolicy",
                "hit",
                at,
                &json!({"roleName": "reader"}),
            ),
            event("PutRolePolicy", "miss", at, &json!({"roleName": "reader"})),
        ),
        (
            cause(
                PolicyType::IdentityPolicy,
                None,
                "arn:aws:iam::111122223333:policy/own",
            ),
            ("us-east-1", "arn:aws:iam::111122223333:policy/own"),
            event(
                "CreatePolicyVersion",
                "hit",
                at,
                &json!({"policyArn": "arn:aws:iam::111122223333:policy/own", "setAsDefault": true}),
            ),
            event(
                "CreatePolicyVersion",
                "miss",
                at,
                &json!({"policyArn": "arn:aws:iam::111122223333:policy/own", "setAsDefault": false}),
            ),
        ),
        (
            cause(PolicyType::ResourcePolicy, Some("SSESpecification"), TABLE),
            ("eu-west-1", "orders"),
            event(
                "UpdateTable",
                "hit",
                at,
                &json!({"tableName": "orders", "sSESpecification": {"enabled": false}}),
            ),
            event(
                "UpdateTable",
                "miss",
                at,
                &json!({"tableName": "orders", "billingMode": "PROVISIONED"}),
            ),
        ),
        (
            cause(PolicyType::ResourcePolicy, Some("Deny"), TABLE),
            ("eu-west-1", TABLE),
            event(
                "PutResourcePolicy",
                "hit",
                at,
                &json!({"resourceArn": TABLE}),
            ),
            event(
                "PutResourcePolicy",
                "miss",
                at,
                &json!({"resourceArn": format!("{TABLE}2")}),
            ),
        ),
    ];
    for (cause, (region, resource), hit, miss) in cases {
        let wanted = search(&cause).unwrap();
        // IAM's events are in us-east-1, the others' where the run is.
        let of_run = if region == "us-east-1" && !resource.contains(":kms:") {
            "eu-west-1"
        } else {
            region
        };
        assert_eq!(
            (wanted.region(of_run), &*wanted.resource),
            (region, resource)
        );
        assert_eq!(
            found(&cause, &[miss.clone(), hit]),
            Some("hit".to_owned()),
            "{cause:?}"
        );
        assert_eq!(found(&cause, &[miss]), None, "{cause:?}");
    }
    let aws = "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess";
    assert_eq!(search(&cause(PolicyType::IdentityPolicy, None, aws)), None);
    assert_eq!(search(&cause(PolicyType::Scp, None, "a-policy")), None);
}

/// What is found where this policy is in force.
fn found_with(cause: &Cause, events: &[Event], in_force: &Value) -> Option<String> {
    let noon: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let document = cause.document.as_deref().unwrap();
    let row = DocumentRow::new(document, cause.policy, in_force.clone());
    id_of(writer(&search(cause).unwrap(), events, Some(&row), noon))
}

fn policy(action: &Value, condition: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": [ROLE, "arn:aws:iam::111122223333:root"]},
        "Action": action, "Resource": "*", "Condition": condition,
    }]})
}

#[test]
fn an_event_must_have_written_the_policy_in_force() {
    let of_key = cause(PolicyType::ResourcePolicy, Some("AllowKeyUsers"), KEY);
    let none = json!({});
    let decrypt = policy(&json!("kms:Decrypt"), &none);
    let all = policy(&json!(["kms:Decrypt", "kms:Encrypt"]), &none);
    let wrote = |policy: &Value| {
        let mut event = put("put", "2026-11-24T11:00:00Z", KEY);
        event.record["requestParameters"]["policy"] = json!(policy.to_string());
        [event, put("before", "2026-11-24T10:00:00Z", KEY)]
    };

    let same = Some("put".to_owned());
    let older = Some("an older PutKeyPolicy".to_owned());
    assert_eq!(found_with(&of_key, &wrote(&decrypt), &decrypt), same);
    assert_eq!(found_with(&of_key, &wrote(&decrypt), &all), older);
    assert_eq!(found_with(&of_key, &wrote(&all), &decrypt), older);
    // Written another way, it is the same policy.
    let list = policy(&json!(["kms:Decrypt"]), &none);
    assert_eq!(found_with(&of_key, &wrote(&list), &decrypt), same);
    let mut turned = all.clone();
    turned["Statement"][0]["Action"] = json!(["kms:Encrypt", "kms:Decrypt"]);
    assert_eq!(found_with(&of_key, &wrote(&turned), &all), same);
    let mfa = |value: Value| {
        policy(
            &json!("*"),
            &json!({"Bool": {"aws:MultiFactorAuthPresent": value}}),
        )
    };
    let (text, flag, other) = (mfa(json!("true")), mfa(json!(true)), mfa(json!("false")));
    assert_eq!(found_with(&of_key, &wrote(&text), &flag), same);
    assert_eq!(found_with(&of_key, &wrote(&other), &flag), older);
}

#[test]
fn a_trust_policys_external_id_is_hidden_on_both_sides() {
    let of_role = cause(PolicyType::TrustPolicy, None, ROLE);
    let trust = |id: &str| {
        policy(
            &json!("sts:AssumeRole"),
            &json!({"StringEquals": {"sts:ExternalId": id}}),
        )
    };
    let mut event = event(
        "UpdateAssumeRolePolicy",
        "put",
        "2026-11-24T11:00:00Z",
        &json!({"roleName": "reader"}),
    );
    event.record["requestParameters"]["policyDocument"] = json!(trust("secret").to_string());

    assert_eq!(
        found_with(&of_role, &[event], &trust("secret")),
        Some("put".to_owned())
    );
}

#[test]
fn of_a_roles_inline_policies_the_one_with_the_statement_counts() {
    let mut of_role = cause(PolicyType::IdentityPolicy, Some("Read"), ROLE);
    of_role.source = Some(format!("{ROLE} {ROLE} read"));
    of_role.pointer = Some("/Statement/0".to_owned());
    let put = |name: &str, id: &str, at: &str| {
        let parameters = json!({"roleName": "reader", "policyName": name});
        event("PutRolePolicy", id, at, &parameters)
    };
    let of_this = put("read", "this", "2026-11-24T10:00:00Z");
    let of_other = put("write", "other", "2026-11-24T11:00:00Z");
    let deleted = event(
        "DeleteRolePolicy",
        "deleted",
        "2026-11-24T11:30:00Z",
        &json!({"roleName": "reader", "policyName": "read"}),
    );
    let row = policy(&json!("*"), &json!({}));

    let events = [of_this.clone(), of_other.clone()];
    assert_eq!(found_with(&of_role, &events, &row), Some("this".to_owned()));
    // It is there, so that it was put again; of that there is no event yet.
    let events = [of_this.clone(), deleted.clone()];
    assert_eq!(
        found_with(&of_role, &events, &row),
        Some("an older DeleteRolePolicy".to_owned())
    );
    // What lacks a statement may have lost it with any of the role's policies.
    of_role.pointer = None;
    let events = [of_this, of_other, deleted];
    assert_eq!(
        found_with(&of_role, &events, &row),
        Some("deleted".to_owned())
    );
}
