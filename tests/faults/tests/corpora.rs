// SPDX-License-Identifier: Apache-2.0
//! Hostile and broken texts, one file each, through every parser that reads something from outside:
//! none panics, none takes long, what is refused is said in one line that acts on no terminal.
//!
//! `corpus/any` is hostile to all of them; the other folders are named after what their files nearly
//! are. They are the fuzzers' seeds too, and a crash that a fuzzer finds belongs here.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "test helpers fail by panicking"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keyproof_core::{Arn, KeyArn, RoleArn, TableArn};
use keyproof_evidence::{Envelope, Record};
use keyproof_plan::Plan;
use keyproof_policy::simulate::simulate_line;
use keyproof_policy::{Document, Grammar};
use keyproof_state::{PolicyEvent, RunRequest};
use keyproof_verdict::{Report, is_invisible};
use serde_json::Value;

/// How long a parser may take over a file, in a build without optimisation on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

/// What a parser made of a text: what it says against it, or nothing.
type Parser = fn(&str) -> Vec<String>;

const PARSERS: [(&str, Parser); 9] = [
    ("plan", |text| match Plan::parse(text) {
        Ok(_) => vec![],
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }),
    ("policy", |text| {
        let all = [
            Grammar::Identity,
            Grammar::Resource,
            Grammar::Trust,
            Grammar::Scp,
        ];
        let refused = all
            .iter()
            .filter_map(|grammar| Document::parse(text, *grammar).err());
        refused.map(|error| error.to_string()).collect()
    }),
    ("arn", |text| {
        let refused = [
            text.parse::<Arn>().err().map(|error| error.to_string()),
            text.parse::<RoleArn>().err().map(|error| error.to_string()),
            text.parse::<KeyArn>().err().map(|error| error.to_string()),
            text.parse::<TableArn>()
                .err()
                .map(|error| error.to_string()),
        ];
        refused.into_iter().flatten().collect()
    }),
    ("template", |text| {
        let options = keyproof_template::Options::new("111122223333".parse().unwrap(), "us-east-1");
        match keyproof_template::load(text, &options) {
            Ok(_) => vec![],
            Err(errors) => errors.iter().map(ToString::to_string).collect(),
        }
    }),
    ("simulate", |text| {
        let line = simulate_line(text).line;
        let answer: Value = serde_json::from_str(&line).unwrap();
        answer["error"]
            .as_str()
            .map(str::to_owned)
            .into_iter()
            .collect()
    }),
    ("event", |text| {
        let refused = serde_json::from_str(text)
            .ok()
            .and_then(|value| PolicyEvent::read(&value).err());
        refused.map(|error| error.to_string()).into_iter().collect()
    }),
    ("request", |text| {
        let read = |value| RunRequest::read(&value, "invoke").err();
        let refused = serde_json::from_str(text).ok().and_then(read);
        refused.map(|error| error.to_string()).into_iter().collect()
    }),
    ("report", |text| {
        let refused = Report::from_json(text).err();
        refused.map(|error| error.to_string()).into_iter().collect()
    }),
    ("envelope", |text| {
        let refused = [
            Envelope::parse(text.as_bytes())
                .err()
                .map(|error| error.to_string()),
            // Nobody's key: whatever it says, it isn't opened.
            Some(Record::open(text.as_bytes(), &[]).unwrap_err().to_string()),
        ];
        refused.into_iter().flatten().collect()
    }),
];

/// Every file of the corpora, by folder.
fn corpora() -> BTreeMap<String, Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let entries = |path: &Path| -> Vec<PathBuf> {
        let all = std::fs::read_dir(path).unwrap();
        all.map(|entry| entry.unwrap().path()).collect()
    };
    let folders = entries(&root).into_iter();
    folders
        .map(|folder| {
            let name = folder.file_name().unwrap().to_string_lossy().into_owned();
            (name, entries(&folder))
        })
        .collect()
}

#[test]
fn every_file_goes_through_every_parser() {
    let corpora = corpora();
    for (folder, files) in &corpora {
        for file in files {
            let text = String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned();
            for (name, parse) in PARSERS {
                let started = Instant::now();
                let said = parse(&text);
                assert!(started.elapsed() < LONGEST, "{name} on {}", file.display());
                // An ARN's error quotes what it was given; whoever shows it writes it visibly.
                let shown = if name == "arn" { vec![] } else { said };
                for line in shown {
                    let acts = line.contains(is_invisible);
                    assert!(!acts, "{name} on {folder}/{}: {line:?}", file.display());
                }
            }
        }
    }
    for (name, _) in PARSERS {
        assert!(corpora[name].len() > 1, "no corpus for {name}");
    }
}

#[test]
fn whole_documents_are_read_and_broken_ones_are_not() {
    let corpora = corpora();
    for (name, parse) in PARSERS {
        for file in &corpora[name] {
            let text = std::fs::read_to_string(file).unwrap();
            let whole = file.file_name().unwrap() == "whole";
            // As each of the grammars: it is a resource policy.
            let said = parse(&text);
            match (name, whole) {
                ("policy", true) => assert!(said.len() < 4, "{said:?}"),
                ("plan" | "event" | "request" | "report", true) => {
                    assert_eq!(said, [""; 0], "{name}");
                }
                ("plan" | "report" | "envelope", false) => {
                    assert_ne!(said, [""; 0], "{}", file.display());
                }
                _ => {}
            }
        }
    }
}
