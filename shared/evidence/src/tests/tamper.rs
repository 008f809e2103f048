// SPDX-License-Identifier: Apache-2.0
//! Every way to alter a pack, and that each is found where it was done.
//!
//! A small pack is gone through byte by byte. In a pack of 100 runs each record is removed, repeated, swapped,
//! copied over the next and changed. `exhaustive` does the same with each byte, and with 1,000 runs.

use super::changes::{Known, flipped, names, on_every_core, pack, record, structural};
use super::world::{Files, verify};

fn index_of(files: &Files, name: &str) -> usize {
    files.iter().position(|(file, _)| file == name).unwrap()
}

#[test]
fn changed_bytes_of_a_small_pack_are_found_in_their_files() {
    let files = pack(2);

    // Every seventh; each of them in `exhaustive`.
    let tried = Known::new(&files).sweep(|at, was| flipped(at, was).filter(move |_| at % 7 == 0));

    let lengths = files.iter().map(|(_, bytes)| bytes.len().div_ceil(7));
    assert_eq!(tried, lengths.sum::<usize>());
}

#[test]
fn every_byte_added_or_lost_is_found() {
    let files = pack(2);

    for file in 0..files.len() {
        let name = &files[file].0;
        let mut longer = files.clone();
        longer[file].1.push(b'\n');
        names(&verify(&longer), name);
        let mut shorter = files.clone();
        shorter[file].1.pop();
        names(&verify(&shorter), name);
    }
}

#[test]
fn every_file_removed_repeated_renamed_or_added_is_found() {
    let files = pack(2);

    for file in 0..files.len() {
        let name = files[file].0.clone();
        let mut removed = files.clone();
        removed.remove(file);
        names(&verify(&removed), &name);
        let mut repeated = files.clone();
        repeated.insert(file, files[file].clone());
        names(&verify(&repeated), &name);
        let mut renamed = files.clone();
        renamed[file].0.push('x');
        assert!(!verify(&renamed).is_intact());
        let mut added = files.clone();
        added.insert(file, (format!("{name}.extra"), b"more".to_vec()));
        names(&verify(&added), &format!("{name}.extra"));
    }
}

#[test]
fn a_finding_says_which_record_and_why() {
    let files = pack(5);
    let of = |change: &dyn Fn(&mut Files)| {
        let mut files = files.clone();
        change(&mut files);
        let verification = verify(&files);
        let findings = verification.findings.into_iter();
        findings
            .map(|finding| format!("{} {}: {}", finding.kind, finding.file, finding.sentence))
            .collect::<Vec<_>>()
    };
    let (two, three) = (index_of(&files, &record(2)), index_of(&files, &record(3)));

    let removed = of(&|files| drop(files.remove(three)));
    let swapped = of(&|files| {
        let bytes = files[two].1.clone();
        files[two].1 = std::mem::replace(&mut files[three].1, bytes);
    });
    let moved = of(&|files| files.swap(two, three));

    assert_eq!(
        removed[..2],
        [
            "unlisted reports/orders/000000000003.json: no record in the pack names this report",
            "missing records/orders/000000000003.dsse.json: record 3 of this plan is not there",
        ]
    );
    assert_eq!(
        swapped[..2],
        [
            "reordered records/orders/000000000002.dsse.json: it is record 3 of the plan `orders`: repeated or in another's place",
            "reordered records/orders/000000000003.dsse.json: it is record 2 of the plan `orders`: repeated or in another's place",
        ]
    );
    assert_eq!(
        moved,
        [
            "reordered records/orders/000000000002.dsse.json: it stands after `records/orders/000000000003.dsse.json`; files stand in order"
        ]
    );
}

/// Records and reports of one chain put under another plan's name, or cut off with their manifest of an
/// earlier time, are found by the names and digests that are signed.
#[test]
fn parts_of_other_packs_do_not_fit() {
    let long = pack(3);
    let short = pack(2);
    let manifest = long.len() - 1;

    let mut cut = short.clone();
    cut[short.len() - 1] = long[manifest].clone();
    let mut grown = long.clone();
    grown[manifest] = short[short.len() - 1].clone();

    names(&verify(&cut), &record(3));
    names(&verify(&grown), &record(3));
}

#[test]
fn every_edit_of_every_record_of_a_hundred_runs_is_found_where_it_was_made() {
    let files = pack(100);
    let known = Known::new(&files);
    let edits = structural(&files);
    assert_eq!(edits.len(), 5 * 100 - 2);

    on_every_core(&edits, |(name, edit)| {
        let mut files = files.clone();
        edit(&mut files);
        names(&known.verify(&files), name);
    });
}
