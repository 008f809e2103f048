// SPDX-License-Identifier: Apache-2.0
//! What a drill means.

use keyproof_core::Service;
use keyproof_verdict::{Answer, Evidence, Finding, Observation, clause};

use crate::seen::{Passage, Seen};
use crate::target::Target;

/// The finding of a drill, and the sentence for a person. No finding is a pass: denied before,
/// allowed by the grant, and denied again without it.
#[must_use]
pub fn judge(target: &Target, seen: &Seen) -> (Option<Finding>, String) {
    let Target {
        principal, table, ..
    } = target;
    let found = |finding, reason: String| (Some(finding), reason);
    if seen.open {
        return found(
            Finding::Exposed,
            format!(
                "the grant that let `{principal}` read `{table}` could not be revoked and may be open: \
                 revoke it now"
            ),
        );
    }
    let ended = |when: &str| {
        seen.ended.as_ref().map(|ended| {
            let reason = format!("the drill of `{principal}` on `{table}` ended {when}: {ended}");
            (Some(Finding::Blind), reason)
        })
    };
    let Some(before) = &seen.before else {
        return ended("before its first read").unwrap_or_else(|| unseen(target, "before"));
    };
    match standing(before) {
        Standing::Out => {}
        // Authorised is authorised, whatever came back.
        Standing::In | Standing::Other(Finding::CanaryMissing, _) => {
            return found(
                Finding::Exposed,
                format!(
                    "`{principal}` could read `{table}` before any grant was made, so that none was: \
                     run `keyproof verify --diagnose` for the statement behind it"
                ),
            );
        }
        Standing::Other(finding, what) => {
            return found(
                finding,
                format!(
                    "before the grant, `{principal}` had to be denied `{table}` by kms, and {what}; no \
                     grant was made"
                ),
            );
        }
    }
    if let Some(refused) = &seen.refused {
        return found(
            Finding::Blind,
            format!("no grant could be made for `{principal}` on the key of `{table}`: {refused}"),
        );
    }
    let Some(appeared) = &seen.appeared else {
        return ended("before access was looked for").unwrap_or_else(|| unseen(target, "after"));
    };
    if let Some(ruling) = not_appeared(target, appeared) {
        return ended("before access was seen").unwrap_or(ruling);
    }
    let Some(gone) = &seen.disappeared else {
        return ended("after the grant was revoked, before access was seen to go")
            .unwrap_or_else(|| unseen(target, "after the revocation"));
    };
    if let Some(ruling) = not_gone(target, gone) {
        return ended("after the grant was revoked, before access was seen to go")
            .unwrap_or(ruling);
    }
    (
        None,
        format!(
            "`{principal}` was kept out of `{table}`, was let in by the grant{}, and was kept out again \
             without it{}",
            after(appeared),
            after(gone)
        ),
    )
}

/// How an answer stands to the key.
enum Standing {
    /// Denied by KMS.
    Out,
    /// The canary came back.
    In,
    /// Neither.
    Other(Finding, String),
}

fn standing(seen: &Observation) -> Standing {
    let words = || match (&seen.error_code, &seen.message) {
        (Some(code), Some(message)) => format!(" ({code}: {message})"),
        (Some(only), None) | (None, Some(only)) => format!(" ({only})"),
        (None, None) => String::new(),
    };
    match &seen.answer {
        Answer::Denied(denial) if denial.by == Some(Service::Kms) => Standing::Out,
        Answer::Denied(denial) => {
            let by = denial.by.map_or("nobody named", Service::as_str);
            Standing::Other(
                Finding::Masked,
                format!("the read was denied by {by}{}", words()),
            )
        }
        Answer::Allowed(Evidence::Canary) => Standing::In,
        Answer::Allowed(_) => Standing::Other(
            Finding::CanaryMissing,
            "the read was authorised, but the canary did not come back".to_owned(),
        ),
        Answer::KeyUnusable(_) => Standing::Other(
            Finding::KeyUnusable,
            format!("the key can be used by nobody{}", words()),
        ),
        Answer::Unknown(blindness) => {
            let (why, _) = clause(blindness, None);
            Standing::Other(
                Finding::Blind,
                format!("the read told nothing: {why}{}", words()),
            )
        }
    }
}

fn not_appeared(target: &Target, passage: &Passage) -> Option<(Option<Finding>, String)> {
    if passage.is_settled() {
        return None;
    }
    let Target {
        principal, table, ..
    } = target;
    let within = seconds(passage.limit_ms);
    let (finding, what) = match passage.last.as_ref().map(standing) {
        Some(Standing::Out) => (
            Finding::LockedOut,
            "it is still denied by kms: temporary access does not work here, or takes longer"
                .to_owned(),
        ),
        Some(Standing::In) => (
            Finding::Blind,
            "the answers had not settled when time was up".to_owned(),
        ),
        Some(Standing::Other(finding, what)) => (finding, what),
        None => (Finding::Blind, "nothing was read".to_owned()),
    };
    Some((
        Some(finding),
        format!(
            "the grant did not let `{principal}` read `{table}` within {within}: {what}; the grant was \
             revoked"
        ),
    ))
}

fn not_gone(target: &Target, passage: &Passage) -> Option<(Option<Finding>, String)> {
    if passage.is_settled() {
        return None;
    }
    let Target {
        principal, table, ..
    } = target;
    let within = seconds(passage.limit_ms);
    let (finding, what) = match passage.last.as_ref().map(standing) {
        Some(Standing::In) => (
            Finding::Exposed,
            "a new session could still read".to_owned(),
        ),
        Some(Standing::Out) => (
            Finding::Blind,
            "the answers had not settled when time was up".to_owned(),
        ),
        // Authorised is authorised, whatever came back.
        Some(Standing::Other(Finding::CanaryMissing, what)) => (Finding::Exposed, what),
        Some(Standing::Other(finding, what)) => (finding, what),
        None => (Finding::Blind, "nothing was read".to_owned()),
    };
    Some((
        Some(finding),
        format!(
            "the grant of `{principal}` was revoked, and access to `{table}` was not seen to end within \
             {within}: {what}"
        ),
    ))
}

fn unseen(target: &Target, when: &str) -> (Option<Finding>, String) {
    let reason = format!(
        "nothing was read as `{}` {when} the grant on the key of `{}`",
        target.principal, target.table
    );
    (Some(Finding::Blind), reason)
}

fn after(passage: &Passage) -> String {
    passage
        .after_ms
        .map_or_else(String::new, |after| format!(" after {}", seconds(after)))
}

/// Milliseconds as people say them.
pub(crate) fn seconds(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..120_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        _ => format!(
            "{} min {} s",
            milliseconds / 60_000,
            milliseconds % 60_000 / 1_000
        ),
    }
}
