// SPDX-License-Identifier: Apache-2.0
//! Each limit from both sides, and errors that must not come in pairs.

use std::fmt::Write as _;

use keyproof_core::{PolicyType, Service};

use super::{errors, with_expectations, with_principal, with_table};
use crate::{Attribute, Expected, Plan, TableKey};

#[track_caller]
fn accepts(text: &str) -> Plan {
    Plan::parse(text).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"))
}

#[track_caller]
fn counts(text: &str, expected: usize) {
    let errors = errors(text);
    assert_eq!(errors.len(), expected, "{text}\n{errors:#?}");
}

#[test]
fn session_limits_hold_from_both_sides() {
    for (good, bad) in [
        ("duration: 900", "duration: 899"),
        ("duration: 43200", "duration: 43201"),
        ("duration: 0x384", "duration: 9e2"),
        (
            &*format!("external_id: {}", "x".repeat(1224)),
            &*format!("external_id: {}", "x".repeat(1225)),
        ),
        ("source_identity: xy", "source_identity: x"),
        (
            &*format!("source_identity: {}", "x".repeat(64)),
            &*format!("source_identity: {}", "x".repeat(65)),
        ),
        (
            &*format!("tags: {{ {}: '' }}", "k".repeat(128)),
            &*format!("tags: {{ {}: '' }}", "k".repeat(129)),
        ),
        (
            &*format!("tags: {{ k: {} }}", "v".repeat(256)),
            &*format!("tags: {{ k: {} }}", "v".repeat(257)),
        ),
        ("tags: { 'Größe 1': 'a b' }", "tags: { k: 'a;b' }"),
        ("tags: { awsome: x }", "tags: { 'AWS:x': y }"),
    ] {
        accepts(&with_principal(good));
        counts(&with_principal(bad), 1);
    }
    let tags = |count: usize| {
        let mut tags = String::new();
        (0..count).for_each(|n| write!(tags, "t{n}: x, ").unwrap());
        format!("tags: {{ {tags} }}")
    };
    accepts(&with_principal(&tags(50)));
    counts(&with_principal(&tags(51)), 1);
}

#[test]
fn table_limits_hold_from_both_sides() {
    const REST: &str = "canary: { key: { pk: { S: c } } }";
    let long = |length: usize| "t".repeat(length);
    for (good, bad) in [
        (
            format!("table: abc, key: aws-owned, {REST}"),
            format!("table: ab, key: aws-owned, {REST}"),
        ),
        (
            format!("table: {}, key: aws-owned, {REST}", long(255)),
            format!("table: {}, key: aws-owned, {REST}", long(256)),
        ),
        (
            format!("table: abc, key: alias/{}, {REST}", long(250)),
            format!("table: abc, key: alias/{}, {REST}", long(251)),
        ),
        (
            format!("table: abc, key: alias/awsome, {REST}"),
            format!("table: abc, key: alias/aws/dynamodb, {REST}"),
        ),
        (
            format!(
                "table: abc, key: aws-owned, canary: {{ key: {{ pk: {{ S: {} }} }} }}",
                long(2048)
            ),
            format!(
                "table: abc, key: aws-owned, canary: {{ key: {{ pk: {{ S: {} }} }} }}",
                long(2049)
            ),
        ),
    ] {
        accepts(&with_table(&good));
        counts(&with_table(&bad), 1);
    }
}

#[test]
fn numbers_are_those_of_dynamodb() {
    let with_number = |number: &str| {
        with_table(&format!(
            "table: abc, key: aws-owned, canary: {{ key: {{ pk: {{ N: '{number}' }} }} }}"
        ))
    };
    let digits = "1".repeat(38);
    for good in [
        "0",
        "-0",
        "+7",
        "007",
        "1.",
        ".5",
        "1e10",
        "1E-130",
        "9.99e125",
        "-1e125",
        "0e999",
        &digits,
        &format!("{digits}000"),
        &format!("0.00{digits}"),
    ] {
        let plan = accepts(&with_number(good));
        let key = plan
            .tables
            .get("t")
            .and_then(|table| table.canary.key.get("pk"));
        assert_eq!(key, Some(&Attribute::N(good.to_owned())));
    }
    for bad in [
        "",
        ".",
        "-",
        "e5",
        "1e",
        "1e+",
        "1e126",
        "1e-131",
        "0x1",
        "1_0",
        " 1",
        "1,5",
        "NaN",
        "١",
        "1e99999999999999999999",
        "--1",
        &format!("{digits}1"),
    ] {
        counts(&with_number(bad), 1);
    }
}

#[test]
fn one_misspelling_brings_one_error() {
    let denied = "  - { principal: outsider, on: orders, actions: [dynamodb:Scan], decision: denied, by: kms }\n";
    let witness =
        "  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }\n";
    let exception = "exceptions:\n  - { probe: reader/dynamodb:GetItem/orders, reason: r, owner: o, expires: 2027-01-01 }\n";
    accepts(&with_expectations(&format!("{denied}{witness}{exception}")));

    for (good, bad) in [
        (
            "orders, actions: [dynamodb:GetItem]",
            "order, actions: [dynamodb:GetItem]",
        ),
        ("dynamodb:GetItem]", "dynamodb:GetItm]"),
        ("allowed", "allow"),
        ("decision: allowed", "decison: allowed"),
        (
            "on: orders, actions: [dynamodb:GetItem]",
            "onn: orders, actions: [dynamodb:GetItem]",
        ),
    ] {
        let witness = witness.replace(good, bad);
        counts(&with_expectations(&format!("{denied}{witness}")), 1);
    }
    let broken = witness.replace("dynamodb:GetItem]", "dynamodb:GetItm]");
    counts(
        &with_expectations(&format!("{denied}{broken}{exception}")),
        1,
    );
    // But a misspelling elsewhere hides no lack of a witness.
    let elsewhere = "  - { principal: outsider, on: contrl, actions: [dynamodb:GetItem], decision: denied, by: dynamodb }\n";
    counts(&with_expectations(&format!("{denied}{elsewhere}")), 2);
}

#[test]
fn a_write_or_a_dry_run_is_no_witness_but_any_read_is() {
    let denied = "  - { principal: outsider, on: orders, actions: [kms:Encrypt], decision: denied, by: kms }\n";
    for action in crate::Action::ALL
        .into_iter()
        .filter(|action| action.service() != Service::Sts)
    {
        let row = format!(
            "  - {{ principal: reader, on: orders, actions: ['{action}'], decision: allowed }}\n"
        );
        counts(
            &with_expectations(&format!("{denied}{row}")),
            usize::from(!action.reads_canary()),
        );
    }
}

#[test]
fn an_expectation_says_what_was_written() {
    let plan = accepts(&with_expectations(
        "  - { principal: reader, on: orders, actions: [dynamodb:Query], index: by-date, decision: allowed }
  - { principal: outsider, on: orders, actions: [dynamodb:Query], index: by-date, decision: denied, by: dynamodb, policy: scp }
",
    ));

    let expected: Vec<_> = plan
        .expectations
        .iter()
        .map(|expectation| expectation.expected)
        .collect();
    let denied = Expected::Denied {
        by: Service::DynamoDb,
        policy: Some(PolicyType::Scp),
    };
    assert_eq!(expected, [Expected::Allowed, denied]);
    assert_eq!(plan.expectations[1].index.as_deref(), Some("by-date"));
    assert_eq!(
        (
            plan.expectations[1].place.line,
            plan.expectations[1].place.column
        ),
        (12, 5)
    );
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let text = "keyproof: plan/v1\nname: n\nregion: us-east-1\nprincipals: {p: {role: 'arn:aws:iam::111122223333:role/r'}}\nexpectations: [{principal: p, actions: ['sts:AssumeRole'], decision: allowed}]\n";
    let marked = format!("\u{feff}{text}");

    // As `sha256sum` prints it.
    assert_eq!(
        accepts(text).digest,
        "sha256:dc0cfeb35ff61731349cd17547a3cdf453062b91adc673d5467a10a91b824a26"
    );
    assert_ne!(accepts(&marked).digest, accepts(text).digest);
}

#[test]
fn a_key_gives_what_kms_takes() {
    const ARN: &str = "arn:aws:kms:us-east-1:111122223333:alias/orders";
    let alias = TableKey::Alias("alias/orders".to_owned());
    let foreign = TableKey::Alias(ARN.to_owned());

    assert_eq!(
        (alias.key_id(), alias.alias_name()),
        (Some("alias/orders"), Some("alias/orders"))
    );
    assert_eq!(
        (foreign.key_id(), foreign.alias_name()),
        (Some(ARN), Some("alias/orders"))
    );
    assert_eq!(
        (TableKey::AwsOwned.key_id(), TableKey::AwsOwned.to_string()),
        (None, "aws-owned".to_owned())
    );
}
