// SPDX-License-Identifier: Apache-2.0
//! OCSF 1.5.0, class Compliance Finding (2003), profile `cloud`: an array with an event a probe.
//!
//! <https://schema.ocsf.io/1.5.0/classes/compliance_finding?profiles=cloud>

use std::io::{self, Write};

use jiff::Timestamp;
use keyproof_core::Arn;
use keyproof_verdict::{ProbeRow, Report};
use serde_json::{Map, Value, json};

use crate::escape::Visible;
use crate::finding::{self, Resource, Severity, Stamp};
use crate::words::{self, Standing};

const VERSION: &str = "1.5.0";

pub(crate) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let stamp = Stamp::of_run(report);
    let rows = report.probes.iter();
    let findings: Vec<Value> = rows.map(|row| ocsf_finding(report, row, stamp)).collect();
    serde_json::to_writer_pretty(&mut *out, &findings)?;
    out.write_all(b"\n")
}

/// One probe's finding as an OCSF event.
///
/// It is created where `stamp` holds one time twice; later it is updated, and closed by a pass. The
/// status is `Suppressed` under an exception, `Resolved` for a pass, else `New`.
#[must_use]
pub fn ocsf_finding(report: &Report, row: &ProbeRow, stamp: Stamp<'_>) -> Value {
    let standing = Standing::of(row);
    let finding = row.finding.map_or("pass", |finding| finding.as_str());
    let (activity_id, activity) = activity(standing, stamp);
    let (severity_id, severity) = severity(Severity::of(row.finding));
    let (status_id, status) = status(standing);
    let created = milliseconds(stamp.created_at);
    let updated = milliseconds(stamp.updated_at);
    let title = plain(&finding::title(row));
    let mut all = json!({
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2003,
        "class_name": "Compliance Finding",
        "type_uid": 200_300 + activity_id,
        "type_name": format!("Compliance Finding: {activity}"),
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "status_code": finding,
        "status_detail": plain(&row.reason),
        "time": updated,
        "message": plain(&row.reason),
        "metadata": metadata(report, row),
        "cloud": cloud(report, row),
        "finding_info": {
            "uid": finding::id(report, row),
            "title": title,
            "desc": plain(&row.reason),
            "types": [finding],
            "analytic": {
                "uid": plain(&row.id),
                "name": title,
                "type_id": 1,
                "type": "Rule",
                "version": plain(&report.plan.digest),
            },
            "created_time": created,
            "first_seen_time": created,
            "modified_time": updated,
            "last_seen_time": updated,
        },
        "compliance": compliance(row, finding),
        "resources": finding::resources(row).iter().map(resource).collect::<Vec<_>>(),
        "evidences": [evidence(row)],
        "unmapped": unmapped(report, row),
    });
    if let (Some(mend), Some(fields)) = (words::mend(row), all.as_object_mut()) {
        let remediation = json!({ "desc": plain(&mend) });
        fields.insert("remediation".to_owned(), remediation);
    }
    all
}

fn activity(standing: Standing, stamp: Stamp<'_>) -> (u32, &'static str) {
    match standing {
        _ if stamp.created_at == stamp.updated_at => (1, "Create"),
        Standing::Pass => (3, "Close"),
        Standing::Fail | Standing::Inconclusive | Standing::Excepted => (2, "Update"),
    }
}

fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Informational => (1, "Informational"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}

fn status(standing: Standing) -> (u32, &'static str) {
    match standing {
        Standing::Fail | Standing::Inconclusive => (1, "New"),
        Standing::Excepted => (3, "Suppressed"),
        Standing::Pass => (4, "Resolved"),
    }
}

fn metadata(report: &Report, row: &ProbeRow) -> Value {
    json!({
        "version": VERSION,
        "profiles": ["cloud"],
        "uid": format!("{}/{}", plain(&report.run.id), plain(&row.id)),
        "correlation_uid": plain(&report.run.id),
        "event_code": row.finding.map_or("pass", |finding| finding.as_str()),
        "original_time": plain(&report.run.started_at),
        "product": {
            "name": "keyproof",
            "vendor_name": "keyproof",
            "version": plain(&report.environment.version),
            "feature": { "name": feature(report) },
        },
    })
}

/// What of keyproof made the report: a finding of a check was evaluated, never tried.
fn feature(report: &Report) -> &'static str {
    if report.run.trigger == "check" {
        "check"
    } else {
        "verify"
    }
}

fn cloud(report: &Report, row: &ProbeRow) -> Value {
    let environment = &report.environment;
    let mut all = json!({ "provider": "AWS", "region": plain(&environment.region) });
    let arn = row.resource.as_ref().or(row.role_arn.as_ref());
    let arn: Option<Arn> = arn.and_then(|arn| arn.parse().ok());
    if let Some(fields) = all.as_object_mut() {
        if let Some(arn) = arn {
            fields.insert("cloud_partition".to_owned(), json!(arn.partition()));
        }
        if let Some(account) = &environment.account {
            let account = json!({ "uid": plain(account), "type_id": 10, "type": "AWS Account" });
            fields.insert("account".to_owned(), account);
        }
    }
    all
}

fn compliance(row: &ProbeRow, finding: &str) -> Value {
    let (status_id, status) = match Standing::of(row) {
        Standing::Pass => (1, "Pass"),
        Standing::Inconclusive => (2, "Warning"),
        Standing::Fail | Standing::Excepted => (3, "Fail"),
    };
    let controls = finding::controls(row);
    let mut standards: Vec<&str> = controls.iter().map(|control| standard(control)).collect();
    standards.dedup();
    let mut details = vec![plain(&row.reason)];
    details.extend(row.cause.iter().map(|cause| plain(&words::cause(cause))));
    json!({
        "control": plain(&row.id),
        "desc": plain(&finding::title(row)),
        "standards": standards,
        "requirements": controls,
        "status_id": status_id,
        "status": status,
        "status_code": finding,
        "status_details": details,
    })
}

/// The catalogue that a control is of: `PCI DSS v4.0.1` of `PCI DSS v4.0.1/7`.
fn standard(control: &str) -> &str {
    control
        .rsplit_once(['/', ' '])
        .map_or(control, |(catalogue, _)| catalogue)
}

fn resource(resource: &Resource) -> Value {
    let mut all = json!({ "uid": resource.id, "type": resource.kind });
    if let (Some(arn), Some(fields)) = (&resource.arn, all.as_object_mut()) {
        let name = arn.resource().rsplit('/').next().unwrap_or_default();
        fields.insert("name".to_owned(), json!(plain(name)));
        fields.insert("cloud_partition".to_owned(), json!(arn.partition()));
        if !arn.region().is_empty() {
            fields.insert("region".to_owned(), json!(arn.region()));
        }
    }
    all
}

/// The call and its answer.
fn evidence(row: &ProbeRow) -> Value {
    let (service, operation) = row.action.split_once(':').unwrap_or(("", &row.action));
    let seen = &row.observed;
    let mut api = Map::new();
    api.insert("operation".to_owned(), json!(plain(operation)));
    api.insert(
        "service".to_owned(),
        json!({ "name": format!("{}.amazonaws.com", plain(service)) }),
    );
    if let Some(id) = &seen.request_id {
        api.insert("request".to_owned(), json!({ "uid": plain(id) }));
    }
    let mut response = Map::new();
    response.insert("message".to_owned(), json!(words::seen(row)));
    for (name, text) in [
        ("error", seen.error_code.as_ref()),
        ("error_message", seen.message.as_ref()),
    ] {
        if let Some(text) = text {
            response.insert(name.to_owned(), json!(plain(text)));
        }
    }
    api.insert("response".to_owned(), Value::Object(response));
    let mut all = Map::new();
    all.insert("api".to_owned(), Value::Object(api));
    if let Some(role) = &row.role_arn {
        let name = row.principal.as_deref().unwrap_or("the runner");
        let user =
            json!({ "name": plain(name), "uid": plain(role), "type_id": 99, "type": "Role" });
        all.insert("actor".to_owned(), json!({ "user": user }));
    }
    Value::Object(all)
}

fn unmapped(report: &Report, row: &ProbeRow) -> Value {
    let facts = finding::facts(report, row).into_iter();
    let fields: Map<String, Value> = facts
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    Value::Object(fields)
}

/// OCSF's times are milliseconds. A time that can't be read was written by nobody's clock; it is
/// shown as 1970, which nobody takes for a fresh result.
fn milliseconds(time: &str) -> i64 {
    time.parse::<Timestamp>()
        .map_or(0, Timestamp::as_millisecond)
}

fn plain(text: &str) -> String {
    Visible(text).to_string()
}
