// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan init`: a first plan is valid, passes as things are, and would notice what goes wrong.

use aws_sdk_sts::config::Credentials;
use keyproof_plan::{Expected, Plan};
use serde_json::Value;

use crate::stack::Stack;
use crate::support::{Program, keyproof, root};

const TEMPLATE: &str = r#"
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - Sid: Administration
            Effect: Allow
            Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }
            Action: kms:*
            Resource: "*"
          - Sid: Application
            Effect: Allow
            Principal: { AWS: [!GetAtt Reader.Arn, "arn:aws:iam::444455556666:role/partner"] }
            Action: kms:Decrypt
            Resource: "*"
  Alias:
    Type: AWS::KMS::Alias
    Properties: { AliasName: alias/bills, TargetKeyId: !Ref Key }
  Bills:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: bills
      AttributeDefinitions: [{ AttributeName: id, AttributeType: N }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
      SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn }
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: reader
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [
        { Effect: Allow, Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }, Action: sts:AssumeRole }] }
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]
"#;

fn plan(text: &str) -> Plan {
    Plan::parse(text).unwrap()
}

fn init<'a>(more: impl IntoIterator<Item = &'a str>) -> Program {
    keyproof(
        ["plan", "init", "--template", "template.yaml"]
            .into_iter()
            .chain(more),
    )
}

#[test]
fn the_plan_of_the_repositorys_template_passes_and_notices_everything() {
    let template = root().join("template.yaml");
    let template = template.to_str().unwrap();
    let mut program = keyproof(["plan", "init", "--template", template, "--name", "first"]);
    let run = program.run();
    run.exits(0);

    let first = plan(&run.stdout);
    assert_eq!(first.name, "first");
    assert!(first.tables.contains_key("orders"), "{}", run.stdout);
    assert!(
        run.stdout.contains("    key: alias/orders\n"),
        "{}",
        run.stdout
    );
    let denied = first.expectations.iter().filter(|one| {
        one.principal == "outsider" && matches!(one.expected, Expected::Denied { .. })
    });
    assert!(denied.count() > 0, "{}", run.stdout);
    for words in [
        vec!["plan", "validate", "plan.yaml"],
        vec!["check", "--plan", "plan.yaml", "--template", template],
        vec!["verify", "--plan", "plan.yaml", "--sandbox", template],
        vec!["doctor", "--plan", "plan.yaml", "--sandbox", template],
    ] {
        let run = keyproof(words.iter().copied())
            .file("plan.yaml", &run.stdout)
            .run();
        run.exits(0);
    }
    let words = [
        "coverage",
        "--plan",
        "plan.yaml",
        "--template",
        template,
        "--format",
        "json",
    ];
    let coverage = keyproof(words).file("plan.yaml", &run.stdout).run();
    let coverage: Value = serde_json::from_str(&coverage.stdout).unwrap();
    let survivors = coverage["survivors"].as_array().unwrap();
    let fixable = survivors.iter().filter(|one| !one["add"].is_null()).count();
    assert_eq!(fixable, 0, "{survivors:#?}");
}

#[test]
fn what_was_left_out_is_said_on_stderr_and_in_the_plan() {
    let run = init([]).file("template.yaml", TEMPLATE).run();

    run.exits(0);
    for told in [
        "`arn:aws:iam::444455556666:role/partner` is named for the key of `bills`, and is no role that is known here",
        "table `bills`: nobody whom only the key keeps out was found",
    ] {
        assert!(
            run.stderr.contains(&format!("note: {told}")),
            "{}",
            run.stderr
        );
        let comments: String = run
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix('#'))
            .map(|line| line.trim_start_matches([' ', '-']).to_owned() + " ")
            .collect();
        assert!(comments.contains(told), "{}", run.stdout);
    }
    assert!(
        run.stdout.contains("#   KeyproofOutsider:\n"),
        "{}",
        run.stdout
    );
    assert!(
        run.stdout.contains("key: { id: { \"N\": \"0\" } }"),
        "{}",
        run.stdout
    );
    let first = plan(&run.stdout);
    assert_eq!(first.principals.keys().collect::<Vec<_>>(), ["reader"]);
}

#[test]
fn with_the_roles_that_were_missing_the_plan_proves_the_key() {
    let mut program = init(["--with-roles", "roles.yaml", "--output", "plan.yaml"])
        .file("template.yaml", TEMPLATE);
    program.run().exits(0);
    let (text, roles) = (program.read("plan.yaml"), program.read("roles.yaml"));

    let first = plan(&text);
    let kept_out = |one: &&keyproof_plan::Expectation| {
        let by_key = matches!(
            one.expected,
            Expected::Denied {
                by: keyproof_core::Service::Kms,
                ..
            }
        );
        one.principal == "keyproof-outsider" && one.on.as_deref() == Some("bills") && by_key
    };
    assert!(
        first.expectations.iter().any(|one| kept_out(&one)),
        "{text}"
    );
    assert_eq!(
        first.tables.keys().collect::<Vec<_>>(),
        ["bills", "keyproof-control"]
    );
    let check = [
        "check",
        "--plan",
        "plan.yaml",
        "--template",
        "template.yaml",
        "--template",
        "roles.yaml",
    ];
    let check = keyproof(check)
        .file("plan.yaml", &text)
        .file("template.yaml", TEMPLATE)
        .file("roles.yaml", &roles)
        .run();
    check.exits(0);
}

#[test]
fn no_file_is_replaced_unasked() {
    let output = ["--output", "plan.yaml"];
    let mut program = init(output)
        .file("template.yaml", TEMPLATE)
        .file("plan.yaml", "mine");
    let run = program.run();

    run.exits(2);
    assert!(
        run.stderr.contains("`plan.yaml` is there already"),
        "{}",
        run.stderr
    );
    assert_eq!(program.read("plan.yaml"), "mine");
    let mut forced = init(["--output", "plan.yaml", "--force"])
        .file("template.yaml", TEMPLATE)
        .file("plan.yaml", "mine");
    forced.run().exits(0);
    plan(&forced.read("plan.yaml"));
}

#[test]
fn where_nothing_could_be_proven_there_is_no_plan() {
    let unencrypted = TEMPLATE.replace(
        "SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn",
        "SSEEnabled: false",
    );
    let nobody = TEMPLATE.replace(
        "ManagedPolicyArns: [\"arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess\"]",
        "MaxSessionDuration: 3600",
    );
    for (template, told) in [
        (
            unencrypted,
            "no table of template.yaml is on a customer managed key",
        ),
        (
            nobody,
            "nobody whose role the runner may assume reads any table of template.yaml",
        ),
    ] {
        let run = init([]).file("template.yaml", &template).run();

        run.exits(2);
        assert_eq!(run.stdout, "");
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
}

/// An outsider, a control table, and a function that the key lets in and nobody can be.
const MORE: &str = r#"
  Outsider:
    Type: AWS::IAM::Role
    Properties:
      RoleName: outsider
      Path: /proof/
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [
        { Effect: Allow, Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }, Action: sts:AssumeRole }] }
      Policies: [{ PolicyName: read, PolicyDocument: { Version: "2012-10-17", Statement: [
        { Effect: Allow, Action: ["dynamodb:GetItem", "dynamodb:Scan"], Resource: "*" }] } }]
  Function:
    Type: AWS::IAM::Role
    Properties:
      RoleName: function
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [
        { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: sts:AssumeRole }] }
  Control:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: control
      AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }]
      KeySchema: [{ AttributeName: pk, KeyType: HASH }]
"#;

#[tokio::test]
async fn an_account_gives_the_plan_that_its_template_gives() {
    let template = TEMPLATE.replace(
        "\"arn:aws:iam::444455556666:role/partner\"",
        "!GetAtt Function.Arn",
    ) + MORE;
    let from_template = init([]).file("template.yaml", &template).run();
    from_template.exits(0);
    let stack = Stack::new(&template, &from_template.stdout);
    let url = stack.serve().await;
    let administrator = stack.administrator();

    let words = ["plan", "init", "--region", "us-east-1"];
    let live = stack
        .program(&url, &administrator, words)
        .run_beside()
        .await
        .0;

    live.exits(0);
    let (told, expected) = (plan(&live.stdout), plan(&from_template.stdout));
    let said = |plan: &Plan| {
        let probes = plan.probes().into_iter();
        let mut said: Vec<_> = probes
            .map(|probe| (probe.id, format!("{:?}", probe.kind)))
            .collect();
        said.sort();
        said
    };
    assert_eq!(said(&told), said(&expected), "{}", live.stdout);
    assert_eq!(told.tables["bills"].key, expected.tables["bills"].key);
    assert_eq!(told.tables["bills"].canary, expected.tables["bills"].canary);
    let function = "role `function` is named for the key of `bills`, but its trust policy doesn't let the runner assume it";
    for run in [&live, &from_template] {
        assert!(run.stderr.contains(function), "{}", run.stderr);
    }
    // And it holds there.
    let stack = stack.with_plan(live.stdout);
    for words in [
        ["canary", "plant", "--plan", "plan.yaml"].as_slice(),
        &["verify", "--plan", "plan.yaml"],
    ] {
        let run = stack
            .program(&url, &administrator, words.iter().copied())
            .run_beside()
            .await
            .0;
        run.exits(0);
    }
}

#[tokio::test]
async fn an_accounts_export_gives_the_plan_that_the_account_gives() {
    let template = TEMPLATE.replace(
        "\"arn:aws:iam::444455556666:role/partner\"",
        "!GetAtt Function.Arn",
    ) + MORE;
    let stack = Stack::new(&template, "");
    let url = stack.serve().await;
    let run = async |words: &[&'static str]| {
        let program = stack.program(&url, &stack.administrator(), words.iter().copied());
        program.run_beside().await.0
    };
    let live = run(&["plan", "init", "--region", "us-east-1"]).await;
    live.exits(0);
    let export = run(&["account", "export", "--region", "us-east-1"]).await;
    export.exits(0);
    let init = |more: &[&'static str]| {
        keyproof(["plan", "init", "--account", "account.json"])
            .args(more.iter().copied())
            .file("account.json", &export.stdout)
            .run()
    };

    let drafted = init(&[]);

    drafted.exits(0);
    let without_comments = |text: &str| {
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        without_comments(&drafted.stdout),
        without_comments(&live.stdout)
    );
    assert!(drafted.stdout.contains("account.json has it"));
    let run = init(&["--profile", "ada"]);
    run.exits(2);
    assert!(
        run.stderr.contains("`--account` asks nobody"),
        "{}",
        run.stderr
    );
}

#[tokio::test]
async fn an_account_that_may_not_be_listed_gives_no_plan() {
    let stack = Stack::new(&(TEMPLATE.to_owned() + MORE), "");
    let url = stack.serve().await;
    let nobody = Credentials::new(
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        None,
        None,
        "test",
    );

    let words = ["plan", "init", "--region", "us-east-1"];
    let run = stack.program(&url, &nobody, words).run_beside().await.0;

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.starts_with(
            "error: the account can't be read: iam:GetAccountAuthorizationDetails of the account: InvalidClientTokenId"
        ),
        "{}",
        run.stderr
    );
}
