// SPDX-License-Identifier: Apache-2.0
//! What is in a pack, and what verifying an honest one says.

use std::fs;

use keyproof_verdict::Verdict;
use serde_json::{Value, json};

use super::world::{
    Files, PLAN, append, block_on, export, export_as, exposed, files, folder, key, moment, public,
    report, told, verify,
};
use crate::pack::{self, MANIFEST, PlanOfSource};
use crate::{Digest, Period, PrivateKey, PublicKey, Record, Sign, Verification, Verifier};

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

/// A chain doesn't know how long it should be. A source that knows the runs from elsewhere does.
#[test]
fn records_that_were_cut_off_at_an_end_are_missed_where_the_runs_are_known() {
    let (directory, folder) = folder(4);
    for commit in [1, 4] {
        let record = format!("orders/records/00000000000{commit}.dsse.json");
        fs::remove_file(directory.path().join(record)).unwrap();
    }
    let plans = vec![PlanOfSource {
        name: "orders".to_owned(),
        interval_minutes: None,
        runs: vec![1, 2, 3, 4],
    }];
    let period = Period::new(moment("2026-01-01"), moment("2026-01-02")).unwrap();
    let mut pack = Vec::new();

    let exported = block_on(pack::write(
        &folder,
        plans,
        period,
        "0.1.0",
        &key(),
        &mut pack,
    ))
    .unwrap();

    assert_eq!(
        exported.problems,
        [1, 4].map(|commit| format!(
            "`records/orders/00000000000{commit}.dsse.json` is missing: the run was made, but there is no record of it"
        ))
    );
    let verification = Verifier::new(public()).pack(pack.as_slice()).unwrap();
    assert_eq!(verification.verdict(), Verdict::Inconclusive);
    assert_eq!(
        told(&verification),
        [
            "incomplete records/orders/000000000001.dsse.json",
            "incomplete records/orders/000000000004.dsse.json"
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

/// Whether it was altered can't be found out without the key: no pass, and no failure either.
#[test]
fn a_pack_whose_key_was_not_given_is_neither_believed_nor_called_altered() {
    let (_directory, folder) = folder(2);
    let (pack, _) = export(&folder, "2026-01-01", "2026-01-02");
    let stranger = PrivateKey::generate().unwrap().public_key().clone();

    let verification = Verifier::new(vec![stranger]).pack(pack.as_slice()).unwrap();

    assert_eq!(
        told(&verification),
        ["unverified records/orders/000000000001.dsse.json"]
    );
    assert_eq!(
        verification.findings[0].sentence,
        format!(
            "it and 2 more name the key `{}`, which was not given, so that nobody can tell who signed; its public half is needed too",
            public()[0].id()
        )
    );
    assert_eq!(verification.verdict(), Verdict::Inconclusive);
    assert!(!verification.is_intact());
    assert_eq!(verification.summary.records, 0);
    assert_eq!(verification.summary.keys, []);
    assert_eq!(verification.summary.manifest, None);
}

/// Records of the stack's key, packed by somebody with a key of their own.
fn signed_by_two() -> (Files, PublicKey, PublicKey) {
    let (_directory, folder) = folder(3);
    let packer = PrivateKey::generate().unwrap();
    let (pack, _) = export_as(&folder, "2026-01-01", "2026-01-02", &packer);
    (
        files(&pack),
        key().public_key().clone(),
        packer.public_key().clone(),
    )
}

fn verified_with(files: &Files, keys: &[&PublicKey]) -> Verification {
    let mut verifier = Verifier::new(keys.iter().map(|key| (*key).clone()).collect());
    for (name, bytes) in files {
        verifier.file(name, bytes);
    }
    verifier.finish()
}

#[test]
fn every_key_is_needed_and_the_missing_one_is_named() {
    let (files, records, packer) = signed_by_two();
    let with = |keys: &[&PublicKey]| {
        let verification = verified_with(&files, keys);
        (
            verification.verdict(),
            told(&verification),
            verification.summary.records,
        )
    };

    assert_eq!(with(&[&records, &packer]), (Verdict::Pass, vec![], 3));
    assert_eq!(
        with(&[&packer]),
        (
            Verdict::Inconclusive,
            vec!["unverified records/orders/000000000001.dsse.json".to_owned()],
            0
        )
    );
    assert_eq!(
        with(&[&records]),
        (
            Verdict::Inconclusive,
            vec![format!("unverified {MANIFEST}")],
            3
        )
    );
}

/// What can be checked without the missing key still is: the manifest has each record's digest, and the records
/// have each other's.
#[test]
fn an_alteration_is_found_where_a_key_is_missing() {
    let (files, records, packer) = signed_by_two();
    let second = files
        .iter()
        .position(|(name, _)| name.ends_with("records/orders/000000000002.dsse.json"))
        .unwrap();

    for keys in [&[&packer][..], &[&records]] {
        for byte in (0..files[second].1.len()).step_by(31) {
            let mut changed = files.clone();
            changed[second].1[byte] ^= 1 << (byte % 8);
            let verification = verified_with(&changed, keys);
            assert_eq!(verification.verdict(), Verdict::Fail, "byte {byte}");
        }
        let mut removed = files.clone();
        removed.remove(second);
        assert_eq!(verified_with(&removed, keys).verdict(), Verdict::Fail);
    }
}

/// Who holds no key of ours can sign a record of their own, and another record can't follow it.
#[test]
fn a_record_that_a_stranger_signed_breaks_the_chain() {
    let (mut files, records, packer) = signed_by_two();
    let stranger = PrivateKey::generate().unwrap();
    let (name, bytes) = files
        .iter_mut()
        .find(|(name, _)| name.ends_with("records/orders/000000000002.dsse.json"))
        .unwrap();
    let mut record = Record::open(bytes, std::slice::from_ref(&records)).unwrap();
    record.key = stranger.public_key().id();
    *bytes = block_on(record.sign(&stranger)).unwrap().bytes;
    let name = name.clone();

    let verification = verified_with(&files, &[&records, &packer]);

    assert_eq!(verification.verdict(), Verdict::Fail);
    assert_eq!(
        told(&verification),
        [
            "altered records/orders/000000000003.dsse.json".to_owned(),
            format!("altered {name}"),
            format!("unverified {name}"),
        ]
    );
}

#[test]
fn a_record_that_says_otherwise_than_its_report_is_found() {
    let (directory, folder) = folder(1);
    // Signed by the right key, and the report's digest is right too.
    let failed = report("orders", 1, exposed).to_json().unwrap();
    let passed = report("orders", 1, |_| ());
    let record = Record::of(&passed, failed.as_bytes(), 1, None, key().public_key().id()).unwrap();
    let signed = block_on(record.sign(&key())).unwrap();
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
