// SPDX-License-Identifier: Apache-2.0
//! Hostile and broken texts, one file each, through every parser that reads something from outside:
//! none panics, none takes long, what is refused is said in one line that acts on no terminal.
//!
//! `corpus/any` is hostile to all of them; the other folders are named after what their files nearly
//! are. They are the fuzzers' seeds too, and a crash that a fuzzer finds belongs here. What must be so
//! of each parser is in `keyproof-parsers`.
#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use keyproof_core::is_invisible;
use keyproof_parsers::PARSERS;

/// How long a parser may take over a file, in a build without optimisation on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

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
            for &(name, parse) in PARSERS {
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
    for &(name, _) in PARSERS {
        assert!(corpora[name].len() > 1, "no corpus for {name}");
    }
}

/// What a fuzzer found to reach code that no shorter text reaches (`tests/fuzz`).
#[test]
fn what_fuzzers_found_goes_through_its_parser() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpora");
    for &(name, parse) in PARSERS {
        let lines = std::fs::read_to_string(root.join(format!("{name}.jsonl"))).unwrap();
        assert!(lines.lines().count() > 10, "no corpus of {name}");
        for line in lines.lines() {
            let text: String = serde_json::from_str(line).unwrap();
            let started = Instant::now();
            parse(&text);
            assert!(started.elapsed() < LONGEST, "{name} on {line}");
        }
    }
}

#[test]
fn whole_documents_are_read_and_broken_ones_are_not() {
    let corpora = corpora();
    for &(name, parse) in PARSERS {
        for file in &corpora[name] {
            let text = std::fs::read_to_string(file).unwrap();
            let whole = file.file_name().unwrap() == "whole";
            // As each of the grammars: it is a resource policy.
            let said = parse(&text);
            match (name, whole) {
                ("policy", true) => assert!(said.len() < 8, "{said:?}"),
                (
                    "plan" | "inventory" | "rows" | "event" | "request" | "report" | "batch"
                    | "stream" | "http" | "address",
                    true,
                ) => {
                    assert_eq!(said, [""; 0], "{name}");
                }
                ("plan" | "report" | "envelope" | "manifest" | "account" | "pack", false) => {
                    assert_ne!(said, [""; 0], "{}", file.display());
                }
                _ => {}
            }
        }
    }
}
