// SPDX-License-Identifier: Apache-2.0
//! What check says where the templates say too little, and which line it blames where they say too
//! much. That its verdicts are a run's is shown elsewhere, against the sandbox; a case of a cause goes
//! into `causes`, of what decides about a key into `keys`, of something that nobody knows into `unknowns`.

mod alternatives;
mod causes;
mod keys;
mod unknowns;

use jiff::{Timestamp, civil::date};
use keyproof_plan::Plan;
use keyproof_template::Options;
use keyproof_verdict::{ProbeRow, Report, RunFacts, Verdict};

use crate::{Circumstances, Estate, Part, check};

/// A table on a key, a reader and an outsider. `KEY`, `TABLE` and `OUTSIDER` are filled in.
const TEMPLATE: &str = r#"
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - Sid: Admin
            Effect: Allow
            Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }
            Action: [kms:DescribeKey, kms:PutKeyPolicy]
            Resource: "*"
            Condition: { ArnNotLike: { aws:PrincipalArn: "arn:aws:iam::*:role/outsider" } }
          - Sid: Users
            Effect: Allow
            Principal: { AWS: !GetAtt Reader.Arn }
            Action: kms:Decrypt
            Resource: "*"
KEY
  Alias:
    Type: AWS::KMS::Alias
    Properties: { AliasName: alias/orders, TargetKeyId: !Ref Key }
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn }
TABLE
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: reader
      AssumeRolePolicyDocument: &trust
        Version: "2012-10-17"
        Statement: [{ Effect: Allow, Principal: { AWS: !Ref AWS::AccountId }, Action: sts:AssumeRole }]
      Policies:
        - PolicyName: read
          PolicyDocument: &read
            Version: "2012-10-17"
            Statement: [{ Sid: Read, Effect: Allow, Action: dynamodb:GetItem, Resource: "*" }]
  Outsider:
    Type: AWS::IAM::Role
    Properties:
      RoleName: outsider
      AssumeRolePolicyDocument: *trust
      Policies: [{ PolicyName: read, PolicyDocument: *read }]
OUTSIDER
"#;

const PLAN: &str = r#"
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders: { table: orders, key: alias/orders, canary: { key: { pk: { S: keyproof } } } }
principals:
  reader: { role: "arn:aws:iam::111122223333:role/reader" }
  outsider: { role: "arn:aws:iam::111122223333:role/outsider" }
expectations:
  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }
"#;

/// What is added to the template, and to the plan's end.
#[derive(Clone, Copy, Default)]
struct World<'w> {
    key: &'w str,
    table: &'w str,
    outsider: &'w str,
    plan: &'w str,
}

impl World<'_> {
    fn template(self) -> String {
        TEMPLATE
            .replace("KEY\n", &format!("{}\n", self.key))
            .replace("TABLE\n", &format!("{}\n", self.table))
            .replace("OUTSIDER\n", &format!("{}\n", self.outsider))
    }

    #[track_caller]
    fn check(self, circumstances: &Circumstances) -> Report {
        checked(
            &self.template(),
            &format!("{PLAN}{}", self.plan),
            circumstances,
        )
    }
}

#[track_caller]
fn part(file: &str, template: &str, options: &Options) -> Part {
    Part {
        file: Some(file.to_owned()),
        account: keyproof_template::load(template, options).unwrap(),
    }
}

fn options() -> Options {
    Options::new("111122223333".parse().unwrap(), "us-east-1")
}

#[track_caller]
fn checked(template: &str, plan: &str, circumstances: &Circumstances) -> Report {
    let plan = Plan::parse(plan).unwrap();
    check(&plan, &estate(template), circumstances, facts())
}

#[track_caller]
fn estate(template: &str) -> Estate {
    Estate::new([part("template.yaml", template, &options())]).unwrap()
}

fn facts() -> RunFacts {
    let now: Timestamp = "2026-05-01T12:00:00Z".parse().unwrap();
    RunFacts {
        id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        trigger: "cli".to_owned(),
        started_at: now,
        finished_at: now,
        account: None,
        region: None,
        endpoint: None,
        version: "0".to_owned(),
        plan_file: None,
        today: date(2026, 5, 1),
    }
}

#[track_caller]
fn row<'r>(report: &'r Report, id: &str) -> &'r ProbeRow {
    report.probes.iter().find(|row| row.id == id).unwrap()
}

const OUTSIDER_READS: &str = "outsider/dynamodb:GetItem/orders";
const READER_READS: &str = "reader/dynamodb:GetItem/orders";

#[test]
fn a_report_says_that_nothing_was_called() {
    let report = World::default().check(&Circumstances::default());

    assert_eq!(report.run.trigger, "check");
    assert_eq!(report.environment.account.as_deref(), Some("111122223333"));
    let row = row(&report, OUTSIDER_READS);
    assert_eq!(row.observed.attempts, 0);
    assert_eq!(
        row.observed.message.as_deref(),
        Some(
            "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: User: \
             arn:aws:sts::111122223333:assumed-role/outsider/keyproof-01ARZ3NDEKTSV4RRFFQ69G5FAV is \
             not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-east-1:111122223333:\
             key/e716f1ff-e59a-416f-a7e6-2a94b9c97091 because no resource-based policy allows the \
             kms:Decrypt action (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException)"
        )
    );
}

/// `dynamodb:EnclosingOperation` has one value, so that it needs no set operator.
#[test]
fn reads_in_a_transaction_can_be_denied_by_themselves() {
    let world = World {
        table: r#"      ResourcePolicy:
        PolicyDocument:
          Version: "2012-10-17"
          Statement:
            - { Sid: Alone, Effect: Deny, Principal: "*", Action: dynamodb:GetItem, Resource: "*", Condition: { StringEquals: { dynamodb:EnclosingOperation: TransactGetItems } } }"#,
        plan: "  - { principal: reader, on: orders, actions: [dynamodb:TransactGetItems], decision: denied, by: dynamodb }\n",
        ..World::default()
    };

    let report = world.check(&Circumstances::default());

    let transaction = row(&report, "reader/dynamodb:TransactGetItems/orders");
    assert_eq!(transaction.verdict, Verdict::Pass, "{}", transaction.reason);
    assert_eq!(row(&report, READER_READS).verdict, Verdict::Pass);
}
