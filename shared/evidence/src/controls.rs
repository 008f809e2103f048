// SPDX-License-Identifier: Apache-2.0
//! Which control of which framework a probe supports, and what it doesn't show. The mapping is data:
//! `controls.json`.

use std::collections::BTreeMap;

use keyproof_core::Service;
use keyproof_verdict::{ProbeRow, Report, Verdict};
use serde::{Deserialize, Serialize};

const CATALOGUE: &str = include_str!("../controls.json");

/// The mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    schema: String,
    note: String,
    probe_classes: Vec<ProbeClass>,
    /// The frameworks.
    pub frameworks: Vec<Framework>,
}

/// A kind of probe, by what it can show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeClass {
    /// Its name.
    pub id: String,
    /// What a pass of it says.
    pub what: String,
    /// How often a pack holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_this_pack: Option<Tally>,
}

/// How often probes of a class were run, and how they came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// As expected.
    pub passed: u64,
    /// Not as expected; excepted ones too.
    pub failed: u64,
    /// Nothing was found out.
    pub inconclusive: u64,
}

/// A framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// Its short name.
    pub id: String,
    /// Its name and version.
    pub name: String,
    /// The controls of it that probes say something about.
    pub controls: Vec<Control>,
}

/// A control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Its number.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The classes of probes that support it, and how.
    pub supports: Vec<Support>,
    /// What they leave open.
    pub does_not_show: String,
}

/// What a class of probes says about a control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Support {
    /// The class.
    pub class: String,
    /// What it shows.
    pub how: String,
}

/// The mapping as keyproof has it.
///
/// # Errors
///
/// Never: a test reads it.
pub fn catalogue() -> Result<Catalogue, serde_json::Error> {
    serde_json::from_str(CATALOGUE)
}

/// Counts of the probes of a pack, by class.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tallies(BTreeMap<&'static str, Tally>);

impl Tallies {
    pub(crate) fn count(&mut self, report: &Report) {
        for row in &report.probes {
            let tally = self.0.entry(class(row)).or_default();
            match row.verdict {
                Verdict::Pass => tally.passed += 1,
                Verdict::Fail => tally.failed += 1,
                Verdict::Inconclusive => tally.inconclusive += 1,
            }
        }
    }

    /// The mapping with these counts in it, as a pack has it.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut catalogue = catalogue()?;
        for class in &mut catalogue.probe_classes {
            let tally = self.0.get(class.id.as_str()).copied();
            class.in_this_pack = Some(tally.unwrap_or_default());
        }
        let mut bytes = serde_json::to_vec_pretty(&catalogue)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// The class of a probe, by what the plan expects of it.
fn class(row: &ProbeRow) -> &'static str {
    let allowed = row.expected.decision == "allowed";
    match (row.action.as_str(), row.expected.by) {
        ("dynamodb:DescribeTable", _) => "encryption",
        (_, _) if allowed => "let_in",
        ("sts:AssumeRole", _) => "session_denied",
        (
            "kms:CreateGrant" | "kms:RevokeGrant" | "kms:RetireGrant" | "kms:ListGrants"
            | "kms:GetKeyPolicy" | "kms:DescribeKey",
            _,
        ) => "key_administration_denied",
        (action, _) if action.starts_with("kms:") => "key_use_denied",
        (_, Some(Service::Kms)) => "kept_out_by_key",
        (_, Some(Service::Sts)) => "session_denied",
        (_, Some(Service::DynamoDb) | None) => "kept_out_by_table",
    }
}

#[cfg(test)]
mod tests;
