// SPDX-License-Identifier: Apache-2.0
//! `SECURITY.md` names a test for each threat: the tests are there.
#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use std::path::Path;

/// All Rust sources below a directory, one after the other.
fn sources(directory: &Path, text: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "rs" || extension == "py")
        {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_threat_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let (_, table) = page.split_once("| who hands over what |").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let mut code = String::new();
    for directory in ["shared", "functions", "tests"] {
        sources(&root.join(directory), &mut code);
    }
    let rows: Vec<&str> = table.lines().skip(2).collect();
    assert!(rows.len() > 10, "{table}");
    for row in rows {
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let quoted = last.split('`').skip(1).step_by(2);
        let names: Vec<&str> = quoted.filter(|name| name.contains('_')).collect();
        assert!(!names.is_empty() || last.contains("the same"), "{row}");
        for name in names {
            let is_there = ["fn", "def"].map(|word| code.contains(&format!("{word} {name}(")));
            assert!(is_there.contains(&true), "no test `{name}`: {row}");
        }
    }
}
