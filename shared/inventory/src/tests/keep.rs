// SPDX-License-Identifier: Apache-2.0
//! What left an inventory stays in its plan. A new case: a plan of before, and the whole plan that comes of
//! both.

use keyproof_plan::Plan;

use crate::{Answers, Difference, Expanded, Form, Lost, Unread, expand, keep};

use super::{BANK, ONE, TWO, answers, expanded, read, table, with};

fn one(text: &str, answers: &Answers) -> Expanded {
    let [one] = <[_; 1]>::try_from(expanded(text, answers).plans).unwrap();
    one
}

/// The answers without the tables of this name.
fn without(name: &str) -> Answers {
    let mut answers = answers();
    let found = answers.get_mut("confidential").unwrap();
    found.tables.retain(|table| table.name != name);
    answers
}

fn ids(plan: &Plan) -> Vec<String> {
    plan.each_probe().map(|probe| probe.id).collect()
}

const ORDERS: &str = r#"
keyproof: inventory/v1
name: orders
sources:
  here: { accounts: ["111122223333"], regions: [eu-west-1] }
tables:
  orders: { from: here, table: orders, key: alias/orders, canary: { key: { pk: { S: c } } }, inspect_as: inspector }
principals:
  inspector: { role: "arn:aws:iam::{account}:role/inspector" }
  reader: { role: "arn:aws:iam::{account}:role/reader" }
  outsider: { role: "arn:aws:iam::{account}:role/outsider" }
expectations:
  - { principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:Scan], decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }
"#;

fn of_accounts(accounts: &str) -> Expanded {
    let text = with(ORDERS, "\"111122223333\"", accounts);
    let listed = crate::listed(&read(&text), &[].into()).unwrap();
    one(&text, &listed.answers)
}

const KEPT: &str = r#"# Made by `keyproof plan expand`. Change the inventory, not this.
keyproof: "plan/v1"
name: orders
region: "eu-west-1"
tables:
  "orders@444455556666": { table: "arn:aws:dynamodb:eu-west-1:444455556666:table/orders", key: "alias/orders", canary: { key: { pk: { S: c } } }, inspect_as: "inspector@444455556666" }
  "orders@111122223333": { table: "arn:aws:dynamodb:eu-west-1:111122223333:table/orders", key: "alias/orders", canary: { key: { pk: { S: c } } }, inspect_as: "inspector@111122223333" }
principals:
  "inspector@444455556666": { role: "arn:aws:iam::444455556666:role/inspector" }
  "reader@444455556666": { role: "arn:aws:iam::444455556666:role/reader" }
  "outsider@444455556666": { role: "arn:aws:iam::444455556666:role/outsider" }
  "inspector@111122223333": { role: "arn:aws:iam::111122223333:role/inspector" }
  "outsider@111122223333": { role: "arn:aws:iam::111122223333:role/outsider" }
  "reader@111122223333": { role: "arn:aws:iam::111122223333:role/reader" }
expectations:
  - { principal: "reader@444455556666", "on": "orders@444455556666", actions: ["dynamodb:GetItem", "dynamodb:Scan"], decision: allowed }
  - { principal: "outsider@444455556666", "on": "orders@444455556666", actions: ["dynamodb:GetItem"], decision: denied, by: kms }
  - { principal: "reader@111122223333", "on": "orders@111122223333", actions: ["dynamodb:GetItem", "dynamodb:Scan"], decision: allowed }
  - { principal: "outsider@111122223333", "on": "orders@111122223333", actions: ["dynamodb:GetItem"], decision: denied, by: kms }
"#;

#[test]
fn an_account_that_left_stays_behind_the_one_that_came() {
    let (before, after) = (
        of_accounts("\"111122223333\""),
        of_accounts("\"444455556666\""),
    );

    let kept = keep(&before.plan, &after, Form::Yaml).unwrap().unwrap();

    assert_eq!(kept.expanded.text, KEPT);
    assert_eq!(kept.expanded.plan, Plan::parse(KEPT).unwrap());
    let of = |account: &str, names: &[&str]| -> Vec<String> {
        names
            .iter()
            .map(|name| format!("{name}@{account}"))
            .collect()
    };
    let principals = ["inspector", "outsider", "reader"];
    let difference = Difference {
        tables_added: of(TWO, &["orders"]),
        tables_removed: of(ONE, &["orders"]),
        principals_added: of(TWO, &principals),
        principals_removed: of(ONE, &principals),
        probes_added: 4,
        probes_removed: 4,
    };
    assert_eq!(kept.difference, difference);
}

#[test]
fn what_is_kept_is_the_same_bytes_from_then_on_and_goes_when_it_comes_again() {
    let (before, after) = (
        of_accounts("\"111122223333\""),
        of_accounts("\"444455556666\""),
    );
    let kept = keep(&before.plan, &after, Form::Yaml).unwrap().unwrap();

    let again = keep(&kept.expanded.plan, &after, Form::Yaml)
        .unwrap()
        .unwrap();
    assert_eq!(again.expanded, kept.expanded);
    let both = of_accounts("\"111122223333\", \"444455556666\"");
    assert_eq!(keep(&kept.expanded.plan, &both, Form::Yaml), Ok(None));
    assert_eq!(keep(&before.plan, &before, Form::Yaml), Ok(None));
    assert_eq!(keep(&before.plan, &both, Form::Yaml), Ok(None));
}

#[test]
fn no_probe_of_before_is_missing_whatever_left() {
    let before = one(BANK, &answers());
    let mut otherwise = answers();
    // Another team's roles read it, and one table more.
    let found = otherwise.get_mut("confidential").unwrap();
    found.tables[0] = table(TWO, "orders", "green");
    found.tables.push(table(TWO, "ledger", "red"));
    let fewer_actions = with(
        BANK,
        "[dynamodb:GetItem, dynamodb:Scan]",
        "[dynamodb:GetItem]",
    );
    for (text, answers) in [
        (BANK, without("orders")),
        (BANK, without("customers")),
        (BANK, otherwise),
        (&fewer_actions, answers()),
    ] {
        let after = one(text, &answers);
        let kept = keep(&before.plan, &after, Form::Json).unwrap().unwrap();

        let mut expected = ids(&after.plan);
        let there = expected.clone();
        expected.extend(
            ids(&before.plan)
                .into_iter()
                .filter(|id| !there.contains(id)),
        );
        expected.sort();
        let mut found = ids(&kept.expanded.plan);
        found.sort();
        assert_eq!(found, expected);
        assert!(kept.difference.shrinks());
    }
}

#[test]
fn an_exception_stays_as_long_as_its_probe() {
    const EXCEPTION: &str = "exceptions:\n  - { probe: outsider@111122223333/dynamodb:GetItem/orders@111122223333, \
        reason: r, owner: o, expires: 2026-12-31 }\n";
    let text = format!("{ORDERS}{EXCEPTION}");
    let listed = crate::listed(&read(&text), &[].into()).unwrap();
    let before = one(&text, &listed.answers);

    let after = of_accounts("\"444455556666\"");
    let kept = keep(&before.plan, &after, Form::Yaml).unwrap().unwrap();
    let excepted = |plan: &Plan| -> Vec<String> {
        let exceptions = plan.exceptions.iter();
        exceptions.map(|one| one.probe.clone()).collect()
    };
    assert_eq!(excepted(&kept.expanded.plan), excepted(&before.plan));
    assert_eq!(excepted(&kept.expanded.plan).len(), 1);
    // What is in the inventory is for the inventory to except.
    let both = of_accounts("\"111122223333\"");
    assert_eq!(keep(&before.plan, &both, Form::Yaml), Ok(None));
}

#[test]
fn what_stood_for_an_account_that_is_read_by_now_goes() {
    let mut lost = answers();
    let found = lost.get_mut("confidential").unwrap();
    found.unread.push(Unread {
        account: "777788889999".parse().unwrap(),
        region: "eu-west-1".to_owned(),
        why: "no".to_owned(),
    });
    let expansion = expand(&read(BANK), &lost, Lost::Blind, Form::Yaml).unwrap();
    let before = &expansion.plans[0].plan;
    assert!(before.tables.contains_key("unread@777788889999"));

    assert_eq!(keep(before, &one(BANK, &answers()), Form::Yaml), Ok(None));
}

#[test]
fn a_plan_of_another_region_can_not_hold_both() {
    let before = of_accounts("\"111122223333\"");
    let text = with(ORDERS, "eu-west-1", "eu-central-1");
    let listed = crate::listed(&read(&text), &[].into()).unwrap();

    // Every probe is called as before.
    let after = one(&text, &listed.answers);
    assert_eq!(ids(&before.plan), ids(&after.plan));
    let error = keep(&before.plan, &after, Form::Yaml).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the plan can't hold what it held and what the inventory comes to, too: it was in eu-west-1, and is in \
         eu-central-1"
    );
}
