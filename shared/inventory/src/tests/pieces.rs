// SPDX-License-Identifier: Apache-2.0
//! Patterns, accounts of an organization, tables of a template, and the documentation.

use keyproof_template::Options;

use super::*;
use crate::organization::{Member, is_parent, select};
use crate::template::tables as tables_of_template;
use crate::{Organization, Pattern, TagFilter, Template, reference, schema};

#[test]
fn a_pattern_is_filled_and_braces_are_written_twice() {
    let pattern: Pattern = "a{account}{{{table}}}-{tag:x y}{partition}"
        .parse()
        .unwrap();
    let mut table = table(ONE, "orders", "red");
    table.tags.insert("x y".to_owned(), "{account}".to_owned());

    let filled = pattern
        .fill(|placeholder| table.value(placeholder))
        .unwrap();

    // What a value brings is no pattern.
    assert_eq!(filled, "a111122223333{orders}-{account}aws");
    table.tags.clear();
    let missing = pattern
        .fill(|placeholder| table.value(placeholder))
        .unwrap_err();
    assert_eq!(missing.to_string(), "{tag:x y}");
}

#[test]
fn what_is_no_pattern_is_told_with_its_mend() {
    let told = |text: &str| text.parse::<Pattern>().unwrap_err().to_string();

    assert_eq!(
        told("{acount}"),
        "unknown placeholder `{acount}`; did you mean `account`?"
    );
    assert_eq!(
        told("{}"),
        "unknown placeholder `{}`; expected one of `account`, `region`, `partition`, `table`, `key`, `tag:NAME`, \
         `account_tag:NAME`"
    );
    for (text, brace) in [("a{b", '{'), ("a}b", '}'), ("{{}", '}'), ("{a{b}", '{')] {
        let expected = format!(
            "a single `{brace}` begins or ends no placeholder; write `{brace}{brace}` for the character itself"
        );
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn a_partition_is_its_regions() {
    for (region, arn) in [
        (
            "cn-north-1",
            "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/orders",
        ),
        (
            "us-gov-west-1",
            "arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/orders",
        ),
        (
            "us-east-1",
            "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
        ),
    ] {
        assert_eq!(
            Table::new(ONE.parse().unwrap(), region, "orders").arn(),
            arn
        );
    }
}

#[test]
fn active_accounts_with_the_tags_are_meant_and_others_left_out_with_the_reason() {
    let organization = Organization {
        under: vec!["r-ab12".to_owned()],
        tags: vec![TagFilter {
            key: "stage".to_owned(),
            values: vec!["prod".to_owned(), "live".to_owned()],
        }],
        except: vec![TWO.parse().unwrap(), "999999999999".parse().unwrap()],
        regions: vec!["eu-west-1".to_owned()],
        role: None,
        external_id: None,
        reads_tags: true,
    };
    let member = |id: &str, state: &str, stage: &[(&str, &str)]| Member {
        id: id.parse().unwrap(),
        state: state.to_owned(),
        tags: tags(stage),
    };
    let live = [("stage", "live")];

    let found = select(
        &organization,
        vec![
            member(ONE, "ACTIVE", &live),
            member(TWO, "ACTIVE", &live),
            member("222222222222", "SUSPENDED", &live),
            member("333333333333", "ACTIVE", &[("stage", "test")]),
            member("444444444444", "ACTIVE", &[]),
        ],
    );

    assert_eq!(
        found.accounts,
        [Account {
            id: ONE.parse().unwrap(),
            tags: tags(&live)
        }]
    );
    let excluded = found
        .excluded
        .iter()
        .map(|one| (one.what.as_str(), one.why.as_str()));
    assert_eq!(
        excluded.collect::<Vec<_>>(),
        [
            (TWO, "the inventory excepts it"),
            ("222222222222", "its state is SUSPENDED"),
            ("333333333333", "its tag `stage` is `test`"),
            ("444444444444", "it has no tag `stage`"),
            (
                "999999999999",
                "the inventory excepts it, but it is not there anyway"
            ),
        ]
    );
}

#[test]
fn parents_are_roots_and_units() {
    for good in [
        "r-ab12",
        "ou-ab12-11112222",
        "ou-examplerootid111-exampleouid111",
    ] {
        assert!(is_parent(good), "{good}");
    }
    for bad in [
        "",
        "r-ab1",
        "r-AB12",
        "ou-ab12",
        "ou-ab12-1111222",
        "ou--11112222",
        "111122223333",
        "r-ab12 ",
    ] {
        assert!(!is_parent(bad), "{bad}");
    }
}

const TEMPLATE: &str = "
Resources:
  Key: { Type: AWS::KMS::Key, Properties: { KeyPolicy: { Version: '2012-10-17', Statement: [] } } }
  Bare: { Type: AWS::KMS::Key, Properties: { KeyPolicy: { Version: '2012-10-17', Statement: [] } } }
  Alias: { Type: AWS::KMS::Alias, Properties: { AliasName: alias/orders, TargetKeyId: !Ref Key } }
  Orders: { Type: AWS::DynamoDB::Table, Properties: { TableName: orders, Tags: [{ Key: team, Value: red }],
    KeySchema: [{ AttributeName: pk, KeyType: HASH }], AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }],
    BillingMode: PAY_PER_REQUEST, SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Key.Arn } } }
  Old: { Type: AWS::DynamoDB::Table, Properties: { TableName: old,
    KeySchema: [{ AttributeName: pk, KeyType: HASH }], AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }],
    BillingMode: PAY_PER_REQUEST, SSESpecification: { SSEEnabled: true, SSEType: KMS, KMSMasterKeyId: !GetAtt Bare.Arn } } }
  Nameless: { Type: AWS::DynamoDB::Table, Properties: {
    KeySchema: [{ AttributeName: pk, KeyType: HASH }], AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }],
    BillingMode: PAY_PER_REQUEST } }
  Control: { Type: AWS::DynamoDB::Table, Properties: { TableName: control,
    KeySchema: [{ AttributeName: pk, KeyType: HASH }], AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }],
    BillingMode: PAY_PER_REQUEST } }
  Nested: { Type: AWS::CloudFormation::Stack, Properties: { TemplateURL: 'https://example.com/t.yaml' } }
";

#[test]
fn a_template_tells_of_its_tables_and_of_what_it_does_not_show() {
    let source = Template {
        files: vec!["t.yaml".to_owned()],
        account: ONE.parse().unwrap(),
        region: "eu-west-1".to_owned(),
        parameters: BTreeMap::new(),
        except: vec!["Control".to_owned()],
    };
    let options = Options::new(ONE.parse().unwrap(), "eu-west-1");
    let account = keyproof_template::load(TEMPLATE, &options).unwrap();

    let found = tables_of_template(&source, &[account]);

    let mut orders = Table::new(ONE.parse().unwrap(), "eu-west-1", "orders");
    orders.key = Some("arn:aws:kms:eu-west-1:111122223333:alias/orders".to_owned());
    orders.tags = tags(&[("team", "red")]);
    // Nobody knows the id of a key before it is made.
    let old = Table::new(ONE.parse().unwrap(), "eu-west-1", "old");
    assert_eq!(found.tables, [orders, old]);
    let unread: Vec<_> = found.unread.iter().map(|one| one.why.as_str()).collect();
    assert_eq!(
        unread,
        [
            "the table `Nameless` gets its name at deployment; give it a `TableName`, or leave it out with `except`"
        ]
    );
    let excluded: Vec<_> = found.excluded.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(excluded, ["Control", "Nested"]);
}

#[test]
fn the_documentation_has_every_field() {
    let page = include_str!("../../../../docs/inventory.md");
    let between = page
        .split_once("<!-- fields: generated -->\n\n")
        .and_then(|(_, rest)| rest.split_once("<!-- end of fields -->"))
        .map(|(fields, _)| fields);

    assert_eq!(between, Some(reference().as_str()));
}

#[test]
fn the_inventory_of_the_documentation_is_good() {
    let page = include_str!("../../../../docs/inventory.md");
    let (_, rest) = page.split_once("```yaml\nkeyproof: inventory/v1").unwrap();
    let (text, _) = rest.split_once("```").unwrap();

    read(&format!("keyproof: inventory/v1{text}"));
}

#[test]
fn the_schema_takes_what_the_parser_takes_and_refuses_unknown_fields() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let good = keyproof_document::parse(BANK).unwrap().to_json();
    let errors: Vec<_> = validator
        .iter_errors(&good)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, [""; 0]);

    for (from, to) in [
        ("tagged:", "taged:"),
        ("from: everywhere", "form: everywhere"),
        ("regions: [eu-west-1]", "regions: []"),
        ("ou-ab12-11112222", "ab12"),
        ("inventory/v1", "plan/v1"),
    ] {
        let bad = keyproof_document::parse(&with(BANK, from, to))
            .unwrap()
            .to_json();
        assert!(!validator.is_valid(&bad), "{to}");
        assert!(Inventory::parse(&with(BANK, from, to)).is_err(), "{to}");
    }
}
