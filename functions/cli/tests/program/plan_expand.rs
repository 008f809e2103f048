// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan expand`: inventories of files and of a scripted AWS, what comes of them, and what is said
//! where something is not found out.

use keyproof_plan::Plan;
use keyproof_scripted::{Reply, Rule, Script, Scripted, World};
use serde_json::json;

use crate::support::{Program, Run, keyproof};

const SHEET: &str = r#"
keyproof: inventory/v1
name: sheet-{region}
sources:
  sheet: { csv: tables.csv }
tables:
  listed:
    from: sheet
    key: "{key}"
    canary: { key: { pk: { S: keyproof#canary } } }
principals:
  reader: { role: "arn:aws:iam::{account}:role/{tag:team}-reader" }
expectations:
  - { principal: reader, on: listed, actions: [dynamodb:GetItem], decision: allowed }
"#;

const ROWS: &str = "account,region,table,key,tag:team\n\
                    444455556666,eu-west-1,orders,alias/orders,red\n\
                    111122223333,eu-west-1,orders,alias/orders,blue\n";

const EXPANDED: &str = r#"# Made by `keyproof plan expand`. Change the inventory, not this.
keyproof: "plan/v1"
name: "sheet-eu-west-1"
region: "eu-west-1"
tables:
  "orders@111122223333": { table: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders", key: "alias/orders", canary: { key: { pk: { S: "keyproof#canary" } } } }
  "orders@444455556666": { table: "arn:aws:dynamodb:eu-west-1:444455556666:table/orders", key: "alias/orders", canary: { key: { pk: { S: "keyproof#canary" } } } }
principals:
  "reader.blue@111122223333": { role: "arn:aws:iam::111122223333:role/blue-reader" }
  "reader.red@444455556666": { role: "arn:aws:iam::444455556666:role/red-reader" }
expectations:
  - { principal: "reader.blue@111122223333", "on": "orders@111122223333", actions: ["dynamodb:GetItem"], decision: allowed }
  - { principal: "reader.red@444455556666", "on": "orders@444455556666", actions: ["dynamodb:GetItem"], decision: allowed }
"#;

fn expand<'a>(more: impl IntoIterator<Item = &'a str>) -> Program {
    keyproof(["plan", "expand", "inventory.yaml"].into_iter().chain(more))
}

fn sheet<'a>(rows: &str, more: impl IntoIterator<Item = &'a str>) -> Program {
    expand(more)
        .file("inventory.yaml", SHEET)
        .file("tables.csv", rows)
}

#[track_caller]
fn expect(run: &Run, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (Some(code), stdout, stderr)
    );
}

#[test]
fn rows_become_a_plan_on_standard_output() {
    let run = sheet(ROWS, []).run();

    expect(
        &run,
        0,
        EXPANDED,
        "sheet-eu-west-1: 2 accounts, 2 tables, 2 principals, 4 probes\n",
    );
    let lines: Vec<&str> = ROWS.lines().collect();
    let other_order = [lines[0], lines[2], lines[1]].join("\r\n");
    assert_eq!(sheet(&other_order, []).run().stdout, EXPANDED);
    let json = sheet(ROWS, ["--format", "json"]).run();
    assert_eq!(
        Plan::parse(&json.stdout).unwrap().to_json(),
        Plan::parse(EXPANDED).unwrap().to_json()
    );
    let validated = keyproof(["plan", "validate", "-"]).stdin(EXPANDED).run();
    expect(
        &validated,
        0,
        "sheet-eu-west-1: 4 probes, 2 tables, 2 principals\n",
        "",
    );
}

#[test]
fn files_are_looked_for_beside_the_inventory() {
    let mut program = keyproof([
        "plan",
        "expand",
        "inside/inventory.yaml",
        "--output",
        "plan.yaml",
    ]);
    let folder = program.directory.path().join("inside");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("inventory.yaml"), SHEET).unwrap();
    std::fs::write(folder.join("tables.csv"), ROWS).unwrap();

    let run = program.run();

    expect(
        &run,
        0,
        "",
        "sheet-eu-west-1: 2 accounts, 2 tables, 2 principals, 4 probes\n",
    );
    let written = std::fs::read_to_string(program.directory.path().join("plan.yaml")).unwrap();
    assert_eq!(written, EXPANDED);
}

#[test]
fn the_summary_says_what_is_in_it_and_writes_nothing_unless_told_to() {
    let mut program = sheet(ROWS, ["--summary"]);
    let summary = "\
Sources
  sheet: 2 tables in 2 accounts

Plan sheet-eu-west-1, eu-west-1: 2 accounts, 2 tables, 2 principals, 4 probes
  111122223333: orders
  444455556666: orders
";
    expect(&program.run(), 0, summary, "");
    assert_eq!(
        std::fs::read_dir(program.directory.path()).unwrap().count(),
        2
    );

    let both = sheet(ROWS, ["--summary", "--output", "plan.yaml"]).run();
    assert_eq!((both.code, both.stdout.as_str()), (Some(0), summary));
    let neither = sheet(ROWS, ["--summary", "--output", "-"]).run();
    expect(
        &neither,
        2,
        "",
        "error: `--summary` and the plan can't both go to standard output; give `--output FILE`\n",
    );
}

#[test]
fn what_is_wrong_is_told_with_its_file_and_place() {
    let inventory = SHEET.replace("on: listed", "on: listd");
    let wrong = expand([]).file("inventory.yaml", &inventory).run();
    expect(
        &wrong,
        2,
        "",
        "inventory.yaml:14:30: expectations[0].on: unknown table `listd`; did you mean `listed`?\n",
    );
    let row = sheet("account,region,table\n1,eu-west-1,orders\n", []).run();
    expect(
        &row,
        2,
        "",
        "./tables.csv:2:1: `1` is not an AWS account id; expected twelve digits: a spreadsheet may have taken leading \
         zeros away\n",
    );
    let nothing = sheet("account,region,table,key,tag:team\n", []).run();
    expect(
        &nothing,
        2,
        "",
        "inventory.yaml:5:3: sources.sheet: the source `sheet` was found to hold nothing; what is empty proves nothing\n",
    );
    let no_tag = sheet(
        "account,region,table,key\n111122223333,eu-west-1,orders,alias/o\n",
        [],
    )
    .run();
    expect(
        &no_tag,
        2,
        "",
        "inventory.yaml:12:19: principals.reader: `{tag:team}` has no value for the table `orders` of account 111122223333 in \
         eu-west-1\n",
    );
    let absent = expand([]).file("inventory.yaml", SHEET).run();
    expect(
        &absent,
        2,
        "",
        "error: cannot read `./tables.csv`: No such file or directory (os error 2)\n",
    );
    let plan = keyproof(["plan", "validate", "-"]).stdin(SHEET).run();
    expect(
        &plan,
        2,
        "",
        "<stdin>:2:11: keyproof: `inventory/v1` is not a known version of the plan format; this is an inventory: `keyproof plan \
         expand` makes plans of it\n",
    );
}

const TWO_REGIONS: &str = "account,region,table,key,tag:team\n\
                           111122223333,eu-west-1,orders,alias/orders,red\n\
                           111122223333,us-east-1,orders,alias/orders,red\n";

#[test]
fn several_plans_go_into_a_folder_that_holds_no_other() {
    let told = sheet(TWO_REGIONS, []).run();
    expect(
        &told,
        2,
        "",
        "error: the inventory makes 2 plans, `sheet-eu-west-1`, `sheet-us-east-1`; give `--into DIR` for a file each\n",
    );

    let mut program = sheet(TWO_REGIONS, ["--into", "plans"]);
    let run = program.run();
    let counts = "1 account, 1 table, 1 principal, 2 probes";
    expect(
        &run,
        0,
        "",
        &format!("sheet-eu-west-1: {counts}\nsheet-us-east-1: {counts}\n"),
    );
    let folder = program.directory.path().join("plans");
    for region in ["eu-west-1", "us-east-1"] {
        let text = std::fs::read_to_string(folder.join(format!("sheet-{region}.yaml"))).unwrap();
        assert_eq!(Plan::parse(&text).unwrap().region, region);
    }

    // The region that is gone has a file still.
    std::fs::write(
        program.directory.path().join("tables.csv"),
        TWO_REGIONS.rsplit_once("111122223333").unwrap().0,
    )
    .unwrap();
    let run = program.run();
    expect(
        &run,
        2,
        "",
        "error: `plans` holds `sheet-us-east-1.yaml`, which the inventory doesn't make (any more); remove what is no plan now, \
         here and with `keyproof plan remove`\n",
    );
}

#[test]
fn a_table_that_is_gone_is_told_and_can_end_the_command_with_one() {
    let fewer = ROWS.rsplit_once("111122223333").unwrap().0;
    let less = "sheet-eu-west-1: since before\n  - table orders@111122223333\n  - principal reader.blue@111122223333\n  \
                0 probes more, 2 less\n";
    let counts = "sheet-eu-west-1: 1 account, 1 table, 1 principal, 2 probes\n";
    for (words, code) in [
        (&["--against", "before.yaml"][..], 0),
        (&["--against", "before.yaml", "--fail-on-removed"], 1),
    ] {
        let words = words.iter().copied().chain(["--output", "plan.yaml"]);
        let run = sheet(fewer, words).file("before.yaml", EXPANDED).run();
        expect(&run, code, "", &format!("{less}{counts}"));
    }
    let same = sheet(
        ROWS,
        ["--against", "before.yaml", "--fail-on-removed", "--summary"],
    )
    .file("before.yaml", EXPANDED)
    .run();
    assert_eq!(
        (same.code, same.stderr.as_str()),
        (Some(0), "sheet-eu-west-1: asks what it asked before\n")
    );

    // A plan that became several is gone, but for one of its name.
    let before = EXPANDED.replace("sheet-eu-west-1", "sheet");
    let run = sheet(
        TWO_REGIONS,
        [
            "--against",
            "before.yaml",
            "--fail-on-removed",
            "--into",
            "plans",
        ],
    )
    .file("before.yaml", &before)
    .run();
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("sheet: is gone, with 4 probes\n"),
        "{}",
        run.stderr
    );

    // Of plans in a folder one may be gone as a whole, and another be new.
    let mut program = sheet(
        ROWS,
        ["--against", "before", "--fail-on-removed", "--summary"],
    );
    let folder = program.directory.path().join("before");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(
        folder.join("x.yaml"),
        EXPANDED.replace("sheet-eu-west-1", "other"),
    )
    .unwrap();
    let run = program.run();
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (
            Some(1),
            "sheet-eu-west-1: a new plan\nother: is gone, with 4 probes\n"
        )
    );
}

const TEMPLATE: &str = r#"
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Version: "2012-10-17"
        Statement:
          - { Sid: Administration, Effect: Allow, Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" },
              Action: ["kms:Describe*", "kms:Put*"], Resource: "*" }
          - { Sid: Application, Effect: Allow, Principal: { AWS: [!GetAtt Reader.Arn] }, Action: kms:Decrypt, Resource: "*" }
  Alias: { Type: AWS::KMS::Alias, Properties: { AliasName: alias/bills, TargetKeyId: !Ref Key } }
  Bills:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: bills
      Tags: [{ Key: pk, Value: id }]
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
      SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn }
  Scratch:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
      KeySchema: [{ AttributeName: id, KeyType: HASH }]
  Reader:
    Type: AWS::IAM::Role
    Properties: &role
      RoleName: bills-reader
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [
        { Effect: Allow, Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }, Action: sts:AssumeRole }] }
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]
  Outsider:
    Type: AWS::IAM::Role
    Properties:
      RoleName: outsider
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [
        { Effect: Allow, Principal: { AWS: !Sub "arn:aws:iam::${AWS::AccountId}:root" }, Action: sts:AssumeRole }] }
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"]
"#;

const OF_TEMPLATE: &str = r#"
keyproof: inventory/v1
name: bills
sources:
  stack: { template: template.yaml, account: "111122223333", region: us-east-1, except: [Scratch] }
tables:
  bills: { from: stack, key: "{key}", canary: { key: { "{tag:pk}": { S: keyproof#canary } } } }
principals:
  reader: { role: "arn:aws:iam::{account}:role/{table}-reader" }
  outsider: { role: "arn:aws:iam::{account}:role/outsider" }
expectations:
  - { principal: reader, on: bills, actions: [dynamodb:GetItem, dynamodb:Scan], decision: allowed }
  - { principal: outsider, on: bills, actions: [dynamodb:GetItem], decision: denied, by: kms }
"#;

#[test]
fn a_plan_of_a_template_is_held_against_it_in_both_directions() {
    let run = expand([])
        .file("inventory.yaml", OF_TEMPLATE)
        .file("template.yaml", TEMPLATE)
        .run();
    assert_eq!(
        (run.code, run.stderr.as_str()),
        (
            Some(0),
            "left out, as the inventory says: 1; `--summary` tells which and why
bills: 1 account, 1 table, 2 principals, 4 \
             probes
"
        )
    );

    let verdict = |template: &str| {
        let check = keyproof([
            "check",
            "--plan",
            "plan.yaml",
            "--template",
            "template.yaml",
            "--format",
            "json",
        ])
        .file("plan.yaml", &run.stdout)
        .file("template.yaml", template)
        .run();
        let report: serde_json::Value = serde_json::from_str(&check.stdout).unwrap();
        let findings: Vec<_> = report["probes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                format!(
                    "{} {}",
                    row["id"].as_str().unwrap(),
                    row["finding"].as_str().unwrap_or("pass")
                )
            })
            .collect();
        (check.code, findings)
    };
    let rows = |last: &str| {
        vec![
            "bills@111122223333/encryption pass".to_owned(),
            "reader.bills@111122223333/dynamodb:GetItem/bills@111122223333 pass".to_owned(),
            "reader.bills@111122223333/dynamodb:Scan/bills@111122223333 pass".to_owned(),
            format!("outsider@111122223333/dynamodb:GetItem/bills@111122223333 {last}"),
        ]
    };
    assert_eq!(verdict(TEMPLATE), (Some(0), rows("pass")));
    let wide = TEMPLATE.replace(
        "[!GetAtt Reader.Arn]",
        "[!GetAtt Reader.Arn, !GetAtt Outsider.Arn]",
    );
    assert_eq!(verdict(&wide), (Some(1), rows("exposed")));
}

#[test]
fn a_table_that_is_named_at_deployment_is_not_found_out() {
    let inventory = OF_TEMPLATE.replace(", except: [Scratch]", "");
    let run = expand([])
        .file("inventory.yaml", &inventory)
        .file("template.yaml", TEMPLATE)
        .run();

    expect(
        &run,
        3,
        "",
        "not found out: stack: account 111122223333 in us-east-1: the table `Scratch` gets its name at deployment; give it a \
         `TableName`, or leave it out with `except`\nno plan is written: what is not in it would be taken for proven\n",
    );
}

const TAGGED: &str = r#"
keyproof: inventory/v1
name: tagged
sources:
  here: { accounts: ["111122223333", "444455556666"], regions: [us-east-1] }
  secret: { tagged: { data: secret }, in: here, role: "arn:aws:iam::{account}:role/inventory-{account}" }
tables:
  secret: { from: secret, key: "alias/{table}", canary: { key: { pk: { S: keyproof#canary } } } }
principals:
  reader: { role: "arn:aws:iam::{account}:role/reader" }
expectations:
  - { principal: reader, on: secret, actions: [dynamodb:GetItem], decision: allowed }
"#;

fn page(account: &str) -> Reply {
    let arn = format!("arn:aws:dynamodb:us-east-1:{account}:table/orders");
    let mapping = json!({ "ResourceARN": arn, "Tags": [{ "Key": "data", "Value": "secret" }] });
    Reply::body(&json!({ "ResourceTagMappingList": [mapping], "PaginationToken": "" }).to_string())
}

fn on_resources(account: &str, reply: Reply) -> Rule {
    Rule::new(reply)
        .on("GetResources")
        .by(&format!("inventory-{account}"))
}

fn at(rules: Vec<Rule>, words: &[&str]) -> (Run, Option<String>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let script = rules
            .into_iter()
            .fold(Script::new(World::default()), Script::rule);
        let endpoint = Scripted::start(script).await;
        let mut program = expand(words.iter().copied())
            .at(&endpoint)
            .file("inventory.yaml", TAGGED);
        tokio::task::spawn_blocking(move || {
            let run = program.run();
            (
                run,
                std::fs::read_to_string(program.directory.path().join("plan.yaml")).ok(),
            )
        })
        .await
        .unwrap()
    })
}

#[test]
fn an_account_that_can_not_be_read_means_no_plan() {
    let (one, two) = ("111122223333", "444455556666");
    let denied = || Reply::error(400, "AccessDeniedException", "not you");
    let words = ["--output", "plan.yaml"];

    let (run, written) = at(
        vec![on_resources(one, page(one)), on_resources(two, page(two))],
        &words,
    );
    expect(
        &run,
        0,
        "",
        "tagged: 2 accounts, 2 tables, 2 principals, 4 probes\n",
    );
    assert_eq!(Plan::parse(&written.unwrap()).unwrap().tables.len(), 2);

    let (run, written) = at(
        vec![on_resources(one, page(one)), on_resources(two, denied())],
        &words,
    );
    expect(
        &run,
        3,
        "",
        "not found out: secret: account 444455556666 in us-east-1: tag:GetResources: AccessDeniedException: not you\n\
         no plan is written: what is not in it would be taken for proven\n",
    );
    assert_eq!(written, None);

    let words = ["--output", "plan.yaml", "--carry-on"];
    let (run, written) = at(
        vec![on_resources(one, page(one)), on_resources(two, denied())],
        &words,
    );
    expect(
        &run,
        0,
        "",
        "warning: secret: account 444455556666 in us-east-1 was not read, and is a probe that is blind: tag:GetResources: \
         AccessDeniedException: not you\ntagged: 2 accounts, 2 tables, 1 principal, 3 probes\n",
    );
    let plan = Plan::parse(&written.unwrap()).unwrap();
    let ids: Vec<_> = plan.each_probe().map(|probe| probe.id).collect();
    assert_eq!(
        ids,
        [
            "orders@111122223333/encryption",
            "unread@444455556666/encryption",
            "reader@111122223333/dynamodb:GetItem/orders@111122223333",
        ]
    );
}

#[test]
fn without_credentials_nothing_is_asked() {
    let run = expand([]).file("inventory.yaml", TAGGED).run();

    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""));
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
}

#[test]
fn the_schema_of_inventories_is_printed() {
    let run = keyproof(["plan", "schema", "--inventory"]).run();
    let schema: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();

    assert_eq!(
        (run.code, &schema["title"]),
        (Some(0), &json!("keyproof inventory"))
    );
}
