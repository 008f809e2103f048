// SPDX-License-Identifier: Apache-2.0
//! What may come of a broken drill, and what must.

use aws_sdk_kms::types::GrantListEntry;
use keyproof_core::Service;
use keyproof_drill::{DrillReport, GrantState};
use keyproof_faults::Fault;
use keyproof_verdict::{Finding, Verdict};

use super::{Came, Cell, LEFT, Way};
use crate::cell::DEADLINE;
use crate::faults::Must;
use crate::judge::is_for_a_person;

/// What complaints begin with that no busy machine explains.
pub(super) const FATAL: &str = "never: ";

/// Whether a drill says that all is well: exit code 0.
pub(super) fn passes(came: &Came) -> bool {
    came.result
        .as_ref()
        .is_ok_and(|report| report.summary.verdict == Verdict::Pass)
}

/// Everything that it says to a person, a sentence each.
fn sentences(came: &Came) -> Vec<String> {
    match &came.result {
        Ok(report) => {
            let rows = report.drills.iter().map(|row| row.reason.clone());
            let open = report.open.iter();
            rows.chain(open.map(|grant| format!("{}; {}", grant.command, grant.reason)))
                .collect()
        }
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

/// Everything that is wrong with what came.
pub(super) fn complaints(cell: &Cell, came: &Came) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut fatal = |text: String| wrong.push(format!("{FATAL}{text}"));
    for grant in &came.there {
        if !is_told(came, grant) {
            fatal(format!(
                "{:?} is there, and nobody is told: {:#?}",
                grant.name(),
                came.result
            ));
        }
    }
    if passes(came) {
        let report = came.result.as_ref().unwrap();
        if !came.there.is_empty() || cell.way != Way::Works || !is_whole(report) {
            fatal(format!("a false pass: {report:#?}"));
        }
    }
    if let Ok(report) = &came.result {
        wrong.extend(of_report(cell, came, report));
    }
    wrong.extend(of_next(came));
    if came.broken == 0 {
        wrong.push("nothing was broken".to_owned());
    }
    if came.took > DEADLINE {
        wrong.push(format!("it took {:?}", came.took));
    }
    let said = sentences(came);
    for text in said.iter().filter(|text| !is_for_a_person(text)) {
        wrong.push(format!("no sentence for a person: {text}"));
    }
    let of_before = |report: &DrillReport| report.drills.iter().any(|row| row.finding.is_some());
    match must(cell) {
        // As undisturbed.
        Must::Recover if !is_as_undisturbed(cell.way, came) => {
            wrong.push(format!("must recover: {said:#?}"));
        }
        Must::Say(words) => {
            let all = said.join("\n");
            let named = all.contains(cell.call.word) && words.iter().any(|word| all.contains(word));
            let stopped = came.result.as_ref().map_or(true, of_before);
            // Whoever revoked a grant may not see the list: then the revocation's own word counts.
            if !(named || (!stopped && cell.call.name == "ListGrants, after")) {
                wrong.push(format!(
                    "does not say {} and {words:?}: {said:#?}",
                    cell.call.word
                ));
            }
        }
        Must::Recover | Must::BeSafe => {}
    }
    wrong
}

/// What must come of the cell: what its row says, but for calls that differ.
fn must(cell: &Cell) -> Must {
    match (cell.row.fault, cell.call.operation) {
        // An XML reader stops at the end of the document.
        (Fault::Doubled, "AssumeRole") => Must::Recover,
        // JSON where XML belongs.
        (Fault::ErrorInside, "AssumeRole") => crate::faults::UNREADABLE,
        // KMS has nothing to say about a grant that it revoked: there is no body to break.
        (
            Fault::Empty
            | Fault::NoContent
            | Fault::ClosedInBody
            | Fault::ResetInBody
            | Fault::HangInBody
            | Fault::Truncated
            | Fault::Doubled
            | Fault::LengthTooShort
            | Fault::LengthTooLong
            | Fault::BadChunks,
            "RevokeGrant",
        ) => Must::BeSafe,
        // A success that is none, in the service's own words.
        _ if cell.call.lost && cell.row.must == Must::Recover && cell.row.times > 2 => Must::BeSafe,
        _ => cell.row.must,
    }
}

/// Whether a report has every step of a drill that ended well.
fn is_whole(report: &DrillReport) -> bool {
    let rows = report.drills.iter();
    let whole = rows.filter(|row| {
        let before = row.before.as_ref();
        let revoked = row
            .grant
            .as_ref()
            .is_some_and(|grant| grant.state == GrantState::Revoked);
        before.is_some_and(|seen| seen.decision == "denied" && seen.by == Some(Service::Kms))
            && row
                .appeared
                .as_ref()
                .is_some_and(|way| way.after_ms.is_some())
            && row
                .disappeared
                .as_ref()
                .is_some_and(|way| way.after_ms.is_some())
            && revoked
            && row.verdict == Verdict::Pass
    });
    report.open.is_empty() && report.drills.len() == 1 && whole.count() == 1
}

/// Whether a grant that is there stands in what came, with its key, by its id or where that is not known by
/// its name. What an earlier drill left is not known of before grants were listed.
fn is_told(came: &Came, grant: &GrantListEntry) -> bool {
    let (name, id) = (grant.name().unwrap(), grant.grant_id().unwrap());
    match &came.result {
        Ok(report) => report.open.iter().any(|open| {
            let by = open.id.as_deref().map_or(name, |_| id);
            let known = open.name == name && open.id.as_deref().is_none_or(|told| told == id);
            known && open.command.contains(&open.key) && open.command.contains(by)
        }),
        Err(_) => name == LEFT,
    }
}

/// What is wrong with the report beside its verdict.
fn of_report(cell: &Cell, came: &Came, report: &DrillReport) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut complain = |bad: bool, text: &str| {
        if bad {
            wrong.push(format!("{text}: {report:#?}"));
        }
    };
    let [row] = &*report.drills else {
        return vec![format!("not one drill: {report:#?}")];
    };
    let whose = (&*row.principal, &*row.table, &*row.action);
    complain(
        whose != ("outsider", "orders", "dynamodb:GetItem"),
        "another drill",
    );
    let there = |id: Option<&str>| came.there.iter().any(|grant| grant.grant_id() == id);
    let grants = row.grant.iter().chain(&report.leftovers);
    for grant in grants {
        let revoked = grant.state == GrantState::Revoked;
        complain(
            revoked && there(grant.id.as_deref()),
            "called revoked, and is there",
        );
        let listed = report.open.iter().any(|open| open.name == grant.name);
        complain(revoked == listed, "open and revoked");
    }
    let worst = match row.verdict {
        _ if !report.open.is_empty() => Verdict::Fail,
        verdict => verdict,
    };
    complain(
        report.summary.verdict != worst,
        "a summary apart from its rows",
    );
    let is_open = row
        .grant
        .as_ref()
        .is_some_and(|grant| grant.state == GrantState::Open);
    complain(
        is_open && row.finding != Some(Finding::Exposed),
        "an open grant that is no exposure",
    );
    // What is open without a drill is never called anything better, unless the very read was broken.
    complain(
        cell.way == Way::Open && row.verdict == Verdict::Pass,
        "open, and passes",
    );
    wrong
}

/// The next drill finds what is there, and revokes it.
fn of_next(came: &Came) -> Vec<String> {
    let mut wrong = Vec::new();
    let ids = |grants: &[GrantListEntry]| -> Vec<String> {
        let ids = grants.iter().filter_map(|grant| grant.grant_id.clone());
        ids.collect()
    };
    let found = came.next.as_ref().map(|next| {
        let rows = next.leftovers.iter();
        let revoked = rows.filter(|grant| grant.state == GrantState::Revoked);
        let ids: Vec<String> = revoked.filter_map(|grant| grant.id.clone()).collect();
        ids
    });
    let mut there = ids(&came.there);
    there.sort_unstable();
    let mut found = found.unwrap_or_default();
    found.sort_unstable();
    if found != there || !came.after.is_empty() {
        wrong.push(format!(
            "{FATAL}the next drill did not clean up: {:#?}",
            came.next
        ));
    }
    wrong
}

/// Whether a drill came to what it comes to undisturbed.
fn is_as_undisturbed(way: Way, came: &Came) -> bool {
    let expected = match way {
        Way::Works => None,
        Way::Open => Some(Finding::Exposed),
        Way::Stuck => Some(Finding::LockedOut),
    };
    let report = came.result.as_ref().ok();
    let row = report.and_then(|report| report.drills.first());
    row.is_some_and(|row| row.finding == expected)
}

/// How it came, in the page's signs.
pub(super) fn sign(cell: &Cell, came: &Came) -> &'static str {
    match &came.result {
        Err(_) => "–",
        Ok(report) if !report.open.is_empty() => "!",
        Ok(_) if is_as_undisturbed(cell.way, came) => "=",
        Ok(report) if report.summary.verdict == Verdict::Inconclusive => "?",
        Ok(_) => "×",
    }
}

/// Whether an undisturbed drill shows the world as it is.
#[track_caller]
pub(super) fn world_is(way: Way, came: &Came) {
    assert!(is_as_undisturbed(way, came), "{:#?}", came.result);
    assert_eq!(passes(came), way == Way::Works);
    let report = came.result.as_ref().unwrap();
    let left: Vec<&str> = report.leftovers.iter().map(|grant| &*grant.name).collect();
    assert_eq!(left, [LEFT]);
    assert!(came.there.is_empty(), "{:#?}", came.there);
}
