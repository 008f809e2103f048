// SPDX-License-Identifier: Apache-2.0
//! What an account says of itself, whoever may name, tag or describe something there: none of it acts on
//! a terminal, ends a comment, becomes a line of a plan or template, or names a file.
//!
//! A new place where somebody may write is another member of `documents`.

use serde_json::{Value, json};

use crate::stack::Stack;
use crate::support::{Program, Run, keyproof};

/// Clears the screen in two ways, turns the text round, rings; begins a line of YAML in two ways, ends a
/// string and a comment, leads out of a folder, asks CloudFormation to fill something in.
const HOSTILE: &str =
    "\u{1b}[2J\u{9b}2J\u{202e}\u{7}\nexpectations: []\u{85}x: 1 # \"' ../../evil ${AWS::StackName}";

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Where somebody can write.
const PLACES: [&str; 9] = [
    "role",
    "path",
    "tag",
    "sid",
    "named",
    "alias",
    "table",
    "description",
    "grant",
];

/// An account's documents, hostile in this place.
fn documents(place: &str) -> String {
    let at = |here: &str, usual: &str| {
        if here == place {
            HOSTILE.to_owned()
        } else {
            usual.to_owned()
        }
    };
    let role = |name: &str, action: &str| {
        let (name, path) = (name.to_owned(), at("path", "/"));
        json!({
            "RoleName": name, "Path": path, "Arn": format!("arn:aws:iam::111122223333:role{path}{name}"),
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"},
            ]},
            "RolePolicyList": [{"PolicyName": at("sid", "read"), "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": action, "Resource": "*"},
            ]}}],
            "AttachedManagedPolicies": [], "Tags": [{"Key": at("tag", "team"), "Value": at("tag", "red")}],
        })
    };
    let reader = at("role", "reader");
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Sid": at("sid", "Users"), "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Principal": {"AWS": [
            format!("arn:aws:iam::111122223333:role{}{reader}", at("path", "/")),
            format!("arn:aws:iam::111122223333:role/{}", at("named", "gone")),
        ]}},
    ]});
    let table = at("table", "orders");
    let answers = json!([
        {"RoleDetailList": [role(&reader, "dynamodb:*"), role("outsider", "dynamodb:*")],
         "UserDetailList": [], "GroupDetailList": [], "Policies": []},
        {"KeyMetadata": {"KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "Arn": KEY, "KeyState": "Enabled",
                         "KeyManager": "CUSTOMER", "Description": at("description", "orders")},
         "Policy": policy.to_string(),
         "Grants": [{"KeyId": KEY, "GrantId": at("grant", "0c237476"), "Name": at("grant", "n"), "Operations": ["Decrypt"],
                     "GranteePrincipal": format!("arn:aws:iam::111122223333:role/{}", at("grant", "gone"))}],
         "Tags": [{"TagKey": at("tag", "owner"), "TagValue": at("tag", "me")}]},
        {"Aliases": [{"AliasName": format!("alias/{}", at("alias", "orders")), "TargetKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab",
                      "AliasArn": format!("arn:aws:kms:us-east-1:111122223333:alias/{}", at("alias", "orders"))}]},
        {"Table": {
            "TableName": table, "TableArn": format!("arn:aws:dynamodb:us-east-1:111122223333:table/{table}"),
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "SSEDescription": {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": KEY},
         }, "Policy": null},
    ]);
    json!({"keyproof": "account/v1", "answers": answers}).to_string()
}

#[track_caller]
fn acts_nowhere(place: &str, text: &str) {
    let acts = |character: char| character != '\n' && keyproof_core::is_invisible(character);
    assert!(!text.contains(acts), "{place}: {text:?}");
}

fn init(place: &str, more: &[&'static str]) -> (Program, Run) {
    let words = ["plan", "init", "--account", "account.json"];
    let words = words.into_iter().chain(more.iter().copied());
    let mut program = keyproof(words).file("account.json", &documents(place));
    let run = program.run();
    (program, run)
}

#[test]
fn a_first_plan_of_an_account_holds_nothing_that_acts_or_breaks_out() {
    let (_, usual) = init("nowhere", &[]);
    usual.exits(0);
    let mut drafted = 0;
    for place in PLACES {
        let (program, run) = init(place, &["--with-roles", "roles.yaml"]);

        acts_nowhere(place, &run.stdout);
        acts_nowhere(place, &run.stderr);
        let files = std::fs::read_dir(program.directory.path()).unwrap();
        let mut files: Vec<String> = files
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "account.json")
            .collect();
        files.retain(|name| name != "roles.yaml");
        assert_eq!(files, [""; 0], "{place}");
        if let Ok(roles) = std::fs::read_to_string(program.directory.path().join("roles.yaml")) {
            acts_nowhere(place, &roles);
            assert!(!roles.contains("${AWS::StackName}"), "{roles}");
        }
        if run.code == Some(0) {
            drafted += 1;
            // The parser has it as one plan, and nobody is in it but whom the account has.
            let plan = keyproof_plan::Plan::parse(&run.stdout).unwrap();
            assert!(!plan.expectations.is_empty(), "{place}");
            let lines = run.stdout.lines();
            let broken_out = lines
                .filter(|line| line.starts_with("expectations: []") || line.starts_with("x: 1"));
            assert_eq!(broken_out.count(), 0, "{place}: {}", run.stdout);
        } else {
            assert_eq!((run.code, &*run.stdout), (Some(2), ""), "{place}: {run:?}");
        }
    }
    // What decides nothing keeps nobody from a plan.
    assert!(drafted >= 4, "{drafted}");
}

#[test]
fn what_an_account_is_checked_by_acts_nowhere_either() {
    for place in PLACES {
        let words = [
            "check",
            "--plan",
            "plan.yaml",
            "--account",
            "account.json",
            "--format",
            "json",
        ];
        let run = keyproof(words)
            .file("plan.yaml", crate::orders::PLAN)
            .file("account.json", &documents(place))
            .run();

        acts_nowhere(place, &run.stdout);
        acts_nowhere(place, &run.stderr);
    }
}

/// A key that somebody has tagged and described.
fn template() -> String {
    let text = Value::from(HOSTILE);
    format!(
        r#"
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      Description: {text}
      Tags: [{{ Key: owner, Value: {text} }}]
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - {{ Sid: All, Effect: Allow, Principal: {{ AWS: "arn:aws:iam::111122223333:root" }}, Action: "kms:*", Resource: "*" }}
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

#[tokio::test]
async fn an_export_of_an_account_acts_nowhere_and_keeps_what_was_said() {
    let stack = Stack::new(&template(), crate::orders::PLAN);
    let url = stack.serve().await;
    let program = stack.program(&url, &stack.administrator(), ["account", "export"]);

    let run = program.run_beside().await.0;

    run.exits(0);
    acts_nowhere("export", &run.stdout);
    let export: Value = serde_json::from_str(&run.stdout).unwrap();
    let answers = export["answers"].as_array().unwrap();
    let tags = answers
        .iter()
        .filter_map(|answer| answer["Tags"].as_array());
    let values: Vec<&str> = tags
        .flatten()
        .filter_map(|tag| tag["TagValue"].as_str())
        .collect();
    assert_eq!(values, [HOSTILE], "{}", run.stdout);
}

#[cfg(unix)]
#[tokio::test]
async fn an_export_is_its_owners_alone_and_one_that_is_replaced_stays_as_private_as_it_was() {
    use std::os::unix::fs::PermissionsExt;

    let stack = Stack::new(&template(), crate::orders::PLAN);
    let url = stack.serve().await;
    let words = ["account", "export", "--output", "account.json", "--force"];
    for (before, after) in [(None, 0o600), (Some(0o640), 0o640), (Some(0o400), 0o400)] {
        let mut program = stack.program(&url, &stack.administrator(), words);
        let path = program.directory.path().join("account.json");
        if let Some(mode) = before {
            program = program.file("account.json", "{}");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }

        let (run, folder) = program.run_beside().await;

        run.exits(0);
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, after, "{before:?}");
        let files = std::fs::read_dir(folder.path()).unwrap();
        let left = files.filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().ends_with(".tmp")
        });
        assert_eq!(left.count(), 0);
    }
}
