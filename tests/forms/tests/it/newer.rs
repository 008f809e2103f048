// SPDX-License-Identifier: Apache-2.0
//! What a newer version wrote is refused by every reader, in words that name both versions and the mend.

use keyproof_drill::DrillReport;
use keyproof_plan::Plan;
use keyproof_shard::Manifest;
use keyproof_state::{Noun, PlanHead};
use keyproof_verdict::Report;

use crate::{json, released, text};

fn upgrade(kind: &str) -> String {
    format!(
        "the document's schema is `keyproof.{kind}/v2`, and keyproof {} reads `keyproof.{kind}/v1`; upgrade keyproof, \
         if a newer one wrote it",
        env!("CARGO_PKG_VERSION")
    )
}

#[test]
fn every_document_names_both_versions() {
    let folder = released().pop().unwrap();
    let newer = |name: &str, kind: &str| {
        let text = text(&folder, name);
        let (old, new) = (format!("keyproof.{kind}/v1"), format!("keyproof.{kind}/v2"));
        assert!(text.contains(&old), "{name}");
        text.replace(&old, &new)
    };
    let plan = Plan::parse(&text(&folder, "orders.yaml")).unwrap();

    let report = Report::from_json(&newer("report.json", "report")).unwrap_err();
    let drill = DrillReport::from_json(&newer("drill.json", "drill")).unwrap_err();
    let manifest = Manifest::read(&newer("shards.json", "shards"), &plan).unwrap_err();

    assert_eq!(report.to_string(), upgrade("report"));
    assert_eq!(drill.to_string(), upgrade("drill"));
    assert_eq!(manifest.to_string(), upgrade("shards"));
}

#[test]
fn a_newer_plan_is_refused_at_its_place() {
    let folder = released().pop().unwrap();
    let newer = text(&folder, "orders.yaml").replace("keyproof: plan/v1", "keyproof: plan/v2");

    let errors = Plan::parse(&newer).unwrap_err();

    let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "keyproof: `plan/v2` is not a known version of the plan format; this keyproof reads `plan/v1`: upgrade \
          it, if a newer one wrote it"
        ]
    );
}

#[test]
fn a_newer_item_is_refused_whatever_it_is() {
    let folder = released().pop().unwrap();
    let items = json(&folder, "table.json");
    let head = items
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["sk"] == "HEAD");
    let mut head = head.unwrap().as_object().unwrap().clone();
    head.insert("schema".to_owned(), 2.into());

    let error = PlanHead::from_item(head).unwrap_err();

    assert_eq!(
        error.to_string(),
        format!(
            "a plan in the state table has schema 2, and keyproof {} knows 1; a newer keyproof wrote it: upgrade \
             this one (the command line to the stack's version, the stack by deploying it anew)",
            env!("CARGO_PKG_VERSION")
        )
    );
}
