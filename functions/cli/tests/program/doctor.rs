// SPDX-License-Identifier: Apache-2.0
//! `keyproof doctor`: what it says of the repository's own stack, and that the policy which it prints
//! is exactly what a run takes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::stack::Stack;
use crate::support::{Run, keyproof, root};

fn repository(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

fn json_of(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap()
}

/// `id: state` of every check.
fn states(diagnosis: &Value) -> Vec<String> {
    let checks = diagnosis["checks"].as_array().unwrap().iter();
    checks
        .map(|check| {
            format!(
                "{}: {}",
                check["id"].as_str().unwrap(),
                check["state"].as_str().unwrap()
            )
        })
        .collect()
}

fn in_sandbox(template: &str, plan: &str, more: &[&'static str]) -> Run {
    let words = [
        "doctor",
        "--plan",
        "plan.yaml",
        "--sandbox",
        "template.yaml",
    ];
    keyproof(words.into_iter().chain(more.iter().copied()))
        .file("template.yaml", template)
        .file("plan.yaml", plan)
        .run()
}

#[test]
fn the_repositorys_own_stack_has_all_that_a_run_needs() {
    let run = in_sandbox(
        &repository("template.yaml"),
        &repository("plans/orders.yaml"),
        &["--format", "json", "--interval", "15"],
    );

    run.exits(0);
    let diagnosis = json_of(&run);
    assert_eq!(
        states(&diagnosis),
        [
            "runner/identity: ok",
            "runner/clock: ok",
            "principal/reader/session: ok",
            "principal/reader/trust: ok",
            "principal/outsider/session: ok",
            "principal/outsider/trust: ok",
            "table/orders/table: ok",
            "table/orders/index/by-customer: ok",
            "table/orders/key: ok",
            "table/orders/encryption: ok",
            "table/orders/canary: ok",
            "table/control/table: ok",
            "table/control/encryption: ok",
            "table/control/canary: ok",
            "plan/interval: ok",
        ]
    );
    assert_eq!(diagnosis["schema"], "keyproof.doctor/v1");
    assert_eq!(
        diagnosis["summary"],
        json!({"state": "ok", "ok": 15, "problem": 0, "unknown": 0})
    );
    assert_eq!(run.stderr, "");
}

#[track_caller]
fn broken(file: &str, from: &str, to: &str) -> String {
    assert!(file.contains(from), "{from}");
    file.replacen(from, to, 1)
}

/// The check comes out so, and a mend of it has these words.
#[track_caller]
fn named(template: &str, plan: &str, id: &str, state: &str, mend: &str) {
    let run = in_sandbox(template, plan, &["--format", "json"]);

    let diagnosis = json_of(&run);
    let check = diagnosis["checks"].as_array().unwrap().iter();
    let check: Vec<_> = check.filter(|check| check["id"] == id).collect();
    assert_eq!(check.len(), 1, "{id}");
    assert_eq!(check[0]["state"], state, "{id}: {}", check[0]);
    let mends = check[0]["mends"].to_string();
    assert!(mends.contains(mend), "{id}: {mends}");
    let problem = diagnosis["summary"]["problem"].as_u64().unwrap();
    run.exits(i32::from(problem > 0));
}

#[test]
fn what_is_wrong_in_a_plan_is_named_with_its_mend() {
    let template = repository("template.yaml");
    let plan = repository("plans/orders.yaml");
    for (from, to, id, mend) in [
        (
            "role/keyproof/reader",
            "role/reader",
            "principal/reader/session",
            "aws iam get-role --role-name reader",
        ),
        (
            "table: keyproof-control",
            "table: control",
            "table/control/table",
            "create it, or correct the plan",
        ),
        (
            "alias/orders",
            "alias/ordres",
            "table/orders/key",
            "aws kms create-alias --target-key-id KEY-ID --alias-name alias/ordres",
        ),
        (
            "customer: { S: c0ffee-customer }, ",
            "",
            "table/orders/index/by-customer",
            "give the canary in the plan the attribute `customer`",
        ),
        (
            "index: by-customer",
            "index: by-name",
            "table/orders/index/by-name",
            "correct the expectations' `index`",
        ),
        (
            "pk: { S: keyproof#canary }",
            "id: { S: keyproof#canary }",
            "table/orders/table",
            "`canary: { key: { pk: { S: keyproof#canary } } }`",
        ),
    ] {
        named(&template, &broken(&plan, from, to), id, "problem", mend);
    }
}

#[test]
fn what_is_wrong_in_an_account_is_named_with_its_mend() {
    let template = repository("template.yaml");
    let plan = repository("plans/orders.yaml");
    let encrypted = "        SSEEnabled: true
        SSEType: KMS
        KMSMasterKeyId: !GetAtt OrdersKey.Arn";
    let users = "              AWS: !GetAtt ReaderRole.Arn";
    for (from, to, id, mend) in [
        (
            encrypted,
            "        SSEEnabled: false",
            "table/orders/encryption",
            "aws dynamodb update-table --table-name orders --sse-specification Enabled=true,SSEType=KMS,KMSMasterKeyId=alias/orders",
        ),
        (
            encrypted,
            "        SSEEnabled: false",
            "table/orders/encryption",
            "correct the plan: `key: aws-owned`",
        ),
        (
            "      EnableKeyRotation: true",
            "      Enabled: false",
            "table/orders/key",
            "aws kms enable-key --key-id arn:aws:kms:us-east-1:111122223333:key/",
        ),
        (
            users,
            "              AWS: !GetAtt VerifyFunctionRole.Arn",
            "table/orders/canary",
            "let `reader` have `kms:Decrypt` on `arn:aws:kms:us-east-1:111122223333:key/",
        ),
    ] {
        named(&broken(&template, from, to), &plan, id, "problem", mend);
    }
    // Another witness, or another way to read, is as good.
    let less = broken(&template, "              - dynamodb:GetItem\n", "");
    named(&less, &plan, "table/orders/canary", "ok", "");
}

#[tokio::test]
async fn a_canary_that_was_not_planted_is_named_with_the_command() {
    let stack = Stack::new(
        &repository("template.yaml"),
        &repository("plans/orders.yaml"),
    );
    let run = stack
        .run_as_administrator(&["doctor", "--format", "json"])
        .await;

    run.exits(1);
    let wrong: Vec<_> = states(&json_of(&run))
        .into_iter()
        .filter(|state| !state.ends_with(": ok"))
        .collect();
    assert_eq!(
        wrong,
        [
            "table/orders/canary: problem",
            "table/control/canary: problem"
        ]
    );
    assert!(
        run.stdout
            .contains("keyproof canary plant --plan plan.yaml"),
        "{}",
        run.stdout
    );
}

#[test]
fn where_nobody_answers_nothing_is_well() {
    let run = keyproof([
        "doctor",
        "--plan",
        "plan.yaml",
        "--format",
        "json",
        "--endpoint-url",
        "http://127.0.0.1:9",
    ])
    .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    .env(
        "AWS_SECRET_ACCESS_KEY",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    .file("plan.yaml", &repository("plans/orders.yaml"))
    .run();

    run.exits(3);
    let diagnosis = json_of(&run);
    assert_eq!(
        diagnosis["summary"],
        json!({"state": "unknown", "ok": 0, "problem": 0, "unknown": 12})
    );
}

#[test]
fn without_credentials_the_diagnosis_is_not_carried_out_and_the_policy_is_printed_all_the_same() {
    let plan = repository("plans/orders.yaml");
    let doctor = |more: &[&'static str]| {
        keyproof(
            ["doctor", "--plan", "plan.yaml"]
                .into_iter()
                .chain(more.iter().copied()),
        )
        .file("plan.yaml", &plan)
        .run()
    };

    doctor(&[]).exits(2);
    let policy = doctor(&["--policy", "json"]);
    policy.exits(0);
    assert!(
        policy
            .stderr
            .contains("note: no AWS credentials were found"),
        "{}",
        policy.stderr
    );
    let offline = doctor(&["--policy", "json", "--offline"]);
    offline.exits(0);
    assert_eq!(offline.stdout, policy.stdout);
    doctor(&["--offline"]).exits(2);
}

/// The permissions that a diagnosis says are missing.
fn missing(diagnosis: &Value) -> BTreeSet<(String, String)> {
    let checks = diagnosis["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| !check["permission"].is_null())
        .map(|check| {
            let text = |name: &str| check["permission"][name].as_str().unwrap().to_owned();
            (text("action"), text("resource"))
        })
        .collect()
}

/// Every policy that is this one with one action on one resource taken out, and what was taken out.
fn lessened(policy: &Value) -> Vec<(Value, (String, String))> {
    let mut all = Vec::new();
    for (s, statement) in policy["Statement"].as_array().unwrap().iter().enumerate() {
        for (r, resource) in statement["Resource"].as_array().unwrap().iter().enumerate() {
            let mut less = policy.clone();
            let resources = less["Statement"][s]["Resource"].as_array_mut().unwrap();
            resources.remove(r);
            if resources.is_empty() {
                less["Statement"].as_array_mut().unwrap().remove(s);
            }
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            all.push((less, (text(&statement["Action"]), text(resource))));
        }
    }
    all
}

/// INVARIANT (least privilege): with the policy all is green; with any one permission less it isn't, and
/// doctor names that permission and no other.
async fn is_exactly_what_a_run_takes(template: &str, plan: &str) {
    let printed = in_sandbox(template, plan, &["--policy", "json"]);
    printed.exits(0);
    assert_eq!(printed.stderr, "", "an exact policy");
    let policy = json_of(&printed);

    let (verify, doctor) = Stack::with_runner(template, plan, &policy)
        .both_as_runner()
        .await;
    verify.exits(0);
    doctor.exits(0);

    let less = lessened(&policy);
    assert!(less.len() >= 5, "{policy}");
    for (less, taken) in less {
        let (verify, doctor) = Stack::with_runner(template, plan, &less)
            .both_as_runner()
            .await;

        assert!(
            matches!(verify.code, Some(1 | 3)),
            "without {taken:?}: {:?}",
            verify.code
        );
        assert_eq!(doctor.code, Some(1), "without {taken:?}\n{}", doctor.stdout);
        assert_eq!(
            missing(&json_of(&doctor)),
            BTreeSet::from([taken]),
            "{}",
            doctor.stdout
        );
    }
}

#[tokio::test]
async fn the_policy_is_exactly_what_a_run_of_the_repositorys_plan_takes() {
    is_exactly_what_a_run_takes(
        &repository("template.yaml"),
        &repository("plans/orders.yaml"),
    )
    .await;
}

#[tokio::test]
async fn the_policy_is_exactly_what_a_run_with_tags_and_a_source_identity_takes() {
    let template = repository("template.yaml").replace(
        "            Action: sts:AssumeRole\n      Tags:",
        "            Action: [sts:AssumeRole, sts:TagSession, sts:SetSourceIdentity]\n      Tags:",
    );
    let plan = repository("plans/orders.yaml").replace(
        "role/keyproof/reader\" }",
        "role/keyproof/reader\", tags: { team: red }, source_identity: keyproof }",
    );

    is_exactly_what_a_run_takes(&template, &plan).await;
}

#[tokio::test]
async fn the_policy_that_names_an_alias_is_enough_too() {
    let (template, plan) = (repository("template.yaml"), repository("plans/orders.yaml"));
    let words = [
        "doctor",
        "--plan",
        "plan.yaml",
        "--policy",
        "json",
        "--offline",
    ];
    let policy = json_of(&keyproof(words).file("plan.yaml", &plan).run());

    let (verify, doctor) = Stack::with_runner(&template, &plan, &policy)
        .both_as_runner()
        .await;

    verify.exits(0);
    doctor.exits(0);
}

#[tokio::test]
async fn a_trust_policy_says_whom_it_lets_in_and_what_stands_in_the_way() {
    let template = include_str!("../../../../template.yaml");
    let plan = include_str!("../../../../plans/orders.yaml");
    let role = template.split_once("\n  ReaderRole:").unwrap().1;
    let role = role.split_once("\n  ReaderPolicy:").unwrap().0;
    let guarded = role.replace(
        "            Action: sts:AssumeRole\n",
        "            Action: sts:AssumeRole\n            Condition: { StringEquals: { sts:ExternalId: 5ecret-5ecret } }\n",
    );
    assert_ne!(role, guarded);

    let well = Stack::new(template, plan);
    let well = well
        .run_as_administrator(&["doctor", "--format", "json"])
        .await;
    let refused = Stack::new(&template.replace(role, &guarded), plan);
    let refused = refused
        .run_as_administrator(&["doctor", "--format", "json"])
        .await;

    let check = |run: &Run| {
        let diagnosis: Value = serde_json::from_str(&run.stdout).unwrap();
        let checks = diagnosis["checks"].as_array().unwrap().clone();
        let found = checks
            .into_iter()
            .find(|one| one["id"] == "principal/reader/trust");
        found.unwrap()
    };
    let (well, refused) = (check(&well), check(&refused));
    assert_eq!(well["state"], "ok", "{well}");
    assert!(
        well["finding"].as_str().unwrap().contains(" lets in "),
        "{well}"
    );
    assert_eq!(refused["state"], "problem", "{refused}");
    let finding = refused["finding"].as_str().unwrap();
    assert!(
        finding.ends_with("only on `sts:ExternalId`, which stands in the way"),
        "{finding}"
    );
    assert_eq!(
        refused["mends"][0]["text"],
        "give the principal in the plan the `external_id` that the trust policy asks for"
    );
    assert!(!refused.to_string().contains("5ecret"));
}
