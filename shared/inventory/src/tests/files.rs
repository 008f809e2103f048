// SPDX-License-Identifier: Apache-2.0
//! What an inventory lists itself and has in its files, and everything that is wrong in them at once.

use std::collections::BTreeMap;

use keyproof_plan::Place;

use crate::{Account, Found, InFile, Inventory, Table, listed};

use super::{ONE, TWO, with};

const LISTED: &str = r#"
keyproof: inventory/v1
name: all-{region}
sources:
  here: { accounts: ["111122223333"], regions: [eu-west-1] }
  sheet: { csv: sheets/tables.csv }
  stack: { template: [t.yaml, sheets/u.yaml], account: "444455556666", region: eu-west-1 }
tables:
  control: { from: here, table: control, key: aws-owned, canary: { key: { pk: { S: c } } } }
  orders: { from: [sheet, stack], key: alias/orders, canary: { key: { pk: { S: c } } } }
principals:
  reader: { role: "arn:aws:iam::{account}:role/reader" }
expectations:
  - { principal: reader, on: [control, orders], actions: [dynamodb:GetItem], decision: allowed }
"#;

const TABLE: &str = "Resources: { Orders: { Type: AWS::DynamoDB::Table, Properties: { TableName: ledger, \
    KeySchema: [{ AttributeName: pk, KeyType: HASH }], BillingMode: PAY_PER_REQUEST, \
    AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }] } } }\n";
const OTHER: &str =
    "Resources: { Key: { Type: AWS::KMS::Key, Properties: { EnableKeyRotation: true } } }\n";

fn texts(of: [(&str, &str); 3]) -> BTreeMap<String, String> {
    of.map(|(name, text)| (name.to_owned(), text.to_owned()))
        .into()
}

#[test]
fn files_are_named_once_and_read_without_asking_anybody() {
    let inventory = Inventory::parse(LISTED).unwrap();
    let files: Vec<_> = inventory.files().into_iter().collect();
    assert_eq!(files, ["sheets/tables.csv", "sheets/u.yaml", "t.yaml"]);
    assert!(!inventory.asks_aws());

    let rows = "account,region,table\n111122223333,eu-west-1,orders\n";
    let given = texts([
        ("sheets/tables.csv", rows),
        ("sheets/u.yaml", OTHER),
        ("t.yaml", TABLE),
    ]);
    let listed = listed(&inventory, &given).unwrap();

    let table = |account: &str, name: &str| {
        let tables = vec![Table::new(account.parse().unwrap(), "eu-west-1", name)];
        Found {
            tables,
            ..Found::default()
        }
    };
    let id = ONE.parse().unwrap();
    let tags = BTreeMap::new();
    let accounts = Found {
        accounts: vec![Account { id, tags }],
        ..Found::default()
    };
    let expected = [
        ("here", accounts),
        ("sheet", table(ONE, "orders")),
        ("stack", table(TWO, "ledger")),
    ];
    let expected = expected.map(|(name, found)| (name.to_owned(), found));
    assert_eq!(listed.answers, expected.into());
    assert_eq!(listed.notes, []);
}

#[test]
fn everything_that_is_wrong_in_files_is_told_at_once_and_so_is_one_that_nobody_read() {
    let inventory = Inventory::parse(LISTED).unwrap();
    let given = texts([
        ("sheets/tables.csv", "account,region\n"),
        ("another.yaml", OTHER),
        ("t.yaml", TABLE),
    ]);

    let wrong = listed(&inventory, &given).unwrap_err();

    let unread = InFile {
        file: "sheets/u.yaml".to_owned(),
        place: Place::START,
        sentence: "the file was not read".to_owned(),
    };
    let [sheet, rest @ ..] = wrong.as_slice() else {
        panic!("{wrong:?}");
    };
    assert!(
        sheet.to_string().starts_with("sheets/tables.csv:1:"),
        "{sheet}"
    );
    assert_eq!(rest, [unread]);
}

#[test]
fn an_inventory_asks_aws_where_a_source_is_not_in_its_files() {
    let asks = [
        "{ csv: \"s3://sheets/tables.csv\" }",
        "{ tagged: { data: secret }, in: here }",
    ];
    for source in asks {
        let text = with(LISTED, "{ csv: sheets/tables.csv }", source);
        assert!(Inventory::parse(&text).unwrap().asks_aws(), "{source}");
    }
}
