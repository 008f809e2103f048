// SPDX-License-Identifier: Apache-2.0
//! A plan's page: the timeline of each probe, narrowed by what the address says.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use jiff::Timestamp;
use keyproof_report::{Standing, markup};

use super::failures;
use super::overview::{averages, next};
use super::parts::{LATEST, count, end_of_latest, mark, probe_link, run_link, time};
use super::timeline::{clipped, draw, sample};
use crate::history::{PlanHistory, ProbeHistory, RunRow};
use crate::query::{Query, ROWS};

pub(super) fn main(query: &Query, plan: &PlanHistory, now: Timestamp) -> String {
    let runs = runs(query, plan);
    let chosen: Vec<_> = plan
        .probes
        .iter()
        .filter(|(id, probe)| is_wanted(query, id, probe, &runs))
        .collect();
    let mut out = String::new();
    // Writing to a string can't fail.
    let _ = writeln!(out, "<h1>Plan {}</h1>", markup(&query.plan));
    if let Some(last) = plan.runs.last() {
        let _ = writeln!(
            out,
            "<p>{} {}. Last run {}, {}. Next run: {}.</p>",
            mark(Standing::of_run(last.summary.verdict)),
            count(plan.runs.len(), "run"),
            time(last.started),
            run_link(&query.plan, last, "its report"),
            next(plan, now),
        );
    } else {
        let _ = writeln!(out, "<p>Not run yet. Next run: {}.</p>", next(plan, now));
    }
    filters(query, plan, &mut out);
    timelines(query, plan, &chosen, &runs, &mut out);
    let wanted: BTreeSet<&str> = chosen.iter().map(|(id, _)| id.as_str()).collect();
    let mut all = plan.episodes();
    all.retain(|episode| {
        wanted.contains(episode.probe)
            && episode.segment.first < runs.end
            && episode.segment.last >= runs.start
    });
    out.push_str("<h2>Failures</h2>\n");
    if all.is_empty() {
        out.push_str("<p>None among these probes and runs.</p>\n");
    } else {
        averages(&all, &mut out);
        out.push_str(&failures::of_plan(&query.plan, plan, &all));
    }
    latest_runs(query, plan, &runs, &mut out);
    out
}

/// The runs of the period that is asked for.
pub(super) fn runs(query: &Query, plan: &PlanHistory) -> Range<usize> {
    let (from, to) = query.period();
    let place = |moment| plan.runs.partition_point(|run| run.started < moment);
    let start = from.map_or(0, place);
    let end = to.map_or(plan.runs.len(), place);
    start..end.max(start)
}

/// Whether the filters leave a probe in.
fn is_wanted(query: &Query, id: &str, probe: &ProbeHistory, runs: &Range<usize>) -> bool {
    let is = |wanted: &str, value: Option<&String>| {
        wanted.is_empty() || value.is_some_and(|value| value == wanted)
    };
    let mut seen = clipped(&probe.segments, runs);
    let last = clipped(&probe.segments, runs).last();
    is(&query.principal, probe.principal.as_ref())
        && is(&query.table, probe.table.as_ref())
        && (query.text.is_empty() || id.to_lowercase().contains(&query.text.to_lowercase()))
        && last.is_some()
        && query
            .standing
            .is_none_or(|wanted| last.is_some_and(|(_, segment)| segment.standing == wanted))
        && (!query.changed || seen.nth(1).is_some())
}

fn filters(query: &Query, plan: &PlanHistory, out: &mut String) {
    let names = |of: fn(&ProbeHistory) -> Option<&String>| -> BTreeSet<&str> {
        plan.probes
            .values()
            .filter_map(of)
            .map(String::as_str)
            .collect()
    };
    let standings: BTreeSet<&str> = Standing::ALL.map(Standing::as_str).into();
    let _ = writeln!(
        out,
        "<h2>Probes</h2>\n<form method=\"get\" action=\"/plan\" aria-label=\"Filters\">\n\
         <input type=\"hidden\" name=\"plan\" value=\"{}\">\n\
         <label>Text in the id <input name=\"q\" value=\"{}\"></label>",
        markup(&query.plan),
        markup(&query.text),
    );
    let standing = query.standing.map_or("", Standing::as_str);
    select("Stands at", "standing", standing, &standings, out);
    let principals = names(|probe| probe.principal.as_ref());
    select("Principal", "principal", &query.principal, &principals, out);
    let tables = names(|probe| probe.table.as_ref());
    select("Table", "table", &query.table, &tables, out);
    let _ = writeln!(
        out,
        "<label>From <input name=\"from\" value=\"{}\" placeholder=\"2026-01-31\"></label>\n\
         <label>To <input name=\"to\" value=\"{}\" placeholder=\"2026-02-28\"></label>\n\
         <label class=\"check\"><input type=\"checkbox\" name=\"changed\" value=\"1\"{}> Only what changed</label>\n\
         <button>Show</button>\n</form>",
        markup(&query.from),
        markup(&query.to),
        if query.changed { " checked" } else { "" },
    );
}

fn select(label: &str, name: &str, chosen: &str, options: &BTreeSet<&str>, out: &mut String) {
    let _ = write!(
        out,
        "<label>{label} <select name=\"{name}\"><option value=\"\">any</option>"
    );
    for option in options {
        let selected = if *option == chosen { " selected" } else { "" };
        let option = markup(option);
        let _ = write!(out, "<option{selected}>{option}</option>");
    }
    out.push_str("</select></label>\n");
}

fn timelines(
    query: &Query,
    plan: &PlanHistory,
    chosen: &[(&String, &ProbeHistory)],
    runs: &Range<usize>,
    out: &mut String,
) {
    let _ = writeln!(
        out,
        "<p>{} of {}, over {}.</p>",
        chosen.len(),
        count(plan.probes.len(), "probe"),
        span(plan, runs),
    );
    if chosen.is_empty() {
        return;
    }
    out.push_str("<ul class=\"key\" aria-label=\"Key of the timelines\">");
    for standing in Standing::ALL {
        let _ = write!(out, "<li>{} {}</li>", sample(standing), standing.as_str());
    }
    out.push_str(
        "</ul>\n<div class=\"scroll\" role=\"region\" aria-label=\"Timelines\" tabindex=\"0\">\
         <table class=\"timeline\"><thead><tr><th scope=\"col\">Probe</th><th scope=\"col\">Stands at</th>\
         <th scope=\"col\">Timeline, a run as wide as another</th><th scope=\"col\">Changes</th></tr></thead><tbody>\n",
    );
    let page = query.page.min(chosen.len().saturating_sub(1) / ROWS);
    for (id, probe) in chosen.iter().skip(page * ROWS).take(ROWS) {
        let seen: Vec<_> = clipped(&probe.segments, runs).collect();
        let stands = seen.last().map_or_else(String::new, |(_, segment)| {
            let finding = segment
                .finding
                .map_or("", keyproof_verdict::Finding::as_str);
            format!("{} {finding}", mark(segment.standing))
        });
        let _ = writeln!(
            out,
            "<tr><td class=\"id\">{}</td><td>{stands}</td><td class=\"line\">{}</td><td class=\"number\">{}</td></tr>",
            probe_link(&query.plan, id),
            draw(&probe.segments, runs),
            seen.len().saturating_sub(1),
        );
    }
    out.push_str("</tbody></table></div>\n");
    pages(query, page, chosen.len(), out);
}

/// The first and the last of the runs, and how many.
fn span(plan: &PlanHistory, runs: &Range<usize>) -> String {
    let ends = plan
        .run(runs.start)
        .zip(runs.end.checked_sub(1).and_then(|last| plan.run(last)));
    let told = count(runs.len(), "run");
    match ends {
        Some((first, last)) if !runs.is_empty() => {
            format!(
                "{told} from {} to {}",
                time(first.started),
                time(last.started)
            )
        }
        _ => told,
    }
}

fn pages(query: &Query, page: usize, rows: usize, out: &mut String) {
    let last = rows.saturating_sub(1) / ROWS;
    if last == 0 {
        return;
    }
    let address = |page| {
        let query = Query {
            page,
            ..query.clone()
        };
        query.address("/plan")
    };
    out.push_str("<nav class=\"pages\" aria-label=\"Pages of probes\">");
    if page > 0 {
        let before = markup(&address(page - 1));
        let _ = write!(out, "<a rel=\"prev\" href=\"{before}\">Before</a>");
    }
    let _ = write!(out, "<span>Page {} of {}</span>", page + 1, last + 1);
    if page < last {
        let after = markup(&address(page + 1));
        let _ = write!(out, "<a rel=\"next\" href=\"{after}\">After</a>");
    }
    out.push_str("</nav>\n");
}

fn latest_runs(query: &Query, plan: &PlanHistory, runs: &Range<usize>, out: &mut String) {
    out.push_str(
        "<h2>Runs</h2>\n<div class=\"scroll\" role=\"region\" aria-label=\"Runs\" tabindex=\"0\"><table><thead><tr>\
         <th scope=\"col\">Start</th><th scope=\"col\">Verdict</th><th scope=\"col\">Trigger</th>\
         <th scope=\"col\">Passed</th><th scope=\"col\">Failed</th><th scope=\"col\">Inconclusive</th>\
         <th scope=\"col\">Took</th><th scope=\"col\">Report</th></tr></thead><tbody>\n",
    );
    let shown = plan.runs.get(runs.clone()).unwrap_or_default();
    for run in shown.iter().rev().take(LATEST) {
        let sum = &run.summary;
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{} ms</td><td>{}</td></tr>",
            time(run.started),
            mark(Standing::of_run(sum.verdict)),
            markup(&trigger(run)),
            sum.pass,
            sum.fail,
            sum.inconclusive,
            run.duration_ms,
            run_link(&query.plan, run, &run.id),
        );
    }
    end_of_latest(out, shown.len());
}

/// What started the run, and how much of the plan it was about, where that was not all of it.
fn trigger(run: &RunRow) -> String {
    match run.part {
        Some((asked, of)) => format!("{} (a part: {asked} of {of} probes)", run.trigger),
        None => run.trigger.clone(),
    }
}
