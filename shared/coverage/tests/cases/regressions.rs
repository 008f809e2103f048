// SPDX-License-Identifier: Apache-2.0
//! Regressions in check's five cases: every one is found, and what was changed is named.
//!
//! The regressions are the mutants that change what a plan of the case asks about.

use keyproof_core::PolicyType;
use keyproof_coverage::{Mutant, mutants};
use keyproof_verdict::{Cause, Finding, Report, Verdict};

use crate::support::cases;

/// Everything that the report blames: causes, and their alternatives.
fn blamed(report: &Report) -> impl Iterator<Item = &Cause> {
    let causes = report.probes.iter().filter_map(|row| row.cause.as_ref());
    causes.flat_map(|cause| {
        let others = cause.alternatives.iter().map(|other| &other.cause);
        [cause].into_iter().chain(others)
    })
}

/// Whether the report names what was changed. What was taken away can't be named: there it is the
/// statement that lets somebody in since, or the document that lacks one.
fn names(report: &Report, mutant: &Mutant) -> bool {
    let Some((_, change)) = mutant.id.rsplit_once('/') else {
        return false;
    };
    let is = |of: &dyn Fn(&Cause) -> bool| blamed(report).any(of);
    let attached = change.strip_prefix("attach-");
    match change.split('-').next() {
        Some("drop" | "detach" | "leave" | "boundary") => is(&|cause| {
            cause.document.is_some() && (cause.statement.is_some() || locks_out(report))
        }),
        Some("add") => is(&|cause| {
            cause
                .statement
                .as_deref()
                .is_some_and(|one| one.parse::<usize>().is_ok())
                && cause.file.is_some()
        }),
        Some("attach") => is(&|cause| {
            let document = cause.document.as_deref();
            document.and_then(|one| one.rsplit('/').next()) == attached
        }),
        Some("grant") => is(&|cause| cause.policy == PolicyType::Grant && cause.line.is_none()),
        Some("disable") => is(&|cause| cause.statement.as_deref() == Some("Enabled")),
        _ => is(&|cause| cause.line == Some(mutant.line) && cause.statement.is_some()),
    }
}

/// Whether somebody lost something: then a document lacks a statement.
fn locks_out(report: &Report) -> bool {
    report
        .probes
        .iter()
        .any(|row| !matches!(row.finding, None | Some(Finding::Exposed)))
}

#[test]
fn every_case_passes_as_it_is() {
    for case in cases() {
        let report = case.report(&case.estate());
        assert_eq!(report.summary.verdict, Verdict::Pass, "{}", case.name);
    }
}

#[test]
fn regressions_are_found_and_what_was_changed_is_named() {
    let (mut found, mut of_users) = (0, 0);
    let mut unnamed = Vec::new();
    for case in cases() {
        let mut estate = case.estate();
        for mutant in &mutants(&mut estate) {
            let report = case.report(&mutant.of(&estate));
            if report.summary.verdict == Verdict::Pass {
                continue;
            }
            found += 1;
            of_users += usize::from(mutant.id.starts_with("ProofRunner"));
            if !names(&report, mutant) {
                unnamed.push(format!("{}: {}", case.name, mutant.id));
            }
            for row in &report.probes {
                if row.verdict == Verdict::Fail && row.cause.is_none() {
                    unnamed.push(format!("{}: {}: {}", case.name, mutant.id, row.id));
                }
            }
        }
    }
    assert!(found >= 300, "only {found} regressions were found");
    assert!(of_users >= 10, "only {of_users} of users and groups");
    assert_eq!(unnamed, Vec::<String>::new(), "of {found}");
}
