// SPDX-License-Identifier: Apache-2.0
//! Regressions in check's five cases: every one is found, and the statement is named.
//!
//! The regressions are the mutants that change what a plan of the case asks about.

use keyproof_coverage::{Mutant, mutants};
use keyproof_verdict::{Report, Verdict};

use crate::support::cases;

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
        let report = case.report(&case.estate());
        assert_eq!(report.summary.verdict, Verdict::Pass, "{}", case.name);
    }
}

#[test]
fn regressions_are_found_and_the_statement_is_named() {
    let (mut found, mut failed, mut named) = (0, 0, 0);
    let (mut unnamed, mut of_users) = (Vec::new(), 0);
    for case in cases() {
        let mut estate = case.estate();
        let all = mutants(&mut estate);
        for mutant in &all {
            let report = case.report(&mutant.of(&estate));
            let of_user = mutant.id.starts_with("ProofRunner");
            of_users += usize::from(of_user && report.summary.verdict != Verdict::Pass);
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
                        || mutant.id.contains("/leave-")
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
    assert!(of_users >= 10, "only {of_users} of users and groups");
    // A Deny that no longer applies is no statement that lets anybody in: what is named then is the
    // Allow behind it, on another line.
    assert!(
        named * 10 >= failed * 9,
        "only {named} of {failed} failures name what was changed:\n{}",
        unnamed.join("\n")
    );
}
