// SPDX-License-Identifier: Apache-2.0
//! `keyproof check --account`: AWS's own answers in place of templates, and beside them.

use serde_json::{Value, json};

use crate::orders::{KEY, PLAN};
use crate::support::{Program, keyproof};

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
