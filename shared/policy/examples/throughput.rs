// SPDX-License-Identifier: Apache-2.0
//! Measures decisions a second on one core, and that memory stays flat.
//!
//! `throughput [COUNT]` evaluates, over and over, requests against policies of five statements each
//! that were parsed once. `throughput --lines COUNT` writes the same requests as lines for
//! `keyproof simulate`, for another simulator to run.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use keyproof_policy::{Context, Document, Grammar, Policies, Request, evaluate};
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const CALLERS: [&str; 3] = ["reader", "writer", "outsider"];
const ACTIONS: [&str; 4] = [
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:DescribeKey",
];

fn identity_policy() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Items", "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"],
         "Resource": "arn:aws:dynamodb:us-east-1:111122223333:table/orders*"},
        {"Sid": "Own", "Effect": "Allow", "Action": "s3:GetObject",
         "Resource": "arn:aws:s3:::home/${aws:PrincipalTag/team}/*"},
        {"Sid": "Keys", "Effect": "Allow", "Action": "kms:D*", "Resource": "arn:aws:kms:us-*:111122223333:key/*",
         "Condition": {"StringEquals": {"aws:PrincipalTag/team": ["red", "${aws:ResourceTag/team}"]}}},
        {"Sid": "NoAdmin", "Effect": "Deny", "Action": ["kms:Put*", "kms:Schedule*"], "Resource": "*"},
        {"Sid": "Office", "Effect": "Deny", "Action": "*", "Resource": "*",
         "Condition": {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}},
    ]})
}

fn key_policy() -> Value {
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "Enable IAM User Permissions", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
         "Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Sid": "Readers", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
         "Principal": {"AWS": ["arn:aws:iam::111122223333:role/reader", "arn:aws:iam::111122223333:role/auditor"]},
         "Condition": {"StringLike": {"kms:ViaService": "dynamodb.*.amazonaws.com"}}},
        {"Sid": "Writers", "Effect": "Allow", "Action": ["kms:Encrypt", "kms:GenerateDataKey*"], "Resource": "*",
         "Principal": {"AWS": "arn:aws:iam::111122223333:role/writer"}},
        {"Sid": "Grants", "Effect": "Allow", "Action": "kms:CreateGrant", "Resource": "*",
         "Principal": {"AWS": "arn:aws:iam::111122223333:role/reader"},
         "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}},
        {"Sid": "Insecure", "Effect": "Deny", "Action": "kms:*", "Resource": "*", "Principal": "*",
         "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
    ]})
}

fn context() -> Value {
    json!({"kms:ViaService": "dynamodb.us-east-1.amazonaws.com", "aws:SourceIp": "203.0.113.7",
        "aws:SecureTransport": "true", "aws:PrincipalTag/team": "red",
        "aws:PrincipalArn": "arn:aws:iam::111122223333:role/reader"})
}

fn calls() -> impl Iterator<Item = (String, &'static str)> {
    CALLERS.iter().flat_map(|role| {
        let caller = format!("arn:aws:sts::111122223333:assumed-role/{role}/s");
        ACTIONS.iter().map(move |action| (caller.clone(), *action))
    })
}

fn write_lines(count: u64) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let calls: Vec<_> = calls().collect();
    for (id, (caller, action)) in (0..count).zip(calls.iter().cycle()) {
        let line = json!({"id": id, "principal": caller, "action": action, "resource": KEY,
            "resource_account": "111122223333", "context": context(),
            "identity_policies": [identity_policy()], "resource_policy": key_policy()});
        writeln!(out, "{line}")?;
    }
    out.flush()
}

/// Pages of memory in use, where the system says so.
#[expect(clippy::disallowed_methods, reason = "a measurement, not the crate")]
fn resident_pages() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    text.split_whitespace().nth(1)?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "a measurement, not the crate")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some("--lines") {
        let count = arguments
            .next()
            .and_then(|count| count.parse().ok())
            .unwrap_or(1000);
        return Ok(write_lines(count)?);
    }
    let total: u64 = first
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_000_000);
    let identity = [Document::from_value(&identity_policy(), Grammar::Identity)?];
    let key_policy = Document::from_value(&key_policy(), Grammar::Resource)?;
    let policies = Policies {
        identity: &identity,
        resource: Some(&key_policy),
        ..Policies::default()
    };
    let mut known = Context::new();
    for (key, value) in context().as_object().into_iter().flatten() {
        known.set(key, value.as_str().unwrap_or_default());
    }
    let requests: Vec<Request> = calls()
        .map(|(caller, action)| {
            Ok(Request::new(caller.parse()?, action, KEY).with_context(known.clone()))
        })
        .collect::<Result<_, keyproof_policy::PrincipalError>>()?;

    let mut out = io::stdout().lock();
    let mut allowed = 0_u64;
    let mut pages = Vec::new();
    let started = Instant::now();
    for tenth in 0..10 {
        for request in requests.iter().cycle().take(usize::try_from(total / 10)?) {
            let decision = evaluate(black_box(request), black_box(&policies));
            allowed += u64::from(decision.is_allowed());
        }
        if tenth == 0 || tenth == 9 {
            pages.extend(resident_pages());
        }
    }
    let elapsed = started.elapsed();
    let rate = u128::from(total / 10 * 10) * 1_000_000_000 / elapsed.as_nanos().max(1);
    writeln!(out, "{rate}")?;
    writeln!(
        io::stderr(),
        "{total} decisions in {elapsed:?}, {allowed} allowed; pages in use after the first and the last tenth: {pages:?}"
    )?;
    if let [first, last] = pages.as_slice()
        && *last > first + 64
    {
        return Err("memory in use grew".into());
    }
    Ok(())
}
