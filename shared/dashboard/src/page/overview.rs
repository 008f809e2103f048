// SPDX-License-Identifier: Apache-2.0
//! The first page: each plan and how it stands, the latest failures, drills.

use std::fmt::Write as _;

use jiff::Timestamp;
use keyproof_report::{Standing, markup, visible};

use super::failures;
use super::parts::{LATEST, count, duration, link, mark, run_link, time};
use crate::episode::{Episode, median};
use crate::history::{History, PlanHistory};
use crate::query::Query;

pub(super) fn main(history: &History, now: Timestamp) -> String {
    let mut out = String::from("<h1>History</h1>\n");
    // Writing to a string can't fail.
    if history.plans.is_empty() {
        let _ = writeln!(out, "<p>There is no run yet. {}</p>", history.hint);
    } else {
        plans(history, now, &mut out);
    }
    for (name, plan) in &history.plans {
        let all = plan.episodes();
        if !all.is_empty() {
            let _ = writeln!(out, "<h2>Failures of {}</h2>", markup(name));
            averages(&all, &mut out);
            out.push_str(&failures::of_plan(name, plan, &all));
        }
    }
    drills(history, &mut out);
    if !history.problems.is_empty() {
        out.push_str("<h2>Not read</h2>\n<ul>\n");
        for problem in &history.problems {
            let _ = writeln!(out, "<li>{}</li>", markup(problem));
        }
        out.push_str("</ul>\n");
    }
    out
}

fn plans(history: &History, now: Timestamp, out: &mut String) {
    out.push_str(
        "<div class=\"scroll\" role=\"region\" aria-label=\"Plans\" tabindex=\"0\"><table><thead><tr>\
         <th scope=\"col\">Plan</th><th scope=\"col\">Verdict</th><th scope=\"col\">Probes</th>\
         <th scope=\"col\">Last run</th><th scope=\"col\">Next run</th><th scope=\"col\">Runs</th>\
         <th scope=\"col\">Plan digest</th></tr></thead><tbody>\n",
    );
    for (name, plan) in &history.plans {
        let Some(last) = plan.runs.last() else {
            let _ = writeln!(
                out,
                "<tr><th scope=\"row\">{}</th><td colspan=\"3\">not run yet</td><td>{}</td><td class=\"number\">0</td>\
                 <td></td></tr>",
                link(&Query::of_plan(name).address("/plan"), name),
                next(plan, now),
            );
            continue;
        };
        let sum = &last.summary;
        let digest: String = last.plan_digest.chars().take(19).collect();
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{} passed, {} failed, {} inconclusive, {} excepted</td>\
             <td>{} {}{}</td><td>{}</td><td class=\"number\">{}</td><td><code>{}</code></td></tr>",
            link(&Query::of_plan(name).address("/plan"), name),
            mark(Standing::of_run(sum.verdict)),
            sum.pass,
            sum.fail,
            sum.inconclusive,
            sum.excepted,
            time(last.started),
            run_link(name, last, "report"),
            elsewhere(last.endpoint.as_deref()),
            next(plan, now),
            plan.runs.len(),
            markup(&digest),
        );
    }
    out.push_str("</tbody></table></div>\n");
}

/// Whatever was not AWS itself must not look like it.
fn elsewhere(endpoint: Option<&str>) -> String {
    endpoint.map_or_else(String::new, |endpoint| {
        format!("<br>not AWS itself: <code>{}</code>", markup(endpoint))
    })
}

/// When the next run is due, and whether it should have been long ago.
pub(super) fn next(plan: &PlanHistory, now: Timestamp) -> String {
    let mut told = match plan.due() {
        None => "no schedule known".to_owned(),
        Some(due) if plan.is_overdue(now) => {
            format!(
                "<span class=\"mark inconclusive\">? overdue</span> since {}",
                time(due)
            )
        }
        Some(due) => time(due),
    };
    if let Some(recheck) = plan.schedule.recheck_at.filter(|at| *at > now) {
        let _ = write!(told, "<br>after a change: {}", time(recheck));
    }
    told
}

/// The middle of the times to detect and to recover.
pub(super) fn averages(all: &[Episode<'_>], out: &mut String) {
    let detect = all.iter().filter_map(|episode| episode.to_detect).collect();
    let recover = all.iter().filter_map(Episode::to_recover).collect();
    let open = all.iter().filter(|episode| episode.over.is_none()).count();
    let _ = writeln!(
        out,
        "<p>{}, {open} still open. Median time to detect: {}; to recover: {}.</p>",
        count(all.len(), "failure"),
        duration(median(detect), "not known"),
        duration(median(recover), "not known"),
    );
}

fn drills(history: &History, out: &mut String) {
    if history.drills.is_empty() {
        return;
    }
    out.push_str(
        "<h2>Drills of temporary access</h2>\n<div class=\"scroll\" role=\"region\" aria-label=\"Drills\" \
         tabindex=\"0\"><table><thead><tr><th scope=\"col\">When</th><th scope=\"col\">Plan</th>\
         <th scope=\"col\">Drill</th><th scope=\"col\">Verdict</th><th scope=\"col\">Access came after</th>\
         <th scope=\"col\">Access went after</th><th scope=\"col\">A kept session read on for</th></tr></thead><tbody>\n",
    );
    let milliseconds =
        |time: Option<u64>| time.map_or_else(|| "not seen".to_owned(), |time| format!("{time} ms"));
    for report in history.drills.iter().rev().take(LATEST) {
        for row in &report.drills {
            let kept = row.kept_session.as_ref();
            let _ = writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td class=\"id\">{} reads {}</td><td>{}</td><td class=\"number\">{}</td>\
                 <td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
                report.run.started_at.parse().map_or_else(
                    |_| visible(&report.run.started_at),
                    |moment: Timestamp| time(moment)
                ),
                markup(&report.plan.name),
                markup(&row.principal),
                markup(&row.table),
                mark(Standing::of_run(row.verdict)),
                milliseconds(row.appeared.as_ref().and_then(|passage| passage.after_ms)),
                milliseconds(
                    row.disappeared
                        .as_ref()
                        .and_then(|passage| passage.after_ms)
                ),
                kept.map_or_else(
                    || "not tried".to_owned(),
                    |kept| milliseconds(kept.last_allowed_ms)
                ),
            );
        }
    }
    out.push_str("</tbody></table></div>\n");
}
