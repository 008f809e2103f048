// SPDX-License-Identifier: Apache-2.0
//! SARIF 2.1.0: failures and what proved nothing, at the plan's or the template's line.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>, and what code scanning makes
//! of it: <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.
//! The fingerprint is plan, probe and finding, so that an alert stays one alert from run to run and
//! when lines move. Code scanning heeds `primaryLocationLineHash` alone, so it is there under that name
//! too. It refuses a whole file for one result without a file: where none is known, as of a run of the
//! deployed service, the plan's name stands for it.

use std::fmt::Write as _;
use std::io::{self, Write};

use keyproof_verdict::{Finding, ProbeRow, Report, Verdict};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::escape::Visible;
use crate::words::{self, Standing};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(crate) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let results = report.probes.iter().filter_map(|row| result(report, row));
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "keyproof",
                "version": plain(&report.environment.version),
                "rules": Finding::ALL.map(rule),
            }},
            "automationDetails": {
                "id": format!("keyproof/{}/{}", plain(&report.plan.name), plain(&report.run.id)),
            },
            "invocations": [invocation(report)],
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
            "properties": {
                "plan": plain(&report.plan.name),
                "planDigest": plain(&report.plan.digest),
                "trigger": plain(&report.run.trigger),
                "account": report.environment.account.as_deref().map(plain),
                "region": plain(&report.environment.region),
                "verdict": report.summary.verdict,
                "pass": report.summary.pass,
                "fail": report.summary.fail,
                "inconclusive": report.summary.inconclusive,
                "excepted": report.summary.excepted,
                "planned": report.summary.planned,
                "sentinel": words::sentinel(report).map(|sentinel| plain(&sentinel)),
            },
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    out.write_all(b"\n")
}

/// The run, and what its reader should know that is no result: exceptions that nobody needs any more (3.20.21).
fn invocation(report: &Report) -> Value {
    let mut invocation = json!({
        "executionSuccessful": true,
        "startTimeUtc": plain(&report.run.started_at),
        "endTimeUtc": plain(&report.run.finished_at),
    });
    let unneeded = words::unneeded(report);
    let rows = report.probes.iter();
    let told = rows.filter_map(|row| Some((row, unneeded.get(row.id.as_str())?)));
    let told = told.flat_map(|(row, sentences)| {
        sentences.iter().map(move |sentence| {
            json!({
                "level": "warning",
                "message": { "text": message(sentence) },
                "locations": [location(report, row)],
            })
        })
    });
    let told: Vec<Value> = told.collect();
    if let (false, Some(fields)) = (told.is_empty(), invocation.as_object_mut()) {
        fields.insert("toolExecutionNotifications".to_owned(), told.into());
    }
    invocation
}

fn level(finding: Finding) -> &'static str {
    match finding.verdict() {
        Verdict::Fail => "error",
        Verdict::Inconclusive | Verdict::Pass => "warning",
    }
}

fn rule(finding: Finding) -> Value {
    let meaning = words::meaning(finding);
    let request = words::request(finding);
    // Code scanning sorts by this number, 0 to 10.
    let severity = match finding {
        Finding::Exposed => "9.0",
        Finding::WrongKey => "8.0",
        Finding::LockedOut => "7.0",
        Finding::Masked
        | Finding::NoWitness
        | Finding::CanaryMissing
        | Finding::KeyUnusable
        | Finding::Blind => "5.0",
    };
    json!({
        "id": finding,
        "name": name(finding),
        "shortDescription": { "text": message(&format!("{meaning}.")) },
        "fullDescription": { "text": message(&format!("{meaning}. {request}")) },
        "help": {
            "text": message(request),
            "markdown": format!("**{meaning}.**\n\n{request}"),
        },
        "defaultConfiguration": { "level": level(finding) },
        "properties": {
            "tags": ["security", "aws", "kms", "dynamodb"],
            "security-severity": severity,
            "problem.severity": if finding.verdict() == Verdict::Fail { "error" } else { "warning" },
        },
    })
}

/// A name for people in Pascal case; never the id in other letters, of which SARIF would have none (3.49.7).
fn name(finding: Finding) -> &'static str {
    match finding {
        Finding::Exposed => "AccessExposed",
        Finding::LockedOut => "LockedOut",
        Finding::WrongKey => "WrongKey",
        Finding::Masked => "DenialMasked",
        Finding::NoWitness => "NoWitness",
        Finding::CanaryMissing => "CanaryMissing",
        Finding::KeyUnusable => "KeyUnusable",
        Finding::Blind => "NothingFoundOut",
    }
}

fn result(report: &Report, row: &ProbeRow) -> Option<Value> {
    let finding = row.finding.filter(|_| row.verdict != Verdict::Pass)?;
    let fingerprint = format!("{}:{}:{finding}", plain(&report.plan.name), plain(&row.id));
    let mut text = row.reason.clone();
    if let Some(cause) = &row.cause {
        // Code scanning shows the message, and no properties.
        let _ = write!(text, ". Cause: {}", words::cause(cause));
    }
    let mut result = json!({
        "ruleId": finding,
        "ruleIndex": Finding::ALL.iter().position(|other| *other == finding),
        "level": level(finding),
        "message": { "text": message(&text) },
        "locations": [location(report, row)],
        "partialFingerprints": {
            "keyproofProbe/v1": fingerprint,
            "primaryLocationLineHash": line_hash(&fingerprint),
        },
        "properties": properties(row),
    });
    if let (Standing::Excepted, Some(note), Some(fields)) =
        (Standing::of(row), &row.exception, result.as_object_mut())
    {
        let justification = format!("{} (until {}, {})", note.reason, note.expires, note.owner);
        let suppression = json!({
            "kind": "external",
            "status": "accepted",
            "justification": plain(&justification),
        });
        fields.insert("suppressions".to_owned(), json!([suppression]));
    }
    Some(result)
}

/// The statement in the template where it is known, else the expectation in the plan.
fn location(report: &Report, row: &ProbeRow) -> Value {
    let template = row
        .cause
        .as_ref()
        .and_then(|cause| Some((cause.file.as_deref()?, cause.line)));
    let plan = report.plan.file.as_deref().map(|file| (file, row.line));
    let named = template.or(plan).filter(|(file, _)| *file != "-");
    let (file, line) = named.unwrap_or((&report.plan.name, None));
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(file) },
            "region": { "startLine": line.unwrap_or(1).max(1) },
        },
        "logicalLocations": [{ "fullyQualifiedName": plain(&row.id), "kind": "resource" }],
    })
}

/// A hash of the form that code scanning makes of a line: sixteen digits and the number of its occurrence.
fn line_hash(fingerprint: &str) -> String {
    let digest = Sha256::digest(fingerprint.as_bytes());
    let mut hash = String::new();
    for byte in digest.iter().take(8) {
        // Writing to a string can't fail.
        let _ = write!(hash, "{byte:02x}");
    }
    hash + ":1"
}

fn properties(row: &ProbeRow) -> Value {
    let mut all = Map::new();
    let texts = [
        ("probe", Some(&row.id)),
        ("principal", row.principal.as_ref()),
        ("roleArn", row.role_arn.as_ref()),
        ("action", Some(&row.action)),
        ("table", row.table.as_ref()),
        ("resource", row.resource.as_ref()),
        ("errorCode", row.observed.error_code.as_ref()),
        ("serviceMessage", row.observed.message.as_ref()),
        ("requestId", row.observed.request_id.as_ref()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            all.insert(name.to_owned(), json!(plain(text)));
        }
    }
    all.insert("expected".to_owned(), json!(words::expected(row)));
    let observed = words::seen(row);
    all.insert("observed".to_owned(), json!(observed));
    if let Some(cause) = &row.cause {
        all.insert("cause".to_owned(), json!(plain(&words::cause(cause))));
    }
    Value::Object(all)
}

fn plain(text: &str) -> String {
    Visible(text).to_string()
}

/// A message, in which brackets would be a link and braces a placeholder (3.11.5, 3.11.6).
fn message(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in plain(text).chars() {
        match character {
            '[' | ']' | '\\' => escaped.extend(['\\', character]),
            '{' | '}' => escaped.extend([character, character]),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A path as a URI reference: relative ones stay so, as code scanning wants them.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    } else if path.as_bytes().get(1) == Some(&b':') {
        uri.push_str("file:///");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            // Writing to a string can't fail.
            other => {
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    uri
}
