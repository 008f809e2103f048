// SPDX-License-Identifier: Apache-2.0
//! The report, `keyproof.report/v1`: what every renderer and every reader starts from.
//!
//! Field names are a contract. Times are RFC 3339 in UTC; a field that was not observed is `null`.

mod document;
mod lines;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;

use keyproof_core::{PolicyType, Service};
use serde::{Deserialize, Serialize};

pub use document::DocumentRow;
pub use lines::{BegunRun, FirstLine, Line};
pub use read::ReportError;

/// A run's report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always `keyproof.report/v1`.
    pub schema: String,
    /// The run.
    pub run: Run,
    /// The plan that was run.
    pub plan: PlanRow,
    /// Where it was run.
    pub environment: Environment,
    /// Which part of the plan was run, where it was not the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<PartRow>,
    /// The counts and the run's verdict.
    pub summary: Summary,
    /// Every planned probe once, in plan order; of a part, every probe of it.
    pub probes: Vec<ProbeRow>,
    /// What came of the plan's exceptions, in plan order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<ExceptionNote>,
    /// What the verdicts rest on and what was not seen: of `check`, the parts of the templates that
    /// were left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<NoteRow>,
    /// The policies that causes point into, and those that a later report is compared with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentRow>,
    /// Whether keyproof could have failed in this run. Reports of versions before it have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentinel: Option<Sentinel>,
    /// What the run asked of AWS, by service and operation. Empty where nothing was called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallRow>,
}

/// Whether the judge of a run could have failed: answers judged once more by the opposite expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentinel {
    /// Whether each of them failed as it must. Where not, no probe of the run passes.
    pub awake: bool,
    /// One sentence for a person.
    pub reason: String,
    /// What was tried, an answer of each action.
    pub tried: Vec<Trial>,
}

/// One answer, judged by the opposite expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The probe whose answer it is.
    pub probe: String,
    /// Whether the run saw the answer; one of a kind that it saw none of is made up.
    pub seen: bool,
    /// What must be found: `exposed`, `locked_out` or `wrong_key`.
    pub must: Finding,
    /// What was found.
    pub found: Option<Finding>,
}

/// How often a run called an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRow {
    /// The service.
    pub service: Service,
    /// The operation's name in the service's API, such as `GetItem`.
    pub operation: String,
    /// How many calls were made of it.
    pub calls: u64,
    /// How many requests were sent for them: more than `calls` by those that were sent again.
    pub requests: u64,
}

impl CallRow {
    /// Adds the calls of another part of the same run. The rows stay in the order of their names.
    pub fn add(all: &mut Vec<Self>, more: impl IntoIterator<Item = Self>) {
        for row in more {
            let name = (row.service, &row.operation);
            match all.binary_search_by(|other| (other.service, &other.operation).cmp(&name)) {
                Ok(found) => {
                    if let Some(found) = all.get_mut(found) {
                        found.calls += row.calls;
                        found.requests += row.requests;
                    }
                }
                Err(place) => all.insert(place, row),
            }
        }
    }
}

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// A ULID; it stands in every session name and user agent of the run.
    pub id: String,
    /// What started it: `cli`, `schedule`, `invoke`, `check`, …
    pub trigger: String,
    /// Start, RFC 3339.
    pub started_at: String,
    /// End, RFC 3339.
    pub finished_at: String,
    /// Duration in milliseconds.
    pub duration_ms: u64,
}

/// The plan of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRow {
    /// Its name.
    pub name: String,
    /// `sha256:HEX` of its bytes.
    pub digest: String,
    /// The file it was read from, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// The part of a plan that a run was about: what a change may concern, or a shard, and nothing else. It says
/// nothing of the other probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartRow {
    /// How many probes the whole plan has.
    pub of: usize,
    /// What the change touched: `KEY#…`, `ALIAS#…`, `TABLE#…`, `ROLE#…`. Empty where no change cut the part.
    pub touching: Vec<String>,
}

impl PartRow {
    /// The kind of the note that a report of a part has.
    pub const NOTE: &'static str = "part";

    /// Says in a report of so many probes what it is of.
    pub fn mark(self, report: &mut Report, asked: usize) {
        report.notes.insert(0, self.note(asked));
        report.part = Some(self);
    }

    fn note(&self, asked: usize) -> NoteRow {
        let of = self.of;
        let touching: Vec<_> = self.touching.iter().map(|it| format!("`{it}`")).collect();
        let which = if touching.is_empty() {
            format!("{asked} of its {of} probes")
        } else {
            let touching = touching.join(", ");
            format!("the {asked} of its {of} probes that a change of {touching} may concern")
        };
        NoteRow {
            kind: Self::NOTE.to_owned(),
            text: format!("a part of the plan: {which}; of the others nothing is said"),
            file: None,
            line: None,
        }
    }
}

/// Where a run was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// The account under test.
    pub account: Option<String>,
    /// The region under test.
    pub region: String,
    /// The endpoint, where it was not AWS's own.
    pub endpoint: Option<String>,
    /// keyproof's version.
    pub version: String,
}

/// The counts of a run. `pass + fail + inconclusive + excepted = planned`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The run's verdict.
    pub verdict: Verdict,
    /// Probes that passed.
    pub pass: usize,
    /// Probes that failed, excepted ones left out.
    pub fail: usize,
    /// Probes that found nothing out.
    pub inconclusive: usize,
    /// Failed probes under an exception in force.
    pub excepted: usize,
    /// Probes planned: the number of rows.
    pub planned: usize,
}

/// The three answers. Not finding out is never a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As expected, by the layer under test, with a witness.
    Pass,
    /// Not as expected.
    Fail,
    /// Nothing was proven.
    Inconclusive,
}

/// What is wrong, where a probe did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// Expected denied, and authorised.
    Exposed,
    /// Expected allowed, and denied, or the key is unusable.
    LockedOut,
    /// The table is not encrypted with the plan's key.
    WrongKey,
    /// Denied by another layer than the one under test.
    Masked,
    /// Denied as expected, but nobody authorised read the canary in this run.
    NoWitness,
    /// Authorised, but the canary was not there.
    CanaryMissing,
    /// Expected denied, and the key is unusable for everybody.
    KeyUnusable,
    /// Nothing was found out.
    Blind,
}

impl Finding {
    /// Every finding, worst first.
    pub const ALL: [Self; 8] = [
        Self::Exposed,
        Self::LockedOut,
        Self::WrongKey,
        Self::Masked,
        Self::NoWitness,
        Self::CanaryMissing,
        Self::KeyUnusable,
        Self::Blind,
    ];

    /// The verdict that the finding stands for.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Exposed | Self::LockedOut | Self::WrongKey => Verdict::Fail,
            Self::Masked
            | Self::NoWitness
            | Self::CanaryMissing
            | Self::KeyUnusable
            | Self::Blind => Verdict::Inconclusive,
        }
    }

    /// The name used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exposed => "exposed",
            Self::LockedOut => "locked_out",
            Self::WrongKey => "wrong_key",
            Self::Masked => "masked",
            Self::NoWitness => "no_witness",
            Self::CanaryMissing => "canary_missing",
            Self::KeyUnusable => "key_unusable",
            Self::Blind => "blind",
        }
    }
}

impl Verdict {
    /// The name used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One probe's row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeRow {
    /// The probe's id.
    pub id: String,
    /// The principal's name in the plan; for `TABLE/encryption`, who looked, `null` for the runner.
    pub principal: Option<String>,
    /// The principal's role.
    pub role_arn: Option<String>,
    /// The action; `dynamodb:DescribeTable` for `TABLE/encryption`.
    pub action: String,
    /// The table's name in the plan.
    pub table: Option<String>,
    /// The ARN called on.
    pub resource: Option<String>,
    /// What the plan expects.
    pub expected: ExpectedRow,
    /// What was seen.
    pub observed: ObservedRow,
    /// The verdict.
    pub verdict: Verdict,
    /// What is wrong, unless it passed.
    pub finding: Option<Finding>,
    /// One sentence for a person.
    pub reason: String,
    /// The statement responsible, where it could be found.
    pub cause: Option<Cause>,
    /// The exception that covers this probe's failure, where one is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<ExceptionNote>,
    /// Line of the plan where the probe is asked for, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// What the plan expects of a probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectedRow {
    /// `allowed` or `denied`.
    pub decision: String,
    /// The service that must refuse.
    pub by: Option<Service>,
    /// The policy type that must refuse, where the plan names one.
    pub policy: Option<PolicyType>,
    /// For `TABLE/encryption`: the key's ARN or alias as the plan names it, or `aws-owned`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What was seen of a probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservedRow {
    /// `allowed`, `denied` or `unknown`.
    pub decision: String,
    /// The service that refused.
    pub by: Option<Service>,
    /// The policy type that refused.
    pub policy: Option<PolicyType>,
    /// Whether by an explicit deny.
    pub explicit: Option<bool>,
    /// The service's error code.
    pub error_code: Option<String>,
    /// The service's message.
    pub message: Option<String>,
    /// The service's request id.
    pub request_id: Option<String>,
    /// How many times the call was sent.
    pub attempts: u32,
    /// How long the last attempt took, in milliseconds.
    pub latency_ms: Option<u64>,
    /// For `TABLE/encryption`: the key's ARN as found, or `aws-owned`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// The statement responsible for a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cause {
    /// The policy type.
    pub policy: PolicyType,
    /// The statement's `Sid`, or its index where it has none.
    pub statement: Option<String>,
    /// The document: the ARN of the key, role or policy.
    pub document: Option<String>,
    /// The change that brought it, where one was found.
    pub changed: Option<Change>,
    /// The template file that holds the statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of the statement in that file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The [`DocumentRow::id`] of the document, where the report holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The statement in that document, as a JSON pointer: `/Statement/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Other statements that have their part in it, the likelier first; none of them has any itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
}

/// Another statement that its owner may want to change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// What it does.
    pub does: Contribution,
    /// For `nearly_denies`: the element of the statement that spares the caller, such as `Condition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element: Option<String>,
    /// The statement.
    pub cause: Cause,
}

/// The part that an [`Alternative`] has in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contribution {
    /// It lets the caller in, too.
    AlsoAllows,
    /// It keeps the caller out, too.
    AlsoDenies,
    /// With one of its elements open it would keep the caller out, and nobody whom the plan expects
    /// to be let in.
    NearlyDenies,
    /// It is a property that says another key.
    Disagrees,
}

/// A change found in CloudTrail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The event's name, such as `PutKeyPolicy`.
    pub event: String,
    /// Who did it.
    pub by: Option<String>,
    /// When, RFC 3339.
    pub at: Option<String>,
    /// The event's id.
    pub event_id: Option<String>,
}

/// Something that a reader of the report should know beside the probes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteRow {
    /// `left_out` (decides nothing here), `unseen` (a part that was not evaluated), `unknown` (a
    /// value that nobody told) or `assumed`.
    pub kind: String,
    /// One sentence.
    pub text: String,
    /// The file it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// What came of an exception in this run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExceptionNote {
    /// The id of the probe it is for.
    pub probe: String,
    /// `in_force` (it excepts a failure), `expired` (the failure counts again), `unneeded` (the
    /// probe passes: remove the exception) or `unused` (the probe is inconclusive).
    pub status: String,
    /// Why it was made.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds.
    pub expires: String,
}
