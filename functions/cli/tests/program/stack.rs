// SPDX-License-Identifier: Apache-2.0
//! A template's stack in a sandbox, and programs that are run there as somebody.

use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
use keyproof_plan::Plan;
use keyproof_sandbox::{Sandbox, SandboxOptions};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::{Program, Run, keyproof};

/// A stack in a sandbox of its own.
pub(crate) struct Stack {
    sandbox: Sandbox,
    plan: String,
}

impl Stack {
    pub(crate) fn new(template: &str, plan: &str) -> Self {
        let options = keyproof_template::Options::new("111122223333".parse().unwrap(), "us-east-1");
        let account = keyproof_template::load(template, &options).unwrap();
        let sandbox = Sandbox::new(&account, SandboxOptions::default()).unwrap();
        Self {
            sandbox,
            plan: plan.to_owned(),
        }
    }

    /// The same with a role that has this policy, and with its canaries.
    pub(crate) fn with_runner(template: &str, plan: &str, policy: &Value) -> Self {
        let role = format!(
            r#"
  Runner:
    Type: AWS::IAM::Role
    Properties:
      RoleName: ci
      Path: /deploy/
      AssumeRolePolicyDocument: {{"Version": "2012-10-17", "Statement": [
        {{"Effect": "Allow", "Principal": {{"AWS": "111122223333"}}, "Action": "sts:AssumeRole"}}]}}
      Policies: [{{"PolicyName": "runner", "PolicyDocument": {policy}}}]

Outputs:
"#
        );
        let stack = Self::new(&template.replacen("\nOutputs:\n", &role, 1), plan);
        for table in Plan::parse(plan).unwrap().tables.values() {
            let arn = format!(
                "arn:aws:dynamodb:us-east-1:111122223333:table/{}",
                table.name
            );
            stack
                .sandbox
                .put_item(&arn, &table.canary.to_json())
                .unwrap();
        }
        stack
    }

    /// The same stack and another plan.
    pub(crate) fn with_plan(self, plan: String) -> Self {
        Self { plan, ..self }
    }

    pub(crate) async fn serve(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(self.sandbox.clone().serve(listener, std::future::pending()));
        url
    }

    async fn run_as(&self, url: &str, who: &Credentials, words: &[&str]) -> Run {
        let words = [words[0], "--plan", "plan.yaml"]
            .into_iter()
            .chain(words[1..].iter().copied());
        self.program(url, who, words).run_beside().await.0
    }

    /// A program with these credentials, beside the plan.
    pub(crate) fn program<'a>(
        &self,
        url: &str,
        who: &Credentials,
        words: impl IntoIterator<Item = &'a str>,
    ) -> Program {
        keyproof(words)
            .file("plan.yaml", &self.plan)
            .env("AWS_ENDPOINT_URL", url)
            .env("AWS_ACCESS_KEY_ID", who.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", who.secret_access_key())
            .env("AWS_SESSION_TOKEN", who.session_token().unwrap_or_default())
    }

    pub(crate) fn administrator(&self) -> Credentials {
        let given = self.sandbox.administrator();
        Credentials::new(
            given.access_key_id,
            given.secret_access_key.expose(),
            None,
            None,
            "test",
        )
    }

    pub(crate) async fn run_as_administrator(&self, words: &[&str]) -> Run {
        let url = self.serve().await;
        self.run_as(&url, &self.administrator(), words).await
    }

    /// `verify` and `doctor` as a session of the runner's role.
    pub(crate) async fn both_as_runner(&self) -> (Run, Run) {
        let url = self.serve().await;
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&url)
            .credentials_provider(self.administrator())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        let assumed = aws_sdk_sts::Client::from_conf(config)
            .assume_role()
            .role_arn("arn:aws:iam::111122223333:role/deploy/ci")
            .role_session_name("build-1")
            .send()
            .await
            .unwrap();
        let given = assumed.credentials().unwrap();
        let runner = Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            Some(given.session_token().to_owned()),
            None,
            "test",
        );
        let verify = self
            .run_as(&url, &runner, &["verify", "--format", "json"])
            .await;
        (
            verify,
            self.run_as(&url, &runner, &["doctor", "--format", "json"])
                .await,
        )
    }
}
