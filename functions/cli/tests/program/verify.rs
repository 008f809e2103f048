// SPDX-License-Identifier: Apache-2.0
//! `keyproof verify` against the scripted endpoint: a run for each exit code, and where reports go.

use std::time::Duration;

use keyproof_scripted::{
    ACCESS_KEY_ID, KeyState, Layer, Reply, Rule, SECRET_ACCESS_KEY, Script, Scripted, Table, World,
};
use serde_json::{Value, json};

use crate::support::{keyproof, read};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

const PLAN: &str = r#"
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders:
    table: orders
    key: arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
    canary: { key: { pk: { S: "keyproof#canary" } }, attributes: { proof: { S: c0ffee-canary } } }
principals:
  reader: { role: "arn:aws:iam::111122223333:role/reader" }
  outsider: { role: "arn:aws:iam::111122223333:role/outsider" }
expectations:
  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }
"#;

fn world() -> World {
    let item = json!({"pk": {"S": "keyproof#canary"}, "proof": {"S": "c0ffee-canary"}});
    World::default()
        .table("orders", Table::encrypted(item, KEY))
        .key(KEY, KeyState::Enabled)
}

/// The outsider is kept out by KMS.
fn kept_out() -> Script {
    let denied = Reply::Deny(
        Layer::KmsThroughDynamoDb,
        "because no resource-based policy allows the kms:Decrypt action".to_owned(),
    );
    Script::new(world()).rule(Rule::new(denied).by("outsider").on("GetItem"))
}

const VERIFY: [&str; 3] = ["verify", "--plan", "plan.yaml"];

fn verify(more: &[&'static str]) -> crate::support::Program {
    keyproof(VERIFY.iter().chain(more).copied()).file("plan.yaml", PLAN)
}

fn findings(report: &str) -> Vec<(String, Value)> {
    let report: Value = serde_json::from_str(report).unwrap();
    let rows = report["probes"].as_array().unwrap().iter();
    rows.map(|row| {
        (
            row["id"].as_str().unwrap().to_owned(),
            row["finding"].clone(),
        )
    })
    .collect()
}

const IDS: [&str; 3] = [
    "orders/encryption",
    "reader/dynamodb:GetItem/orders",
    "outsider/dynamodb:GetItem/orders",
];

fn with(found: [Value; 3]) -> Vec<(String, Value)> {
    IDS.iter().map(|id| (*id).to_owned()).zip(found).collect()
}

#[tokio::test]
async fn what_is_as_planned_passes_with_0() {
    let endpoint = Scripted::start(kept_out()).await;

    let (run, _) = verify(&["--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(0);
    assert_eq!(
        findings(&run.stdout),
        with([Value::Null, Value::Null, Value::Null])
    );
    assert_eq!(run.stderr, "");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["environment"]["endpoint"], endpoint.url());
    assert_eq!(report["plan"]["file"], "plan.yaml");
    assert_eq!(report["run"]["trigger"], "cli");
}

#[tokio::test]
async fn an_outsider_who_reads_fails_with_1() {
    let endpoint = Scripted::start(Script::new(world())).await;

    let (run, _) = verify(&["--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(1);
    assert_eq!(
        findings(&run.stdout),
        with([Value::Null, Value::Null, json!("exposed")])
    );
}

#[tokio::test]
async fn credentials_that_aws_refuses_are_inconclusive_with_3() {
    let refused = Reply::error(
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    );
    let endpoint = Scripted::start(Script::new(world()).rule(Rule::new(refused))).await;

    let (run, _) = verify(&["--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(3);
    assert_eq!(
        findings(&run.stdout),
        with([json!("blind"), json!("blind"), json!("blind")])
    );
}

#[test]
fn without_credentials_nothing_is_run_and_the_code_is_2() {
    // Nothing listens there: a call would be told as another failure.
    let run = verify(&["--endpoint-url", "http://127.0.0.1:9"]).run();

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr
            .starts_with("error: no AWS credentials were found"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("set `AWS_PROFILE`"), "{}", run.stderr);
}

#[test]
fn a_profile_that_was_named_is_not_replaced_by_other_credentials() {
    let mut program = verify(&["--profile", "team", "--endpoint-url", "http://127.0.0.1:9"])
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY);

    let run = program.run();

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("`team`"), "{}", run.stderr);
}

#[test]
fn an_endpoint_that_is_no_url_is_2() {
    let run = verify(&["--endpoint-url", "localhost:8000"])
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .run();

    run.exits(2);
    assert!(
        run.stderr
            .starts_with("error: `localhost:8000` is not an endpoint"),
        "{}",
        run.stderr
    );
}

#[test]
fn nobody_at_the_endpoint_is_inconclusive() {
    let run = verify(&["--endpoint-url", "http://127.0.0.1:9", "--deadline", "2"])
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .run();

    run.exits(3);
}

#[test]
fn an_invalid_plan_is_2_before_anything_else() {
    let run = keyproof(["verify", "--plan", "-"])
        .stdin("name: orders\n")
        .run();

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr
            .lines()
            .all(|line| line.starts_with("<stdin>:1:1: ")),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn a_plan_from_standard_input_has_no_file() {
    let endpoint = Scripted::start(kept_out()).await;
    let program = keyproof(["verify", "--plan", "-", "--format", "json"])
        .stdin(PLAN)
        .at(&endpoint);

    let (run, _) = program.run_beside().await;

    run.exits(0);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["plan"].get("file"), None);
}

#[tokio::test]
async fn text_on_standard_output_begins_with_the_verdict() {
    let endpoint = Scripted::start(kept_out()).await;

    let (run, _) = verify(&[]).at(&endpoint).run_beside().await;

    run.exits(0);
    assert!(
        run.stdout
            .starts_with("✓ PASS: 3 probes came out as planned"),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains('\x1b'), "colour only on a terminal");
}

#[tokio::test]
async fn one_run_gives_several_formats() {
    let endpoint = Scripted::start(kept_out()).await;
    let formats = [
        "--format", "text", "--output", "-", "--format", "json", "--output", "r.json", "--format",
        "junit", "--output", "r.xml", "--format", "sarif", "--output", "r.sarif", "--format",
        "html", "--output", "r.html", "--format", "markdown", "--output", "r.md",
    ];

    let (run, left) = verify(&formats).at(&endpoint).run_beside().await;

    run.exits(0);
    assert!(run.stdout.starts_with("✓ PASS: "), "{}", run.stdout);
    assert_eq!(run.stderr, "");
    let run_id =
        serde_json::from_str::<Value>(&read(&left, "r.json")).unwrap()["run"]["id"].clone();
    assert!(read(&left, "r.xml").starts_with("<?xml"));
    assert!(read(&left, "r.sarif").contains("2.1.0"));
    assert!(
        read(&left, "r.html").contains(run_id.as_str().unwrap()),
        "all are of one run"
    );
    assert!(read(&left, "r.md").contains("orders"));
    assert_eq!(
        endpoint.requests_of("AssumeRole").len(),
        2,
        "one session a principal"
    );
}

#[tokio::test]
async fn a_run_whose_report_goes_to_a_file_still_says_its_verdict() {
    let endpoint = Scripted::start(Script::new(world())).await;

    let (run, left) = verify(&["--format", "json", "--output", "r.json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(1);
    assert_eq!(run.stdout, "");
    assert_eq!(
        run.stderr,
        "orders: fail: 2 of 3 probes passed, 1 failed, 0 inconclusive; written to `r.json`\n"
    );
    assert!(read(&left, "r.json").contains("exposed"));
}

#[tokio::test]
async fn an_output_that_cannot_be_written_is_2_after_the_verdict_was_told() {
    let endpoint = Scripted::start(kept_out()).await;
    let words = [
        "--format",
        "text",
        "--output",
        "-",
        "--format",
        "json",
        "--output",
        "no/r.json",
    ];

    let (run, _) = verify(&words).at(&endpoint).run_beside().await;

    run.exits(2);
    assert!(run.stdout.starts_with("✓ PASS: "), "{}", run.stdout);
    assert_eq!(
        run.stderr,
        "orders: pass: 3 of 3 probes passed, 0 failed, 0 inconclusive\n\
         error: cannot write `no/r.json`: No such file or directory (os error 2)\n"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let endpoint = Scripted::start(kept_out()).await;
    let program = verify(&["--format", "json", "--output", "link.json"]).at(&endpoint);
    let program = program.file("r.json", "of yesterday");
    let path = program.directory.path().to_owned();
    symlink("r.json", path.join("link.json")).unwrap();
    std::fs::set_permissions(path.join("r.json"), PermissionsExt::from_mode(0o640)).unwrap();

    let (run, left) = program.run_beside().await;

    run.exits(0);
    assert!(
        read(&left, "r.json").contains("keyproof.report/v1"),
        "the link is followed"
    );
    assert!(path.join("link.json").is_symlink());
    let mode = std::fs::metadata(path.join("r.json"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    let mut names: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["link.json", "plan.yaml", "r.json"]);
}

#[tokio::test]
async fn a_service_that_hangs_is_left_after_the_time_out() {
    let hangs = Rule::new(Reply::Hang).by("reader").on("GetItem");
    let endpoint = Scripted::start(kept_out().rule(hangs)).await;
    let started = std::time::Instant::now();

    let words = ["--format", "json", "--timeout", "0.2", "--deadline", "1"];
    let (run, _) = verify(&words).at(&endpoint).run_beside().await;

    run.exits(3);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(
        findings(&run.stdout),
        with([Value::Null, json!("blind"), json!("no_witness")])
    );
}

#[tokio::test]
async fn nothing_secret_is_said_however_much_is_asked() {
    let endpoint = Scripted::start(Script::new(world())).await;

    let (run, _) = verify(&["-vvv", "--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(1);
    assert!(run.stderr.contains("run finished"), "{}", run.stderr);
    for secret in [SECRET_ACCESS_KEY, "c0ffee-canary"] {
        assert!(
            !run.stdout.contains(secret) && !run.stderr.contains(secret),
            "{secret}"
        );
    }
}

#[tokio::test]
async fn a_diagnosis_that_may_not_look_costs_no_verdict() {
    let refused = |action: &str| {
        Reply::Deny(
            Layer::Service,
            format!("because no resource-based policy allows the {action} action"),
        )
    };
    let script = Script::new(world()).rule(
        Rule::new(refused("kms:GetKeyPolicy"))
            .by("runner")
            .on("GetKeyPolicy"),
    );
    let endpoint = Scripted::start(script).await;

    let (run, _) = verify(&["--diagnose", "--format", "json"])
        .at(&endpoint)
        .run_beside()
        .await;

    run.exits(1);
    assert_eq!(
        findings(&run.stdout),
        with([Value::Null, Value::Null, json!("exposed")])
    );
    let warning =
        format!("warning: no diagnosis of `{KEY}`: kms:GetKeyPolicy: AccessDeniedException: ");
    assert!(run.stderr.starts_with(&warning), "{}", run.stderr);
}

#[tokio::test]
async fn canaries_are_planted_and_removed_by_the_operator() {
    let empty = Table {
        item: None,
        ..Table::encrypted(json!({}), KEY)
    };
    let script = Script::new(
        World::default()
            .table("orders", empty)
            .key(KEY, KeyState::Enabled),
    );
    let endpoint = Scripted::start(script).await;
    let canary = |what: &'static str| {
        keyproof(["canary", what, "--plan", "plan.yaml"])
            .file("plan.yaml", PLAN)
            .at(&endpoint)
    };
    let mut said = Vec::new();
    for what in ["plant", "plant", "remove", "remove"] {
        let (run, _) = canary(what).run_beside().await;
        run.exits(0);
        assert_eq!(run.stderr, "");
        said.push(run.stdout);
    }

    assert_eq!(
        said,
        [
            "orders: canary planted\n",
            "orders: canary was there already\n",
            "orders: canary removed\n",
            "orders: canary was not there\n",
        ]
    );
}

#[tokio::test]
async fn an_item_of_somebody_else_is_left_alone() {
    let theirs = json!({"pk": {"S": "keyproof#canary"}, "balance": {"N": "7"}});
    let world = World::default().table("orders", Table::encrypted(theirs.clone(), KEY));
    let endpoint = Scripted::start(Script::new(world.key(KEY, KeyState::Enabled))).await;
    let plant = keyproof(["canary", "plant", "--plan", "plan.yaml"]).file("plan.yaml", PLAN);

    let (run, _) = plant.at(&endpoint).run_beside().await;

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert_eq!(
        run.stderr,
        "error: orders: another item has the canary's key; it was left alone, choose another key in the plan\n\
         error: 1 of 1 canaries could not be planted\n"
    );
    assert_eq!(endpoint.item("orders"), Some(theirs));
}
