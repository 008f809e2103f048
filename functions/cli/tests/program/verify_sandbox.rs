// SPDX-License-Identifier: Apache-2.0
//! `keyproof verify --sandbox`: a plan against a template, over HTTP, without AWS.

use serde_json::Value;

use crate::support::{keyproof, root};

fn template() -> String {
    std::fs::read_to_string(root().join("template.yaml")).unwrap()
}

fn verify(template: &str, more: &[&'static str]) -> crate::support::Run {
    let plan = root().join("plans/orders.yaml");
    let words = [
        "verify",
        "--plan",
        plan.to_str().unwrap(),
        "--sandbox",
        "template.yaml",
        "--format",
        "json",
    ];
    keyproof(words.into_iter().chain(more.iter().copied()))
        .file("template.yaml", template)
        .run()
}

#[test]
fn the_repositorys_own_template_passes_its_plan() {
    let run = verify(&template(), &[]);

    run.exits(0);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["summary"]["verdict"], "pass");
    let endpoint = report["environment"]["endpoint"].as_str().unwrap();
    assert!(
        endpoint.starts_with("http://127.0.0.1:"),
        "a report says that it is not of AWS"
    );
    assert_eq!(run.stderr, "");
}

#[test]
fn a_wider_key_policy_fails_and_the_diagnosis_names_its_statement() {
    let users = "              AWS: !GetAtt ReaderRole.Arn\n            Action:\n              - kms:Decrypt";
    let wider = "              AWS: [!GetAtt ReaderRole.Arn, !GetAtt OutsiderRole.Arn]\n            Action:\n              - kms:Decrypt";
    let template = template();
    assert_eq!(
        template.matches(users).count(),
        1,
        "the statement of the key's users"
    );

    let run = verify(&template.replace(users, wider), &["--diagnose"]);

    run.exits(1);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let failed: Vec<_> = report["probes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["verdict"] != "pass")
        .collect();
    assert!(failed.len() >= 6, "each way to read");
    for row in failed {
        assert_eq!(row["principal"], "outsider");
        assert_eq!(row["finding"], "exposed");
        assert_eq!(row["cause"]["policy"], "resource_policy");
        assert_eq!(row["cause"]["statement"], "AllowKeyUsers");
        assert!(
            row["cause"]["document"]
                .as_str()
                .unwrap()
                .starts_with("arn:aws:kms:")
        );
        assert_eq!(row["cause"]["changed"], Value::Null);
    }
}

#[test]
fn a_role_that_nobody_may_assume_is_inconclusive() {
    let run = verify(&template(), &["--parameter", "AWS::AccountId=444455556666"]);

    run.exits(3);
}

#[test]
fn an_invalid_template_is_2_with_its_places() {
    let run = verify(
        "Resources:\n  Key:\n    Type: AWS::KMS::Kye\n    Properties: {KeyPolicy: !Ref Nobody}\n",
        &[],
    );

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.starts_with("template.yaml:"), "{}", run.stderr);
}

#[test]
fn the_environment_of_the_operator_is_left_alone() {
    let plan = root().join("plans/orders.yaml");
    let template = root().join("template.yaml");
    let words = [
        "verify",
        "--plan",
        plan.to_str().unwrap(),
        "--sandbox",
        template.to_str().unwrap(),
    ];

    let run = keyproof(words)
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_REGION", "eu-west-1")
        .env("AWS_PROFILE", "nobody")
        .run();

    run.exits(0);
}

/// A template whose key lets in nobody but the application: its own administrators can't write to
/// the table either.
const KEY_OF_THE_APPLICATION: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - Sid: Administration
            Effect: Allow
            Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }
            Action: ["kms:Describe*", "kms:Get*", "kms:List*", "kms:Put*"]
            Resource: "*"
          - Sid: Application
            Effect: Allow
            Principal: { AWS: !GetAtt Reader.Arn }
            Action: kms:Decrypt
            Resource: "*"
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn }
  Alias:
    Type: AWS::KMS::Alias
    Properties: { AliasName: alias/orders, TargetKeyId: !Ref Key }
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: reader
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }
            Action: sts:AssumeRole
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]
  Outsider:
    Type: AWS::IAM::Role
    Properties:
      RoleName: outsider
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }
            Action: sts:AssumeRole
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]
"#;

const PLAN_OF_THE_APPLICATION: &str = r#"
keyproof: plan/v1
name: application
region: us-east-1
tables:
  orders:
    table: orders
    key: alias/orders
    canary: { key: { pk: { S: keyproof#canary } }, attributes: { proof: { S: c0ffee } } }
principals:
  reader: { role: "arn:aws:iam::111122223333:role/reader" }
  outsider: { role: "arn:aws:iam::111122223333:role/outsider" }
expectations:
  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }
"#;

#[test]
fn canaries_are_there_though_the_key_lets_no_administrator_write() {
    let run = keyproof([
        "verify",
        "--plan",
        "plan.yaml",
        "--sandbox",
        "template.yaml",
    ])
    .file("plan.yaml", PLAN_OF_THE_APPLICATION)
    .file("template.yaml", KEY_OF_THE_APPLICATION)
    .run();

    run.exits(0);
    assert_eq!(run.stderr, "");
}

#[test]
fn a_table_that_the_template_lacks_has_no_canary_and_no_pass() {
    let plan = PLAN_OF_THE_APPLICATION.replace("table: orders", "table: invoices");

    let run = keyproof([
        "verify",
        "--plan",
        "plan.yaml",
        "--sandbox",
        "template.yaml",
    ])
    .file("plan.yaml", &plan)
    .file("template.yaml", KEY_OF_THE_APPLICATION)
    .run();

    run.exits(3);
    assert_eq!(
        run.stderr,
        "warning: orders: no canary planted: the item can't be put into \
         `arn:aws:dynamodb:us-east-1:111122223333:table/invoices`: there is no such table\n"
    );
}
