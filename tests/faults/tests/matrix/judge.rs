// SPDX-License-Identifier: Apache-2.0
//! What may come of a cell, and what must.

use keyproof_faults::Fault;
use keyproof_verdict::{Finding, ProbeRow, Report, Verdict};

use crate::cell::{Came, Cell, DEADLINE};
use crate::faults::{Must, UNREADABLE};
use crate::world::Truth;

/// Everything that is wrong with what came: what kind of wrong, and the particulars.
pub(crate) fn complaints(cell: &Cell, came: &Came) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    let mut complain = |kind: &str, text: String| wrong.push((kind.to_owned(), text));
    let (before, after) = (&came.undisturbed, &came.disturbed);
    let ids: Vec<&String> = after.probes.iter().map(|row| &row.id).collect();
    if ids != came.planned.iter().collect::<Vec<_>>() {
        complain("lost or invented probes", format!("{ids:?}"));
        return wrong;
    }
    if came.broken == 0 {
        complain("nothing was broken", String::new());
    }
    if came.took > DEADLINE {
        complain("too late", format!("{:?}", came.took));
    }
    for (was, is) in before.probes.iter().zip(&after.probes) {
        for kind in sentence(is).into_iter().chain(row(cell, was, is)) {
            complain(
                &kind,
                format!("{} is {:?}: {}", is.id, is.finding, is.reason),
            );
        }
    }
    let worst = verdict(after);
    if after.summary.verdict != worst || after.summary.planned != came.planned.len() {
        complain(
            "a summary apart from its rows",
            format!("{:?}", after.summary),
        );
    }
    // What the exit code is made of.
    if after.summary.verdict == Verdict::Pass && before.summary.verdict != Verdict::Pass {
        complain("exit code 0 where the truth is another", String::new());
    }
    wrong
}

const FALSE_PASS: &str = "a false pass";

/// Whether all that is wrong may come of calls that were late on a busy machine. A pass that isn't
/// true never does.
pub(crate) fn may_be_haste(cell: &Cell, came: &Came) -> bool {
    let wrong = complaints(cell, came);
    !wrong.is_empty() && wrong.iter().all(|(kind, _)| kind != FALSE_PASS)
}

fn verdict(report: &Report) -> Verdict {
    let any = |wanted| report.probes.iter().any(|row| row.verdict == wanted);
    if any(Verdict::Fail) {
        Verdict::Fail
    } else if any(Verdict::Inconclusive) || report.probes.is_empty() {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}

/// What is wrong with a row, given what it is undisturbed.
fn row(cell: &Cell, was: &ProbeRow, is: &ProbeRow) -> Option<String> {
    if is.verdict == Verdict::Pass && was.verdict != Verdict::Pass {
        return Some(FALSE_PASS.to_owned());
    }
    if !cell.place.touches(&is.id) {
        if is.finding == was.finding
            || (hangs_on_a_witness(was, is) && cell.place.principal == "reader")
        {
            return None;
        }
        return Some(format!("was {:?}, and nobody touched it", was.finding));
    }
    match must(cell) {
        Must::Recover => (is.finding != was.finding).then(|| format!("was {:?}", was.finding)),
        Must::BeSafe => None,
        Must::Say(words) => {
            if is.finding != Some(Finding::Blind) {
                return Some("must be blind".to_owned());
            }
            let own = words.iter().any(|word| is.reason.contains(word));
            let allowed: &[&str] = match (cell.place.operation, &*is.action) {
                // The principal has no session, for a reason that its own row tells.
                ("AssumeRole", action) if action != "sts:AssumeRole" => {
                    &["the role could not be assumed"]
                }
                ("DescribeKey", _) if cell.place.principal == "runner" => {
                    &["the table, index, key or grant was not found"]
                }
                _ => &[],
            };
            (!own && !allowed.iter().any(|word| is.reason.contains(word)))
                .then(|| format!("does not say {words:?}"))
        }
    }
}

/// What must come of the cell: what its row says, but for services that differ.
fn must(cell: &Cell) -> Must {
    match (cell.row.fault, cell.place.service, cell.place.operation) {
        // An XML reader stops at the end of the document.
        (Fault::Doubled, "STS", _) => Must::Recover,
        // JSON where XML belongs.
        (Fault::ErrorInside, "STS", _) => UNREADABLE,
        // KMS has nothing to say about a grant that it revoked.
        (Fault::Empty, _, "RevokeGrant" | "RetireGrant") => Must::BeSafe,
        _ => cell.row.must,
    }
}

/// A refusal counts only with a witness, and the witness was disturbed.
fn hangs_on_a_witness(was: &ProbeRow, is: &ProbeRow) -> bool {
    (was.verdict == Verdict::Pass || was.finding == Some(Finding::NoWitness))
        && was.expected.decision == "denied"
        && matches!(
            is.finding,
            Some(Finding::NoWitness | Finding::CanaryMissing)
        )
}

/// What is wrong with a row's words, whatever they say.
fn sentence(row: &ProbeRow) -> Option<String> {
    (!is_for_a_person(&row.reason)).then(|| "no sentence for a person".to_owned())
}

/// Whether a sentence is one for a person, whatever it says.
pub(crate) fn is_for_a_person(text: &str) -> bool {
    let longest = 900;
    let shown = text.len() > 30 && text.len() < longest && !text.contains(['\n', '\r', '\u{0}']);
    // Words of this program's insides, or of its libraries'.
    let inside = [
        "Error {", "Some(", "None", "hyper", "::", "unwrap", "{\"", "errno",
    ];
    let arns = ["arn:aws:iam::", "arn:aws:sts::"];
    let words = arns
        .iter()
        .fold(text.to_owned(), |text, arn| text.replace(arn, ""));
    let plain = !inside.iter().any(|word| words.contains(word));
    shown && plain
}

/// Whether the undisturbed run shows the world as it is.
#[track_caller]
pub(crate) fn world_is(truth: Truth, report: &Report) {
    for row in &report.probes {
        let expected = match (truth, &*row.expected.decision, &*row.action) {
            (_, _, "dynamodb:DescribeTable" | "sts:AssumeRole")
            | (Truth::Kept, _, _)
            | (Truth::Open, "allowed", _) => None,
            (Truth::Open, _, _) => Some(Finding::Exposed),
            (Truth::Shut, "allowed", _) => Some(Finding::LockedOut),
            (Truth::Shut, _, _) => Some(Finding::NoWitness),
        };
        assert_eq!(
            row.finding, expected,
            "{truth:?} {}: {}",
            row.id, row.reason
        );
    }
}
