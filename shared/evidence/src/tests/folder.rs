// SPDX-License-Identifier: Apache-2.0
//! Records in a folder: gapless whoever writes, and whole whatever stops a writer.

use std::fs;

use super::world::{PLAN, append, block_on, export, folder, key, report, told};
use crate::{Digest, Folder, Record, Verifier, directory_name};

#[test]
fn each_record_names_the_one_before_it() {
    let (_directory, folder) = folder(3);

    let stored: Vec<_> = (1..=3)
        .map(|commit| folder.run("orders", commit).unwrap().unwrap())
        .collect();

    let previous: Vec<_> = stored
        .iter()
        .map(|stored| Record::read(&stored.record).unwrap().previous)
        .collect();
    assert_eq!(
        previous,
        [
            None,
            Some(Digest::of(&stored[0].record)),
            Some(Digest::of(&stored[1].record))
        ]
    );
    for (number, stored) in (1..).zip(&stored) {
        let report = report("orders", number, |_| ()).to_json().unwrap();
        assert_eq!(stored.report.as_deref(), Some(report.as_bytes()));
    }
    assert_eq!(folder.run("orders", 4).unwrap(), None);
    assert_eq!(folder.names().unwrap(), ["orders"]);
    assert_eq!(folder.runs("orders").unwrap(), [1, 2, 3]);
}

#[test]
fn plans_are_kept_by_digest_and_apart() {
    let (directory, folder) = folder(1);
    append(&folder, &report("../Orders", 1, |_| ()));
    append(&folder, &report("..", 1, |_| ()));

    let mut names: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["%2e%2e", "%2e.%2f%4frders", "orders"]);
    assert_eq!(folder.names().unwrap(), ["..", "../Orders", "orders"]);
    let plan = directory
        .path()
        .join(format!("orders/plans/{}.yaml", Digest::of(PLAN).hex()));
    assert_eq!(fs::read(plan).unwrap(), PLAN);
}

#[test]
fn directory_names_are_short_and_tell_plans_apart() {
    let long = "ü".repeat(128);
    let other = format!("{}x", "ü".repeat(127));

    assert_eq!(directory_name(&long).len(), 96);
    assert_ne!(directory_name(&long), directory_name(&other));
    assert_ne!(
        directory_name("orders"),
        directory_name("Orders").to_lowercase()
    );
}

#[test]
fn writers_take_turns() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();

    std::thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || {
                for turn in 0..5 {
                    append(
                        &Folder::new(root),
                        &report("orders", writer * 5 + turn + 1, |_| ()),
                    );
                }
            });
        }
    });

    let folder = Folder::new(root);
    assert_eq!(folder.runs("orders").unwrap(), (1..=20).collect::<Vec<_>>());
    let (pack, exported) = export(&folder, "2026-01-01", "2026-01-02");
    assert_eq!(exported.problems, [] as [&str; 0]);
    let verification = Verifier::new(super::world::public())
        .pack(pack.as_slice())
        .unwrap();
    assert_eq!(told(&verification), [] as [&str; 0]);
    assert_eq!(verification.summary.records, 20);
}

#[test]
fn what_a_crash_left_counts_for_nothing() {
    let (directory, folder) = folder(1);
    let plan = directory.path().join("orders");
    fs::write(plan.join("reports/000000000002.json"), "half a rep").unwrap();
    fs::write(plan.join("records/.000000000002.dsse.json.tmp"), "{").unwrap();

    append(&folder, &report("orders", 2, |_| ()));

    let stored = folder.run("orders", 2).unwrap().unwrap();
    let record = Record::open(&stored.record, &super::world::public()).unwrap();
    assert_eq!(Digest::of(&stored.report.unwrap()), record.report);
    assert_eq!(folder.runs("orders").unwrap(), [1, 2]);
}

#[test]
fn nothing_is_added_to_a_chain_whose_end_is_broken() {
    let (directory, folder) = folder(2);
    let records = directory.path().join("orders/records");
    let append = || {
        let report = report("orders", 3, |_| ());
        block_on(folder.append(PLAN, &report, b"", &key())).unwrap_err()
    };

    fs::write(records.join("000000000002.dsse.json"), "{}").unwrap();
    let unreadable = append().to_string();
    fs::copy(
        records.join("000000000001.dsse.json"),
        records.join("000000000002.dsse.json"),
    )
    .unwrap();
    let misplaced = append().to_string();

    assert!(
        unreadable.contains("is no record that another could follow: it is no DSSE envelope"),
        "{unreadable}"
    );
    assert!(
        misplaced.ends_with("holds record 1 of the plan `orders`"),
        "{misplaced}"
    );
    assert_eq!(folder.runs("orders").unwrap(), [1, 2]);
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let error = Folder::new("no/such/folder").names().unwrap_err();

    assert!(
        error
            .to_string()
            .starts_with("cannot read `no/such/folder`: "),
        "{error}"
    );
}
