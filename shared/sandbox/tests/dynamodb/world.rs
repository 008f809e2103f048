// SPDX-License-Identifier: Apache-2.0
//! The account that the tests play in, and its clients.

use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::config::{Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::{Client, error::ProvideErrorMetadata, error::SdkError};
use aws_smithy_async::time::TimeSource;
use keyproof_sandbox::{Clock, Sandbox, SandboxOptions};

pub(crate) const ACCOUNT: &str = "111122223333";

/// A key that trusts the account's IAM policies, a table on each kind of key, and four roles.
const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties: {}
  OtherKey:
    Type: AWS::KMS::Key
    Properties: {}
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - { AttributeName: pk, AttributeType: S }
        - { AttributeName: sk, AttributeType: N }
        - { AttributeName: color, AttributeType: S }
        - { AttributeName: weight, AttributeType: N }
      KeySchema:
        - { AttributeName: pk, KeyType: HASH }
        - { AttributeName: sk, KeyType: RANGE }
      GlobalSecondaryIndexes:
        - IndexName: by-color
          KeySchema: [{ AttributeName: color, KeyType: HASH }]
          Projection: { ProjectionType: KEYS_ONLY }
      LocalSecondaryIndexes:
        - IndexName: by-weight
          KeySchema:
            - { AttributeName: pk, KeyType: HASH }
            - { AttributeName: weight, KeyType: RANGE }
          Projection: { ProjectionType: INCLUDE, NonKeyAttributes: [color] }
      SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn }
  Control:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: control
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
  Managed:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: managed
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
      SSESpecification: { SSEEnabled: true }
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: reader
      AssumeRolePolicyDocument: &trust
        Version: "2012-10-17"
        Statement:
          - { Effect: Allow, Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "sts:AssumeRole" }
      Policies:
        - PolicyName: everything
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - { Effect: Allow, Action: ["dynamodb:*", "kms:Decrypt"], Resource: "*" }
  Outsider:
    Type: AWS::IAM::Role
    Properties:
      RoleName: outsider
      AssumeRolePolicyDocument: *trust
      Policies:
        - PolicyName: tables
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{ Effect: Allow, Action: "dynamodb:*", Resource: "*" }]
  Nobody:
    Type: AWS::IAM::Role
    Properties:
      RoleName: nobody
      AssumeRolePolicyDocument: *trust
  Tenant:
    Type: AWS::IAM::Role
    Properties:
      RoleName: tenant
      AssumeRolePolicyDocument: *trust
      Policies:
        - PolicyName: own-items
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PartiQLSelect", "dynamodb:BatchGetItem", "dynamodb:PutItem"]
                Resource: !Sub "arn:aws:dynamodb:us-east-1:${AWS::AccountId}:table/*"
                Condition: { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["mine"] } }
              - Effect: Deny
                Action: "dynamodb:PartiQLSelect"
                Resource: "*"
                Condition: { Bool: { "dynamodb:FullTableScan": "true" } }
              - { Effect: Allow, Action: "kms:Decrypt", Resource: "*" }
"#;

/// A sandbox of the template, on a clock that stands still.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) key: String,
    pub(crate) other_key: String,
}

/// The SDK's time is the sandbox's.
#[derive(Debug)]
struct SandboxTime(Clock);

impl TimeSource for SandboxTime {
    fn now(&self) -> SystemTime {
        let milliseconds = u64::try_from(self.0.now().as_millisecond()).unwrap();
        SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds)
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with_table_key_cache(SandboxOptions::default().table_key_cache)
    }

    pub(crate) fn with_table_key_cache(table_key_cache: Duration) -> Self {
        let settings = keyproof_template::Options::new(ACCOUNT.parse().unwrap(), "us-east-1");
        let account = keyproof_template::load(TEMPLATE, &settings)
            .unwrap_or_else(|errors| panic!("{errors:?}"));
        let key = |id: &str| {
            account
                .keys
                .iter()
                .find(|key| key.logical_id == id)
                .unwrap()
                .arn
                .clone()
        };
        let (key, other_key) = (key("Key"), key("OtherKey"));
        let start = "2026-01-01T00:00:00Z".parse().unwrap();
        let options = SandboxOptions {
            clock: Clock::manual(start),
            table_key_cache,
            seed: Some(7),
            ..SandboxOptions::default()
        };
        Self {
            sandbox: Sandbox::new(&account, options).unwrap(),
            key,
            other_key,
        }
    }

    /// A sandbox that goes on where a saved one was.
    pub(crate) fn loaded(&self, state: &[u8]) -> Self {
        let options = SandboxOptions {
            clock: self.sandbox.clock(),
            ..SandboxOptions::default()
        };
        Self {
            sandbox: Sandbox::load(state, options).unwrap(),
            key: self.key.clone(),
            other_key: self.other_key.clone(),
        }
    }

    pub(crate) fn administrator(&self) -> Client {
        let credentials = self.sandbox.administrator();
        self.client(Credentials::new(
            &credentials.access_key_id,
            credentials.secret_access_key.expose(),
            None,
            None,
            "test",
        ))
    }

    /// A client with a new session of a role.
    pub(crate) async fn role(&self, name: &str) -> Client {
        self.client(self.session(name).await)
    }

    /// Credentials of a new session of a role.
    pub(crate) async fn session(&self, name: &str) -> Credentials {
        let administrator = self.sandbox.administrator();
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new(
                &administrator.access_key_id,
                administrator.secret_access_key.expose(),
                None,
                None,
                "test",
            ))
            .http_client(self.sandbox.clone())
            .time_source(SandboxTime(self.sandbox.clock()))
            .build();
        let assumed = aws_sdk_sts::Client::from_conf(config)
            .assume_role()
            .role_arn(format!("arn:aws:iam::{ACCOUNT}:role/{name}"))
            .role_session_name("session")
            .send()
            .await
            .unwrap();
        let session = assumed.credentials.unwrap();
        Credentials::new(
            session.access_key_id,
            session.secret_access_key,
            Some(session.session_token),
            None,
            "test",
        )
    }

    pub(crate) fn client(&self, credentials: Credentials) -> Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .http_client(self.sandbox.clone())
            .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled())
            .time_source(SandboxTime(self.sandbox.clock()))
            .build();
        Client::from_conf(config)
    }

    pub(crate) fn kms(&self) -> aws_sdk_kms::Client {
        let administrator = self.sandbox.administrator();
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(aws_sdk_kms::config::BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new(
                &administrator.access_key_id,
                administrator.secret_access_key.expose(),
                None,
                None,
                "test",
            ))
            .http_client(self.sandbox.clone())
            .time_source(SandboxTime(self.sandbox.clock()))
            .build();
        aws_sdk_kms::Client::from_conf(config)
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.sandbox.clock().advance(Duration::from_secs(seconds));
    }

    /// How often DynamoDB asked KMS to decrypt a table key.
    pub(crate) fn decrypts(&self) -> u64 {
        self.sandbox
            .calls()
            .get("kms:Decrypt")
            .copied()
            .unwrap_or(0)
    }
}

/// A string.
pub(crate) fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// A number.
pub(crate) fn n(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

/// The code and the message of a refusal.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug, E, R>(
    result: Result<T, SdkError<E, R>>,
) -> (String, String)
where
    E: ProvideErrorMetadata + std::fmt::Debug,
    R: std::fmt::Debug,
{
    match result {
        Ok(reply) => panic!("not refused: {reply:?}"),
        Err(SdkError::ServiceError(error)) => (
            error.err().code().unwrap_or_default().to_owned(),
            error.err().message().unwrap_or_default().to_owned(),
        ),
        Err(error) => panic!("no reply of the service: {error:?}"),
    }
}

/// The sentence of a refused action.
pub(crate) fn no_identity_policy(role: &str, action: &str, resource: &str) -> String {
    format!(
        "User: arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
    )
}

/// The ARN of a table.
pub(crate) fn table(name: &str) -> String {
    format!("arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{name}")
}

/// What is in front of KMS's refusal when DynamoDB passes it on.
pub(crate) const KMS_DENIED: &str =
    "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: ";

/// An order with a number, a color and a weight.
pub(crate) async fn put_order(client: &Client, pk: &str, sk: u32, color: &str, weight: u32) {
    client
        .put_item()
        .table_name("orders")
        .item("pk", s(pk))
        .item("sk", n(&sk.to_string()))
        .item("color", s(color))
        .item("weight", n(&weight.to_string()))
        .item("note", s("secret"))
        .send()
        .await
        .unwrap();
}
