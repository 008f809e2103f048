// SPDX-License-Identifier: Apache-2.0
//! Programs of others read what keyproof writes: whatever was in a document of a release is in today's, under
//! the same name and of the same kind. Adding is free.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use keyproof_cli::{Io, Outcome};
use serde_json::Value;

use crate::{json, released};

/// The first place where the newer document lacks something of the older, or has another kind of value there.
/// Of lists, what stands in any entry of the older must stand in some entry of the newer.
fn lost(older: &Value, newer: &Value, place: &str) -> Option<String> {
    match (older, newer) {
        (Value::Object(older), Value::Object(newer)) => older.iter().find_map(|(name, value)| {
            let place = format!("{place}/{name}");
            match newer.get(name) {
                Some(other) => lost(value, other, &place),
                None => Some(place),
            }
        }),
        (Value::Array(older), Value::Array(newer)) => older.iter().find_map(|value| {
            let mut lacks = newer.iter().map(|other| lost(value, other, place));
            match lacks.next() {
                None => Some(format!("{place}/-")),
                Some(first) => first.filter(|_| lacks.all(|lack| lack.is_some())),
            }
        }),
        (Value::Null, _)
        | (_, Value::Null)
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::String(_), Value::String(_)) => None,
        _ => Some(place.to_owned()),
    }
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a command writes today.
fn today(folder: &Path, words: &[&str], files: &[(&str, &str)]) -> Value {
    let (stdout, stderr) = (Sink::default(), Sink::default());
    let mut io = Io {
        stdin: keyproof_cli::io::Input::new(io::empty()),
        stdout: keyproof_cli::io::Output::new(stdout.clone()),
        stderr: keyproof_cli::io::Messages::new(stderr.clone()),
        colour: false,
        watched: false,
    };
    let mut all: Vec<OsString> = ["keyproof"]
        .iter()
        .chain(words)
        .map(OsString::from)
        .collect();
    for (option, file) in files {
        all.extend([OsString::from(option), folder.join(file).into()]);
    }
    let outcome = keyproof_cli::run(all, &mut io);
    let told = String::from_utf8(stderr.0.lock().unwrap().clone()).unwrap();
    assert_ne!(outcome, Outcome::NotCarriedOut, "{told}");
    serde_json::from_slice(&stdout.0.lock().unwrap()).unwrap()
}

#[test]
fn nothing_that_was_in_a_document_is_gone() {
    let storefront = [
        ("--plan", "storefront-plan.yaml"),
        ("--template", "storefront-template.yaml"),
    ];
    let wide = [
        ("--plan", "storefront-plan.yaml"),
        ("--template", "storefront-wide.yaml"),
    ];
    let cut = [("--plan", "orders.yaml")];
    for folder in released() {
        let written = [
            (
                "check.json",
                today(&folder, &["check", "--format", "json"], &wide),
            ),
            (
                "coverage.json",
                today(&folder, &["coverage", "--format", "json"], &storefront),
            ),
            (
                "shards.json",
                today(&folder, &["shard", "cut", "--most", "20"], &cut),
            ),
        ];
        for (name, newer) in written {
            let older = json(&folder, name);
            assert_eq!(older["schema"], newer["schema"], "{name}");
            assert_eq!(
                lost(&older, &newer, ""),
                None,
                "{name} of {}",
                folder.display()
            );
        }
    }
}

#[test]
fn what_is_gone_is_found() {
    let older = serde_json::json!({"a": 1, "list": [{"x": "1", "y": null}], "b": {"c": "2"}});
    for (newer, place) in [
        (
            serde_json::json!({"a": 2, "list": [{"x": "3", "y": 1}, {}], "b": {"c": "", "d": 1}, "e": 1}),
            None,
        ),
        (
            serde_json::json!({"list": [{"x": "3", "y": 1}], "b": {"c": ""}}),
            Some("/a"),
        ),
        (
            serde_json::json!({"a": "1", "list": [{"x": "3", "y": 1}], "b": {"c": ""}}),
            Some("/a"),
        ),
        (
            serde_json::json!({"a": 1, "list": [{"x": "3"}], "b": {"c": ""}}),
            Some("/list/y"),
        ),
        (
            serde_json::json!({"a": 1, "list": [], "b": {"c": ""}}),
            Some("/list/-"),
        ),
        (
            serde_json::json!({"a": 1, "list": [{"x": "3", "y": 1}], "b": {}}),
            Some("/b/c"),
        ),
    ] {
        assert_eq!(lost(&older, &newer, "").as_deref(), place, "{newer}");
    }
}
