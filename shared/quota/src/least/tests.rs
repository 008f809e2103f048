// SPDX-License-Identifier: Apache-2.0
//! The least that a plan takes, counted by hand.

use std::collections::BTreeMap;

use keyproof_plan::{Action, Plan};

use super::least;
use crate::Operation;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn counted(expectations: &str) -> BTreeMap<String, u64> {
    let text = format!(
        r#"
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders: {{ table: orders, key: "{KEY}", canary: {{ key: {{ pk: {{ S: c }} }} }} }}
  invoices: {{ table: invoices, key: "{KEY}", canary: {{ key: {{ pk: {{ S: c }} }} }} }}
  elsewhere: {{ table: elsewhere, key: "{KEY}", inspect_as: looker, canary: {{ key: {{ pk: {{ S: c }} }} }} }}
  control: {{ table: control, key: aws-owned, canary: {{ key: {{ pk: {{ S: c }} }} }} }}
principals:
  reader: {{ role: "arn:aws:iam::111122223333:role/reader" }}
  outsider: {{ role: "arn:aws:iam::111122223333:role/outsider" }}
  looker: {{ role: "arn:aws:iam::111122223333:role/looker" }}
  nobody: {{ role: "arn:aws:iam::111122223333:role/nobody" }}
expectations:
{expectations}
"#
    );
    let plan = Plan::parse(&text).unwrap();
    let least = least(&plan);
    least
        .into_iter()
        .map(|(operation, count)| (operation.to_string(), count))
        .collect()
}

fn of<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.map(|(name, count)| (name.to_owned(), count)).into()
}

#[test]
fn sessions_looks_and_probes_are_counted_once_each() {
    let found = counted(
        r"
  - { principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:PartiQLSelect], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, actions: [sts:AssumeRole], decision: allowed }
",
    );

    // Nobody asks for `nobody`; `looker` looks at one table and asks nothing else.
    let expected = of([
        ("dynamodb:DescribeTable", 4),
        ("dynamodb:ExecuteStatement", 1),
        ("dynamodb:GetItem", 2),
        // The operator looks at the key of two tables once, and `looker` for itself.
        ("kms:DescribeKey", 2),
        ("sts:AssumeRole", 3),
        ("sts:GetCallerIdentity", 1),
    ]);
    assert_eq!(found, expected);
}

#[test]
fn the_same_alias_is_one_key_for_those_alone_who_have_it_resolved_by_the_same() {
    let grants = |first: &str, second: &str| {
        let text = format!(
            r#"
keyproof: plan/v1
name: aliases
region: us-east-1
tables:
  one: {{ table: one, key: alias/orders, canary: {{ key: {{ pk: {{ S: c }} }} }}{first} }}
  two: {{ table: two, key: alias/orders, canary: {{ key: {{ pk: {{ S: c }} }} }}{second} }}
principals:
  reader: {{ role: "arn:aws:iam::111122223333:role/reader" }}
  looker: {{ role: "arn:aws:iam::111122223333:role/looker" }}
expectations:
  - {{ principal: reader, on: [one, two], actions: [kms:CreateGrant], decision: allowed }}
"#
        );
        let plan = Plan::parse(&text).unwrap();
        let operation = Operation::of(Action::CreateGrant);
        least(&plan)[&operation]
    };
    let looker = ", inspect_as: looker";
    assert_eq!(grants("", ""), 1);
    assert_eq!(grants(looker, looker), 1);
    assert_eq!(grants(looker, ""), 2);
}

#[test]
fn what_depends_on_the_key_alone_is_asked_once_for_two_tables_on_it() {
    let found = counted(
        r"
  - { principal: reader, on: orders, actions: [kms:Decrypt, kms:GetKeyPolicy, kms:CreateGrant], decision: allowed }
  - { principal: reader, on: invoices, actions: [kms:Decrypt, kms:GetKeyPolicy, kms:CreateGrant], decision: allowed }
  - { principal: outsider, on: invoices, actions: [kms:GetKeyPolicy], decision: allowed }
",
    );

    let expected = of([
        ("dynamodb:DescribeTable", 4),
        ("kms:CreateGrant", 1),
        // Bound to the table's name by its encryption context.
        ("kms:Decrypt", 2),
        ("kms:DescribeKey", 2),
        ("kms:GetKeyPolicy", 2),
        ("sts:AssumeRole", 3),
        ("sts:GetCallerIdentity", 1),
    ]);
    assert_eq!(found, expected);
}
