// SPDX-License-Identifier: Apache-2.0
//! What is read, what is found wrong, and what comes of it. A new case: an inventory changed by `with`,
//! and the whole of what comes of it.

mod csv;
mod expanded;
mod files;
mod keep;
mod pieces;
mod properties;
mod wrong;

use std::collections::BTreeMap;

use crate::{Account, Answers, Expansion, Form, Found, Inventory, Lost, Refusal, Table, expand};

/// An organization in which every account has a control table, and some have tagged tables.
const BANK: &str = r#"
keyproof: inventory/v1
name: payments-{region}
sources:
  everywhere:
    organization: [ou-ab12-11112222]
    tags: { keyproof: "yes" }
    regions: [eu-west-1]
  confidential:
    tagged: { data: [confidential, secret] }
    in: everywhere
    role: "arn:aws:iam::{account}:role/keyproof/inventory"
tables:
  confidential:
    from: confidential
    key: "arn:aws:kms:{region}:{account}:alias/{table}"
    canary: { key: { "{tag:pk}": { S: keyproof#canary } }, attributes: { proof: { S: "{{c0ffee}}" } } }
    inspect_as: inspector
  control:
    from: everywhere
    table: control-{region}
    key: aws-owned
    canary: { key: { pk: { S: keyproof#canary } } }
principals:
  inspector: { role: "arn:aws:iam::{account}:role/keyproof/inspector" }
  reader: { role: "arn:aws:iam::{account}:role/{tag:team}/reader", duration: 900 }
  outsider: { role: "arn:aws:iam::{account}:role/keyproof/outsider" }
  auditor: { role: "arn:aws:iam::999988887777:role/auditor" }
expectations:
  - { principal: reader, on: confidential, actions: [dynamodb:GetItem, dynamodb:Scan], decision: allowed }
  - { principal: [outsider, auditor], on: confidential, actions: [dynamodb:GetItem], decision: denied, by: kms }
  - { principal: outsider, on: control, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: auditor, actions: [sts:AssumeRole], decision: denied, by: sts }
"#;

const ONE: &str = "111122223333";
const TWO: &str = "444455556666";

/// The text with one thing changed, which must be there.
#[track_caller]
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[track_caller]
fn read(text: &str) -> Inventory {
    Inventory::parse(text).unwrap_or_else(|errors| {
        let lines: Vec<_> = errors
            .iter()
            .map(|error| format!("{}: {error}", error.place))
            .collect();
        panic!("{}", lines.join("\n"))
    })
}

fn tags(tags: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    tags.iter().map(owned).collect()
}

fn account(id: &str) -> Account {
    Account {
        id: id.parse().unwrap(),
        tags: tags(&[("keyproof", "yes")]),
    }
}

fn table(account: &str, name: &str, team: &str) -> Table {
    let mut table = Table::new(account.parse().unwrap(), "eu-west-1", name);
    table.tags = tags(&[("data", "secret"), ("pk", "id"), ("team", team)]);
    table.account_tags = tags(&[("keyproof", "yes")]);
    table
}

/// Two accounts with three tables.
fn answers() -> Answers {
    let everywhere = Found {
        accounts: vec![account(TWO), account(ONE)],
        ..Found::default()
    };
    let confidential = Found {
        tables: vec![
            table(TWO, "orders", "red"),
            table(ONE, "orders", "red"),
            table(ONE, "customers", "blue/green"),
        ],
        ..Found::default()
    };
    [("everywhere", everywhere), ("confidential", confidential)]
        .map(|(name, found)| (name.to_owned(), found))
        .into()
}

#[track_caller]
fn expanded(text: &str, answers: &Answers) -> Expansion {
    match expand(&read(text), answers, Lost::Refused, Form::Yaml) {
        Ok(expansion) => expansion,
        Err(refusal) => panic!("{}", refused(&refusal).join("\n")),
    }
}

/// What a refusal says, a line each.
fn refused(refusal: &Refusal) -> Vec<String> {
    match refusal {
        Refusal::Unread(unread) => unread
            .iter()
            .map(|(source, unread)| {
                format!(
                    "{source}: {} {}: {}",
                    unread.account, unread.region, unread.why
                )
            })
            .collect(),
        Refusal::Wrong(errors) => errors
            .iter()
            .map(|error| format!("{}: {error}", error.place))
            .collect(),
    }
}
