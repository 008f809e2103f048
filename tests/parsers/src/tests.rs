// SPDX-License-Identifier: Apache-2.0
//! The parsers take what is whole: one that refuses everything would never fall.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use keyproof_plan::Plan;

use super::*;

fn whole(name: &str) -> PathBuf {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../faults/tests/corpus");
    corpus.join(name).join("whole")
}

#[test]
fn the_manifest_of_the_corpus_is_what_the_plan_is_cut_into() {
    let plan = Plan::parse(documents::PLAN).unwrap();
    let manifest = keyproof_shard::cut(&plan, NonZeroUsize::MIN);
    let written = serde_json::to_string(&manifest).unwrap();
    let path = whole("manifest");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &written).unwrap();
    }

    assert_eq!(std::fs::read_to_string(path).unwrap(), written);
}

#[test]
fn whole_documents_are_taken() {
    for name in [
        "plan", "account", "manifest", "simulate", "event", "request", "report", "render",
    ] {
        let (_, parse) = PARSERS.iter().find(|(known, _)| *known == name).unwrap();
        let text = std::fs::read_to_string(whole(name)).unwrap();

        assert_eq!(parse(&text), [""; 0], "{name}");
    }
}

#[test]
fn an_item_is_taken_as_what_it_is() {
    let text = std::fs::read_to_string(whole("item")).unwrap();

    // Every other noun refuses it.
    assert_eq!(stored::item(&text).len(), 7);
}
