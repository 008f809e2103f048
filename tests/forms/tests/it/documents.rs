// SPDX-License-Identifier: Apache-2.0
//! Plans, reports, manifests, drills and evidence.

use keyproof_drill::DrillReport;
use keyproof_evidence::{PublicKey, Verifier, pack};
use keyproof_plan::Plan;
use keyproof_shard::Manifest;
use keyproof_verdict::{Report, Verdict};
use serde_json::Value;

use crate::{json, released, text};

#[test]
fn plans_are_read() {
    for folder in released() {
        for (name, probes) in [("orders.yaml", 54), ("storefront-plan.yaml", 26)] {
            let plan = Plan::parse(&text(&folder, name)).unwrap();
            assert_eq!(
                plan.probes().len(),
                probes,
                "{name} of {}",
                folder.display()
            );
        }
    }
}

/// Read and written again, nothing of a report is missing.
#[test]
fn reports_are_read_whole() {
    for folder in released() {
        for (name, verdict) in [
            ("report.json", Verdict::Pass),
            ("check.json", Verdict::Fail),
        ] {
            let report = Report::from_json(&text(&folder, name)).unwrap();
            assert_eq!(
                report.summary.verdict,
                verdict,
                "{name} of {}",
                folder.display()
            );
            let again: Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
            assert_eq!(again, json(&folder, name));
        }
        let check = Report::from_json(&text(&folder, "check.json")).unwrap();
        assert!(check.probes.iter().any(|row| row.cause.is_some()));
        assert!(!check.documents.is_empty());
    }
}

#[test]
fn manifests_of_shards_are_read() {
    for folder in released() {
        let plan = Plan::parse(&text(&folder, "orders.yaml")).unwrap();
        let manifest = Manifest::read(&text(&folder, "shards.json"), &plan).unwrap();
        assert!(manifest.shards.len() > 1);
        assert_eq!(
            serde_json::to_value(&manifest).unwrap(),
            json(&folder, "shards.json")
        );
    }
}

#[test]
fn reports_of_drills_are_read_whole() {
    for folder in released() {
        let report = DrillReport::from_json(&text(&folder, "drill.json")).unwrap();
        assert!(!report.drills.is_empty());
        let again: Value = serde_json::from_str(&report.to_json().unwrap()).unwrap();
        assert_eq!(again, json(&folder, "drill.json"));
    }
}

#[test]
fn evidence_is_verified_as_on_the_day_of_its_export() {
    for folder in released() {
        let bytes = std::fs::read(folder.join("pack.tar.gz")).unwrap();
        let key = PublicKey::from_pem(&text(&folder, "public.pem")).unwrap();
        let mut verifier = Verifier::new(vec![key]);
        pack::walk(bytes.as_slice(), |name, bytes| verifier.file(name, bytes)).unwrap();

        let verification = verifier.finish();

        assert!(
            verification.findings.is_empty(),
            "{:?}",
            verification.findings
        );
        assert_eq!(verification.summary.records, 2);
    }
}
