// SPDX-License-Identifier: Apache-2.0
//! What an auditor looks for across reports: changes in CloudTrail, policies and grants, versions.

use std::collections::BTreeMap;

use keyproof_verdict::Report;
use serde::Serialize;
use serde_json::{Value, json};

use crate::digest::Digest;
use crate::key::KeyId;
use crate::record::Record;

/// Facts gathered from the reports and records of a pack, each with the runs that it was seen in.
#[derive(Debug, Default)]
pub(super) struct Facts {
    events: BTreeMap<(String, String), Seen>,
    policies: BTreeMap<(String, String), Seen>,
    versions: BTreeMap<String, u64>,
    plans: BTreeMap<(String, Digest), Seen>,
    keys: BTreeMap<KeyId, u64>,
}

/// In which runs of a plan something was seen.
#[derive(Debug, Default)]
struct Seen {
    what: Value,
    runs: Vec<u64>,
}

impl Seen {
    fn in_run(&mut self, commit: u64) {
        if self.runs.last() != Some(&commit) {
            self.runs.push(commit);
        }
    }

    fn row(&self, plan: &str) -> Value {
        let mut row = self.what.clone();
        if let Some(row) = row.as_object_mut() {
            row.insert("plan".to_owned(), plan.into());
            row.insert("first_run".to_owned(), self.runs.first().copied().into());
            row.insert("last_run".to_owned(), self.runs.last().copied().into());
            row.insert("runs".to_owned(), self.runs.len().into());
        }
        row
    }
}

impl Facts {
    pub(super) fn record(&mut self, record: &Record) {
        *self.versions.entry(record.keyproof.clone()).or_default() += 1;
        *self.keys.entry(record.key).or_default() += 1;
        let plan = (record.plan.name.clone(), record.plan.digest);
        let seen = self.plans.entry(plan).or_insert_with(|| Seen {
            what: json!({ "digest": record.plan.digest }),
            runs: Vec::new(),
        });
        seen.in_run(record.run.commit);
    }

    /// `stored` is the same report with every field, those of a later version included.
    pub(super) fn report(&mut self, plan: &str, commit: u64, report: &Report, stored: &Value) {
        for row in &report.probes {
            let changed = row.cause.as_ref().and_then(|cause| cause.changed.as_ref());
            if let Some(change) = changed {
                let what = json!({
                    "event_id": change.event_id,
                    "event": change.event,
                    "by": change.by,
                    "at": change.at,
                });
                self.event(plan, commit, what);
            }
        }
        let list = |name| stored.get(name).and_then(Value::as_array);
        for row in list("probes").into_iter().flatten() {
            let Some(Value::Object(cause)) = row.get("cause") else {
                continue;
            };
            let mut cause = cause.clone();
            // That is an event, and the same policy may stand through several.
            cause.remove("changed");
            self.policy(plan, commit, json!({ "cause": cause }));
        }
        for document in list("documents").into_iter().flatten() {
            self.policy(plan, commit, json!({ "document": document }));
        }
    }

    fn policy(&mut self, plan: &str, commit: u64, what: Value) {
        let key = (plan.to_owned(), what.to_string());
        let seen = self.policies.entry(key).or_insert_with(|| Seen {
            what,
            runs: Vec::new(),
        });
        seen.in_run(commit);
    }

    fn event(&mut self, plan: &str, commit: u64, what: Value) {
        let key = (plan.to_owned(), what.to_string());
        let seen = self.events.entry(key).or_insert_with(|| Seen {
            what,
            runs: Vec::new(),
        });
        seen.in_run(commit);
    }

    pub(super) fn cloudtrail(&self) -> Result<Vec<u8>, serde_json::Error> {
        let events = self.events.iter().map(|((plan, _), seen)| seen.row(plan));
        pretty(&json!({
            "schema": "keyproof.evidence-cloudtrail/v1",
            "note": "Changes that reports name as the cause of a failure. `event_id` finds the event in CloudTrail.",
            "events": events.collect::<Vec<_>>(),
        }))
    }

    pub(super) fn policies(&self) -> Result<Vec<u8>, serde_json::Error> {
        let policies = self.policies.iter().map(|((plan, _), seen)| seen.row(plan));
        pretty(&json!({
            "schema": "keyproof.evidence-policies/v1",
            "note": "Policies and grants as the reports carry them: each `cause` is a statement or grant that a report names as responsible, each `document` one that it holds, as it stood in those runs. Runs that nothing failed in, or that were not diagnosed, carry none.",
            "policies": policies.collect::<Vec<_>>(),
        }))
    }

    pub(super) fn versions(&self) -> Result<Vec<u8>, serde_json::Error> {
        let versions = self.versions.iter();
        let plans = self.plans.iter().map(|((plan, _), seen)| seen.row(plan));
        let keys = self.keys.iter();
        pretty(&json!({
            "schema": "keyproof.evidence-versions/v1",
            "keyproof": versions.map(|(version, runs)| json!({ "version": version, "runs": runs })).collect::<Vec<_>>(),
            "plans": plans.collect::<Vec<_>>(),
            "keys": keys.map(|(key, runs)| json!({ "key": key, "runs": runs })).collect::<Vec<_>>(),
        }))
    }
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}
