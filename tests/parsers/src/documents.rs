// SPDX-License-Identifier: Apache-2.0
//! What people write: plans, policies, templates, answers about an account, lines to simulate.

use std::collections::BTreeSet;

use keyproof_account::File;
use keyproof_core::{Arn, KeyArn, RoleArn, TableArn};
use keyproof_plan::{Parts, Plan};
use keyproof_policy::simulate::simulate_line;
use keyproof_policy::{Document, Grammar, Principal};
use keyproof_shard::Manifest;
use serde_json::Value;

use crate::{all_said, said};

/// A plan: its probes are distinct, and it is the same plan when it is read again.
pub(crate) fn plan(text: &str) -> Vec<String> {
    match Plan::parse(text) {
        Ok(plan) => {
            let probes = plan.probes();
            let ids: BTreeSet<_> = probes.iter().map(|probe| probe.id.as_str()).collect();
            assert_eq!(ids.len(), probes.len(), "two probes of one id");
            assert!(!probes.is_empty(), "a plan without a probe");
            assert_eq!(Plan::parse(text).unwrap().digest, plan.digest);
            Vec::new()
        }
        Err(errors) => all_said(&errors),
    }
}

/// A policy, as each kind.
pub(crate) fn policy(text: &str) -> Vec<String> {
    const ALL: [Grammar; 8] = [
        Grammar::Identity,
        Grammar::Resource,
        Grammar::Trust,
        Grammar::Boundary,
        Grammar::Session,
        Grammar::Scp,
        Grammar::Rcp,
        Grammar::VpcEndpoint,
    ];
    let read = ALL.iter().map(|grammar| Document::parse(text, *grammar));
    read.filter_map(said).collect()
}

/// Names of things and callers: what is taken is given back as it was.
pub(crate) fn arn(text: &str) -> Vec<String> {
    let arn = text.parse::<Arn>();
    if let Ok(arn) = &arn {
        assert_eq!(arn.as_str(), text);
        let parts = (arn.partition(), arn.service(), arn.region(), arn.account());
        let (partition, service, region, account) = parts;
        let whole = format!(
            "arn:{partition}:{service}:{region}:{account}:{}",
            arn.resource()
        );
        assert_eq!(whole, text);
    }
    if let Ok(role) = text.parse::<RoleArn>() {
        assert!(text.ends_with(role.role_name()));
    }
    if let Ok(principal) = text.parse::<Principal>() {
        let _ = (principal.kind(), principal.account(), principal.role_arn());
    }
    let refused = [
        said(arn),
        said(text.parse::<RoleArn>()),
        said(text.parse::<KeyArn>()),
        said(text.parse::<TableArn>()),
    ];
    refused.into_iter().flatten().collect()
}

/// A CloudFormation or SAM template.
pub(crate) fn template(text: &str) -> Vec<String> {
    let options = keyproof_template::Options::new("111122223333".parse().unwrap(), "us-east-1");
    match keyproof_template::load(text, &options) {
        Ok(_) => Vec::new(),
        Err(errors) => all_said(&errors),
    }
}

/// The AWS CLI's answers about an account.
pub(crate) fn account(text: &str) -> Vec<String> {
    let file = File {
        name: Some("answers.json".to_owned()),
        folder: String::new(),
        text: text.to_owned(),
    };
    match keyproof_account::load(&[file], "us-east-1") {
        Ok(exported) => {
            assert!(
                !exported.parts.is_empty(),
                "read, and nothing of it is there"
            );
            Vec::new()
        }
        Err(errors) => all_said(&errors),
    }
}

/// A line to simulate: the answer is one line of JSON.
pub(crate) fn simulate(text: &str) -> Vec<String> {
    let line = simulate_line(text).line;
    assert!(!line.contains('\n'), "{line}");
    let answer: Value = serde_json::from_str(&line).unwrap();
    let error = answer.get("error").and_then(Value::as_str);
    error.map(str::to_owned).into_iter().collect()
}

/// The plan that manifests are held against.
pub(crate) const PLAN: &str = include_str!("../../faults/tests/corpus/plan/whole");

/// A manifest of the corpus's plan: what is taken is the whole plan.
pub(crate) fn manifest(text: &str) -> Vec<String> {
    let plan = Plan::parse(PLAN).unwrap();
    match Manifest::read(text, &plan) {
        Ok(manifest) => {
            manifest.check(&Parts::of(&plan)).unwrap();
            Vec::new()
        }
        Err(error) => vec![error.to_string()],
    }
}
