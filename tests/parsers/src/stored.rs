// SPDX-License-Identifier: Apache-2.0
//! What keyproof wrote once, or so it says: items of its table, reports, records of evidence.

use keyproof_core::is_invisible;
use keyproof_evidence::{Envelope, Record};
use keyproof_report::{Format, Options};
use keyproof_state::{
    ChangeItem, Item, Noun, PlanHead, PlanVersion, RunItem, RunStatus, StackConfig, TakenRequest,
    join,
};
use keyproof_verdict::Report;
use serde_json::Value;

use crate::said;

/// An item of the state table, as each noun: what is taken is written as it was read.
pub(crate) fn item(text: &str) -> Vec<String> {
    let Ok(Value::Object(item)) = serde_json::from_str(text) else {
        return Vec::new();
    };
    let refused = [
        noun::<RunItem>(&item),
        noun::<ChangeItem>(&item),
        noun::<RunStatus>(&item),
        noun::<PlanHead>(&item),
        noun::<PlanVersion>(&item),
        noun::<StackConfig>(&item),
        noun::<TakenRequest>(&item),
        said(join("orders", vec![item])),
    ];
    refused.into_iter().flatten().collect()
}

fn noun<N: Noun + PartialEq + std::fmt::Debug>(item: &Item) -> Option<String> {
    match N::from_item(item.clone()) {
        Ok(noun) => {
            let again = N::from_item(noun.to_item().unwrap());
            assert_eq!(again.unwrap(), noun);
            None
        }
        Err(error) => Some(error.to_string()),
    }
}

/// A report: what is taken is written as it was read.
pub(crate) fn report(text: &str) -> Vec<String> {
    match Report::from_json(text) {
        Ok(report) => {
            let again = Report::from_json(&report.to_json().unwrap());
            assert_eq!(again.unwrap(), report);
            Vec::new()
        }
        Err(error) => vec![error.to_string()],
    }
}

/// A report in every format: nothing in it acts unseen, or is markup.
pub(crate) fn render(text: &str) -> Vec<String> {
    let Ok(report) = Report::from_json(text) else {
        return Vec::new();
    };
    for format in Format::ALL {
        let mut out = Vec::new();
        keyproof_report::render(&report, format, Options::default(), &mut out).unwrap();
        let shown = String::from_utf8(out).unwrap();
        let acts = shown.chars().find(|&one| one != '\n' && is_invisible(one));
        assert_eq!(acts, None, "{format}");
        match format {
            Format::Html => assert!(!shown.contains("<script"), "{shown}"),
            Format::Json | Format::Sarif => {
                let _: Value = serde_json::from_str(&shown).unwrap();
            }
            Format::Jsonl => {
                for line in shown.lines() {
                    let _: Value = serde_json::from_str(line).unwrap();
                }
            }
            Format::Text | Format::Junit | Format::Markdown | Format::Ocsf | Format::Asff => {}
        }
    }
    Vec::new()
}

/// A record of evidence: with nobody's key nothing is opened.
pub(crate) fn envelope(text: &str) -> Vec<String> {
    let opened = Record::open(text.as_bytes(), &[]);
    let Err(error) = opened else {
        panic!("a record that no given key signed was opened");
    };
    let parsed = said(Envelope::parse(text.as_bytes()));
    parsed.into_iter().chain([error.to_string()]).collect()
}
