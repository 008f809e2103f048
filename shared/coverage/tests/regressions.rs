// SPDX-License-Identifier: Apache-2.0
//! Regressions in check's five cases: every one is found, and the statement is named.
//!
//! The regressions are the mutants that change what a plan of the case asks about. A new folder under
//! `shared/check/cases` is covered without a line of code.
#![expect(clippy::unwrap_used, reason = "test helpers fail by panicking")]

use std::path::{Path, PathBuf};

use jiff::{Timestamp, civil::date};
use keyproof_check::{Circumstances, Estate, Part, check};
use keyproof_coverage::{Mutant, mutants};
use keyproof_plan::Plan;
use keyproof_template::Options;
use keyproof_verdict::{Report, RunFacts, Verdict};

struct Case {
    name: String,
    plan: Plan,
    estate: Estate,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../check/cases");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders.iter().map(|folder| case(folder)).collect()
}

#[expect(clippy::disallowed_methods, reason = "cases are files")]
fn case(folder: &Path) -> Case {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let plan = Plan::parse(&read("plan.yaml")).unwrap();
    let options = Options::new("111122223333".parse().unwrap(), &plan.region);
    let account = keyproof_template::load(&read("template.yaml"), &options).unwrap();
    let part = Part {
        file: Some("template.yaml".to_owned()),
        account,
    };
    Case {
        name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
        plan,
        estate: Estate::new([part]).unwrap(),
    }
}

fn facts() -> RunFacts {
    let now: Timestamp = "2026-05-01T12:00:00Z".parse().unwrap();
    RunFacts {
        id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        trigger: "check".to_owned(),
        started_at: now,
        finished_at: now,
        account: None,
        region: None,
        endpoint: None,
        version: "0".to_owned(),
        plan_file: None,
        today: date(2026, 5, 1),
    }
}

fn report(case: &Case, estate: &Estate) -> Report {
    check(&case.plan, estate, &Circumstances::default(), facts())
}

/// Whether a failure names what was changed: the statement by its line, or the property.
fn names(report: &Report, mutant: &Mutant) -> bool {
    let causes = report.probes.iter().filter_map(|row| row.cause.as_ref());
    causes
        .into_iter()
        .any(|cause| cause.line == Some(mutant.line) && cause.statement.is_some())
}

#[test]
fn every_case_passes_as_it_is() {
    for case in cases() {
        let report = report(&case, &case.estate);
        assert_eq!(report.summary.verdict, Verdict::Pass, "{}", case.name);
    }
}

#[test]
fn regressions_are_found_and_the_statement_is_named() {
    let (mut found, mut failed, mut named) = (0, 0, 0);
    let mut unnamed = Vec::new();
    for mut case in cases() {
        let all = mutants(&mut case.estate);
        for mutant in &all {
            let report = report(&case, &mutant.of(&case.estate));
            match report.summary.verdict {
                Verdict::Pass => {}
                Verdict::Inconclusive => found += 1,
                Verdict::Fail => {
                    found += 1;
                    // What is gone, or was never there before, has no line of its own.
                    let lost = mutant.id.ends_with("/drop");
                    let new = mutant.id.contains("/add-")
                        || mutant.id.contains("/attach-")
                        || mutant.id.contains("/detach-")
                        || mutant.id.contains("/grant-")
                        || mutant.id.contains("/boundary-")
                        || mutant.id.contains("/disable");
                    if lost || new {
                        continue;
                    }
                    failed += 1;
                    if names(&report, mutant) {
                        named += 1;
                    } else {
                        unnamed.push(format!("{}: {}", case.name, mutant.id));
                    }
                }
            }
        }
    }
    assert!(found >= 300, "only {found} regressions were found");
    // A Deny that no longer applies is no statement that lets anybody in: what is named then is the
    // Allow behind it, on another line.
    assert!(
        named * 10 >= failed * 9,
        "only {named} of {failed} failures name what was changed:\n{}",
        unnamed.join("\n")
    );
}
