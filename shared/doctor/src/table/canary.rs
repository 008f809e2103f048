// SPDX-License-Identifier: Apache-2.0
//! A table's canary, as its witnesses see it.

use keyproof_plan::Table;
use keyproof_verdict::{Answer, Evidence, Finding, ProbeRow, Verdict};

use crate::check::{Check, Mend};
use crate::diagnose::Case;
use crate::mend::Who;

/// `None` where nobody is expected to read the table: then no verdict hangs on the canary.
pub(super) fn check(case: &Case<'_>, name: &str, table: &Table) -> Option<Check> {
    let id = format!("table/{name}/canary");
    let on_it = |row: &&ProbeRow| {
        row.table.as_deref() == Some(name) && case.found.observations.probes.contains_key(&row.id)
    };
    // In the plan's order: the rows are kept by id.
    let probes = case.plan.probes();
    let rows: Vec<&ProbeRow> = probes
        .iter()
        .filter_map(|probe| case.rows.get(&probe.id))
        .filter(on_it)
        .collect();
    let best = rows.iter().min_by_key(|row| rank(row))?;
    let by = best.principal.as_deref().unwrap_or_default();
    let arn = case.place.table(table);
    let reason = best.reason.trim_end_matches('.');
    Some(match (best.verdict, best.finding) {
        (Verdict::Pass, _) => Check::ok(id, format!("`{by}` read the canary of `{arn}`, whole")),
        (_, Some(Finding::CanaryMissing)) => {
            let seen = case.found.observations.probes.get(&best.id);
            let altered = seen.is_some_and(|seen| {
                matches!(seen.answer, Answer::Allowed(Evidence::CanaryAltered { .. }))
            });
            let check = Check::problem(id, reason);
            if altered {
                check.mend(Mend::words(
                    "the item that is there is not the plan's canary: correct the canary in the plan, or choose another key for it and plant it",
                ))
            } else {
                check.mend(
                    Mend::words("plant the canary, as somebody who may write to the table")
                        .command("keyproof canary plant --plan", &[&case.file]),
                )
            }
        }
        (_, Some(Finding::LockedOut)) => {
            let check = Check::problem(id, format!("no witness can read the canary; {reason}"));
            match case
                .found
                .observations
                .probes
                .get(&best.id)
                .map(|seen| &seen.answer)
            {
                Some(Answer::Denied(denial)) => {
                    let role = best.role_arn.as_deref().unwrap_or_default();
                    let who = Who::principal(by, role);
                    let lacked = who.lacks(&best.action, &arn, denial);
                    check
                        .mend(Mend::words(format!(
                            "let `{by}` have `{}` on `{}` (`keyproof verify --diagnose` looks for the statement that is in the way)",
                            lacked.action, lacked.resource
                        )))
                        .lacking(lacked)
                }
                _ => check.mend(Mend::words(format!("mend `table/{name}/key` first"))),
            }
        }
        _ => Check::unknown(id, format!("no witness read the canary; {reason}")).mend(Mend::words(
            format!("mend `principal/{by}/session` and `table/{name}/table` first, and ask again"),
        )),
    })
}

/// The read that tells most comes first.
fn rank(row: &ProbeRow) -> u8 {
    match (row.verdict, row.finding) {
        (Verdict::Pass, _) => 0,
        (_, Some(Finding::CanaryMissing)) => 1,
        (_, Some(Finding::LockedOut)) => 2,
        _ => 3,
    }
}
