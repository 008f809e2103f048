// SPDX-License-Identifier: Apache-2.0
//! Failures as a table: what one change did to many probes is one row.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::parts::{LATEST, cause, duration, end_of_latest, probe_link, run_link, time};
use crate::episode::Episode;
use crate::history::PlanHistory;

/// As many probes of a row are named before the rest is folded away.
const NAMED: usize = 3;

/// Failures that began and ended with the same runs, alike and for the same cause.
struct Incident<'e, 'a> {
    first: &'e Episode<'a>,
    probes: Vec<&'a str>,
}

/// What is still open first, then the latest. There may be as many as failures.
fn incidents<'e, 'a>(all: &'e [Episode<'a>]) -> Vec<Incident<'e, 'a>> {
    let mut places = BTreeMap::new();
    let mut found: Vec<Incident<'e, 'a>> = Vec::new();
    for episode in all {
        let cause = episode.segment.cause.as_ref();
        let event = cause.and_then(|cause| cause.changed.as_ref()?.event_id.as_ref());
        let place = cause.map(|cause| (cause.statement.as_ref(), cause.document.as_ref(), event));
        let alike = (episode.seen, episode.over, episode.segment.finding, place);
        let at = *places.entry(alike).or_insert_with(|| {
            found.push(Incident {
                first: episode,
                probes: Vec::new(),
            });
            found.len() - 1
        });
        if let Some(incident) = found.get_mut(at) {
            incident.probes.push(episode.probe);
        }
    }
    found.sort_by_key(|incident| (incident.first.over.is_some(), Reverse(incident.first.seen)));
    found
}

/// The failures of a plan.
pub(super) fn of_plan(plan: &str, of: &PlanHistory, all: &[Episode<'_>]) -> String {
    table(plan, of, all, true)
}

/// The failures of one probe, on its own page.
pub(super) fn of_probe(plan: &str, of: &PlanHistory, all: &[Episode<'_>]) -> String {
    table(plan, of, all, false)
}

fn table(plan: &str, of: &PlanHistory, all: &[Episode<'_>], probes: bool) -> String {
    let mut out = format!(
        "<div class=\"scroll\" role=\"region\" aria-label=\"Failures\" tabindex=\"0\"><table><thead><tr>\
         {}<th scope=\"col\">Finding</th><th scope=\"col\">First seen</th>\
         <th scope=\"col\">Time to detect</th><th scope=\"col\">Time to recover</th><th scope=\"col\">Cause</th>\
         </tr></thead><tbody>\n",
        if probes {
            "<th scope=\"col\">Probes</th>"
        } else {
            ""
        }
    );
    let incidents = incidents(all);
    for incident in incidents.iter().take(LATEST) {
        let Incident {
            first,
            probes: named,
        } = incident;
        let run = of.run(first.segment.first);
        let seen = run.map_or_else(String::new, |run| {
            let moment = time(run.started);
            format!("{moment} {}", run_link(plan, run, "report"))
        });
        let finding = first
            .segment
            .finding
            .map_or("fail", keyproof_verdict::Finding::as_str);
        out.push_str("<tr>");
        if probes {
            let _ = write!(out, "<td class=\"id\">{}</td>", links(plan, named));
        }
        // Writing to a string can't fail.
        let _ = writeln!(
            out,
            "<td><span class=\"mark fail\">✗ {finding}</span></td><td>{seen}</td>\
             <td>{}</td><td>{}</td><td class=\"id\">{}</td></tr>",
            duration(first.to_detect, "change not known"),
            duration(first.to_recover(), "still failing"),
            cause(first.segment),
        );
    }
    end_of_latest(&mut out, incidents.len());
    out
}

/// Links to the probes, a line each.
fn links(plan: &str, probes: &[&str]) -> String {
    let lines = |some: &[&str]| {
        let links: Vec<String> = some.iter().map(|id| probe_link(plan, id)).collect();
        links.join("<br>")
    };
    // One more would take the line that folds it away.
    match probes.split_at_checked(NAMED) {
        Some((named, rest)) if rest.len() > 1 => format!(
            "{}<details><summary>and {} more</summary>{}</details>",
            lines(named),
            rest.len(),
            lines(rest)
        ),
        _ => lines(probes),
    }
}
