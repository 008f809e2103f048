// SPDX-License-Identifier: Apache-2.0
//! Every way to alter a pack, and that each is found where it was done.
//!
//! A small pack is gone through byte by byte. In a pack of 1,000 runs records are removed, repeated,
//! swapped, copied over each other and changed: a sample of them here, each and every one in the tests
//! that are ignored for the time they take:
//! `cargo nextest run --release -p keyproof-evidence --run-ignored only`.

use super::world::{export, files, folder, public, told, verify};
use crate::{Verification, Verifier};

type Files = Vec<(String, Vec<u8>)>;
/// The file that must be named, and what is done.
type Edit = (String, Box<dyn Fn(&mut Files)>);

fn pack(runs: u64) -> Files {
    let (_directory, folder) = folder(runs);
    let (bytes, exported) = export(&folder, "2026-01-01", "2027-01-01");
    assert_eq!((exported.records, exported.problems), (runs, vec![]));
    let files = files(&bytes);
    assert!(verify(&files).is_complete());
    files
}

fn index_of(files: &Files, name: &str) -> usize {
    files.iter().position(|(file, _)| file == name).unwrap()
}

fn record(commit: usize) -> String {
    format!("records/orders/{commit:012}.dsse.json")
}

/// Some finding names the file.
#[track_caller]
fn names(verification: &Verification, file: &str) {
    assert!(!verification.is_intact());
    assert!(
        verification
            .findings
            .iter()
            .any(|finding| finding.file == file),
        "{file} is not among {:?}",
        told(verification)
    );
}

/// Verifies files of which those before `from` are as they were.
fn verify_from(before: &Verifier, files: &[(String, Vec<u8>)]) -> Verification {
    let mut verifier = before.clone();
    for (name, bytes) in files {
        verifier.file(name, bytes);
    }
    verifier.finish()
}

#[test]
fn every_changed_byte_of_a_small_pack_is_found_in_its_file() {
    let mut files = pack(2);
    let mut before = Verifier::new(public());

    for file in 0..files.len() {
        let name = files[file].0.clone();
        // Texts that nothing is read from are digests in the manifest and no more.
        let step = match name.split('/').next() {
            Some("README.md" | "statement") => 13,
            _ => 1,
        };
        for byte in (0..files[file].1.len()).step_by(step) {
            // Another bit each time: the case of a letter, a digit's neighbour, a byte that is no text.
            let flip = 1 << (byte % 8);
            files[file].1[byte] ^= flip;
            names(&verify_from(&before, &files[file..]), &name);
            files[file].1[byte] ^= flip;
        }
        before.file(&name, &files[file].1);
    }

    assert!(before.finish().is_complete());
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

/// Five edits of each record, with the file that must be named: removed, repeated, swapped with the
/// next, copied over the next, one byte changed.
fn structural(files: &Files) -> Vec<Edit> {
    let records: Vec<usize> = (1..=files.len())
        .map_while(|commit| files.iter().position(|(name, _)| *name == record(commit)))
        .collect();
    let mut edits: Vec<Edit> = Vec::new();
    for (position, &index) in records.iter().enumerate() {
        let name = record(position + 1);
        edits.push((
            name.clone(),
            Box::new(move |files| drop(files.remove(index))),
        ));
        edits.push((
            name.clone(),
            Box::new(move |files| files.insert(index + 1, files[index].clone())),
        ));
        if let Some(&next) = records.get(position + 1) {
            let following = record(position + 2);
            edits.push((
                name.clone(),
                Box::new(move |files| {
                    let bytes = files[index].1.clone();
                    files[index].1 = std::mem::replace(&mut files[next].1, bytes);
                }),
            ));
            edits.push((
                following,
                Box::new(move |files| files[next].1 = files[index].1.clone()),
            ));
        }
        edits.push((
            name,
            Box::new(move |files| {
                let middle = files[index].1.len() / 2;
                files[index].1[middle] ^= 4;
            }),
        ));
    }
    edits
}

#[test]
fn edits_of_a_thousand_runs_are_found_where_they_were_made() {
    let files = pack(1_000);
    let edits = structural(&files);
    assert_eq!(edits.len(), 5 * 1_000 - 2);

    // A step that is prime to the kinds reaches each of them, and all parts of the chain.
    for (name, edit) in edits.iter().step_by(997) {
        let mut files = files.clone();
        edit(&mut files);
        names(&verify(&files), name);
    }
}

#[test]
#[ignore = "takes a long time: every edit of every record of 1,000 runs, each verified from its bytes"]
fn every_edit_of_every_record_of_a_thousand_runs_is_found() {
    let files = pack(1_000);

    for (name, edit) in structural(&files) {
        let mut files = files.clone();
        edit(&mut files);
        names(&verify(&files), &name);
    }
}

#[test]
#[ignore = "takes a long time: every other value of every byte of a small pack"]
fn every_other_value_of_every_byte_is_found() {
    let mut files = pack(1);
    let mut before = Verifier::new(public());

    for file in 0..files.len() {
        let name = files[file].0.clone();
        for byte in 0..files[file].1.len() {
            let was = files[file].1[byte];
            for other in (0..=255).filter(|other| *other != was) {
                files[file].1[byte] = other;
                names(&verify_from(&before, &files[file..]), &name);
            }
            files[file].1[byte] = was;
        }
        before.file(&name, &files[file].1);
    }

    assert!(before.finish().is_complete());
}
