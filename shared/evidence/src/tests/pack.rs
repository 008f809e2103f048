// SPDX-License-Identifier: Apache-2.0
//! What is in a pack, and what verifying an honest one says.

use std::fs;

use serde_json::{Value, json};

use super::world::{
    PLAN, append, export, exposed, files, folder, key, moment, public, report, told, verify,
};
use crate::pack::MANIFEST;
use crate::{Digest, PrivateKey, Record, Sign, Verifier};

fn json_of(files: &[(String, Vec<u8>)], name: &str) -> Value {
    let (_, bytes) = files.iter().find(|(file, _)| file == name).unwrap();
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn a_pack_has_everything_of_the_period_in_order() {
    let (_directory, folder) = folder(4);

    // Runs 2 and 3.
    let (pack, exported) = export(&folder, "2026-01-01T01:00:00Z", "2026-01-01T03:00:00Z");

    let names: Vec<String> = files(&pack).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "README.md",
            &format!("plans/orders/{}.yaml", Digest::of(PLAN).hex()),
            "records/orders/000000000002.dsse.json",
            "records/orders/000000000003.dsse.json",
            "reports/orders/000000000002.json",
            "reports/orders/000000000003.json",
            "statement/cloudtrail.json",
            "statement/completeness.json",
            "statement/controls.json",
            "statement/policies.json",
            "statement/versions.json",
            "verification/manifest.dsse.json",
        ]
    );
    assert_eq!((exported.records, exported.problems), (2, vec![]));
    let verification = Verifier::new(public()).pack(pack.as_slice()).unwrap();
    assert_eq!(told(&verification), [] as [&str; 0]);
    assert_eq!(verification.summary.records, 2);
    assert_eq!(verification.summary.keys, [key().public_key().id()]);
    let manifest = verification.summary.manifest.unwrap();
    assert_eq!(manifest.period.from, moment("2026-01-01T01:00:00Z"));
    let first = folder.run("orders", 1).unwrap().unwrap();
    assert_eq!(manifest.plans[0].previous, Some(Digest::of(&first.record)));
}

#[test]
fn the_same_records_give_the_same_bytes() {
    let (_directory, folder) = folder(3);

    let once = export(&folder, "2026-01-01", "2026-01-02");
    let again = export(&folder, "2026-01-01", "2026-01-02");

    assert_eq!(once, again);
}

#[test]
fn plans_stand_side_by_side() {
    let (_directory, folder) = folder(1);
    for number in 1..=2 {
        append(&folder, &report("orders-eu", number, |_| ()));
        append(&folder, &report("orders.eu", number, |_| ()));
    }

    let (pack, exported) = export(&folder, "2026-01-01", "2026-01-02");

    let verification = Verifier::new(public()).pack(pack.as_slice()).unwrap();
    assert_eq!(told(&verification), [] as [&str; 0]);
    assert_eq!((exported.records, verification.summary.records), (5, 5));
}

#[test]
fn causes_and_versions_are_gathered_with_their_runs() {
    let (_directory, folder) = folder(1);
    append(&folder, &report("orders", 2, exposed));
    append(&folder, &report("orders", 3, exposed));

    let files = files(&export(&folder, "2026-01-01", "2026-01-02").0);
    let documents = json_of(&files, "reports/orders/000000000002.json")["documents"].clone();

    assert_eq!(
        json_of(&files, "statement/cloudtrail.json")["events"],
        json!([{"event_id": "e-1", "event": "PutKeyPolicy", "by": "arn:aws:iam::111122223333:user/admin",
            "at": "2026-01-01T00:30:00Z", "plan": "orders", "first_run": 2, "last_run": 3, "runs": 2}])
    );
    assert_eq!(
        json_of(&files, "statement/policies.json")["policies"],
        json!([
            {"cause": {"policy": "resource_policy", "statement": "AllowKeyUsers",
                "document": "arn:aws:kms:us-east-1:111122223333:key/1234abcd"},
                "plan": "orders", "first_run": 2, "last_run": 3, "runs": 2},
            {"document": documents[0], "plan": "orders", "first_run": 2, "last_run": 3, "runs": 2},
        ])
    );
    assert_eq!(
        json_of(&files, "statement/versions.json"),
        json!({
            "schema": "keyproof.evidence-versions/v1",
            "keyproof": [{"version": "0.1.0", "runs": 3}],
            "plans": [{"digest": Digest::of(PLAN).to_string(), "plan": "orders", "first_run": 1, "last_run": 3, "runs": 3}],
            "keys": [{"key": key().public_key().id().to_string(), "runs": 3}],
        })
    );
    let classes = &json_of(&files, "statement/controls.json")["probe_classes"];
    assert_eq!(
        classes[0]["in_this_pack"],
        json!({"passed": 1, "failed": 2, "inconclusive": 0})
    );
}

#[test]
fn gaps_of_the_schedule_are_told_and_no_alteration() {
    let (_directory, folder) = folder(2);
    append(&folder, &report("orders", 6, |_| ()));
    let folder = folder.with_interval(Some(60));

    let (pack, exported) = export(&folder, "2026-01-01", "2026-01-01T06:00:00Z");

    assert_eq!(exported.completeness.missing(), 3);
    let verification = Verifier::new(public()).pack(pack.as_slice()).unwrap();
    assert!(verification.is_intact() && !verification.is_complete());
    let sentences: Vec<&str> = verification
        .findings
        .iter()
        .map(|finding| finding.sentence.as_str())
        .collect();
    assert_eq!(
        sentences,
        [
            "the plan `orders` was not run between 2026-01-01T01:00:00Z and 2026-01-01T05:00:00Z: 3 missing"
        ]
    );
}

#[test]
fn a_report_that_was_not_kept_is_told_and_no_alteration() {
    let (directory, folder) = folder(2);
    fs::remove_file(directory.path().join("orders/reports/000000000001.json")).unwrap();

    let (pack, exported) = export(&folder, "2026-01-01", "2026-01-02");

    assert_eq!(
        exported.problems,
        ["`reports/orders/000000000001.json` is missing: the report was not kept"]
    );
    let verification = Verifier::new(public()).pack(pack.as_slice()).unwrap();
    assert_eq!(
        told(&verification),
        ["incomplete reports/orders/000000000001.json"]
    );
    assert!(verification.is_intact());
}

#[test]
fn what_is_altered_before_it_is_packed_is_found_too() {
    let (directory, folder) = folder(4);
    let file = |name: &str| directory.path().join("orders").join(name);
    fs::write(file("reports/000000000001.json"), "{}").unwrap();
    fs::remove_file(file("records/000000000003.dsse.json")).unwrap();

    let (pack, exported) = export(&folder, "2026-01-01", "2026-01-02");

    assert_eq!(
        exported.problems,
        [
            "`reports/orders/000000000001.json` is not the report that was signed: it was altered",
            "records 3 to 3 of the plan `orders` are missing",
        ]
    );
    let verification = Verifier::new(public()).pack(pack.as_slice()).unwrap();
    assert_eq!(
        told(&verification),
        [
            "altered reports/orders/000000000001.json",
            "missing records/orders/000000000003.dsse.json",
        ]
    );
}

#[test]
fn a_period_without_runs_proves_nothing() {
    let (_directory, folder) = folder(1);

    let (pack, exported) = export(&folder, "2027-01-01", "2027-01-02");

    assert_eq!(exported.records, 0);
    let verification = Verifier::new(public()).pack(pack.as_slice()).unwrap();
    assert_eq!(told(&verification), ["incomplete records"]);
    assert!(verification.is_intact());
}

#[test]
fn runs_against_something_else_than_aws_are_told() {
    let (_directory, folder) = folder(1);
    append(
        &folder,
        &report("orders", 2, |report| {
            report["environment"]["endpoint"] = "http://127.0.0.1:8000".into();
        }),
    );

    let files = files(&export(&folder, "2026-01-01", "2026-01-02").0);

    assert_eq!(verify(&files).summary.endpoints, ["http://127.0.0.1:8000"]);
}

#[test]
fn a_pack_of_somebody_else_is_not_believed() {
    let (_directory, folder) = folder(2);
    let (pack, _) = export(&folder, "2026-01-01", "2026-01-02");
    let stranger = PrivateKey::generate().unwrap().public_key().clone();

    let verification = Verifier::new(vec![stranger]).pack(pack.as_slice()).unwrap();

    assert_eq!(
        told(&verification),
        [
            "altered records/orders/000000000001.dsse.json",
            "altered records/orders/000000000002.dsse.json",
            &format!("altered {MANIFEST}"),
        ]
    );
    assert_eq!(verification.summary.records, 0);
}

#[test]
fn a_record_that_says_otherwise_than_its_report_is_found() {
    let (directory, folder) = folder(1);
    // Signed by the right key, and the report's digest is right too.
    let failed = report("orders", 1, exposed).to_json().unwrap();
    let passed = report("orders", 1, |_| ());
    let record = Record::of(&passed, failed.as_bytes(), 1, None, key().public_key().id()).unwrap();
    let signed = super::world::block_on(record.sign(&key())).unwrap();
    let plan = directory.path().join("orders");
    fs::write(plan.join("records/000000000001.dsse.json"), &signed.bytes).unwrap();
    fs::write(plan.join("reports/000000000001.json"), failed).unwrap();

    let files = files(&export(&folder, "2026-01-01", "2026-01-02").0);

    let verification = verify(&files);
    assert_eq!(
        told(&verification),
        ["altered reports/orders/000000000001.json"]
    );
    assert_eq!(
        verification.findings[0].sentence,
        "the record of the run was signed for another verdict"
    );
}
