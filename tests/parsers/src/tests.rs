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
        "plan",
        "inventory",
        "rows",
        "account",
        "manifest",
        "simulate",
        "event",
        "request",
        "report",
        "render",
        "batch",
        "stream",
        "http",
        "address",
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

/// The pack itself is held against its key: what it is not, is said under no key alone.
#[test]
fn the_released_pack_is_intact_and_no_other_is() {
    let released = packed::released();
    let mut cut = released.clone();
    cut.pop();

    let said = packed::pack(&released);
    let cut = packed::pack(&cut);

    let without_key = "which was not given, so that nobody can tell who signed";
    assert!(
        !said.is_empty() && said.iter().all(|line| line.contains(without_key)),
        "{said:?}"
    );
    assert!(
        cut.iter().any(|line| line.contains("it ends too early")),
        "{cut:?}"
    );
}

#[test]
fn a_file_of_a_pack_is_read_as_it_is_written() {
    let text = "a/b\u{1d}one\u{1e}c\u{1f}\u{1f}0\u{1d}other";

    let said = packed::pack(text);

    let nothing_else = [
        "verification/manifest.dsse.json: without it nobody can tell what else is missing",
        "records: the pack holds no record at all",
    ];
    assert_eq!(said, nothing_else.repeat(2));
    assert!(
        packed::pack("a/../b\u{1d}x")
            .concat()
            .contains("not the header of a file")
    );
}
