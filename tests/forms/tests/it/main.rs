// SPDX-License-Identifier: Apache-2.0
//! What released versions wrote, read by this one; and what this one would have to refuse. A release adds a
//! folder with `write.py`; each test goes through all of them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "test helpers fail by panicking"
)]

mod documents;
mod newer;
mod shape;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folders of the released versions.
fn released() -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(env!("CARGO_MANIFEST_DIR"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("orders.yaml").is_file())
        .collect();
    folders.sort();
    assert!(!folders.is_empty(), "no release has its forms here");
    folders
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect(name)
}

fn json(folder: &Path, name: &str) -> Value {
    serde_json::from_str(&text(folder, name)).expect(name)
}
