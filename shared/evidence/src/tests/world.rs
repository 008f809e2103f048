// SPDX-License-Identifier: Apache-2.0
//! A folder of runs, packs of it, and the files in a pack.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use keyproof_verdict::Report;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::pack::{self, Exported, Source};
use crate::{Digest, Folder, Period, PrivateKey, PublicKey, Sign, Verification, Verifier};

pub(crate) const PLAN: &[u8] = b"keyproof: plan/v1\nname: orders\n";

/// One key for all that a test process signs.
pub(crate) fn key() -> PrivateKey {
    static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate().unwrap());
    KEY.clone()
}

pub(crate) fn public() -> Vec<PublicKey> {
    vec![key().public_key().clone()]
}

pub(crate) fn moment(text: &str) -> Timestamp {
    Period::moment(text).unwrap()
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// A report of one probe.
pub(crate) fn report_of(action: &str, decision: &str, by: Option<&str>) -> Report {
    report("orders", 1, |report| {
        report["probes"][0]["action"] = action.into();
        report["probes"][0]["expected"] = json!({"decision": decision, "by": by, "policy": null});
    })
}

/// Run `number` of a plan: every hour one, from the first of January 2026.
pub(crate) fn report(plan: &str, number: u64, change: impl Fn(&mut Value)) -> Report {
    let hours = SignedDuration::from_hours(i64::try_from(number).unwrap() - 1);
    let start = moment("2026-01-01") + hours;
    let mut value = json!({
        "schema": "keyproof.report/v1",
        "run": {"id": format!("01KEYPR00F{number:016}"), "trigger": "schedule",
            "started_at": start.to_string(), "finished_at": (start + SignedDuration::from_secs(2)).to_string(),
            "duration_ms": 2000},
        "plan": {"name": plan, "digest": Digest::of(PLAN).to_string()},
        "environment": {"account": "111122223333", "region": "us-east-1", "endpoint": null, "version": "0.1.0"},
        "summary": {"verdict": "pass", "pass": 1, "fail": 0, "inconclusive": 0, "excepted": 0, "planned": 1},
        "probes": [{
            "id": "outsider/dynamodb:GetItem/orders", "principal": "outsider",
            "role_arn": "arn:aws:iam::111122223333:role/outsider", "action": "dynamodb:GetItem",
            "table": "orders", "resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders",
            "expected": {"decision": "denied", "by": "kms", "policy": null},
            "observed": {"decision": "denied", "by": "kms", "policy": null, "explicit": null,
                "error_code": "AccessDeniedException", "message": "m", "request_id": "r", "attempts": 1, "latency_ms": 3},
            "verdict": "pass", "finding": null, "reason": "denied by kms, as it must be", "cause": null,
        }],
    });
    change(&mut value);
    Report::from_json(&value.to_string()).unwrap()
}

/// A failed run with a cause.
pub(crate) fn exposed(report: &mut Value) {
    report["summary"] = json!({"verdict": "fail", "pass": 0, "fail": 1, "inconclusive": 0, "excepted": 0, "planned": 1});
    report["documents"] = json!([{"id": "arn:aws:kms:us-east-1:111122223333:key/1234abcd",
        "document": "arn:aws:kms:us-east-1:111122223333:key/1234abcd", "policy": "resource_policy",
        "content": {"Version": "2012-10-17", "Statement": []}}]);
    report["probes"][0]["verdict"] = "fail".into();
    report["probes"][0]["finding"] = "exposed".into();
    report["probes"][0]["cause"] = json!({
        "policy": "resource_policy", "statement": "AllowKeyUsers",
        "document": "arn:aws:kms:us-east-1:111122223333:key/1234abcd",
        "changed": {"event": "PutKeyPolicy", "by": "arn:aws:iam::111122223333:user/admin",
            "at": "2026-01-01T00:30:00Z", "event_id": "e-1"},
    });
}

/// Keeps a run.
pub(crate) fn append(folder: &Folder, report: &Report) {
    let stored = report.to_json().unwrap();
    block_on(folder.append(PLAN, report, stored.as_bytes(), &key())).unwrap();
}

/// A folder with so many runs of the plan `orders`.
pub(crate) fn folder(runs: u64) -> (TempDir, Folder) {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::new(directory.path());
    for number in 1..=runs {
        append(&folder, &report("orders", number, |_| ()));
    }
    (directory, folder)
}

/// The files of a pack, by name.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// Packs what started in the period.
pub(crate) fn export(folder: &Folder, from: &str, to: &str) -> (Vec<u8>, Exported) {
    export_as(folder, from, to, &key())
}

/// Packs what started in the period, as the holder of another key.
pub(crate) fn export_as(
    folder: &Folder,
    from: &str,
    to: &str,
    key: &PrivateKey,
) -> (Vec<u8>, Exported) {
    let period = Period::new(moment(from), moment(to)).unwrap();
    let mut bytes = Vec::new();
    let exported = block_on(async {
        let plans = folder.plans().await.unwrap();
        pack::write(folder, plans, period, "0.1.0", key, &mut bytes).await
    });
    (bytes, exported.unwrap())
}

/// The files of a pack, in order.
pub(crate) fn files(pack: &[u8]) -> Files {
    let mut files = Vec::new();
    pack::walk(pack, |name, bytes| {
        files.push((name.to_owned(), bytes.to_vec()));
    })
    .unwrap();
    files
}

/// Verifies files as if they stood so in a pack.
pub(crate) fn verify(files: &[(String, Vec<u8>)]) -> Verification {
    let mut verifier = Verifier::new(public());
    for (name, bytes) in files {
        verifier.file(name, bytes);
    }
    verifier.finish()
}

/// What was found, in short: `altered records/orders/000000000001.dsse.json`.
pub(crate) fn told(verification: &Verification) -> Vec<String> {
    let findings = verification.findings.iter();
    findings
        .map(|finding| format!("{} {}", finding.kind, finding.file))
        .collect()
}
