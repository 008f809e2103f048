// SPDX-License-Identifier: Apache-2.0
//! The drill's report, `keyproof.drill/v1`. Field names are a contract.

use keyproof_verdict::{
    Environment, Finding, Observation, ObservedRow, PlanRow, Run, Verdict, observed_row,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::judge::judge;
use crate::seen::{Kept, Passage, Seen};
use crate::target::Target;

/// A run of drills.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrillReport {
    /// Always `keyproof.drill/v1`.
    pub schema: String,
    /// The run.
    pub run: Run,
    /// The plan.
    pub plan: PlanRow,
    /// Where it was run.
    pub environment: Environment,
    /// The counts and the verdict.
    pub summary: DrillSummary,
    /// Each planned drill once, in the plan's order.
    pub drills: Vec<DrillRow>,
    /// Grants of earlier drills that were found.
    pub leftovers: Vec<GrantRow>,
    /// Grants that are open, or may be, each with the command that revokes it.
    pub open: Vec<OpenGrant>,
}

/// The counts of a run of drills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrillSummary {
    /// The verdict: `fail` if a drill failed or a grant is open, else `inconclusive` if anything
    /// was, else `pass`.
    pub verdict: Verdict,
    /// Drills that passed.
    pub pass: usize,
    /// Drills that failed.
    pub fail: usize,
    /// Drills that found nothing out.
    pub inconclusive: usize,
    /// Drills planned: the number of rows.
    pub planned: usize,
    /// Grants that are open, or may be.
    pub open: usize,
}

/// One drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrillRow {
    /// The principal's name in the plan.
    pub principal: String,
    /// The principal's role.
    pub role_arn: String,
    /// The table's name in the plan.
    pub table: String,
    /// The key that the table is encrypted with.
    pub key: Option<String>,
    /// The read that was tried.
    pub action: String,
    /// The grant, where one was made.
    pub grant: Option<GrantRow>,
    /// The read before the grant.
    pub before: Option<ObservedRow>,
    /// From the grant to the first read that succeeded.
    pub appeared: Option<PassageRow>,
    /// From the revocation to the first read that was denied, by sessions made after it.
    pub disappeared: Option<PassageRow>,
    /// A session from before the revocation, where one was kept.
    pub kept_session: Option<KeptRow>,
    /// The verdict.
    pub verdict: Verdict,
    /// What is wrong, unless it passed.
    pub finding: Option<Finding>,
    /// One sentence for a person.
    pub reason: String,
}

/// A way from one answer to the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PassageRow {
    /// Milliseconds to the first of the reads that settled it; `null` where they did not.
    pub after_ms: Option<u64>,
    /// Milliseconds to the last read that was still answered as before.
    pub last_before_ms: Option<u64>,
    /// Reads made, each by a session of its own.
    pub reads: u32,
    /// How often an answer as expected was followed by one as before.
    pub flickers: u32,
    /// Reads that told nothing.
    pub blind: u32,
    /// The last read.
    pub last: Option<ObservedRow>,
}

/// A session that was kept over the revocation and went on reading with the table key that DynamoDB
/// had cached for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRow {
    /// Reads made.
    pub reads: u32,
    /// Milliseconds from the revocation to its last read that succeeded.
    pub last_allowed_ms: Option<u64>,
    /// Milliseconds from the revocation to its first read that was denied.
    pub denied_after_ms: Option<u64>,
    /// For how long it was watched, in milliseconds.
    pub watched_ms: u64,
}

/// What became of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantState {
    /// Revoked, by this run or by somebody else before it.
    Revoked,
    /// Open, or perhaps open.
    Open,
}

/// A grant of a drill. Its token is a secret, and kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRow {
    /// The key's ARN.
    pub key: String,
    /// The grant's name.
    pub name: String,
    /// The grant's id; `null` where the service never told it.
    pub id: Option<String>,
    /// What became of it.
    pub state: GrantState,
}

/// A grant that is open, or may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenGrant {
    /// The key's ARN.
    pub key: String,
    /// The grant's name.
    pub name: String,
    /// The grant's id; `null` where the service never told it.
    pub id: Option<String>,
    /// Why it is open.
    pub reason: String,
    /// The command that revokes it, or that finds it where its id is not known.
    pub command: String,
}

impl OpenGrant {
    /// A grant that could not be revoked.
    #[must_use]
    pub fn new(key: &str, name: &str, id: Option<&str>, reason: String) -> Self {
        let region = key.split(':').nth(3).unwrap_or_default();
        let command = match id {
            Some(id) => {
                format!("aws kms revoke-grant --region {region} --key-id {key} --grant-id {id}")
            }
            None => format!(
                "aws kms list-grants --region {region} --key-id {key} --query \"Grants[?Name=='{name}'].GrantId\""
            ),
        };
        Self {
            key: key.to_owned(),
            name: name.to_owned(),
            id: id.map(str::to_owned),
            reason,
            command,
        }
    }
}

impl DrillRow {
    /// A row from what was seen of a drill.
    #[must_use]
    pub fn new(target: &Target, role: &str, key: Option<&str>, seen: &Seen) -> Self {
        let (finding, reason) = judge(target, seen);
        Self {
            principal: target.principal.clone(),
            role_arn: role.to_owned(),
            table: target.table.clone(),
            key: key.map(str::to_owned),
            action: target.action.to_string(),
            grant: None,
            before: seen.before.as_ref().map(row),
            appeared: seen.appeared.as_ref().map(passage),
            disappeared: seen.disappeared.as_ref().map(passage),
            kept_session: seen.kept.as_ref().map(kept),
            verdict: finding.map_or(Verdict::Pass, Finding::verdict),
            finding,
            reason,
        }
    }
}

fn row(observation: &Observation) -> ObservedRow {
    observed_row(Some(observation), Some(&observation.answer))
}

fn passage(passage: &Passage) -> PassageRow {
    PassageRow {
        after_ms: passage.after_ms,
        last_before_ms: passage.last_before_ms,
        reads: passage.reads,
        flickers: passage.flickers,
        blind: passage.blind,
        last: passage.last.as_ref().map(row),
    }
}

fn kept(kept: &Kept) -> KeptRow {
    KeptRow {
        reads: kept.reads,
        last_allowed_ms: kept.last_allowed_ms,
        denied_after_ms: kept.denied_after_ms,
        watched_ms: kept.watched_ms,
    }
}

/// A text that is no report of drills which this version can stand behind.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DrillReportError {
    /// No JSON, or not the right fields.
    #[error("the report of drills can't be read: {0}")]
    Damaged(#[from] serde_json::Error),
    /// A document of another schema.
    #[error(
        "the document's schema is `{schema}`, and keyproof {} reads `{}`; upgrade keyproof, if a newer one wrote \
         it",
        env!("CARGO_PKG_VERSION"),
        DrillReport::SCHEMA
    )]
    OtherSchema {
        /// The schema that it names.
        schema: String,
    },
}

impl DrillReport {
    /// The schema's name.
    pub const SCHEMA: &'static str = "keyproof.drill/v1";

    /// A report of these rows; counts and verdict are theirs.
    #[must_use]
    pub fn new(
        run: Run,
        plan: PlanRow,
        environment: Environment,
        drills: Vec<DrillRow>,
        leftovers: Vec<GrantRow>,
        open: Vec<OpenGrant>,
    ) -> Self {
        let count = |verdict| drills.iter().filter(|row| row.verdict == verdict).count();
        let (pass, fail, inconclusive) = (
            count(Verdict::Pass),
            count(Verdict::Fail),
            count(Verdict::Inconclusive),
        );
        let verdict = if fail > 0 || !open.is_empty() {
            Verdict::Fail
        } else if inconclusive > 0 {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        };
        Self {
            schema: Self::SCHEMA.to_owned(),
            run,
            plan,
            environment,
            summary: DrillSummary {
                verdict,
                pass,
                fail,
                inconclusive,
                planned: drills.len(),
                open: open.len(),
            },
            drills,
            leftovers,
            open,
        }
    }

    /// Reads a JSON report. Fields that this version doesn't know are passed over.
    ///
    /// # Errors
    ///
    /// Where the text is of another schema, or lacks a field.
    pub fn from_json(text: &str) -> Result<Self, DrillReportError> {
        let document: serde_json::Value = serde_json::from_str(text)?;
        match document.get("schema").and_then(serde_json::Value::as_str) {
            Some(Self::SCHEMA) => Ok(serde_json::from_str(text)?),
            other => Err(DrillReportError::OtherSchema {
                schema: other.unwrap_or_default().to_owned(),
            }),
        }
    }

    /// The report as JSON.
    ///
    /// # Errors
    ///
    /// None that is known: every part of it can be written.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}
