// SPDX-License-Identifier: Apache-2.0
//! How long an organization's inventory takes, and how much memory: `cargo run --release -p
//! keyproof-inventory --example large [ACCOUNTS [TABLES]]`, 2,000 accounts of ten tables unless said otherwise.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement, not a part of the program"
)]

use std::fmt::Write;
use std::time::Instant;

use keyproof_inventory::{Answers, Form, Found, Inventory, Lost, csv, expand};

const INVENTORY: &str = r#"
keyproof: inventory/v1
name: bank
sources: { sheet: { csv: tables.csv } }
tables:
  listed:
    from: sheet
    key: "arn:aws:kms:{region}:{account}:alias/{table}"
    canary: { key: { pk: { S: keyproof#canary } }, attributes: { proof: { S: c0ffee } } }
    inspect_as: inspector
principals:
  inspector: { role: "arn:aws:iam::{account}:role/keyproof/inspector" }
  reader: { role: "arn:aws:iam::{account}:role/keyproof/reader" }
  outsider: { role: "arn:aws:iam::{account}:role/keyproof/outsider" }
expectations:
  - { principal: reader, on: listed, actions: [dynamodb:GetItem, dynamodb:Scan], decision: allowed }
  - { principal: outsider, on: listed, actions: [dynamodb:GetItem, kms:Decrypt], decision: denied, by: kms }
"#;

fn main() {
    let mut words = std::env::args()
        .skip(1)
        .map(|word| word.parse::<u64>().unwrap());
    let (accounts, tables) = (words.next().unwrap_or(2000), words.next().unwrap_or(10));
    let mut rows = "account,region,table\n".to_owned();
    for account in 0..accounts {
        for table in 0..tables {
            let account = 100_000_000_000 + account;
            writeln!(rows, "{account:012},eu-west-1,table-{table}").unwrap();
        }
    }
    let begun = Instant::now();
    let inventory = Inventory::parse(INVENTORY).unwrap();
    let found = Found {
        tables: csv::read(&rows).unwrap(),
        ..Found::default()
    };
    let answers = Answers::from([("sheet".to_owned(), found)]);
    let expansion = expand(&inventory, &answers, Lost::Refused, Form::Yaml).unwrap();
    let took = begun.elapsed();
    let plan = expansion.plans.first().unwrap();
    println!(
        "{accounts} accounts of {tables} tables: {} probes, {} principals, {:.1} MiB of plan in {:.2} s; peak {} of memory",
        plan.plan.planned(),
        plan.plan.principals.len(),
        f64::from(u32::try_from(plan.text.len()).unwrap()) / 1_048_576.0,
        took.as_secs_f64(),
        peak(),
    );
}

/// The most memory that the process had, as Linux tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap_or(" unknown").trim().to_owned()
}
