// SPDX-License-Identifier: Apache-2.0
//! Causes of a run's failures, found in a sandbox of the repository's own template after one change
//! of it. A case is a change, a probe and the cause.

#![expect(
    clippy::indexing_slicing,
    clippy::unnecessary_wraps,
    clippy::unwrap_used,
    reason = "test helpers fail by panicking, and compare what may be missing"
)]

use std::cell::RefCell;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use keyproof_aws::{Runner, Settings, verify};
use keyproof_diagnose::export::{self, Export};
use keyproof_diagnose::{Aws, Event, LookUpEvents, ReadDocuments, diagnose};
use keyproof_plan::Plan;
use keyproof_sandbox::{Sandbox, SandboxOptions};
use keyproof_template::Account;
use keyproof_verdict::{Cause, Finding, Report};
use serde_json::{Value, json};

const TEMPLATE: &str = include_str!("../../../template.yaml");
const PLAN: &str = include_str!("../../../plans/orders.yaml");
const READER: &str = "arn:aws:iam::111122223333:role/keyproof/reader";
const OUTSIDER: &str = "arn:aws:iam::111122223333:role/keyproof/outsider";

struct World {
    plan: Plan,
    runner: Runner,
    aws: Aws,
    kms: aws_sdk_kms::Client,
    iam: aws_sdk_iam::Client,
    key: String,
}

fn account() -> Account {
    let options = keyproof_template::Options::new("111122223333".parse().unwrap(), "us-east-1");
    keyproof_template::load(TEMPLATE, &options).unwrap()
}

impl World {
    async fn new() -> Self {
        let account = account();
        let sandbox = Sandbox::new(&account, SandboxOptions::default()).unwrap();
        let plan = Plan::parse(PLAN).unwrap();
        for table in plan.tables.values() {
            let arn = format!(
                "arn:aws:dynamodb:us-east-1:111122223333:table/{}",
                table.name
            );
            sandbox.put_item(&arn, &table.canary.to_json()).unwrap();
        }
        let administrator = sandbox.administrator();
        let credentials = Credentials::new(
            &administrator.access_key_id,
            administrator.secret_access_key.expose(),
            None,
            None,
            "test",
        );
        let http = SharedHttpClient::new(sandbox);
        let runner = Runner::in_process(credentials, http, "us-east-1")
            .await
            .unwrap();
        let config = runner.service_config(None);
        Self {
            kms: aws_sdk_kms::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            aws: Aws::new(config, "us-east-1"),
            key: account.key("alias/orders").unwrap().arn.clone(),
            plan,
            runner,
        }
    }

    async fn run(&self) -> Report {
        verify(&self.plan, &Settings::default(), &self.runner).await
    }

    async fn key_policy(&self, change: impl Fn(&str) -> String) {
        let read = self.kms.get_key_policy().key_id(&self.key).send();
        let policy = read.await.unwrap().policy.unwrap();
        let changed = change(&policy);
        assert_ne!(changed, policy);
        let put = self.kms.put_key_policy().key_id(&self.key).policy(changed);
        put.send().await.unwrap();
    }

    /// Who is a key user besides, or in place of, the reader.
    async fn key_users(&self, users: &str) {
        self.key_policy(|policy| {
            let mut policy: Value = serde_json::from_str(policy).unwrap();
            let statements = policy["Statement"].as_array_mut().unwrap();
            let users_of = statements
                .iter_mut()
                .find(|one| one["Sid"] == "AllowKeyUsers")
                .unwrap();
            users_of["Principal"] = json!({"AWS": users.split(' ').collect::<Vec<_>>()});
            policy.to_string()
        })
        .await;
    }
}

/// A trail that somebody wrote down.
#[derive(Default)]
struct Trail {
    events: Vec<Event>,
    asked: RefCell<Vec<(String, String)>>,
}

impl LookUpEvents for Trail {
    async fn look_up(&self, region: &str, resource: &str) -> Result<Vec<Event>, String> {
        let asked = (region.to_owned(), resource.to_owned());
        self.asked.borrow_mut().push(asked);
        Ok(self.events.clone())
    }
}

fn put_key_policy(key: &str) -> Event {
    Event {
        name: "PutKeyPolicy".to_owned(),
        id: "e-1".to_owned(),
        at: "2026-01-01T00:00:00Z".to_owned(),
        record: json!({"requestParameters": {"keyId": key}, "userIdentity": {"arn": "arn:aws:iam::111122223333:user/ada"}}),
    }
}

fn cause<'r>(report: &'r Report, id: &str, finding: Finding) -> Option<&'r Cause> {
    let row = report.probes.iter().find(|row| row.id == id).unwrap();
    assert_eq!(row.finding, Some(finding), "{row:#?}");
    row.cause.as_ref()
}

fn named(cause: Option<&Cause>) -> Option<(String, String, String)> {
    let cause = cause?;
    Some((
        cause.policy.to_string(),
        cause.statement.clone().unwrap_or_default(),
        cause.document.clone().unwrap_or_default(),
    ))
}

fn three(policy: &str, statement: &str, document: &str) -> Option<(String, String, String)> {
    Some((policy.to_owned(), statement.to_owned(), document.to_owned()))
}

#[tokio::test]
async fn a_widened_key_policy_is_named_with_the_event_that_widened_it() {
    let world = World::new().await;
    world.key_users(&format!("{READER} {OUTSIDER}")).await;
    let mut report = world.run().await;
    let trail = Trail {
        events: vec![put_key_policy(&world.key)],
        ..Trail::default()
    };

    let notes = diagnose(&mut report, &world.plan, &world.aws, &trail).await;

    assert_eq!(notes, [] as [String; 0]);
    let found = cause(
        &report,
        "outsider/dynamodb:GetItem/orders",
        Finding::Exposed,
    );
    assert_eq!(
        named(found),
        three("resource_policy", "AllowKeyUsers", &world.key)
    );
    let changed = found.unwrap().changed.as_ref().unwrap();
    assert_eq!(
        (changed.event.as_str(), changed.by.as_deref()),
        ("PutKeyPolicy", Some("arn:aws:iam::111122223333:user/ada"))
    );
    // Eleven failures of one document are one look.
    assert_eq!(
        *trail.asked.borrow(),
        [("us-east-1".to_owned(), world.key.clone())]
    );
}

/// The key's policy as the report holds it.
fn held(report: &Report, key: &str) -> Option<Value> {
    let row = report.documents.iter().find(|row| row.id == key)?;
    Some(row.content.clone())
}

#[tokio::test]
async fn a_run_that_passed_keeps_the_key_policies_and_asks_no_trail() {
    let world = World::new().await;
    let mut report = world.run().await;
    let trail = Trail::default();

    let notes = diagnose(&mut report, &world.plan, &world.aws, &trail).await;

    assert_eq!(notes, [] as [String; 0]);
    let documents: Vec<&str> = report.documents.iter().map(|row| &*row.id).collect();
    assert_eq!(documents, [world.key.as_str()]);
    let users = held(&report, &world.key).unwrap();
    assert!(users.to_string().contains(READER) && !users.to_string().contains(OUTSIDER));
    assert_eq!(*trail.asked.borrow(), []);
}

#[tokio::test]
async fn an_event_that_wrote_another_policy_than_the_one_in_force_is_not_named() {
    let world = World::new().await;
    let read = world.kms.get_key_policy().key_id(&world.key).send();
    let before = read.await.unwrap().policy.unwrap();
    world.key_users(&format!("{READER} {OUTSIDER}")).await;
    let read = world.kms.get_key_policy().key_id(&world.key).send();
    let after = read.await.unwrap().policy.unwrap();
    let mut report = world.run().await;
    let mut other = report.clone();
    let trail = |policy: &str| {
        let mut event = put_key_policy(&world.key);
        event.record["requestParameters"]["policy"] = json!(policy);
        Trail {
            events: vec![event],
            ..Trail::default()
        }
    };

    let notes = diagnose(&mut report, &world.plan, &world.aws, &trail(&after)).await;
    let older = diagnose(&mut other, &world.plan, &world.aws, &trail(&before)).await;

    let id = "outsider/dynamodb:GetItem/orders";
    let known = cause(&report, id, Finding::Exposed).unwrap();
    assert!(known.changed.is_some());
    assert_eq!(notes, [] as [String; 0]);
    let unknown = cause(&other, id, Finding::Exposed).unwrap();
    assert_eq!(unknown.changed, None);
    assert_eq!(unknown.statement.as_deref(), Some("AllowKeyUsers"));
    let told = format!(
        "what changed `{}` is not known: the last event that CloudTrail tells of, `PutKeyPolicy`, left another \
         policy than the one in force; a newer one may take some minutes to be told of",
        world.key
    );
    assert_eq!(older, [told]);
}

#[tokio::test]
async fn a_narrowed_key_policy_is_named() {
    let world = World::new().await;
    world.key_users(OUTSIDER).await;
    let mut report = world.run().await;

    diagnose(&mut report, &world.plan, &world.aws, &Trail::default()).await;

    let found = cause(
        &report,
        "reader/dynamodb:GetItem/orders",
        Finding::LockedOut,
    );
    assert_eq!(
        named(found),
        three("resource_policy", "AllowKeyUsers", &world.key)
    );
    assert_eq!(found.unwrap().changed, None);
}

#[tokio::test]
async fn a_role_policy_is_named_and_its_event_looked_up_in_us_east_1() {
    let world = World::new().await;
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "ReadOrders", "Effect": "Allow", "Action": ["dynamodb:Query", "dynamodb:Scan"], "Resource": "*"},
    ]});
    let put = world.iam.put_role_policy().role_name("reader");
    let put = put.policy_name("read-orders");
    put.policy_document(document.to_string())
        .send()
        .await
        .unwrap();
    let mut report = world.run().await;
    report.environment.region = "us-east-1".to_owned();
    let trail = Trail::default();

    diagnose(&mut report, &world.plan, &world.aws, &trail).await;

    let found = cause(
        &report,
        "reader/dynamodb:GetItem/orders",
        Finding::LockedOut,
    );
    assert_eq!(named(found), three("identity_policy", "ReadOrders", READER));
    assert!(
        trail
            .asked
            .borrow()
            .contains(&("us-east-1".to_owned(), "reader".to_owned()))
    );
}

#[tokio::test]
async fn a_grant_is_named_by_its_id() {
    let world = World::new().await;
    let request = world.kms.create_grant().key_id(&world.key);
    let request = request.grantee_principal(OUTSIDER);
    let made = request
        .operations(aws_sdk_kms::types::GrantOperation::Decrypt)
        .send()
        .await
        .unwrap();
    let mut report = world.run().await;

    diagnose(&mut report, &world.plan, &world.aws, &Trail::default()).await;

    let found = cause(
        &report,
        "outsider/dynamodb:GetItem/orders",
        Finding::Exposed,
    );
    assert_eq!(
        named(found),
        three("grant", made.grant_id().unwrap(), &world.key)
    );
}

/// Documents of which some can't be had, or are not those of the run.
struct Other<'w> {
    aws: &'w Aws,
    roles: bool,
    key: Option<Value>,
}

impl ReadDocuments for Other<'_> {
    async fn key(&self, key: &str) -> Result<Value, String> {
        match &self.key {
            Some(answer) => Ok(answer.clone()),
            None => self.aws.key(key).await,
        }
    }

    async fn table(&self, table: &str) -> Result<Value, String> {
        self.aws.table(table).await
    }

    async fn role(&self, name: &str) -> Result<Value, String> {
        if self.roles {
            self.aws.role(name).await
        } else {
            Err(format!("iam:GetRole of `{name}`: AccessDenied"))
        }
    }

    async fn caller(&self) -> Result<String, String> {
        self.aws.caller().await
    }
}

#[tokio::test]
async fn where_roles_cannot_be_read_the_key_alone_may_be_enough() {
    let world = World::new().await;
    world.key_users(&format!("{READER} {OUTSIDER}")).await;
    let mut report = world.run().await;
    let documents = Other {
        aws: &world.aws,
        roles: false,
        key: None,
    };

    let notes = diagnose(&mut report, &world.plan, &documents, &Trail::default()).await;

    let found = cause(
        &report,
        "outsider/dynamodb:GetItem/orders",
        Finding::Exposed,
    );
    assert_eq!(
        named(found),
        three("resource_policy", "AllowKeyUsers", &world.key)
    );
    assert!(
        notes.contains(&"the diagnosis lacks iam:GetRole of `outsider`: AccessDenied".to_owned()),
        "{notes:?}"
    );
}

#[tokio::test]
async fn documents_that_decide_otherwise_name_nothing() {
    let world = World::new().await;
    let before = world.aws.key(&world.key).await.unwrap();
    world.key_users(&format!("{READER} {OUTSIDER}")).await;
    let mut report = world.run().await;
    let documents = Other {
        aws: &world.aws,
        roles: true,
        key: Some(before),
    };

    diagnose(&mut report, &world.plan, &documents, &Trail::default()).await;

    let found = cause(
        &report,
        "outsider/dynamodb:GetItem/orders",
        Finding::Exposed,
    );
    assert_eq!(found, None);
}

/// The estate of an export, which lacks nothing.
fn exported(export: Export) -> keyproof_check::Estate {
    assert_eq!(export.notes, [] as [String; 0]);
    let file = keyproof_account::File {
        name: None,
        folder: String::new(),
        text: export.text,
    };
    let exported = keyproof_account::load(&[file], "us-east-1").unwrap();
    export::estate(exported).unwrap()
}

/// What check makes of the repository's plan and an estate.
fn findings(world: &World, estate: &keyproof_check::Estate) -> Vec<(String, Option<Finding>)> {
    let now = jiff::Timestamp::now();
    let facts = keyproof_verdict::RunFacts {
        id: "01JD8Z6QK3E8T5V0W1X2Y3Z4A5".to_owned(),
        trigger: "check".to_owned(),
        started_at: now,
        finished_at: now,
        account: None,
        region: None,
        endpoint: None,
        version: "0".to_owned(),
        plan_file: None,
        today: now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date(),
    };
    let circumstances = keyproof_check::Circumstances::default();
    let report = keyproof_check::check(&world.plan, estate, &circumstances, facts);
    let rows = report.probes.into_iter();
    rows.map(|row| (row.id, row.finding)).collect()
}

#[tokio::test]
async fn an_export_decides_as_the_template_does() {
    let world = World::new().await;

    let of_plan = exported(export::of_plan(&world.plan, &world.aws).await);
    let of_account = exported(export::of_account(&world.aws).await.unwrap());

    let expected = findings(&world, &keyproof_check::Estate::of(account()));
    assert!(expected.len() == 54 && expected.iter().all(|(_, finding)| finding.is_none()));
    assert_eq!(findings(&world, &of_plan), expected);
    assert_eq!(findings(&world, &of_account), expected);
}

#[tokio::test]
async fn an_export_shows_what_was_changed_since_the_template() {
    let world = World::new().await;
    world.key_users(&format!("{READER} {OUTSIDER}")).await;

    let of_account = exported(export::of_account(&world.aws).await.unwrap());
    let of_plan = exported(export::of_plan(&world.plan, &world.aws).await);

    let exposed = findings(&world, &of_account);
    let id = "outsider/dynamodb:GetItem/orders".to_owned();
    assert!(exposed.contains(&(id, Some(Finding::Exposed))));
    assert_eq!(findings(&world, &of_plan), exposed);
}

#[tokio::test]
async fn an_accounts_export_has_all_that_its_template_has() {
    let world = World::new().await;
    world
        .iam
        .create_group()
        .group_name("ops")
        .send()
        .await
        .unwrap();
    let user = world.iam.create_user().user_name("ada").path("/team/");
    user.send().await.unwrap();
    let member = world.iam.add_user_to_group().group_name("ops");
    member.user_name("ada").send().await.unwrap();
    let bound = world.iam.put_user_permissions_boundary().user_name("ada");
    let read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    bound.permissions_boundary(read_only).send().await.unwrap();

    let estate = exported(export::of_account(&world.aws).await.unwrap());

    let template = account();
    let found = estate.account();
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let roles = |account: &Account| {
        let roles = account.roles.iter();
        sorted(
            roles
                .map(|role| {
                    let trust = &role.trust.document;
                    let inline: Vec<_> = role.inline.iter().map(|one| &one.name).collect();
                    let managed: Vec<_> = role.managed.iter().map(|one| &one.arn).collect();
                    let tags = &role.tags;
                    format!("{} {trust:?} {inline:?} {managed:?} {tags:?}", role.arn)
                })
                .collect(),
        )
    };
    assert_eq!(roles(found).len(), template.roles.len());
    let keys = |account: &Account| {
        let keys = account.keys.iter();
        sorted(
            keys.map(|key| format!("{} {} {:?}", key.arn, key.policy.value, key.tags))
                .collect(),
        )
    };
    // The keys of tables alone.
    let of_template = keys(&template);
    assert!(!keys(found).is_empty() && keys(found).iter().all(|key| of_template.contains(key)));
    let tables = |account: &Account| {
        let tables = account.tables.iter();
        sorted(
            tables
                .map(|table| format!("{} {:?} {:?}", table.arn, table.encryption, table.tags))
                .collect(),
        )
    };
    assert_eq!(tables(found), tables(&template));
    let ada = found.users.iter().find(|user| user.name == "ada").unwrap();
    assert_eq!(ada.arn, "arn:aws:iam::111122223333:user/team/ada");
    assert_eq!(ada.groups, ["ops"]);
    assert_eq!(ada.boundary.as_ref().unwrap().arn, read_only);
}
