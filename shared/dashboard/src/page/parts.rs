// SPDX-License-Identifier: Apache-2.0
//! What several pages have.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use keyproof_report::{Standing, markup};

use crate::episode::told;
use crate::history::{RunRow, Segment};
use crate::query::Query;

/// Episodes and transitions on a page.
pub(super) const LATEST: usize = 30;

/// `✗ fail`, in its colours.
pub(super) fn mark(standing: Standing) -> String {
    format!(
        "<span class=\"mark {0}\">{1} {0}</span>",
        standing.as_str(),
        standing.symbol()
    )
}

/// A moment, to the second.
pub(super) fn time(moment: Timestamp) -> String {
    let moment = moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let shown = moment.replace('T', " ").replace('Z', " UTC");
    format!("<time datetime=\"{moment}\">{shown}</time>")
}

/// A link.
pub(super) fn link(address: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", markup(address), markup(text))
}

/// A link to a run's report.
pub(super) fn run_link(plan: &str, run: &RunRow, text: &str) -> String {
    let query = Query {
        run: run.id.clone(),
        ..Query::of_plan(plan)
    };
    link(&query.address("/run"), text)
}

/// A link to a probe's page.
pub(super) fn probe_link(plan: &str, probe: &str) -> String {
    let query = Query {
        probe: probe.to_owned(),
        ..Query::of_plan(plan)
    };
    link(&query.address("/probe"), probe)
}

/// A duration, or a dash with its reason.
pub(super) fn duration(duration: Option<SignedDuration>, otherwise: &str) -> String {
    duration.map_or_else(|| markup(otherwise), told)
}

/// The statement behind a failure, and who changed it.
pub(super) fn cause(segment: &Segment) -> String {
    let Some(cause) = &segment.cause else {
        return "not known".to_owned();
    };
    let mut parts = Vec::new();
    if let Some(change) = &cause.changed {
        let by = change.by.as_deref().unwrap_or("somebody");
        parts.push(format!(
            "<code>{}</code> by <code>{}</code>",
            markup(&change.event),
            markup(by)
        ));
        if let Some(id) = &change.event_id {
            parts.push(format!("CloudTrail <code>{}</code>", markup(id)));
        }
    }
    if let Some(statement) = &cause.statement {
        parts.push(format!("statement <code>{}</code>", markup(statement)));
    }
    if let Some(document) = &cause.document {
        parts.push(format!("in <code>{}</code>", markup(document)));
    }
    if parts.is_empty() {
        parts.push(markup(keyproof_verdict::policy_noun(None, cause.policy)));
    }
    parts.join(", ")
}

/// Ends a table of the latest rows, and says how many there are in all.
pub(super) fn end_of_latest(out: &mut String, all: usize) {
    out.push_str("</tbody></table></div>\n");
    if all > LATEST {
        let _ = writeln!(out, "<p class=\"meta\">The latest {LATEST} of {all}.</p>");
    }
}

/// `1 run`, `2 runs`.
pub(super) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
