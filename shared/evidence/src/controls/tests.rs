// SPDX-License-Identifier: Apache-2.0
//! The mapping of controls: that it can be read, names what it must, and says what it doesn't show.

use std::collections::BTreeSet;

use super::{Tallies, catalogue};
use crate::tests::world;

#[test]
fn every_control_that_was_promised_is_mapped() {
    let catalogue = catalogue().unwrap();

    let controls: Vec<(&str, Vec<&str>)> = catalogue
        .frameworks
        .iter()
        .map(|framework| {
            let controls = framework.controls.iter();
            let ids = controls.map(|control| control.id.as_str()).collect();
            (framework.id.as_str(), ids)
        })
        .collect();

    assert_eq!(
        controls,
        [
            (
                "nist-800-53",
                vec!["AC-3", "AC-6", "SC-12", "SC-13", "SC-28"]
            ),
            ("pci-dss-4.0", vec!["3", "7"]),
            ("soc-2", vec!["CC6"]),
            ("iso-27001-2022", vec!["A.8.2", "A.8.3", "A.8.24"]),
            (
                "hipaa-164.312",
                vec!["164.312(a)(1)", "164.312(a)(2)(iv)", "164.312(b)"]
            ),
        ]
    );
}

#[test]
fn every_support_is_by_a_class_that_exists_and_every_control_has_limits() {
    let catalogue = catalogue().unwrap();
    let classes: BTreeSet<&str> = catalogue
        .probe_classes
        .iter()
        .map(|class| class.id.as_str())
        .collect();
    let controls = catalogue
        .frameworks
        .iter()
        .flat_map(|framework| &framework.controls);

    let mut used = BTreeSet::new();
    for control in controls {
        assert!(!control.does_not_show.is_empty(), "{}", control.id);
        for support in &control.supports {
            assert!(!support.how.is_empty(), "{}", control.id);
            used.insert(support.class.as_str());
        }
    }

    assert_eq!(used, classes);
}

#[test]
fn probes_are_counted_by_what_the_plan_expects_of_them() {
    let mut tallies = Tallies::default();
    let kinds = [
        ("dynamodb:DescribeTable", "allowed", None, "encryption"),
        ("dynamodb:GetItem", "allowed", None, "let_in"),
        ("kms:Decrypt", "allowed", None, "let_in"),
        ("dynamodb:GetItem", "denied", Some("kms"), "kept_out_by_key"),
        (
            "dynamodb:Scan",
            "denied",
            Some("dynamodb"),
            "kept_out_by_table",
        ),
        ("dynamodb:Scan", "denied", None, "kept_out_by_table"),
        ("kms:Decrypt", "denied", Some("kms"), "key_use_denied"),
        (
            "kms:GenerateDataKey",
            "denied",
            Some("kms"),
            "key_use_denied",
        ),
        (
            "kms:CreateGrant",
            "denied",
            Some("kms"),
            "key_administration_denied",
        ),
        (
            "kms:GetKeyPolicy",
            "denied",
            Some("kms"),
            "key_administration_denied",
        ),
        ("sts:AssumeRole", "denied", Some("sts"), "session_denied"),
        ("dynamodb:GetItem", "denied", Some("sts"), "session_denied"),
    ];

    for (action, decision, by, class) in kinds {
        let report = world::report_of(action, decision, by);
        assert_eq!(
            super::class(&report.probes[0]),
            class,
            "{action} {decision}"
        );
        tallies.count(&report);
    }

    let text = String::from_utf8(tallies.to_bytes().unwrap()).unwrap();
    let written: super::Catalogue = serde_json::from_str(&text).unwrap();
    let counts: Vec<(&str, u64)> = written
        .probe_classes
        .iter()
        .map(|class| (class.id.as_str(), class.in_this_pack.unwrap().passed))
        .collect();
    assert_eq!(
        counts,
        [
            ("kept_out_by_key", 1),
            ("kept_out_by_table", 2),
            ("let_in", 2),
            ("key_use_denied", 2),
            ("key_administration_denied", 2),
            ("session_denied", 2),
            ("encryption", 1),
        ]
    );
}
