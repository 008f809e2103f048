// SPDX-License-Identifier: Apache-2.0
//! Rows, tags and names of an inventory that would lead a file out of the folder of plans, or act where
//! they are shown: what is no name is refused and writes nothing, and what only looks like one that leads
//! out is a file in the folder.
//!
//! A case: the inventory's name, a row, and what comes of it.

use std::collections::BTreeSet;
use std::path::Path;

use keyproof_plan::Plan;

use crate::support::{Program, keyproof};

const INVENTORY: &str = r#"
keyproof: inventory/v1
name: "NAME"
sources:
  sheet: { csv: tables.csv }
tables:
  listed:
    from: sheet
    key: "{key}"
    canary: { key: { pk: { S: keyproof#canary } } }
principals:
  reader: { role: "arn:aws:iam::{account}:role/team/reader" }
expectations:
  - { principal: reader, on: listed, actions: [dynamodb:GetItem], decision: allowed }
"#;

/// Into a folder three levels down, so that whatever leads out of it is still seen.
const INTO: &str = "a/b/plans";

fn expand(name: &str, row: &str, into: &str) -> Program {
    keyproof(["plan", "expand", "inventory.yaml", "--into", into])
        .file("inventory.yaml", &INVENTORY.replace("NAME", name))
        .file(
            "tables.csv",
            &format!("account,region,table,key,tag:team\n{row}\n"),
        )
}

/// Every file under a folder.
fn files(folder: &Path) -> BTreeSet<String> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(name.to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(folder, folder, &mut found);
    found
}

fn beside(more: &[&str]) -> BTreeSet<String> {
    let all = ["inventory.yaml", "tables.csv"].iter().chain(more);
    all.map(|&name| name.to_owned()).collect()
}

const OF_TEAM: &str = "sheet-{tag:team}";

#[test]
fn what_would_lead_out_of_the_folder_of_plans_is_no_name_and_writes_nothing() {
    let name = |shown: &str| {
        format!(
            "inventory.yaml:3:7: name: `{shown}` is not a name; expected 1 to 128 characters of any kind but `/` and \
             control characters, no blank at either end\n"
        )
    };
    let cell = |column: usize, what: &str| format!("./tables.csv:2:{column}: {what}\n");
    let row = |team: &str| format!("111122223333,eu-west-1,orders,alias/orders,\"{team}\"");
    let table = "`../../orders` is not the name of a DynamoDB table; expected 3 to 255 characters of `A-Za-z0-9_.-`";
    for (pattern, row, told) in [
        (OF_TEAM, row("../../../c"), name("sheet-../../../c")),
        ("{tag:team}", row("/c"), name("/c")),
        ("../../{region}", row("red"), name("../../eu-west-1")),
        // Nothing of it acts where it is told.
        (OF_TEAM, row("a\u{1b}[2Jb"), name(r"sheet-a\u{1b}[2Jb")),
        (OF_TEAM, row("a\u{9b}2Jb"), name(r"sheet-a\u{9b}2Jb")),
        (
            OF_TEAM,
            "111122223333,eu-west-1,../../orders,alias/orders,red".to_owned(),
            cell(24, table),
        ),
        (
            OF_TEAM,
            "111122223333,../../x,orders,alias/orders,red".to_owned(),
            cell(
                14,
                "`../../x` is not a region; expected its code, such as `us-east-1`",
            ),
        ),
    ] {
        let mut program = expand(pattern, &row, INTO);

        let run = program.run();

        assert_eq!(
            (run.code, &*run.stdout, run.stderr),
            (Some(2), "", told),
            "{pattern}, {row}"
        );
        assert_eq!(files(program.directory.path()), beside(&[]), "{row}");
    }
}

#[test]
fn what_only_looks_like_it_is_a_file_in_the_folder() {
    for team in [
        "..", ".", "-rf", "~", "a\\b", "C:", "$(id)", "a b", "*", "é",
    ] {
        let row = format!("111122223333,eu-west-1,orders,alias/orders,{team}");
        let mut program = expand("{tag:team}", &row, INTO);

        let run = program.run();

        assert_eq!((run.code, &*run.stdout), (Some(0), ""), "{team}: {run:?}");
        let file = format!("{INTO}/{team}.yaml");
        assert_eq!(files(program.directory.path()), beside(&[&file]), "{team}");
        let plan = Plan::parse(&program.read(&file)).unwrap();
        assert_eq!((&*plan.name, plan.planned()), (team, 2));
    }
}

/// A file of the folder may be called anything.
#[test]
fn a_file_that_is_there_is_named_visibly_and_left_alone() {
    let row = "111122223333,eu-west-1,orders,alias/orders,red";
    let mut program = expand(OF_TEAM, row, "plans");
    let folder = program.directory.path().join("plans");
    std::fs::create_dir(&folder).unwrap();
    let stray = "a\u{1b}[2J\nb\u{202e}.yaml";
    std::fs::write(folder.join(stray), "no plan").unwrap();

    let run = program.run();

    assert_eq!(
        (run.code, &*run.stdout, &*run.stderr),
        (
            Some(2),
            "",
            "error: `plans` holds `a\\u{1b}[2J\\nb\\u{202e}.yaml`, which the inventory doesn't make (any more); remove what \
             is no plan now, here and with `keyproof plan remove`\n"
        )
    );
    let kept = format!("plans/{stray}");
    assert_eq!(files(program.directory.path()), beside(&[&kept]));
    assert_eq!(program.read(&kept), "no plan");
}
