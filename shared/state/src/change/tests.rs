// SPDX-License-Identifier: Apache-2.0
//! Events that AWS's own examples don't have: odd spellings, missing fields, other services. The real
//! ones are in `events/change/`.

use serde_json::json;

use super::*;

fn detail(source: &str, event: &str, parameters: &Value) -> Value {
    json!({
        "eventSource": source, "eventName": event, "eventID": "an-event", "eventTime": "2026-01-15T03:04:05Z",
        "userIdentity": {"arn": "arn:aws:iam::111122223333:user/Alice", "accountId": "111122223333"},
        "requestParameters": parameters, "new-field-of-aws": 1,
    })
}

fn read(detail: &Value) -> Option<PolicyEvent> {
    PolicyEvent::read(detail).unwrap()
}

/// What an event reaches, as texts; the reason where it reaches everything.
fn reach(detail: &Value) -> Vec<String> {
    match read(detail).unwrap().reach {
        Reach::Of(references) => references.iter().map(ToString::to_string).collect(),
        Reach::Every(reason) => vec![format!("every: {reason}")],
    }
}

const KMS: &str = "kms.amazonaws.com";
const IAM: &str = "iam.amazonaws.com";

#[test]
fn a_key_is_known_by_each_of_its_names() {
    for (key_id, reference) in [
        (
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "KEY#1234abcd-12ab-34cd-56ef-1234567890ab",
        ),
        (
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "KEY#1234abcd-12ab-34cd-56ef-1234567890ab",
        ),
        (
            "mrk-1234abcd12ab34cd56ef1234567890ab",
            "KEY#mrk-1234abcd12ab34cd56ef1234567890ab",
        ),
        ("alias/orders", "ALIAS#alias/orders"),
        (
            "arn:aws:kms:us-east-1:111122223333:alias/team/orders",
            "ALIAS#alias/team/orders",
        ),
    ] {
        let event = detail(KMS, "PutKeyPolicy", &json!({"keyId": key_id}));

        assert_eq!(reach(&event), [reference], "{key_id}");
    }
}

#[test]
fn what_an_event_does_not_say_reaches_everything() {
    for event in [
        detail(KMS, "RetireGrant", &Value::Null),
        detail(IAM, "PutRolePolicy", &json!({})),
        detail(
            "dynamodb.amazonaws.com",
            "UpdateTable",
            &json!({"tableName": ""}),
        ),
    ] {
        assert_eq!(
            reach(&event),
            ["every: the event doesn't say what it changed"]
        );
    }
    let policy = json!({"policyArn": "arn:aws:iam::111122223333:policy/readers"});
    assert_eq!(
        reach(&detail(IAM, "SetDefaultPolicyVersion", &policy)),
        ["every: a managed policy may be attached to any role"]
    );
    assert_eq!(
        reach(&detail(
            "organizations.amazonaws.com",
            "AttachPolicy",
            &json!({"policyId": "p-1"})
        )),
        ["every: a policy of the organization may hold for any account"]
    );
}

#[test]
fn a_role_is_that_of_the_account_that_the_event_is_of() {
    let mut event = detail(
        IAM,
        "DeleteRolePolicy",
        &json!({"roleName": "reader", "policyName": "p"}),
    );
    assert_eq!(reach(&event), ["ROLE#111122223333/reader"]);

    event["recipientAccountId"] = json!("444455556666");
    assert_eq!(reach(&event), ["ROLE#444455556666/reader"]);
}

#[test]
fn a_table_is_known_by_name_and_by_arn() {
    let source = "dynamodb.amazonaws.com";
    let arn = "arn:aws:dynamodb:us-east-1:111122223333:table/orders/stream/2026-01-15T00:00:00.000";
    for parameters in [json!({"tableName": "orders"}), json!({"resourceArn": arn})] {
        let event = detail(source, "DeleteResourcePolicy", &parameters);

        assert_eq!(reach(&event), ["TABLE#orders"]);
    }
}

#[test]
fn what_changes_nobody_s_access_is_none() {
    let mut failed = detail(KMS, "PutKeyPolicy", &json!({"keyId": "k"}));
    failed["errorCode"] = json!("AccessDenied");
    let capacity =
        json!({"tableName": "orders", "provisionedThroughput": {"readCapacityUnits": 5}});
    for event in [
        failed,
        detail(KMS, "CreateGrant", &json!({"keyId": "k", "dryRun": true})),
        detail("dynamodb.amazonaws.com", "UpdateTable", &capacity),
        // A name that another service has too, and calls that read.
        detail(
            "secretsmanager.amazonaws.com",
            "PutResourcePolicy",
            &json!({}),
        ),
        detail(KMS, "GetKeyPolicy", &json!({"keyId": "k"})),
        detail(IAM, "PutKeyPolicy", &json!({"keyId": "k"})),
    ] {
        assert_eq!(read(&event), None, "{event}");
    }
    // Capacity and encryption at once is more than capacity.
    let both = json!({"tableName": "orders", "provisionedThroughput": {}, "sSESpecification": {"enabled": false}});
    assert!(read(&detail("dynamodb.amazonaws.com", "UpdateTable", &both)).is_some());
    // A table without anything said of it isn't known to be about capacity.
    let bare = json!({"tableName": "orders"});
    assert!(read(&detail("dynamodb.amazonaws.com", "UpdateTable", &bare)).is_some());
}

#[test]
fn a_service_that_acts_is_named_where_nobody_else_is() {
    let mut event = detail(KMS, "CreateGrant", &json!({"keyId": "k"}));
    event["userIdentity"] = json!({"type": "AWSService", "invokedBy": "dynamodb.amazonaws.com"});

    assert_eq!(
        read(&event).unwrap().change.by.as_deref(),
        Some("dynamodb.amazonaws.com")
    );
}

#[test]
fn a_record_without_what_every_record_has_is_an_error() {
    let error = PolicyEvent::read(&json!({"eventName": "PutKeyPolicy"})).unwrap_err();

    assert_eq!(
        error.to_string(),
        "the CloudTrail event can't be read: missing field `eventSource`"
    );
}

#[test]
fn each_kind_of_policy_is_told_by_its_event() {
    let of = |event: &str| {
        let event = PolicyEvent::EVENTS.iter().find_map(|(source, events)| {
            events
                .contains(&event)
                .then(|| detail(source, event, &json!({})))
        });
        read(&event.unwrap()).unwrap().change.policy_type()
    };

    assert_eq!(of("PutKeyPolicy"), Some(PolicyType::ResourcePolicy));
    assert_eq!(of("PutResourcePolicy"), Some(PolicyType::ResourcePolicy));
    assert_eq!(of("RevokeGrant"), Some(PolicyType::Grant));
    assert_eq!(of("UpdateAssumeRolePolicy"), Some(PolicyType::TrustPolicy));
    assert_eq!(of("DetachRolePolicy"), Some(PolicyType::IdentityPolicy));
    assert_eq!(
        of("PutRolePermissionsBoundary"),
        Some(PolicyType::PermissionsBoundary)
    );
    assert_eq!(of("DisableKey"), None);
}

#[test]
fn a_plan_is_found_by_all_that_it_mentions() {
    let plan = r#"{"keyproof": "plan/v1", "name": "orders", "region": "us-east-1", "tables": {
        "a": {"table": "orders", "key": "alias/orders", "canary": {"key": {"pk": {"S": "c"}}}},
        "b": {"table": "arn:aws:dynamodb:us-east-1:111122223333:table/other", "key": "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", "canary": {"key": {"pk": {"S": "c"}}}},
        "c": {"table": "control", "key": "aws-owned", "canary": {"key": {"pk": {"S": "c"}}}}},
        "principals": {"r": {"role": "arn:aws:iam::111122223333:role/team/reader"}},
        "expectations": [{"principal": "r", "on": "a", "actions": ["dynamodb:GetItem"], "decision": "allowed"}]}"#;
    let plan = keyproof_plan::Plan::parse(plan).unwrap();

    let found: Vec<_> = crate::references(&plan)
        .iter()
        .map(ToString::to_string)
        .collect();

    assert_eq!(
        found,
        [
            "KEY#1234abcd-12ab-34cd-56ef-1234567890ab",
            "ALIAS#alias/orders",
            "TABLE#control",
            "TABLE#orders",
            "TABLE#other",
            "ROLE#111122223333/reader",
        ]
    );
    for text in found {
        assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
    }
    for wrong in ["", "KEY", "KEY#", "key#k", "PLAN#orders"] {
        assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
    }
}
