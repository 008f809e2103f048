// SPDX-License-Identifier: Apache-2.0
//! What to do about a probe, as exactly as its cause is known.

use keyproof_core::PolicyType;
use keyproof_verdict::{Cause, Finding, ProbeRow};

use super::{cause_in_short, findings, is_property};

/// What to do; `None` for a pass.
pub(crate) fn mend(row: &ProbeRow) -> Option<String> {
    let (cause, who) = (row.cause.as_ref(), row.principal.as_deref());
    let mend = |finding| advice(finding, cause, who, row.observed.explicit);
    row.finding.map(mend)
}

/// What a finding asks of whoever reads it: the statement to change or the grant to revoke, where the cause and
/// the principal are known, and whether it is an explicit denial.
#[must_use]
pub fn advice(
    finding: Finding,
    cause: Option<&Cause>,
    who: Option<&str>,
    explicit: Option<bool>,
) -> String {
    let known = cause.filter(|cause| !is_property(cause)).zip(who);
    known
        .and_then(|(cause, who)| exact(finding, cause, who, explicit))
        .unwrap_or_else(|| findings::request(finding).to_owned())
}

/// The mend where the statement is known that decides.
fn exact(finding: Finding, cause: &Cause, who: &str, explicit: Option<bool>) -> Option<String> {
    let it = cause_in_short(cause);
    match finding {
        Finding::Exposed => {
            let meanwhile = "Until then treat the table's data as readable by that principal.";
            Some(if cause.policy == PolicyType::Grant {
                format!("Revoke {it}, which lets `{who}` in. {meanwhile}")
            } else {
                format!("Change {it} so that it no longer lets `{who}` in. {meanwhile}")
            })
        }
        Finding::LockedOut if explicit == Some(true) => {
            Some(format!("Change {it} so that it no longer denies `{who}`."))
        }
        Finding::LockedOut
        | Finding::WrongKey
        | Finding::Masked
        | Finding::NoWitness
        | Finding::CanaryMissing
        | Finding::KeyUnusable
        | Finding::Blind => None,
    }
}
