// SPDX-License-Identifier: Apache-2.0
//! The page's sections.

use std::io::{self, Write};

use keyproof_verdict::{Finding, ProbeRow, Report};

use super::Place;
use crate::causes::Causes;
use crate::escape::{Markup, Prose};
use crate::timing;
use crate::words::{self, Standing};

/// Opens a section of the page, with its heading; whoever opens it closes it.
pub(super) fn open(
    place: Place<'_>,
    name: &str,
    title: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (prefix, level) = (place.prefix, place.level);
    let title = Markup(title);
    writeln!(
        out,
        "<section id=\"{prefix}{name}\">\n<h{level}>{title}</h{level}>"
    )
}

/// What was run, where and when, above the verdict.
pub(super) fn product(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let environment = &report.environment;
    let account = environment.account.as_ref();
    let account = account.map_or_else(String::new, |account| format!(", account {account}"));
    writeln!(
        out,
        "<p class=\"product\"><b>keyproof</b> · plan <b>{}</b></p>\n<p class=\"meta\">{} in {}{}{}</p>",
        Markup(&report.plan.name),
        when(report),
        Markup(&environment.region),
        Markup(&account),
        if report.run.trigger == "check" {
            ": the templates, evaluated before deployment"
        } else {
            ""
        }
    )?;
    // Whatever was not AWS itself must not look like it.
    match &environment.endpoint {
        Some(endpoint) => writeln!(
            out,
            "<p class=\"meta\">Not AWS itself: the run was made against <code>{}</code>.</p>",
            Markup(endpoint)
        ),
        None => Ok(()),
    }
}

/// The start of the run, for people and for programs.
fn when(report: &Report) -> String {
    let time = Markup(&report.run.started_at);
    let shown = words::moment(&report.run.started_at);
    format!("<time datetime=\"{time}\">{}</time>", Markup(&shown))
}

/// The sections that the page has, as links.
pub(super) fn contents(
    report: &Report,
    causes: &Causes<'_>,
    changed: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let any = |standing| {
        report
            .probes
            .iter()
            .any(|row| Standing::of(row) == standing)
    };
    let sections = [
        (!causes.is_empty(), "why", "Why"),
        (true, "matrix", "Who can do what"),
        (any(Standing::Fail), "failed", "Failed"),
        (
            any(Standing::Inconclusive),
            "inconclusive",
            "Proved nothing",
        ),
        (any(Standing::Excepted), "excepted", "Excepted"),
        (changed, "changed", "What changed"),
        (any(Standing::Pass), "passed", "Passed"),
        (true, "unchecked", "What was not checked"),
    ];
    writeln!(out, "<nav aria-label=\"Contents\"><ul>")?;
    for (_, name, title) in sections.iter().filter(|(there, ..)| *there) {
        writeln!(out, "<li><a href=\"#{name}\">{title}</a></li>")?;
    }
    writeln!(out, "</ul></nav>")
}

pub(super) fn tiles(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let sum = &report.summary;
    writeln!(out, "<ul class=\"tiles\">")?;
    for (number, standing, word) in [
        (sum.pass, Standing::Pass, "passed"),
        (sum.fail, Standing::Fail, "failed"),
        (sum.inconclusive, Standing::Inconclusive, "proved nothing"),
        (sum.excepted, Standing::Excepted, "excepted"),
    ] {
        if number > 0 || standing != Standing::Excepted {
            writeln!(
                out,
                "<li class=\"{}{}\"><b>{number}</b> <span class=\"sign\" aria-hidden=\"true\">{}</span> \
                 {word}</li>",
                standing.as_str(),
                if number == 0 { " none" } else { "" },
                standing.symbol()
            )?;
        }
    }
    writeln!(out, "</ul>")
}

/// What needs a person: failures, then what proved nothing, then what is excepted.
pub(super) fn findings(
    report: &Report,
    causes: &Causes<'_>,
    place: Place<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for (name, title, standing) in [
        ("failed", "Failed", Standing::Fail),
        ("inconclusive", "Proved nothing", Standing::Inconclusive),
        ("excepted", "Failed, excepted", Standing::Excepted),
    ] {
        let rows = words::rows(report, standing);
        if rows.is_empty() {
            continue;
        }
        open(place, name, title, out)?;
        for (position, row) in rows {
            let cause = causes.number(position);
            card(report, (position, row), cause, place, out)?;
        }
        writeln!(out, "</section>")?;
    }
    Ok(())
}

fn card(
    report: &Report,
    (position, row): (usize, &ProbeRow),
    number: Option<usize>,
    place: Place<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let standing = Standing::of(row);
    let finding = row.finding.map_or("", |finding| finding.as_str());
    let (prefix, level) = (place.prefix, place.level + 1);
    writeln!(
        out,
        "<article class=\"card {}\" id=\"{prefix}p{position}\">",
        standing.as_str()
    )?;
    writeln!(
        out,
        "<h{level}><span class=\"mark {}\">{} {finding}</span> <code>{}</code></h{level}>",
        standing.as_str(),
        standing.symbol(),
        Markup(&row.id)
    )?;
    writeln!(out, "<p>{}</p>", Prose(&row.reason))?;
    if let (Some(cause), Some(number)) = (&row.cause, number) {
        writeln!(
            out,
            "<p class=\"cause\"><b>Cause:</b> <a href=\"#{prefix}c{number}\">{}</a></p>",
            Prose(&words::cause_in_short(cause))
        )?;
    }
    writeln!(out, "<dl>")?;
    term("Expected", &words::expected(row), out)?;
    term("Observed", &words::seen(row), out)?;
    if let (Some(expected), Some(observed)) = (&row.expected.key, &row.observed.key) {
        term("Key expected", expected, out)?;
        term("Key found", observed, out)?;
    }
    if let Some(place) = words::place(report, row) {
        term("Plan", &place, out)?;
    }
    if let Some(mend) = words::mend(row) {
        let mend = Prose(&mend);
        writeln!(out, "<div><dt>What to do</dt><dd>{mend}</dd></div>")?;
    }
    writeln!(out, "</dl>")?;
    super::probes::evidence(row, out)?;
    writeln!(out, "</article>")
}

pub(super) fn term(name: &str, value: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", Markup(value))
}

pub(super) fn exceptions(report: &Report, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    if report.exceptions.is_empty() {
        return Ok(());
    }
    open(place, "exceptions", "Exceptions", out)?;
    writeln!(out, "<ul class=\"plain\">")?;
    for note in &report.exceptions {
        let status = note.status.replace('_', " ");
        writeln!(
            out,
            "<li><span class=\"mark excepted\">! {}</span> {}</li>",
            Markup(&status),
            Prose(&words::exception(note))
        )?;
    }
    writeln!(out, "</ul>\n</section>")
}

/// What the verdicts rest on; what decides no access is folded away.
pub(super) fn notes(report: &Report, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (matter, left_out) = words::notes(report);
    if report.notes.is_empty() {
        return Ok(());
    }
    open(place, "unseen", "Not seen, or taken for granted", out)?;
    if !matter.is_empty() {
        writeln!(out, "<ul class=\"plain\">")?;
        for note in matter {
            writeln!(
                out,
                "<li><span class=\"mark inconclusive\">{}</span> {}</li>",
                Markup(&note.kind),
                Prose(&words::note(note))
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    if !left_out.is_empty() {
        let summary = words::left_out(left_out.len());
        writeln!(out, "<details><summary>{summary}</summary>\n<ul>")?;
        for note in left_out {
            writeln!(out, "<li>{}</li>", Prose(&words::note(note)))?;
        }
        writeln!(out, "</ul></details>")?;
    }
    writeln!(out, "</section>")
}

pub(super) fn timings(report: &Report, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    let timings = timing::timings(report);
    if timings.is_empty() {
        return Ok(());
    }
    open(place, "timings", "Timings", out)?;
    writeln!(
        out,
        "<p>The run took {}. Times are those of the last attempt of each call.</p>",
        words::duration(report.run.duration_ms)
    )?;
    writeln!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Timings{}\">\
         <table class=\"facts\"><thead><tr><th scope=\"col\">Service</th><th scope=\"col\">Calls</th>\
         <th scope=\"col\">Median</th><th scope=\"col\">95 of 100 within</th>\
         <th scope=\"col\">Slowest</th><th scope=\"col\">Sent more than once</th></tr></thead><tbody>",
        place.label
    )?;
    for timing in timings {
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            timing.service,
            timing.calls,
            words::duration(timing.median),
            words::duration(timing.p95),
            words::duration(timing.slowest),
            timing.repeated
        )?;
    }
    writeln!(out, "</tbody></table></div>\n</section>")
}

pub(super) fn not_checked(
    report: &Report,
    place: Place<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    open(place, "unchecked", "What was not checked", out)?;
    writeln!(out, "<ul>")?;
    for line in words::not_checked(report) {
        writeln!(out, "<li>{}</li>", Prose(&line))?;
    }
    writeln!(out, "</ul>\n</section>")
}

pub(super) fn legend(place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    open(place, "legend", "How to read this", out)?;
    writeln!(
        out,
        "<p>A probe <b>passes</b> only when the expected layer gave the expected answer; a denial \
         counts only when somebody authorised read the same canary in the same run. What could not be \
         found out is never a pass.</p>"
    )?;
    writeln!(out, "<dl class=\"legend\">")?;
    for finding in Finding::ALL {
        let standing = Standing::of_run(finding.verdict());
        writeln!(
            out,
            "<div><dt><span class=\"mark {}\">{} {finding}</span></dt><dd>{}.</dd></div>",
            standing.as_str(),
            standing.symbol(),
            words::meaning(finding)
        )?;
    }
    writeln!(out, "</dl>\n</section>")
}

/// The run in one line, for a chapter.
pub(super) fn facts(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<p class=\"meta\">Run <code>{}</code>, {} from {}, region {}.</p>",
        Markup(&report.run.id),
        words::duration(report.run.duration_ms),
        Markup(&report.run.started_at),
        Markup(&report.environment.region)
    )
}

pub(super) fn footer(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<footer>\n<dl>")?;
    let environment = &report.environment;
    for (name, value) in [
        ("Run", Some(report.run.id.as_str())),
        ("Trigger", Some(report.run.trigger.as_str())),
        ("Started", Some(report.run.started_at.as_str())),
        ("Finished", Some(report.run.finished_at.as_str())),
        ("Plan file", report.plan.file.as_deref()),
        ("Plan digest", Some(report.plan.digest.as_str())),
        ("Account", environment.account.as_deref()),
        ("Region", Some(environment.region.as_str())),
        ("Endpoint", environment.endpoint.as_deref()),
        ("keyproof", Some(environment.version.as_str())),
        ("Sentinel", words::sentinel(report).as_deref()),
    ] {
        if let Some(value) = value {
            term(name, value, out)?;
        }
    }
    writeln!(out, "</dl>\n</footer>")
}
