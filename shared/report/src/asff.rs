// SPDX-License-Identifier: Apache-2.0
//! AWS Security Finding Format, for Security Hub: a finding for every probe, those that passed too,
//! as a finding disappears 90 days after it was last told.
//!
//! An array that `aws securityhub batch-import-findings --findings file://…` takes, at most 100 of
//! its elements a call.
//!
//! <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html>,
//! <https://docs.aws.amazon.com/securityhub/latest/partnerguide/guidelines-asff-mapping.html>

use std::io::{self, Write};

use keyproof_core::Arn;
use keyproof_verdict::{Finding, ProbeRow, Report};
use serde_json::{Map, Value, json};

use crate::escape::Visible;
use crate::finding::{self, Resource, Severity, Stamp};
use crate::words::{self, Standing};

/// The account and Region whose Security Hub takes the findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// The account that imports; Security Hub wants it to be the finding's own.
    pub account: String,
    /// The Region.
    pub region: String,
}

impl Hub {
    /// The hub beside what the report is about: its account, as the caller or an ARN tells it, and
    /// its Region.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let mut arns = report
            .probes
            .iter()
            .flat_map(|row| [row.resource.as_ref(), row.role_arn.as_ref()])
            .filter_map(|arn| arn?.parse::<Arn>().ok())
            .filter(|arn| !arn.account().is_empty());
        let arn = arns.next();
        let account = report.environment.account.clone();
        let account = account.or_else(|| Some(arn.as_ref()?.account().to_owned()));
        Self {
            partition: arn.map_or_else(|| "aws".to_owned(), |arn| arn.partition().to_owned()),
            // Security Hub refuses it, as it should: nobody knows whose finding it is.
            account: account.unwrap_or_else(|| "unknown".to_owned()),
            region: report.environment.region.clone(),
        }
    }

    fn product_arn(&self) -> String {
        let Self {
            partition,
            account,
            region,
        } = self;
        format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default")
    }
}

pub(crate) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let hub = Hub::of(report);
    let stamp = Stamp::of_run(report);
    let rows = report.probes.iter();
    let findings: Vec<Value> = rows
        .map(|row| asff_finding(report, row, stamp, &hub))
        .collect();
    serde_json::to_writer_pretty(&mut *out, &findings)?;
    out.write_all(b"\n")
}

/// One probe's finding, as `BatchImportFindings` takes it.
///
/// An excepted failure is created as `SUPPRESSED`, a pass as `RESOLVED`. Security Hub takes the
/// workflow from here only when it creates the finding; afterwards it is the customer's, and only
/// `BatchUpdateFindings` changes it: whoever imports a probe again whose exception came or went must
/// call that, as a suppressed finding stays suppressed however bad its status gets.
///
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html>
#[must_use]
pub fn asff_finding(report: &Report, row: &ProbeRow, stamp: Stamp<'_>, hub: &Hub) -> Value {
    let standing = Standing::of(row);
    let finding = row.finding.map_or("pass", |finding| finding.as_str());
    let mut description = plain(&row.reason);
    if let Some(cause) = &row.cause {
        description = format!("{description}. Cause: {}", plain(&words::cause(cause)));
    }
    let resources: Vec<Value> = finding::resources(row)
        .iter()
        .map(|told| resource(told, hub))
        .collect();
    let mut all = json!({
        "SchemaVersion": "2018-10-08",
        "Id": finding::id(report, row),
        "ProductArn": plain(&hub.product_arn()),
        "ProductName": "keyproof",
        "CompanyName": "keyproof",
        "Region": cut(&plain(&hub.region), 16),
        "GeneratorId": cut(&format!("keyproof/{}", plain(&report.plan.name)), 512),
        "AwsAccountId": plain(&hub.account),
        "CreatedAt": plain(stamp.created_at),
        "UpdatedAt": plain(stamp.updated_at),
        "FirstObservedAt": plain(stamp.created_at),
        "LastObservedAt": plain(stamp.updated_at),
        "FindingProviderFields": {
            "Severity": { "Label": label(row.finding), "Original": finding },
            "Types": types(row.finding),
        },
        "Title": cut(&plain(&finding::title(row)), 256),
        "Description": cut(&description, 1024),
        "ProductFields": product_fields(report, row),
        "Resources": resources,
        "Compliance": {
            "Status": status(standing),
            "RelatedRequirements": finding::controls(row),
            "StatusReasons": [{
                "ReasonCode": finding.to_uppercase(),
                "Description": cut(&plain(&row.reason), 2048),
            }],
        },
        "Workflow": { "Status": workflow(standing) },
        "RecordState": "ACTIVE",
    });
    if let Some(fields) = all.as_object_mut() {
        if let Some(mend) = words::mend(row) {
            let text = cut(&plain(&mend), 512);
            let remediation = json!({ "Recommendation": { "Text": text } });
            fields.insert("Remediation".to_owned(), remediation);
        }
        if let (Standing::Excepted, Some(note)) = (standing, &row.exception) {
            let text = format!("Excepted until {}: {}", note.expires, note.reason);
            let note = json!({
                "Text": cut(&plain(&text), 512),
                "UpdatedBy": cut(&plain(&note.owner), 512),
                "UpdatedAt": plain(stamp.updated_at),
            });
            fields.insert("Note".to_owned(), note);
        }
    }
    all
}

/// A pass's finding when no run has said for too long whether it still is one: as that of a probe of which
/// nothing was found out, for this reason. The same finding: it keeps its id and all that the pass knew.
#[must_use]
pub fn asff_lapsed(pass: &Value, why: &str) -> Value {
    let mut lapsed = pass.clone();
    let nothing = Some(Finding::Blind);
    let changes = [
        ("/Compliance/Status", json!(status(Standing::Inconclusive))),
        (
            "/Compliance/StatusReasons",
            json!([{ "ReasonCode": "STALE", "Description": cut(&plain(why), 2048) }]),
        ),
        ("/Description", json!(cut(&plain(why), 1024))),
        (
            "/FindingProviderFields/Severity",
            json!({ "Label": label(nothing), "Original": "stale" }),
        ),
        ("/Workflow/Status", json!(workflow(Standing::Inconclusive))),
        (
            "/ProductFields/keyproof~1verdict",
            json!(Standing::Inconclusive.as_str()),
        ),
    ];
    for (place, value) in changes {
        if let Some(there) = lapsed.pointer_mut(place) {
            *there = value;
        }
    }
    lapsed
}

fn status(standing: Standing) -> &'static str {
    match standing {
        Standing::Pass => "PASSED",
        Standing::Fail | Standing::Excepted => "FAILED",
        Standing::Inconclusive => "WARNING",
    }
}

fn workflow(standing: Standing) -> &'static str {
    match standing {
        Standing::Pass => "RESOLVED",
        Standing::Fail | Standing::Inconclusive => "NEW",
        Standing::Excepted => "SUPPRESSED",
    }
}

fn label(finding: Option<Finding>) -> &'static str {
    match Severity::of(finding) {
        Severity::Informational => "INFORMATIONAL",
        Severity::Medium => "MEDIUM",
        Severity::High => "HIGH",
        Severity::Critical => "CRITICAL",
    }
}

/// Security Hub's taxonomy.
///
/// <https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html#Types>
fn types(finding: Option<Finding>) -> &'static [&'static str] {
    const CHECK: &str = "Software and Configuration Checks/AWS Security Best Practices";
    match finding {
        Some(Finding::Exposed) => &[CHECK, "Effects/Data Exposure"],
        Some(
            Finding::LockedOut
            | Finding::WrongKey
            | Finding::Masked
            | Finding::NoWitness
            | Finding::CanaryMissing
            | Finding::KeyUnusable
            | Finding::Blind,
        )
        | None => &[CHECK],
    }
}

fn resource(resource: &Resource, hub: &Hub) -> Value {
    let arn = resource.arn.as_ref();
    let mut all = json!({
        "Type": resource.kind,
        "Id": cut(&resource.id, 512),
        "ResourceRole": if resource.actor { "Actor" } else { "Target" },
    });
    let partition = arn.map(Arn::partition);
    let known = ["aws", "aws-cn", "aws-us-gov"];
    if let (Some(partition), Some(fields)) = (
        partition.filter(|name| known.contains(name)),
        all.as_object_mut(),
    ) {
        fields.insert("Partition".to_owned(), json!(partition));
    }
    // A role has no Region: it is shown where it was found.
    let region = arn.map(Arn::region).filter(|region| !region.is_empty());
    if let Some(fields) = all.as_object_mut() {
        let region = plain(region.unwrap_or(&hub.region));
        fields.insert("Region".to_owned(), json!(cut(&region, 16)));
    }
    all
}

fn product_fields(report: &Report, row: &ProbeRow) -> Value {
    let facts = finding::facts(report, row).into_iter();
    let fields: Map<String, Value> = facts
        .map(|(name, value)| (format!("keyproof/{name}"), json!(cut(&value, 2048))))
        .collect();
    Value::Object(fields)
}

fn plain(text: &str) -> String {
    Visible(text).to_string()
}

/// The text, no longer than `most` characters, and never blank: Security Hub refuses both.
fn cut(text: &str, most: usize) -> String {
    if text.trim().is_empty() {
        return "-".to_owned();
    }
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(most - 1).collect();
    kept.push('…');
    kept
}
