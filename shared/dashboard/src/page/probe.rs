// SPDX-License-Identifier: Apache-2.0
//! A probe's page: each change of how it stood, and why.

use std::fmt::Write as _;

use keyproof_report::{Standing, markup, prose};

use super::failures;
use super::overview::averages;
use super::parts::{cause, count, link, mark, run_link, time};
use super::timeline::draw;
use crate::history::{PlanHistory, ProbeHistory};
use crate::query::Query;

/// Changes on the page.
const CHANGES: usize = 200;

pub(super) fn main(query: &Query, plan: &PlanHistory, probe: &ProbeHistory) -> String {
    let mut out = String::new();
    let runs = 0..plan.runs.len();
    // Writing to a string can't fail.
    let _ = writeln!(
        out,
        "<p>{}</p>\n<h1>{}</h1>",
        link(
            &Query::of_plan(&query.plan).address("/plan"),
            &format!("Plan {}", query.plan)
        ),
        markup(&query.probe),
    );
    match probe.now(plan.runs.len()) {
        Some(now) => {
            let since = plan
                .run(now.first)
                .map_or_else(String::new, |run| time(run.started));
            let _ = writeln!(
                out,
                "<p>{} since {since}, {}.</p>\n<p>{}</p>",
                mark(now.standing),
                count(now.last - now.first + 1, "run"),
                prose(&now.reason),
            );
        }
        None => out.push_str("<p>The last run did not have this probe.</p>\n"),
    }
    out.push_str(&draw(&probe.segments, &runs));
    let all = plan.episodes_of(&query.probe, probe);
    if !all.is_empty() {
        out.push_str("<h2>Failures</h2>\n");
        averages(&all, &mut out);
        let latest: Vec<_> = all.into_iter().rev().collect();
        out.push_str(&failures::of_probe(&query.plan, plan, &latest));
    }
    out.push_str(
        "<h2>Changes</h2>\n<div class=\"scroll\" role=\"region\" aria-label=\"Changes\" tabindex=\"0\"><table><thead>\
         <tr><th scope=\"col\">When</th><th scope=\"col\">Stood at</th><th scope=\"col\">For</th>\
         <th scope=\"col\">What was said</th><th scope=\"col\">Cause</th></tr></thead><tbody>\n",
    );
    for segment in probe.segments.iter().rev().take(CHANGES) {
        let run = plan.run(segment.first);
        let finding = segment
            .finding
            .map_or("", keyproof_verdict::Finding::as_str);
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{} {finding}</td><td>{}</td><td>{}</td><td class=\"id\">{}</td></tr>",
            run.map_or_else(String::new, |run| {
                let report = run_link(&query.plan, run, "report");
                format!("{} {report}", time(run.started))
            }),
            mark(segment.standing),
            count(segment.last - segment.first + 1, "run"),
            prose(&segment.reason),
            if segment.standing == Standing::Pass {
                String::new()
            } else {
                cause(segment)
            },
        );
    }
    out.push_str("</tbody></table></div>\n");
    out
}
