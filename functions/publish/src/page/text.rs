// SPDX-License-Identifier: Apache-2.0
//! A page in words. The reader was asleep: the first line says what is the matter, and nothing has
//! to be looked up to know what to do first.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use keyproof_report::{advice, cause_sentence, visible};
use keyproof_state::{Entry, Standing};
use keyproof_verdict::{Cause, Change, Finding, Report};

use super::{Kind, Page};

/// SNS takes fewer than 100 characters of ASCII.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
const LONGEST_SUBJECT: usize = 99;

/// How many of a page's probes are told with the sentence of the report.
const MOST_SENTENCES: usize = 3;

/// How many actions, resources and ids a line names.
const MOST_NAMES: usize = 20;

/// A sentence longer than this is somebody else's message; its beginning says enough.
const LONGEST_SENTENCE: usize = 1_000;

impl Page<'_> {
    /// The subject: one line of ASCII.
    #[must_use]
    pub fn subject(&self) -> String {
        let text = format!("keyproof: {} [{}]", self.headline(), self.change.plan);
        let ascii: String = text
            .chars()
            .map(|letter| match letter {
                ' '..='~' => letter,
                _ => '?',
            })
            .collect();
        match ascii.char_indices().nth(LONGEST_SUBJECT) {
            Some(_) => format!(
                "{}...",
                ascii.get(..LONGEST_SUBJECT - 3).unwrap_or_default()
            ),
            None => ascii,
        }
    }

    /// What is the matter, in a line.
    fn headline(&self) -> String {
        let (now, again) = self.sentences();
        let word = word(self.finding);
        match self.kind {
            Kind::Failed => format!("{word}: {now}"),
            Kind::Confirmed => format!("{word}, confirmed: {now}"),
            Kind::Uncovered => format!("{word}, no longer excepted: {now}"),
            Kind::Reminder => format!("STILL {word}: {now}"),
            Kind::Late => format!("{word}, seen by an earlier run: {now}"),
            Kind::Recovered => format!("RECOVERED: {again}"),
            Kind::Changed => format!("CHANGED, was {word}: {now}"),
        }
    }

    /// What is so while it fails, and what is so again when it has recovered.
    fn sentences(&self) -> (String, String) {
        let first = self.entries.first().map(|entry| &entry.subject);
        let name = |name: Option<&String>, other: &str| {
            name.map_or_else(|| other.to_owned(), |name| visible(name))
        };
        let who = name(
            first.and_then(|subject| subject.principal.as_ref()),
            "somebody",
        );
        let table = first.and_then(|subject| subject.table.as_ref());
        let on = name(table, "a table");
        match (self.finding, table) {
            (Finding::Exposed, Some(_)) => (
                format!("{who} gets into {on}"),
                format!("{who} is kept out of {on}"),
            ),
            (Finding::Exposed, None) => (
                format!("the role of {who} can be assumed"),
                format!("the role of {who} can't be assumed"),
            ),
            (Finding::LockedOut, Some(_)) => (
                format!("{who} is kept out of {on}"),
                format!("{who} gets into {on}"),
            ),
            (Finding::LockedOut, None) => (
                format!("the role of {who} can't be assumed"),
                format!("the role of {who} can be assumed"),
            ),
            (Finding::WrongKey, _) => (
                format!("{on} is not encrypted with its key"),
                format!("{on} is encrypted with its key"),
            ),
            (
                Finding::Masked
                | Finding::NoWitness
                | Finding::CanaryMissing
                | Finding::KeyUnusable
                | Finding::Blind,
                _,
            ) => (
                format!("nothing is known of {who} on {on}"),
                format!("{who} on {on} is known"),
            ),
        }
    }

    /// The message. `command` prints the whole report.
    #[must_use]
    pub fn body(&self, report: &Report, command: &str) -> String {
        // Writing to a string can't fail.
        let mut text = format!("{}\n\n", self.headline());
        self.facts(&mut text);
        self.exception_line(report, &mut text);
        let _ = write!(text, "\nWhat to do\n{}\n", self.what_to_do());
        if !matches!(self.kind, Kind::Recovered) {
            text.push_str("\nWhat was seen\n");
            for entry in self.entries.iter().take(MOST_SENTENCES) {
                let _ = writeln!(
                    text,
                    "- {}: {}",
                    visible(&entry.probe),
                    sentence(&entry.reason)
                );
            }
            let more = self.entries.len().saturating_sub(MOST_SENTENCES);
            if more > 0 {
                let _ = writeln!(text, "- and {more} more of the same");
            }
        }
        let _ = write!(text, "\nThe whole report\n{command}\n\n{}\n", self.foot());
        text
    }

    fn facts(&self, text: &mut String) {
        let subjects = || self.entries.iter().map(|entry| &entry.subject);
        let first = subjects().next();
        let mut fact = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                let _ = writeln!(text, "{:<13}{value}", format!("{name}:"));
            }
        };
        let named = |name: Option<&String>, arn: Option<&String>| {
            let parts: Vec<_> = [name, arn]
                .into_iter()
                .flatten()
                .map(|part| visible(part))
                .collect();
            Some(parts.join(", "))
        };
        fact(
            "Principal",
            named(
                first.and_then(|subject| subject.principal.as_ref()),
                first.and_then(|subject| subject.role_arn.as_ref()),
            ),
        );
        fact(
            "Table",
            first.and_then(|subject| Some(visible(subject.table.as_ref()?))),
        );
        fact(
            "On",
            Some(distinct(
                subjects().filter_map(|subject| subject.resource.as_deref()),
            )),
        );
        fact(
            "Actions",
            Some(distinct(
                subjects().filter_map(|subject| subject.action.as_deref()),
            )),
        );
        let cause = self.entries.first().and_then(|entry| entry.cause.as_ref());
        let by = match self.finding {
            Finding::LockedOut => "Kept out by",
            _ => "Let in by",
        };
        if let Some(cause) = cause {
            let place = Cause {
                changed: None,
                ..cause.clone()
            };
            fact(by, Some(visible(&cause_sentence(&place))));
        }
        fact("Changed", Some(self.changed()));
        fact("Since", Some(self.since()));
        let account = self.change.account.as_deref().unwrap_or("unknown");
        fact(
            "Account",
            Some(format!(
                "{}, {}",
                visible(account),
                visible(&self.change.region)
            )),
        );
    }

    /// Whose change it was, as well as it is known.
    fn changed(&self) -> String {
        let cause = self.entries.first().and_then(|entry| entry.cause.as_ref());
        if let Some(changed) = cause.and_then(|cause| cause.changed.as_ref()) {
            return change(changed);
        }
        if let Some(started) = &self.change.change {
            return format!("{} (this started the run)", change(&started.told()));
        }
        let what = cause.and_then(|cause| cause.document.as_deref());
        let what = what.map_or_else(String::new, |arn| format!(" of {}", visible(arn)));
        format!("not known; CloudTrail has the changes{what}")
    }

    fn since(&self) -> String {
        let entry = self.entries.first();
        match self.kind {
            Kind::Recovered => {
                let until = entry.map_or(self.change.started_at, |entry| entry.since);
                match entry.and_then(|entry| entry.incident_since.or(entry.from_since)) {
                    Some(since) => format!("{since} until {until} ({})", span(since, until)),
                    None => format!("until {until}"),
                }
            }
            Kind::Failed
            | Kind::Uncovered
            | Kind::Confirmed
            | Kind::Reminder
            | Kind::Late
            | Kind::Changed => {
                let told = self.change.finished_at;
                let since = entry.map_or(told, |entry| entry.incident_since.unwrap_or(entry.since));
                format!("{since} ({} before this was seen)", span(since, told))
            }
        }
    }

    fn exception_line(&self, report: &Report, text: &mut String) {
        let note = self
            .exception(report)
            .filter(|_| self.kind == Kind::Uncovered);
        if let Some(note) = note {
            let _ = writeln!(
                text,
                "{:<13}until {}, {} answered for it: {}",
                "Exception:",
                visible(&note.expires),
                visible(&note.owner),
                visible(&note.reason)
            );
        }
    }

    fn what_to_do(&self) -> String {
        let entry = self.entries.first();
        let cause = entry.and_then(|entry| entry.cause.as_ref());
        let who = entry.and_then(|entry| entry.subject.principal.as_deref());
        let do_it = visible(&advice(self.finding, cause, who, None));
        match self.kind {
            Kind::Failed | Kind::Confirmed | Kind::Reminder => do_it,
            Kind::Uncovered => format!(
                "{do_it} Where it must go on for a while, its owner gives the exception in the plan a \
                 later date."
            ),
            Kind::Late => {
                let now = self.entries.first().and_then(|entry| entry.from);
                format!(
                    "A run that began later says: {}. Find out whether it was so for a while only. {do_it}",
                    now.map_or_else(|| "nothing".to_owned(), standing)
                )
            }
            Kind::Recovered if self.finding == Finding::Exposed => {
                "Nothing, if you know who put it right. The table's data was readable meanwhile: see \
                 in CloudTrail whether the principal read it."
                    .to_owned()
            }
            Kind::Recovered => "Nothing, if you know who put it right.".to_owned(),
            Kind::Changed => {
                let now = self.entries.first().and_then(|entry| entry.to);
                now.map_or_else(
                    || "See whether the plan was to change: it no longer asks.".to_owned(),
                    |now| format!("See the report: the probe is now {}.", standing(now)),
                )
            }
        }
    }

    fn foot(&self) -> String {
        let change = self.change;
        let ids = distinct(self.entries.iter().map(|entry: &&Entry| entry.id.as_str()));
        format!(
            "Plan {} version {}, run {} ({}), {ids}",
            visible(&change.plan),
            change.plan_version,
            visible(&change.run_id),
            visible(&change.trigger)
        )
    }
}

/// The finding as it is shouted.
const fn word(finding: Finding) -> &'static str {
    match finding {
        Finding::Exposed => "EXPOSED",
        Finding::LockedOut => "LOCKED OUT",
        Finding::WrongKey => "WRONG KEY",
        Finding::Masked => "MASKED",
        Finding::NoWitness => "NO WITNESS",
        Finding::CanaryMissing => "CANARY MISSING",
        Finding::KeyUnusable => "KEY UNUSABLE",
        Finding::Blind => "BLIND",
    }
}

fn standing(standing: Standing) -> String {
    let finding = standing.finding.map(|finding| format!(", {finding}"));
    let excepted = if standing.excepted { ", excepted" } else { "" };
    format!(
        "{}{}{excepted}",
        standing.verdict,
        finding.unwrap_or_default()
    )
}

fn change(change: &Change) -> String {
    let mut text = visible(&change.event);
    let parts = [
        (" by ", &change.by),
        (" at ", &change.at),
        (", CloudTrail event ", &change.event_id),
    ];
    for (before, part) in parts {
        if let Some(part) = part {
            text.push_str(before);
            text.push_str(&visible(part));
        }
    }
    text
}

/// The first names, each once, and how many more there are.
fn distinct<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let mut all: Vec<&str> = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    let shown: Vec<_> = all
        .iter()
        .take(MOST_NAMES)
        .map(|name| visible(name))
        .collect();
    let more = all.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}

/// A report's sentence, on one line and no longer than it need be.
fn sentence(reason: &str) -> String {
    let text = visible(reason);
    match text.char_indices().nth(LONGEST_SENTENCE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// A length of time as people say it.
fn span(from: Timestamp, to: Timestamp) -> String {
    let length = to.duration_since(from).max(SignedDuration::ZERO);
    let (minutes, hours) = (length.as_mins(), length.as_hours());
    let many =
        |number: i64, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
    match (hours, minutes) {
        (48.., _) => many(hours / 24, "day"),
        (2.., _) => many(hours, "hour"),
        (_, 1..) => many(minutes, "minute"),
        _ => many(length.as_secs(), "second"),
    }
}
