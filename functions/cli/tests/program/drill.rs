// SPDX-License-Identifier: Apache-2.0
//! `keyproof drill` against a sandbox of the repository's own template: the grant, its end in every
//! case, and what is refused.

use std::collections::BTreeMap;
use std::process::{Child, Command, Output};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Region};
use aws_sdk_kms::types::{GrantConstraints, GrantListEntry, GrantOperation};
use keyproof_drill::is_drill;
use keyproof_sandbox::{Sandbox, SandboxOptions};
use serde_json::Value;

use crate::support::{Program, keyproof, root};

const OUTSIDER: &str = "arn:aws:iam::111122223333:role/keyproof/outsider";

/// A drill that goes on until somebody ends it.
const ENDLESS: [&str; 4] = ["--confirm", "1000000", "--every", "0.05"];

/// The repository's deployment, served, and a hold on its key.
struct World {
    sandbox: Sandbox,
    endpoint: String,
    kms: Client,
    key: String,
}

impl World {
    async fn start(allow_drill: &str, grants_take: Duration) -> Self {
        let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
        let account = "111122223333".parse().unwrap();
        let options = keyproof_template::Options {
            parameters: BTreeMap::from([("AllowDrill".to_owned(), allow_drill.to_owned())]),
            ..keyproof_template::Options::new(account, "us-east-1")
        };
        let account = keyproof_template::load(&text, &options).unwrap();
        let options = SandboxOptions {
            grant_propagation: grants_take,
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::new(&account, options).unwrap();
        let plan = std::fs::read_to_string(root().join("plans/orders.yaml")).unwrap();
        for table in keyproof_plan::Plan::parse(&plan).unwrap().tables.values() {
            let arn = format!(
                "arn:aws:dynamodb:us-east-1:111122223333:table/{}",
                table.name
            );
            sandbox.put_item(&arn, &table.canary.to_json()).unwrap();
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(sandbox.clone().serve(listener, std::future::pending()));
        let administrator = sandbox.administrator();
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .http_client(sandbox.clone())
            .credentials_provider(Credentials::new(
                &administrator.access_key_id,
                administrator.secret_access_key.expose(),
                None,
                None,
                "test",
            ))
            .build();
        Self {
            kms: Client::from_conf(config),
            key: account.key("alias/orders").unwrap().arn.clone(),
            sandbox,
            endpoint,
        }
    }

    fn drill(&self, more: &[&'static str]) -> Program {
        let administrator = self.sandbox.administrator();
        keyproof(["drill", "--plan", "plan.yaml"].iter().chain(more).copied())
            .file(
                "plan.yaml",
                &std::fs::read_to_string(root().join("plans/orders.yaml")).unwrap(),
            )
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", &administrator.access_key_id)
            .env(
                "AWS_SECRET_ACCESS_KEY",
                administrator.secret_access_key.expose(),
            )
    }

    /// The grants of drills on the key.
    async fn grants(&self) -> Vec<GrantListEntry> {
        let listed = self.kms.list_grants().key_id(&self.key).send();
        let grants = listed.await.unwrap().grants.unwrap_or_default();
        let of_drill = |grant: &GrantListEntry| grant.name().is_some_and(is_drill);
        grants.into_iter().filter(of_drill).collect()
    }

    /// Starts an endless drill, and waits until its grant is there.
    async fn in_the_middle(&self, more: &[&'static str]) -> (Program, Child, GrantListEntry) {
        let words: Vec<&'static str> = ENDLESS.iter().chain(more).copied().collect();
        let mut program = self.drill(&words);
        let child = program.start();
        let grant = loop {
            if let Some(grant) = self.grants().await.pop() {
                break grant;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        (program, child, grant)
    }
}

fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
}

async fn end_of(child: Child) -> Output {
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap())
        .await
        .unwrap()
}

fn json(text: &[u8]) -> Value {
    serde_json::from_slice(text).unwrap()
}

#[tokio::test]
async fn access_comes_with_the_grant_and_goes_with_it() {
    let world = World::start("true", Duration::from_millis(400)).await;
    let drill = world.drill(&["--every", "0.1", "--format", "json"]);

    let (run, _) = drill.run_beside().await;

    run.exits(0);
    let report = json(run.stdout.as_bytes());
    assert_eq!(report["schema"], "keyproof.drill/v1");
    assert_eq!(
        report["summary"],
        serde_json::json!({
            "verdict": "pass", "pass": 1, "fail": 0, "inconclusive": 0, "planned": 1, "open": 0
        })
    );
    let row = &report["drills"][0];
    assert_eq!(
        [
            &row["principal"],
            &row["table"],
            &row["action"],
            &row["role_arn"]
        ],
        ["outsider", "orders", "dynamodb:GetItem", OUTSIDER]
    );
    assert_eq!(row["key"], world.key);
    assert_eq!(
        [&row["before"]["decision"], &row["before"]["by"]],
        ["denied", "kms"]
    );
    assert_eq!(row["appeared"]["last"]["decision"], "allowed");
    assert_eq!(
        [
            &row["disappeared"]["last"]["decision"],
            &row["disappeared"]["last"]["by"]
        ],
        ["denied", "kms"]
    );
    // A grant that takes 400 ms to come and to go is seen to: denied first, then allowed.
    for way in ["appeared", "disappeared"] {
        let after = row[way]["after_ms"].as_u64().unwrap();
        let before = row[way]["last_before_ms"].as_u64().unwrap();
        assert!((300..5_000).contains(&after) && before < after, "{row:#}");
        assert!(row[way]["reads"].as_u64().unwrap() >= 4, "{row:#}");
    }
    assert_eq!(row["grant"]["state"], "revoked");
    assert_eq!(row["kept_session"], Value::Null);
    assert_eq!(world.grants().await, []);
    // Each read was by a session of its own, before, while access came and while it went.
    let reads = 1
        + row["appeared"]["reads"].as_u64().unwrap()
        + row["disappeared"]["reads"].as_u64().unwrap();
    let calls = world.sandbox.calls();
    assert_eq!(calls["sts:AssumeRole"], reads);
    assert_eq!(calls["dynamodb:GetItem"], reads);
}

#[tokio::test]
async fn a_key_without_the_tag_is_refused_and_nothing_is_changed() {
    let world = World::start("false", Duration::ZERO).await;

    let (run, _) = world.drill(&[]).run_beside().await;

    run.exits(2);
    assert_eq!(run.stdout, "");
    let (key, stderr) = (&world.key, &run.stderr);
    assert!(
        stderr.contains(&format!("`{key}` has no tag `keyproof:drill` = `allowed`"))
            && stderr.contains("TagKey=keyproof:drill,TagValue=allowed"),
        "{stderr}"
    );
    let calls = world.sandbox.calls();
    assert_eq!(calls.get("kms:CreateGrant"), None);
    assert_eq!(calls.get("kms:RevokeGrant"), None);
    assert_eq!(calls.get("sts:AssumeRole"), None);
}

#[tokio::test]
async fn whoever_may_not_revoke_makes_no_grant() {
    let world = World::start("true", Duration::ZERO).await;
    without(&world, "kms:RevokeGrant").await;

    let (run, _) = world.drill(&[]).run_beside().await;

    run.exits(2);
    assert!(
        run.stderr.contains("`kms:RevokeGrant`") && run.stderr.contains("nothing was changed"),
        "{}",
        run.stderr
    );
    assert_eq!(world.grants().await, []);
}

/// Takes an action out of the key's policy.
async fn without(world: &World, action: &str) {
    let read = world.kms.get_key_policy().key_id(&world.key).send().await;
    let policy = read.unwrap().policy.unwrap();
    let changed = policy.replace(&format!("\"{action}\""), "\"kms:EnableKey\"");
    assert_ne!(changed, policy);
    let put = world
        .kms
        .put_key_policy()
        .key_id(&world.key)
        .policy(changed);
    put.send().await.unwrap();
}

#[tokio::test]
async fn a_terminated_drill_revokes_its_grant_and_never_tells_its_token() {
    let world = World::start("true", Duration::ZERO).await;
    let (_program, child, grant) = world.in_the_middle(&["--format", "json", "-vvv"]).await;
    // A grant of the same name and terms is made only once, so that asking again tells the token.
    let constraints = grant.constraints().unwrap().encryption_context_subset();
    let again = world
        .kms
        .create_grant()
        .key_id(&world.key)
        .grantee_principal(OUTSIDER)
        .operations(GrantOperation::Decrypt)
        .constraints(
            GrantConstraints::builder()
                .set_encryption_context_subset(constraints.cloned())
                .build(),
        )
        .name(grant.name().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(again.grant_id(), grant.grant_id());

    signal(&child, "TERM");
    let done = end_of(child).await;

    let (stdout, stderr) = (
        String::from_utf8(done.stdout).unwrap(),
        String::from_utf8(done.stderr).unwrap(),
    );
    assert_eq!(done.status.code(), Some(3), "{stdout}\n{stderr}");
    assert_eq!(world.grants().await, []);
    let report = json(stdout.as_bytes());
    assert_eq!(report["drills"][0]["grant"]["state"], "revoked");
    assert_eq!(report["drills"][0]["finding"], "blind");
    let reason = report["drills"][0]["reason"].as_str().unwrap();
    assert!(reason.ends_with("it was interrupted"), "{reason}");
    assert_eq!(report["open"], serde_json::json!([]));
    let token = again.grant_token().unwrap();
    assert!(!stdout.contains(token) && !stderr.contains(token));
}

#[tokio::test]
async fn a_deadline_revokes_too() {
    let world = World::start("true", Duration::ZERO).await;
    let words: Vec<&'static str> = ENDLESS
        .iter()
        .chain(&["--deadline", "1"])
        .copied()
        .collect();

    let (run, _) = world.drill(&words).run_beside().await;

    run.exits(3);
    assert!(run.stdout.contains("the deadline passed"), "{}", run.stdout);
    assert_eq!(world.grants().await, []);
}

#[tokio::test]
async fn what_a_killed_drill_left_behind_the_next_one_revokes() {
    let world = World::start("true", Duration::ZERO).await;
    let (_program, child, left) = world.in_the_middle(&[]).await;
    signal(&child, "KILL");
    end_of(child).await;
    assert_eq!(world.grants().await.len(), 1);

    let drill = world.drill(&["--every", "0.05", "--format", "json"]);
    let (run, _) = drill.run_beside().await;

    run.exits(0);
    let report = json(run.stdout.as_bytes());
    assert_eq!(
        report["leftovers"],
        serde_json::json!([{
            "key": world.key, "name": left.name().unwrap(), "id": left.grant_id().unwrap(), "state": "revoked"
        }])
    );
    assert_eq!(world.grants().await, []);
}

#[tokio::test]
async fn clean_up_revokes_leftovers_and_nobody_elses_grants() {
    let world = World::start("true", Duration::ZERO).await;
    let (_program, child, _) = world.in_the_middle(&[]).await;
    signal(&child, "KILL");
    end_of(child).await;
    for name in ["keyproof-drill", "keyproof-drill-of-mine-1", "other"] {
        let make = world.kms.create_grant().key_id(&world.key).name(name);
        let make = make.grantee_principal(OUTSIDER);
        make.operations(GrantOperation::DescribeKey)
            .send()
            .await
            .unwrap();
    }

    let (first, _) = world.drill(&["--clean-up"]).run_beside().await;
    let (second, _) = world.drill(&["--clean-up"]).run_beside().await;

    first.exits(0);
    assert!(
        first
            .stdout
            .starts_with("✓ PASS: what earlier drills left behind was revoked\n"),
        "{}",
        first.stdout
    );
    second.exits(0);
    assert!(
        second
            .stdout
            .starts_with("✓ PASS: no grant of an earlier drill is left\n"),
        "{}",
        second.stdout
    );
    let listed = world.kms.list_grants().key_id(&world.key).send().await;
    let mut names: Vec<String> = listed
        .unwrap()
        .grants()
        .iter()
        // DynamoDB's own grant has no name.
        .filter_map(|grant| {
            grant
                .name()
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
        })
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["keyproof-drill", "keyproof-drill-of-mine-1", "other"]
    );
}

#[tokio::test]
async fn a_grant_that_cannot_be_revoked_is_listed_as_open_with_the_command() {
    let world = World::start("true", Duration::ZERO).await;
    let (_program, child, grant) = world.in_the_middle(&["--format", "json"]).await;
    without(&world, "kms:RevokeGrant").await;

    signal(&child, "INT");
    let done = end_of(child).await;

    assert_eq!(done.status.code(), Some(1));
    let report = json(&done.stdout);
    let open = &report["open"][0];
    let command = format!(
        "aws kms revoke-grant --region us-east-1 --key-id {} --grant-id {}",
        world.key,
        grant.grant_id().unwrap()
    );
    assert_eq!(open["command"], command);
    assert!(
        open["reason"]
            .as_str()
            .unwrap()
            .starts_with("kms:RevokeGrant: AccessDenied")
    );
    assert_eq!(report["drills"][0]["finding"], "exposed");
    assert_eq!(report["drills"][0]["grant"]["state"], "open");
    assert!(String::from_utf8(done.stderr).unwrap().contains(&command));
    assert_eq!(world.grants().await.len(), 1);
}

#[tokio::test]
async fn a_kept_session_reads_on_with_its_cached_table_key() {
    let world = World::start("true", Duration::ZERO).await;
    let drill = world.drill(&[
        "--every",
        "0.05",
        "--kept-session",
        "0.6",
        "--format",
        "json",
    ]);

    let (run, _) = drill.run_beside().await;

    run.exits(0);
    let report = json(run.stdout.as_bytes());
    let kept = &report["drills"][0]["kept_session"];
    assert_eq!(kept["denied_after_ms"], Value::Null);
    assert!(kept["last_allowed_ms"].as_u64().unwrap() > 300, "{kept}");
    assert!(kept["reads"].as_u64().unwrap() > 3, "{kept}");
}

#[test]
fn a_sandbox_of_its_own_is_enough() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let plan = std::fs::read_to_string(root().join("plans/orders.yaml")).unwrap();
    let words =
        "drill --plan plan.yaml --sandbox template.yaml --parameter AllowDrill=true --every 0.05";

    let run = keyproof(words.split(' '))
        .file("plan.yaml", &plan)
        .file("template.yaml", &template)
        .run();

    run.exits(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "✓ PASS: temporary access came and went in 1 drill"
    );
    assert_eq!(lines[3], "✓  outsider reads orders (dynamodb:GetItem)");
    for start in [
        "  before        denied by kms",
        "  access came   after ",
        "  access went   after ",
    ] {
        assert!(
            lines.iter().any(|line| line.starts_with(start)),
            "{}",
            run.stdout
        );
    }
}

#[test]
fn a_plan_that_keeps_nobody_out_has_nobody_to_try() {
    let plan = std::fs::read_to_string(root().join("plans/orders.yaml")).unwrap();
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let run = |more: &str| {
        let words = format!("drill --plan plan.yaml --sandbox template.yaml {more}");
        keyproof(words.split(' '))
            .file("plan.yaml", &plan)
            .file("template.yaml", &template)
            .run()
    };

    let reader = run("--principal reader");
    let nobody = run("--principal nobody");

    reader.exits(2);
    assert!(
        reader
            .stderr
            .contains("the plan expects of nobody like `reader` that kms denies a read;"),
        "{}",
        reader.stderr
    );
    nobody.exits(2);
    assert!(
        nobody
            .stderr
            .contains("the plan has no principal `nobody`; it has `reader`, `outsider`"),
        "{}",
        nobody.stderr
    );
}
