// SPDX-License-Identifier: Apache-2.0
//! Words that all formats share, so that one run is told the same everywhere.

mod findings;
mod mend;
mod standing;
mod unchecked;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use keyproof_core::PolicyType;
use keyproof_verdict::{
    Alternative, Cause, Contribution, ExceptionNote, Finding, NoteRow, ProbeRow, Report, Verdict,
    policy_noun, service_name,
};

pub(crate) use findings::meaning;
pub(crate) use findings::request;
pub use mend::advice;
pub(crate) use mend::mend;
pub use standing::Standing;
pub(crate) use standing::rows;
pub(crate) use unchecked::not_checked;

/// The run in one sentence, verdict first: `FAIL: 1 of 9 probes failed (1 exposed)`.
#[must_use]
pub fn headline(report: &Report) -> String {
    let sum = &report.summary;
    let planned = sum.planned;
    let mut sentence = match sum.verdict {
        Verdict::Pass if sum.excepted == 0 => {
            format!("PASS: {} came out as planned", count(planned, "probe"))
        }
        Verdict::Pass => {
            format!(
                "PASS: {} of {} came out as planned",
                sum.pass,
                count(planned, "probe")
            )
        }
        Verdict::Fail => format!(
            "FAIL: {} of {} failed ({})",
            sum.fail,
            count(planned, "probe"),
            findings(report, Verdict::Fail)
        ),
        Verdict::Inconclusive if planned == 0 => "INCONCLUSIVE: nothing was probed".to_owned(),
        Verdict::Inconclusive => format!(
            "INCONCLUSIVE: {} of {} proved nothing ({})",
            sum.inconclusive,
            count(planned, "probe"),
            findings(report, Verdict::Inconclusive)
        ),
    };
    // Writing to a string can't fail.
    if sum.verdict == Verdict::Fail && sum.inconclusive > 0 {
        let _ = write!(
            sentence,
            ", {} proved nothing ({})",
            sum.inconclusive,
            findings(report, Verdict::Inconclusive)
        );
    }
    if sum.excepted > 0 {
        let _ = write!(sentence, ", {} excepted", count(sum.excepted, "failure"));
    }
    sentence
}

/// `1 exposed, 2 masked`, worst first, what is excepted left out.
fn findings(report: &Report, verdict: Verdict) -> String {
    let told = Finding::ALL
        .into_iter()
        .filter(|finding| finding.verdict() == verdict);
    let counts = told.filter_map(|finding| {
        let rows = report.probes.iter().filter(|row| row.exception.is_none());
        let number = rows.filter(|row| row.finding == Some(finding)).count();
        (number > 0).then(|| format!("{number} {finding}"))
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// `1 probe`, `2 probes`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// What was seen, in few words: `allowed`, `denied by KMS`, `not found out`.
pub(crate) fn observed(row: &ProbeRow) -> String {
    match (row.observed.decision.as_str(), row.observed.by) {
        ("allowed", _) => "allowed".to_owned(),
        ("denied", Some(by)) => format!("denied by {}", service_name(by)),
        ("denied", None) => "denied, layer unnamed".to_owned(),
        _ => "not found out".to_owned(),
    }
}

/// What the plan expects, in few words, policy included.
pub(crate) fn expected(row: &ProbeRow) -> String {
    match (
        row.expected.decision.as_str(),
        row.expected.by,
        row.expected.policy,
    ) {
        ("denied", Some(by), Some(policy)) => {
            format!(
                "denied by {}, {}",
                service_name(by),
                policy_noun(Some(by), policy)
            )
        }
        ("denied", Some(by), None) => format!("denied by {}", service_name(by)),
        ("denied", None, _) => "denied".to_owned(),
        _ => "allowed".to_owned(),
    }
}

/// What was seen, whole: `denied by KMS, key policy, explicit deny`.
pub(crate) fn seen(row: &ProbeRow) -> String {
    let seen = &row.observed;
    let mut told = observed(row);
    if seen.decision == "denied" {
        let policy = seen.policy.map(|policy| policy_noun(seen.by, policy));
        let explicit = seen.explicit.map(|explicit| {
            if explicit {
                "explicit deny"
            } else {
                "nothing allows it"
            }
        });
        for part in policy.into_iter().chain(explicit) {
            told.push_str(", ");
            told.push_str(part);
        }
    }
    told
}

/// The statement behind a decision and what changed it, as a sentence, and whatever else its owner
/// may want to change.
#[must_use]
pub fn cause(cause: &Cause) -> String {
    let mut told = statement(cause);
    for other in &cause.alternatives {
        let _ = write!(told, "; {}", alternative(other));
    }
    told
}

/// The clause as a sentence of its own begins it.
pub(crate) fn capitalised(clause: &str) -> String {
    let mut characters = clause.chars();
    let first = characters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(characters).collect()
}

/// What another statement has to do with it, as a clause.
pub(crate) fn alternative(other: &Alternative) -> String {
    let element = other.element.as_deref().unwrap_or("elements");
    let does = match other.does {
        Contribution::AlsoAllows => "lets it in, too".to_owned(),
        Contribution::AlsoDenies => "keeps it out, too".to_owned(),
        Contribution::NearlyDenies => format!("would keep it out but for its `{element}`"),
        Contribution::Disagrees => "says another key".to_owned(),
    };
    format!("{} {does}", statement(&other.cause))
}

/// The statement, where it stands and what changed it.
pub(crate) fn statement(cause: &Cause) -> String {
    let of = cause
        .document
        .as_ref()
        .map_or_else(String::new, |document| format!(" of `{document}`"));
    let place = match (&cause.file, cause.line) {
        (Some(file), Some(line)) => format!(" (`{file}:{line}`)"),
        (Some(file), None) => format!(" (`{file}`)"),
        (None, _) => String::new(),
    };
    let mut told = format!("{}{of}{place}", cause_in_short(cause));
    if let Some(changed) = &cause.changed {
        let by = changed
            .by
            .as_ref()
            .map_or_else(String::new, |by| format!(" by `{by}`"));
        let at = changed
            .at
            .as_ref()
            .map_or_else(String::new, |at| format!(" at {at}"));
        let id = changed.event_id.as_ref();
        let id = id.map_or_else(String::new, |id| format!(" (CloudTrail event `{id}`)"));
        let _ = write!(told, "; changed with `{}`{by}{at}{id}", changed.event);
    }
    told
}

/// The statement and the kind of its document: `statement X of the key policy`.
pub(crate) fn cause_in_short(cause: &Cause) -> String {
    let document = document(cause);
    match &cause.statement {
        Some(grant) if cause.policy == PolicyType::Grant => format!("the grant `{grant}`"),
        Some(property) if is_property(cause) => format!("the property `{property}`"),
        Some(statement) => format!("statement `{statement}` of the {document}"),
        None => format!("the {document}"),
    }
}

/// Whether the cause is a property of a table, a key or an alias, which is in no policy.
fn is_property(cause: &Cause) -> bool {
    let name = cause.statement.as_deref();
    cause.source.is_none() && matches!(name, Some("SSESpecification" | "TargetKeyId" | "Enabled"))
}

/// What people call the cause's document: `key policy`, `identity policy`.
pub(crate) fn document(cause: &Cause) -> &'static str {
    let service = cause.document.as_deref().and_then(service);
    policy_noun(service, cause.policy)
}

/// The service that owns the document: a resource policy of a key is a key policy.
pub(crate) fn service(document: &str) -> Option<keyproof_core::Service> {
    let arn: keyproof_core::Arn = document.parse().ok()?;
    keyproof_core::Service::ALL
        .into_iter()
        .find(|service| service.as_str() == arn.service())
}

/// What came of an exception, as a sentence.
pub(crate) fn exception(note: &ExceptionNote) -> String {
    let ExceptionNote {
        probe,
        reason,
        owner,
        expires,
        ..
    } = note;
    match note.status.as_str() {
        "in_force" => format!(
            "`{probe}` fails and is excepted until {expires}: {reason} (`{owner}` answers for it)"
        ),
        "expired" => format!(
            "the exception of `{probe}` expired on {expires} and excepts nothing any more: {reason} \
             (`{owner}` answered for it)"
        ),
        "unneeded" => format!(
            "`{probe}` passes, so that its exception is not needed: remove it from the plan \
             (`{owner}` answers for it)"
        ),
        _ => format!(
            "the exception of `{probe}` was not used, as nothing was found out about the probe \
             (`{owner}` answers for it until {expires})"
        ),
    }
}

/// The exceptions that nobody needs any more, as their probes pass: a sentence each, by probe.
#[must_use]
pub fn unneeded(report: &Report) -> BTreeMap<&str, Vec<String>> {
    let mut of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for note in report
        .exceptions
        .iter()
        .filter(|it| it.status == "unneeded")
    {
        of.entry(&note.probe).or_default().push(exception(note));
    }
    of
}

/// Whether keyproof could have failed, as a sentence; `None` where the report's version had no sentinel.
pub(crate) fn sentinel(report: &Report) -> Option<String> {
    let sentinel = report.sentinel.as_ref()?;
    let word = if sentinel.awake { "awake" } else { "ASLEEP" };
    Some(format!("{word}: {}", sentinel.reason))
}

/// A note with its place, as a sentence.
pub(crate) fn note(note: &NoteRow) -> String {
    match (&note.file, note.line) {
        (Some(file), Some(line)) => format!("{} (`{file}:{line}`)", note.text),
        (Some(file), None) => format!("{} (`{file}`)", note.text),
        (None, _) => note.text.clone(),
    }
}

/// The notes that verdicts rest on, and those on parts that decide no access. A kind that is not
/// known here is taken for one that matters.
pub(crate) fn notes(report: &Report) -> (Vec<&NoteRow>, Vec<&NoteRow>) {
    report
        .notes
        .iter()
        .partition(|note| note.kind != "left_out")
}

/// How many notes on parts that decide no access are not listed one by one.
pub(crate) fn left_out(number: usize) -> String {
    format!(
        "{} that {} no access {} left out",
        count(number, "part"),
        if number == 1 { "decides" } else { "decide" },
        if number == 1 { "is" } else { "are" },
    )
}

/// Where the probe stands in the plan: `orders.yaml:21`.
pub(crate) fn place(report: &Report, row: &ProbeRow) -> Option<String> {
    let file = report.plan.file.as_deref()?;
    Some(
        row.line
            .map_or_else(|| file.to_owned(), |line| format!("{file}:{line}")),
    )
}

/// An RFC 3339 time in UTC as people read it, to the second; another text as it is.
pub(crate) fn moment(time: &str) -> String {
    let parts = time.strip_suffix('Z').and_then(|time| time.split_once('T'));
    parts.map_or_else(
        || time.to_owned(),
        |(day, clock)| format!("{day} {} UTC", clock.split('.').next().unwrap_or(clock)),
    )
}

/// Milliseconds as people say them.
pub(crate) fn duration(milliseconds: u64) -> String {
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
