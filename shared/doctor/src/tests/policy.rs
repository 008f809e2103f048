// SPDX-License-Identifier: Apache-2.0
//! The runner's policy: whole documents.

use std::collections::BTreeMap;

use keyproof_aws::iam_actions::{ASSUME, INSPECT};
use keyproof_plan::Plan;
use keyproof_policy::{Document, Grammar};
use serde_json::json;

use crate::{Known, runner_policy};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// One of each: a key by ARN, one by alias, a control table, an inspector, tags, a source identity.
fn plan(principals: &str) -> Plan {
    let text = format!(
        "
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders: {{ table: orders, key: '{KEY}', canary: {{ key: {{ pk: {{ S: c }} }} }} }}
  again: {{ table: orders-archive, key: '{KEY}', canary: {{ key: {{ pk: {{ S: c }} }} }} }}
  bills: {{ table: bills, key: alias/bills, canary: {{ key: {{ pk: {{ S: c }} }} }} }}
  control: {{ table: control, key: aws-owned, canary: {{ key: {{ pk: {{ S: c }} }} }} }}
  other:
    table: arn:aws:dynamodb:us-east-1:444455556666:table/other
    key: arn:aws:kms:us-east-1:444455556666:alias/other
    canary: {{ key: {{ pk: {{ S: c }} }} }}
    inspect_as: reader
principals:
{principals}
expectations:
  - {{ principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }}
  - {{ principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }}
"
    );
    Plan::parse(&text).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

const PLAIN: &str = "
  reader: { role: 'arn:aws:iam::111122223333:role/app/reader' }
  outsider: { role: 'arn:aws:iam::111122223333:role/outsider' }
  nobody: { role: 'arn:aws:iam::111122223333:role/unused' }";

const TAGGED: &str = "
  reader: { role: 'arn:aws:iam::111122223333:role/app/reader', tags: { team: red } }
  outsider: { role: 'arn:aws:iam::111122223333:role/outsider', source_identity: proof }";

#[test]
fn a_policy_names_exactly_what_a_run_touches() {
    let known = Known {
        account: Some("111122223333".to_owned()),
        keys: BTreeMap::from([(
            "alias/bills".to_owned(),
            "arn:aws:kms:us-east-1:111122223333:key/b".to_owned(),
        )]),
        ..Known::default()
    };

    let policy = runner_policy(&plan(PLAIN), &known);

    assert_eq!(
        policy.to_json(),
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "AssumeRole", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": [
                "arn:aws:iam::111122223333:role/app/reader",
                "arn:aws:iam::111122223333:role/outsider"]},
            {"Sid": "DescribeTable", "Effect": "Allow", "Action": "dynamodb:DescribeTable", "Resource": [
                "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
                "arn:aws:dynamodb:us-east-1:111122223333:table/orders-archive",
                "arn:aws:dynamodb:us-east-1:111122223333:table/bills",
                "arn:aws:dynamodb:us-east-1:111122223333:table/control"]},
            {"Sid": "DescribeKey", "Effect": "Allow", "Action": "kms:DescribeKey", "Resource": [
                KEY, "arn:aws:kms:us-east-1:111122223333:key/b"]}]})
    );
    assert_eq!(policy.notes, Vec::<String>::new());
}

#[test]
fn an_alias_that_nobody_resolved_is_named_by_a_condition_and_said() {
    let policy = runner_policy(&plan(PLAIN), &Known::default());

    let json = policy.to_json();
    assert_eq!(
        json["Statement"][3],
        json!({"Sid": "DescribeKeyByAlias", "Effect": "Allow", "Action": "kms:DescribeKey",
            "Resource": ["arn:aws:kms:us-east-1:111122223333:key/*"],
            "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": ["alias/bills"]}}})
    );
    assert_eq!(json["Statement"][2]["Resource"], json!([KEY]));
    assert_eq!(
        policy.notes,
        [
            "the key behind `alias/bills` is not known: `kms:DescribeKey` is given for whatever key has \
             that alias; ask in the account, or name the key by its ARN, for an exact one",
            "tables and aliases that the plan only names are taken to be in account 111122223333, where \
             its roles are",
        ]
    );
}

#[test]
fn tags_and_a_source_identity_are_allowed_where_they_are_set() {
    let policy = runner_policy(&plan(TAGGED), &Known::default());

    let sts: Vec<_> = policy
        .permissions()
        .filter(|(action, _)| action.starts_with("sts:"))
        .collect();
    let reader = "arn:aws:iam::111122223333:role/app/reader";
    let outsider = "arn:aws:iam::111122223333:role/outsider";
    assert_eq!(
        sts,
        [
            ("sts:AssumeRole", reader),
            ("sts:AssumeRole", outsider),
            ("sts:SetSourceIdentity", outsider),
            ("sts:TagSession", reader),
        ]
    );
}

#[test]
fn roles_of_several_accounts_leave_the_account_open_and_say_so() {
    let elsewhere = PLAIN.replace("111122223333:role/unused", "444455556666:role/unused");

    let policy = runner_policy(&plan(&elsewhere), &Known::default());

    assert_eq!(
        policy.to_json()["Statement"][1]["Resource"][0],
        "arn:aws:dynamodb:us-east-1:*:table/orders"
    );
    assert_eq!(
        policy.notes[1],
        "the roles are in several accounts: tables and aliases that the plan only names are given for any \
         account; name them by ARN"
    );
}

/// INVARIANT (no drift): whatever the adapters declare is given, and nothing else. A new action
/// without a place here is a note, and this test.
#[test]
fn every_declared_action_has_a_place() {
    let both = TAGGED.replace(
        "source_identity: proof",
        "source_identity: proof, tags: { a: b }",
    );

    let policy = runner_policy(&plan(&both), &Known::default());

    let mut given: Vec<&str> = policy.permissions().map(|(action, _)| action).collect();
    given.sort_unstable();
    given.dedup();
    let mut declared: Vec<&str> = ASSUME.iter().chain(INSPECT).copied().collect();
    declared.sort_unstable();
    assert_eq!(given, declared);
    Document::from_value(&policy.to_json(), Grammar::Identity).unwrap();
}

#[test]
fn the_cloudformation_is_the_same_policy() {
    let policy = runner_policy(&plan(PLAIN), &Known::default());

    let text = policy.to_cloudformation();

    assert_eq!(
        text,
        r#"AWSTemplateFormatVersion: "2010-09-09"
Description: "What running the keyproof plan orders takes, and nothing else."
# the key behind `alias/bills` is not known: `kms:DescribeKey` is given for whatever key has that alias; ask in the account, or name the key by its ARN, for an exact one
# tables and aliases that the plan only names are taken to be in account 111122223333, where its roles are
Parameters:
  RunnerRoleName:
    Type: String
    Description: Name of the role that runs the plan, without its path.
Resources:
  RunnerPolicy:
    Type: AWS::IAM::RolePolicy
    Properties:
      RoleName: !Ref RunnerRoleName
      PolicyName: keyproof-runner
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Sid: AssumeRole
            Effect: Allow
            Action: sts:AssumeRole
            Resource:
              - "arn:aws:iam::111122223333:role/app/reader"
              - "arn:aws:iam::111122223333:role/outsider"
          - Sid: DescribeTable
            Effect: Allow
            Action: dynamodb:DescribeTable
            Resource:
              - "arn:aws:dynamodb:us-east-1:111122223333:table/orders"
              - "arn:aws:dynamodb:us-east-1:111122223333:table/orders-archive"
              - "arn:aws:dynamodb:us-east-1:111122223333:table/bills"
              - "arn:aws:dynamodb:us-east-1:111122223333:table/control"
          - Sid: DescribeKey
            Effect: Allow
            Action: kms:DescribeKey
            Resource:
              - "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
          - Sid: DescribeKeyByAlias
            Effect: Allow
            Action: kms:DescribeKey
            Resource:
              - "arn:aws:kms:us-east-1:111122223333:key/*"
            Condition:
              ForAnyValue:StringEquals:
                kms:ResourceAliases:
                  - "alias/bills"
"#
    );
}
