// SPDX-License-Identifier: Apache-2.0
//! What OCSF and ASFF share: one finding a probe, its name, its weight and what it is about.
//!
//! A finding is a probe's, not a run's: its id outlives runs, verdicts and lines of the plan, so that
//! the receiver shows one finding whose status changes.

use std::fmt::Write as _;

use keyproof_core::Arn;
use keyproof_verdict::{Finding, ProbeRow, Report, service_name};
use sha2::{Digest, Sha256};

use crate::escape::Visible;
use crate::grid::is_encryption;
use crate::words::{self, Standing};

/// When a finding was first told and when it last changed: RFC 3339, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp<'a> {
    /// When this probe's finding was first told.
    pub created_at: &'a str,
    /// When it was last told anew.
    pub updated_at: &'a str,
}

impl<'a> Stamp<'a> {
    /// For a report that stands alone: the finding is as old as the run.
    #[must_use]
    pub fn of_run(report: &'a Report) -> Self {
        Self {
            created_at: &report.run.finished_at,
            updated_at: &report.run.finished_at,
        }
    }
}

/// The longest id that Security Hub takes.
const LONGEST_ID: usize = 512;

/// The finding's id: `keyproof/ACCOUNT/REGION/PLAN/PROBE`. One that would be too long ends in its
/// hash, so that it stays one probe's alone.
pub(crate) fn id(report: &Report, row: &ProbeRow) -> String {
    let id = format!(
        "keyproof/{}/{}/{}/{}",
        report.environment.account.as_deref().unwrap_or("unknown"),
        report.environment.region,
        report.plan.name,
        row.id
    );
    let shown = Visible(&id).to_string();
    if shown.chars().count() <= LONGEST_ID {
        return shown;
    }
    let hash = Sha256::digest(&id);
    let mut cut: String = shown
        .chars()
        .take(LONGEST_ID - 2 * hash.len() - 1)
        .collect();
    cut.push('~');
    for byte in hash {
        // Writing to a string can't fail.
        let _ = write!(cut, "{byte:02x}");
    }
    cut
}

/// What the probe holds the account to, in one sentence that a verdict doesn't change.
pub(crate) fn title(row: &ProbeRow) -> String {
    let table = row.table.as_deref();
    if is_encryption(row) {
        let key = row.expected.key.as_deref().unwrap_or("the plan's key");
        return format!(
            "{} must be encrypted with {key}",
            table.unwrap_or("a table")
        );
    }
    let who = row.principal.as_deref().unwrap_or("the runner");
    let on = table.map_or_else(String::new, |table| format!(" on {table}"));
    let by = row
        .expected
        .by
        .map_or_else(String::new, |by| format!(" by {}", service_name(by)));
    let decision = &row.expected.decision;
    format!("{who} must be {decision} {}{on}{by}", row.action)
}

/// How much a finding weighs, in the words of both formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Severity {
    Informational,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub(crate) const fn of(finding: Option<Finding>) -> Self {
        match finding {
            None => Self::Informational,
            Some(Finding::Exposed) => Self::Critical,
            Some(Finding::WrongKey | Finding::LockedOut) => Self::High,
            Some(
                Finding::Masked
                | Finding::NoWitness
                | Finding::CanaryMissing
                | Finding::KeyUnusable
                | Finding::Blind,
            ) => Self::Medium,
        }
    }
}

/// The controls that a probe is evidence for, as their catalogues number them.
#[must_use]
pub fn controls(row: &ProbeRow) -> &'static [&'static str] {
    if is_encryption(row) {
        &[
            "NIST.800-53.r5 SC-12",
            "NIST.800-53.r5 SC-13",
            "NIST.800-53.r5 SC-28",
            "PCI DSS v4.0.1/3",
            "SOC 2 CC6",
            "ISO/IEC 27001:2022 A.8",
            "HIPAA 164.312",
        ]
    } else {
        &[
            "NIST.800-53.r5 AC-3",
            "NIST.800-53.r5 AC-6",
            "PCI DSS v4.0.1/7",
            "SOC 2 CC6",
            "ISO/IEC 27001:2022 A.8",
            "HIPAA 164.312",
        ]
    }
}

/// Something in AWS that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    /// Its ARN; where the run learnt none, the probe's id.
    pub(crate) id: String,
    /// Security Hub's name for its type.
    pub(crate) kind: &'static str,
    /// Whether it acts, or is acted on.
    pub(crate) actor: bool,
    /// Its parsed ARN.
    pub(crate) arn: Option<Arn>,
}

/// What the finding is about: what was called on, the document behind the decision, the role. Never
/// empty, nothing twice.
pub(crate) fn resources(row: &ProbeRow) -> Vec<Resource> {
    let document = row.cause.as_ref().and_then(|cause| cause.document.as_ref());
    let told = [
        (row.resource.as_ref(), false),
        (document, false),
        (row.role_arn.as_ref(), true),
    ];
    let mut resources: Vec<Resource> = Vec::new();
    for (arn, actor) in told {
        let Some(resource) = arn.map(|arn| resource(arn, actor)) else {
            continue;
        };
        if resources.iter().all(|other| other.id != resource.id) {
            resources.push(resource);
        }
    }
    if resources.is_empty() {
        resources.push(resource(&row.id, false));
    }
    resources
}

fn resource(text: &str, actor: bool) -> Resource {
    // An index is called on by the ARN of its own; the resource that people know is the table.
    let text = text
        .split_once("/index/")
        .filter(|(table, _)| table.contains(":table/"))
        .map_or(text, |(table, _)| table);
    let arn: Option<Arn> = text.parse().ok();
    let kind = arn
        .as_ref()
        .map_or("Other", |arn| match (arn.service(), arn.resource()) {
            ("dynamodb", name) if name.starts_with("table/") => "AwsDynamoDbTable",
            ("kms", name) if name.starts_with("key/") => "AwsKmsKey",
            ("iam", name) if name.starts_with("role/") => "AwsIamRole",
            _ => "Other",
        });
    Resource {
        id: Visible(text).to_string(),
        kind,
        actor,
        arn,
    }
}

/// What is true of this run alone: for fields without a place of their own.
pub(crate) fn facts(report: &Report, row: &ProbeRow) -> Vec<(&'static str, String)> {
    let seen = &row.observed;
    let finding = row.finding.map(|finding| finding.as_str().to_owned());
    let exception = row.exception.as_ref();
    let exception = exception.map(|note| {
        format!(
            "until {}, {} answers for it: {}",
            note.expires, note.owner, note.reason
        )
    });
    let all = [
        ("plan", Some(report.plan.name.clone())),
        ("planDigest", Some(report.plan.digest.clone())),
        ("probe", Some(row.id.clone())),
        ("run", Some(report.run.id.clone())),
        ("trigger", Some(report.run.trigger.clone())),
        ("verdict", Some(Standing::of(row).as_str().to_owned())),
        ("finding", finding),
        ("expected", Some(words::expected(row))),
        ("observed", Some(words::seen(row))),
        ("keyExpected", row.expected.key.clone()),
        ("keyFound", seen.key.clone()),
        ("cause", row.cause.as_ref().map(words::cause)),
        ("errorCode", seen.error_code.clone()),
        ("message", seen.message.clone()),
        ("requestId", seen.request_id.clone()),
        ("exception", exception),
        ("place", words::place(report, row)),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name, Visible(&value?).to_string())))
        .filter(|(_, value)| !value.trim().is_empty())
        .collect()
}
