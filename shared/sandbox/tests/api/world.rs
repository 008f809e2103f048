// SPDX-License-Identifier: Apache-2.0
//! The account that the tests play in, and its clients.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::config::{BehaviorVersion, Region};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_types::body::SdkBody;
use keyproof_sandbox::{Clock, Sandbox, SandboxOptions};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const START: &str = "2026-01-01T00:00:00Z";

/// A key with administrators and one user, a key that trusts the account, and some roles.
const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - Sid: AllowKeyAdministration
            Effect: Allow
            Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:user/operator" }
            Action: "kms:*"
            Resource: "*"
          - Sid: AllowKeyUsers
            Effect: Allow
            Principal: { AWS: !GetAtt Reader.Arn }
            Action: ["kms:Decrypt", "kms:DescribeKey"]
            Resource: "*"
  Open:
    Type: AWS::KMS::Key
    Properties: {}
  OpenAlias:
    Type: AWS::KMS::Alias
    Properties: { AliasName: alias/open, TargetKeyId: !Ref Open }
  Operator:
    Type: AWS::IAM::User
    Properties: { UserName: operator }
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: reader
      Path: /keyproof/
      AssumeRolePolicyDocument: &account
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }
            Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
  Outsider:
    Type: AWS::IAM::Role
    Properties:
      RoleName: outsider
      AssumeRolePolicyDocument: *account
      Policies:
        - PolicyName: kms
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - { Effect: Allow, Action: ["kms:Decrypt", "kms:Encrypt"], Resource: "*" }
              - { Effect: Allow, Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"], Resource: "*" }
  Guarded:
    Type: AWS::IAM::Role
    Properties:
      RoleName: guarded
      MaxSessionDuration: 7200
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }
            Action: sts:AssumeRole
            Condition: { StringEquals: { "sts:ExternalId": secret-handshake } }
"#;

/// A sandbox of the template, on a clock that stands still.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    /// Its policy delegates nothing to IAM.
    pub(crate) key: String,
    /// It has the default policy, which delegates everything.
    pub(crate) open: String,
}

/// The SDK's time is the sandbox's.
#[derive(Debug)]
struct SandboxTime(Clock);

impl TimeSource for SandboxTime {
    fn now(&self) -> SystemTime {
        self.0.system_time()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(SandboxOptions {
            seed: Some(7),
            ..SandboxOptions::default()
        })
    }

    pub(crate) fn with(mut options: SandboxOptions) -> Self {
        let account = account(ACCOUNT);
        let key = |id: &str| {
            account
                .keys
                .iter()
                .find(|key| key.logical_id == id)
                .unwrap()
                .arn
                .clone()
        };
        let (key, open) = (key("Key"), key("Open"));
        options.clock = Clock::manual(START.parse().unwrap());
        Self {
            sandbox: Sandbox::new(&account, options).unwrap(),
            key,
            open,
        }
    }

    pub(crate) fn administrator(&self) -> Credentials {
        credentials(&self.sandbox.administrator())
    }

    /// The user who administers `key`.
    pub(crate) async fn operator(&self) -> Credentials {
        let reply = self
            .iam(
                &self.administrator(),
                "CreateAccessKey",
                &[("UserName", "operator")],
            )
            .await;
        let (id, secret) = (
            element(&reply.1, "AccessKeyId"),
            element(&reply.1, "SecretAccessKey"),
        );
        Credentials::new(id, secret, None, None, "test")
    }

    /// A session of a role, by path and name.
    pub(crate) async fn role(&self, path_and_name: &str) -> Credentials {
        let assumed = self.sts(&self.administrator()).assume_role();
        let assumed = assumed
            .role_arn(role_arn(path_and_name))
            .role_session_name("session")
            .send()
            .await
            .unwrap();
        session(&assumed)
    }

    pub(crate) fn sts(&self, credentials: &Credentials) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials.clone())
            .http_client(self.sandbox.clone())
            .retry_config(aws_sdk_sts::config::retry::RetryConfig::disabled())
            .time_source(SandboxTime(self.sandbox.clock()))
            .build();
        aws_sdk_sts::Client::from_conf(config)
    }

    pub(crate) fn kms(&self, credentials: &Credentials) -> aws_sdk_kms::Client {
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(aws_sdk_kms::config::BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials.clone())
            .http_client(self.sandbox.clone())
            .retry_config(aws_sdk_kms::config::retry::RetryConfig::disabled())
            .time_source(SandboxTime(self.sandbox.clock()))
            .build();
        aws_sdk_kms::Client::from_conf(config)
    }

    /// A signed awsQuery request to IAM: status and body.
    pub(crate) async fn iam(
        &self,
        credentials: &Credentials,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> (u16, String) {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("Action", action)
            .append_pair("Version", "2010-05-08")
            .extend_pairs(parameters);
        let body = body.finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let request = self.signed(credentials, "iam", &headers, &body);
        self.send(request).await
    }

    /// A signed request, as an SDK would send it.
    pub(crate) fn signed(
        &self,
        credentials: &Credentials,
        service: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> http::Request<String> {
        let mut request = http::Request::builder()
            .method("POST")
            .uri("http://127.0.0.1:4566/");
        for (name, value) in [("host", "127.0.0.1:4566")].iter().chain(headers) {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body.to_owned()).unwrap();
        let identity = credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(service)
            .time(self.sandbox.clock().system_time())
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let all = request
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let signable = SignableRequest::new(
            "POST",
            request.uri().to_string(),
            all,
            SignableBody::Bytes(body.as_bytes()),
        )
        .unwrap();
        let (instructions, _) = sign(signable, &parameters.into()).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }

    /// Sends a request as it is: status and body.
    pub(crate) async fn send(&self, request: http::Request<String>) -> (u16, String) {
        let request = request.map(SdkBody::from).try_into().unwrap();
        let response = self.sandbox.call(request).await.unwrap();
        let body = String::from_utf8(response.body().bytes().unwrap().to_vec()).unwrap();
        (response.status().as_u16(), body)
    }

    pub(crate) fn wait(&self, seconds: u64) {
        self.sandbox.clock().advance(Duration::from_secs(seconds));
    }
}

/// The template's account under another id.
pub(crate) fn account(id: &str) -> keyproof_template::Account {
    let options = keyproof_template::Options::new(id.parse().unwrap(), "us-east-1");
    keyproof_template::load(TEMPLATE, &options).unwrap_or_else(|errors| panic!("{errors:?}"))
}

pub(crate) fn credentials(made: &keyproof_sandbox::Credentials) -> Credentials {
    Credentials::new(
        &made.access_key_id,
        made.secret_access_key.expose(),
        None,
        None,
        "test",
    )
}

pub(crate) fn session(
    assumed: &aws_sdk_sts::operation::assume_role::AssumeRoleOutput,
) -> Credentials {
    let made = assumed.credentials().unwrap();
    let token = Some(made.session_token.clone());
    Credentials::new(
        &made.access_key_id,
        &made.secret_access_key,
        token,
        None,
        "test",
    )
}

pub(crate) fn role_arn(path_and_name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{path_and_name}")
}

/// What an XML element with this name holds, the first of them.
#[track_caller]
pub(crate) fn element(xml: &str, name: &str) -> String {
    let start = format!("<{name}>");
    let from = xml
        .find(&start)
        .unwrap_or_else(|| panic!("no {name} in {xml}"))
        + start.len();
    let to = xml.split_at(from).1.find(&format!("</{name}>")).unwrap() + from;
    xml.get(from..to).unwrap().to_owned()
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

/// An `AccessDeniedException` of KMS for a role session named `session`.
pub(crate) fn denied(role: &str, action: &str, resource: &str, reason: &str) -> (String, String) {
    let caller = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session");
    let message = format!(
        "User: {caller} is not authorized to perform: {action} on resource: {resource} because no {reason} allows the {action} action"
    );
    ("AccessDeniedException".to_owned(), message)
}

pub(crate) fn coded(code: &str, message: impl Into<String>) -> (String, String) {
    (code.to_owned(), message.into())
}
