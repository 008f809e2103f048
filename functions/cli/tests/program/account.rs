// SPDX-License-Identifier: Apache-2.0
//! `keyproof check --account`: AWS's own answers in place of templates, and beside them.
//! `keyproof account export`: the same, written down from an account that answers.

use serde_json::{Value, json};

use keyproof_scripted::Scripted;

use crate::orders::{KEY, PLAN, kept_out};
use crate::stack::Stack;
use crate::support::{Program, Run, keyproof, root};

const CHECK: [&str; 7] = [
    "check",
    "--plan",
    "plan.yaml",
    "--account",
    "account",
    "--format",
    "json",
];

fn role(name: &str, action: &str) -> Value {
    json!({
        "RoleName": name, "Path": "/", "Arn": format!("arn:aws:iam::111122223333:role/{name}"),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"},
        ]},
        "RolePolicyList": [{"PolicyName": "read", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": "*"},
        ]}}],
        "AttachedManagedPolicies": [], "Tags": [],
    })
}

/// The account of `PLAN`, whose key lets these in; a folder as docs/check.md has it.
fn account(users: &[&str], grants: &Value) -> Program {
    let users: Vec<String> = users
        .iter()
        .map(|name| format!("arn:aws:iam::111122223333:role/{name}"))
        .collect();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "AllowAdministration", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
         "Action": ["kms:DescribeKey", "kms:PutKeyPolicy"], "Resource": "*"},
        {"Sid": "AllowKeyUsers", "Effect": "Allow", "Principal": {"AWS": users}, "Action": "kms:Decrypt", "Resource": "*"},
    ]});
    let files = [
        (
            "iam.json",
            json!({"RoleDetailList": [role("reader", "dynamodb:GetItem"), role("outsider", "dynamodb:*")],
                   "UserDetailList": [], "GroupDetailList": [], "Policies": []}),
        ),
        (
            "keys/orders/key.json",
            json!({"KeyMetadata": {"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "Arn": KEY, "KeyState": "Enabled", "KeyManager": "CUSTOMER"}}),
        ),
        (
            "keys/orders/policy.json",
            json!({"Policy": policy.to_string(), "PolicyName": "default"}),
        ),
        ("keys/orders/grants.json", json!({"Grants": grants})),
        (
            "tables/orders/table.json",
            json!({"Table": {
                "TableName": "orders", "TableArn": "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY},
            }}),
        ),
        ("tables/orders/policy.json", json!({"Policy": null})),
    ];
    let mut program = keyproof(CHECK).file("plan.yaml", PLAN);
    for (name, value) in files {
        let path = program.directory.path().join("account").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = serde_json::to_string_pretty(&value).unwrap();
        program = program.file(&format!("account/{name}"), &text);
    }
    program
}

fn report(program: &mut Program, code: i32) -> Value {
    let run = program.run();
    run.exits(code);
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn an_account_is_checked_without_a_template() {
    let report = report(&mut account(&["reader"], &json!([])), 0);

    assert_eq!(report["summary"]["pass"], 3);
    assert_eq!(
        report["notes"][0]["text"],
        "an account's own documents don't hold the organization's policies (SCPs and RCPs)"
    );
}

#[test]
fn the_statement_and_its_file_are_named() {
    let report = report(&mut account(&["reader", "outsider"], &json!([])), 1);

    let row = &report["probes"][2];
    assert_eq!(row["id"], "outsider/dynamodb:GetItem/orders");
    assert_eq!(row["finding"], "exposed");
    assert_eq!(row["cause"]["statement"], "AllowKeyUsers");
    assert_eq!(row["cause"]["file"], "account/keys/orders/policy.json");
    assert_eq!(row["cause"]["document"], KEY);
}

#[test]
fn a_grant_is_seen() {
    let grants = json!([{
        "KeyId": KEY, "GrantId": "0c237476", "Operations": ["Decrypt"],
        "GranteePrincipal": "arn:aws:iam::111122223333:role/outsider",
    }]);

    let report = report(&mut account(&["reader"], &grants), 1);

    let row = &report["probes"][2];
    assert_eq!(row["finding"], "exposed");
    assert_eq!(row["cause"]["policy"], "grant");
    assert_eq!(row["cause"]["statement"], "0c237476");
}

#[test]
fn a_template_beside_an_account_comes_first() {
    // The template's role may do nothing, whatever the account's of the same name may.
    let template = "\
Resources:
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: reader
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - { Effect: Allow, Principal: { AWS: !Sub 'arn:aws:iam::${AWS::AccountId}:root' }, Action: sts:AssumeRole }
";
    let mut program = account(&["reader"], &json!([]))
        .file("template.yaml", template)
        .args(["--template", "template.yaml"]);

    let report = report(&mut program, 1);

    assert_eq!(report["probes"][1]["id"], "reader/dynamodb:GetItem/orders");
    assert_eq!(report["probes"][1]["finding"], "locked_out");
}

#[test]
fn an_answer_that_is_missing_is_asked_for() {
    let mut program = account(&["reader"], &json!([]));
    let grants = program
        .directory
        .path()
        .join("account/keys/orders/grants.json");
    std::fs::remove_file(grants).unwrap();

    let run = program.run();

    run.exits(2);
    assert_eq!(
        run.stderr,
        format!(
            "account/keys/orders/key.json:2:18: the key `{KEY}` has no `Grants`: put the answer of `aws kms \
             list-grants` beside it\n"
        )
    );
}

fn own(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// The account of a template, exported.
async fn export(template: &str, more: &[&str]) -> Run {
    let stack = Stack::new(template, &own("plans/orders.yaml"));
    let url = stack.serve().await;
    let words = ["account", "export"]
        .into_iter()
        .chain(more.iter().copied());
    let program = stack.program(&url, &stack.administrator(), words);
    program.run_beside().await.0
}

/// The repository's plan held against an export: each probe with its finding.
fn checked(export: &str, code: i32) -> Vec<(Value, Value)> {
    let words = ["check", "--plan", "plan.yaml", "--account", "account.json"];
    let run = keyproof(words)
        .args(["--format", "json"])
        .file("plan.yaml", &own("plans/orders.yaml"))
        .file("account.json", export)
        .run();
    run.exits(code);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let rows = report["probes"].as_array().unwrap().iter();
    rows.map(|row| (row["id"].clone(), row["finding"].clone()))
        .collect()
}

#[tokio::test]
async fn an_export_is_checked_as_its_template_is() {
    let template = own("template.yaml");
    let users = "              AWS: !GetAtt ReaderRole.Arn\n            Action:\n              - kms:Decrypt";
    let wider = "              AWS: [!GetAtt ReaderRole.Arn, !GetAtt OutsiderRole.Arn]\n            Action:\n              - kms:Decrypt";
    assert_eq!(template.matches(users).count(), 1);
    let widened = template.replace(users, wider);

    let whole = export(&template, &[]).await;
    let of_plan = export(&template, &["--plan", "plan.yaml"]).await;
    let exposed = export(&widened, &[]).await;

    for run in [&whole, &of_plan, &exposed] {
        run.exits(0);
        assert_eq!(run.stderr, "");
    }
    let passes = checked(&whole.stdout, 0);
    assert_eq!(passes.len(), 54);
    assert_eq!(checked(&of_plan.stdout, 0), passes);
    let id = "outsider/dynamodb:GetItem/orders";
    assert!(checked(&exposed.stdout, 1).contains(&(json!(id), json!("exposed"))));
    // The plan's is of the plan's roles alone.
    let roles = |run: &Run| run.stdout.matches("\"RoleName\"").count();
    assert!(roles(&of_plan) == 2 && roles(&whole) > 2);
}

#[tokio::test]
async fn an_export_that_lacks_something_says_so() {
    // The endpoint knows no IAM, nor table policies.
    let endpoint = Scripted::start(kept_out()).await;
    let export = |more: &[&'static str]| {
        let words = ["account", "export"]
            .into_iter()
            .chain(more.iter().copied());
        keyproof(words).file("plan.yaml", PLAN).at(&endpoint)
    };

    let (of_plan, _) = export(&["--plan", "plan.yaml"]).run_beside().await;
    let (whole, _) = export(&[]).run_beside().await;

    of_plan.exits(3);
    let told = "warning: the export lacks iam:GetRole of `reader`: InvalidAction: ";
    assert!(of_plan.stderr.contains(told), "{}", of_plan.stderr);
    assert!(
        of_plan
            .stdout
            .starts_with("{\n  \"keyproof\": \"account/v1\"")
    );
    whole.exits(2);
    assert_eq!(whole.stdout, "");
    let told =
        "error: the account can't be read: iam:GetAccountAuthorizationDetails of the account: ";
    assert!(whole.stderr.starts_with(told), "{}", whole.stderr);
}

#[test]
fn no_file_is_replaced_unasked_by_an_export() {
    let words = ["account", "export", "--output", "account.json"];

    let run = keyproof(words).file("account.json", "{}").run();

    run.exits(2);
    assert!(
        run.stderr.contains("`account.json` is there already"),
        "{}",
        run.stderr
    );
}
