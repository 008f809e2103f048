// SPDX-License-Identifier: Apache-2.0
//! Three sandboxes behind the proxy, alike but for who the key's policy lets in.

use std::collections::{BTreeSet, HashMap};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use aws_credential_types::Credentials;
use keyproof_aws::{Runner, Settings, verify};
use keyproof_faults::{Disturbance, Proxy, Recording};
use keyproof_plan::Plan;
use keyproof_sandbox::{Sandbox, SandboxOptions};
use keyproof_template::{Account, Options};
use keyproof_verdict::Report;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use crate::places::{PLACES, Place};

/// What is true, undisturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Truth {
    /// The reader reads and the outsider is kept out.
    Kept,
    /// Both are let in.
    Open,
    /// Neither is.
    Shut,
}

impl Truth {
    pub(crate) const ALL: [Self; 3] = [Self::Kept, Self::Open, Self::Shut];

    /// The roles that the key's policy lets in.
    pub(crate) const fn users(self) -> &'static str {
        match self {
            Self::Kept => "[!GetAtt Reader.Arn]",
            Self::Open => "[!GetAtt Reader.Arn, !GetAtt Outsider.Arn]",
            // A role that nobody here has a session of.
            Self::Shut => "[!GetAtt Nobody.Arn]",
        }
    }
}

/// A running sandbox. It ends when this is dropped.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) address: String,
    pub(crate) credentials: Credentials,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One of each, and what is true of each place's plan in them.
pub(crate) struct Worlds {
    worlds: [World; 3],
    undisturbed: HashMap<(Truth, String), OnceCell<Rc<Undisturbed>>>,
}

/// A run that nothing disturbed.
pub(crate) struct Undisturbed {
    pub(crate) report: Report,
    pub(crate) recording: Recording,
}

/// Runs a future to its end on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

impl Worlds {
    pub(crate) async fn start() -> Self {
        let [kept, open, shut] = Truth::ALL;
        let places = PLACES.iter().map(Place::column).collect::<BTreeSet<_>>();
        let pairs = Truth::ALL
            .into_iter()
            .flat_map(|truth| places.iter().map(move |place| (truth, place.clone())));
        Self {
            worlds: [
                World::start(&account(kept.users(), "")).await,
                World::start(&account(open.users(), "")).await,
                World::start(&account(shut.users(), "")).await,
            ],
            undisturbed: pairs.map(|pair| (pair, OnceCell::new())).collect(),
        }
    }

    /// A proxy before this world.
    pub(crate) async fn proxy(
        &self,
        truth: Truth,
        disturbance: Option<Disturbance>,
        recording: Recording,
    ) -> Proxy {
        Proxy::start(&self.world(truth).address, disturbance, recording).await
    }

    /// Runs a plan through a proxy.
    pub(crate) async fn run(
        &self,
        truth: Truth,
        proxy: &Proxy,
        plan: &Plan,
        settings: &Settings,
    ) -> Report {
        let runner = self.runner(truth, proxy).await;
        // Boxed: the layout of the whole is deeper than the compiler follows.
        let run: Pin<Box<dyn Future<Output = Report>>> = Box::pin(verify(plan, settings, &runner));
        run.await
    }

    /// The operator, who is the world's administrator, behind a proxy.
    pub(crate) async fn runner(&self, truth: Truth, proxy: &Proxy) -> Runner {
        self.world(truth).runner(proxy.url()).await
    }

    /// What is true of a place's plan.
    pub(crate) async fn undisturbed(&self, truth: Truth, place: &Place) -> Rc<Undisturbed> {
        let known = &self.undisturbed[&(truth, place.column())];
        let run = known.get_or_init(async || {
            let proxy = self.proxy(truth, None, Recording::default()).await;
            let report = self.run(truth, &proxy, &place.plan(), &patient()).await;
            Rc::new(Undisturbed {
                report,
                recording: proxy.recording(),
            })
        });
        Rc::clone(run.await)
    }

    fn world(&self, truth: Truth) -> &World {
        &self.worlds[truth as usize]
    }
}

/// Settings under which only a fault takes long.
pub(crate) fn patient() -> Settings {
    Settings {
        attempts: 3,
        attempt_timeout: Duration::from_mins(1),
        ..Settings::default()
    }
}

impl World {
    /// A sandbox of this account.
    pub(crate) async fn start(account: &Account) -> Self {
        // The same ids in each, so that a reply of one may be another's.
        let options = SandboxOptions {
            seed: Some(8),
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::new(account, options).unwrap();
        assert_eq!(sandbox.left_out(), Vec::<String>::new());
        sandbox
            .put_item(
                "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
                &serde_json::json!({
                    "pk": { "S": "keyproof#canary" },
                    "proof": { "S": "c0ffee-canary-content" },
                }),
            )
            .unwrap();
        let administrator = sandbox.administrator();
        let credentials = Credentials::new(
            administrator.access_key_id,
            administrator.secret_access_key.expose(),
            None,
            None,
            "sandbox",
        );
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serving = tokio::spawn(sandbox.clone().serve(listener, std::future::pending()));
        Self {
            sandbox,
            address,
            credentials,
            serving,
        }
    }

    /// The operator, who is the administrator here, before this endpoint.
    pub(crate) async fn runner(&self, url: &str) -> Runner {
        let credentials = self.credentials.clone();
        let runner = Runner::with_credentials(credentials, url, "us-east-1");
        runner.await.unwrap()
    }
}

/// An account whose key lets in these users, with more statements in its policy.
pub(crate) fn account(users: &str, statements: &str) -> Account {
    account_with(users, statements, "")
}

/// The same, with more resources.
pub(crate) fn account_with(users: &str, statements: &str, resources: &str) -> Account {
    let options = Options::new("111122223333".parse().unwrap(), "us-east-1");
    let template = template(users, statements) + resources;
    keyproof_template::load(&template, &options).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// The outsider may do everything but what the key's policy leaves to its users, and retire a grant,
/// which is no key policy's to allow.
fn template(users: &str, statements: &str) -> String {
    let role = |name: &str, logical: &str| {
        let retiring = if users.contains(&format!("{logical}.Arn")) {
            "Allow"
        } else {
            "Deny"
        };
        format!(
            r#"
  {logical}:
    Type: AWS::IAM::Role
    Properties:
      RoleName: {name}
      Path: /keyproof/
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {{ Effect: Allow, Principal: {{ AWS: "arn:aws:iam::111122223333:root" }}, Action: "sts:AssumeRole" }}
      Policies:
        - PolicyName: everything
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {{ Effect: Allow, Action: ["dynamodb:*", "kms:*"], Resource: "*" }}
              - {{ Effect: {retiring}, Action: "kms:RetireGrant", Resource: "*" }}"#
        )
    };
    let roles = [
        role("reader", "Reader"),
        role("outsider", "Outsider"),
        role("nobody", "Nobody"),
    ]
    .concat();
    format!(
        r#"
AWSTemplateFormatVersion: "2010-09-09"
Resources:{roles}
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - Sid: Administrators
            Effect: Allow
            Principal: {{ AWS: "arn:aws:iam::111122223333:root" }}
            Action: "kms:*"
            Resource: "*"
            Condition: {{ ArnNotLike: {{ "aws:PrincipalArn": "arn:aws:iam::111122223333:role/keyproof/*" }} }}
          - {{ Sid: Users, Effect: Allow, Principal: {{ AWS: {users} }}, Action: "kms:*", Resource: "*" }}{statements}
      Tags: [{{ Key: "keyproof:drill", Value: allowed }}]
  Alias:
    Type: AWS::KMS::Alias
    Properties: {{ AliasName: alias/orders, TargetKeyId: !Ref Key }}
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: orders
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{{ AttributeName: pk, AttributeType: S }}]
      KeySchema: [{{ AttributeName: pk, KeyType: HASH }}]
      SSESpecification: {{ SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn }}
"#
    )
}
