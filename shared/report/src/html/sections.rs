// SPDX-License-Identifier: Apache-2.0
//! The page's sections.

use std::io::{self, Write};

use keyproof_verdict::{Finding, ProbeRow, Report};

use super::Place;
use crate::escape::{Markup, Prose};
use crate::grid::{self, Grid};
use crate::timing;
use crate::words::{self, Standing};

pub(super) fn heading(place: Place<'_>, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let level = place.level;
    writeln!(out, "<h{level}>{}</h{level}>", Markup(text))
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
pub(super) fn findings(report: &Report, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    for (title, standing) in [
        ("Failed", Standing::Fail),
        ("Proved nothing", Standing::Inconclusive),
        ("Failed, excepted", Standing::Excepted),
    ] {
        let rows = report.probes.iter().enumerate();
        let mut rows = rows
            .filter(|(_, row)| Standing::of(row) == standing)
            .peekable();
        if rows.peek().is_none() {
            continue;
        }
        writeln!(out, "<section>")?;
        heading(place, title, out)?;
        for (position, row) in rows {
            card(report, row, position, place, out)?;
        }
        writeln!(out, "</section>")?;
    }
    Ok(())
}

fn card(
    report: &Report,
    row: &ProbeRow,
    position: usize,
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
    if let Some(cause) = &row.cause {
        writeln!(
            out,
            "<p class=\"cause\"><b>Cause:</b> {}</p>",
            Prose(&words::cause(cause))
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
    if let Some(finding) = row.finding {
        let request = Prose(words::request(finding));
        writeln!(out, "<div><dt>What to do</dt><dd>{request}</dd></div>")?;
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
    writeln!(out, "<section>")?;
    heading(place, "Exceptions", out)?;
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
    writeln!(out, "<section>")?;
    heading(place, "Not seen, or taken for granted", out)?;
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

pub(super) fn matrix(report: &Report, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section>")?;
    heading(place, "Who can do what", out)?;
    writeln!(
        out,
        "<p>Each cell says what was seen; the small line says what the plan expects, where that is \
         another thing.</p>"
    )?;
    for grid in grid::grids(report) {
        table(&grid, place, out)?;
    }
    writeln!(out, "</section>")
}

fn table(grid: &Grid<'_>, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    let name = grid.table.unwrap_or("roles");
    let level = place.level + 1;
    writeln!(
        out,
        "<div class=\"table\"><h{level}>{}</h{level}>",
        Markup(name)
    )?;
    if let Some((position, row)) = grid.encryption {
        let standing = Standing::of(row);
        writeln!(
            out,
            "<p class=\"encryption\"><a class=\"mark {}\" href=\"#{}p{position}\">{} encryption</a> \
             <code>{}</code></p>",
            standing.as_str(),
            place.prefix,
            standing.symbol(),
            Markup(row.observed.key.as_deref().unwrap_or("not found out"))
        )?;
    }
    if grid.lines.is_empty() {
        return writeln!(out, "</div>");
    }
    writeln!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Matrix of {}{}\">\n\
         <table class=\"matrix\"><thead><tr><th scope=\"col\">Action</th>",
        Markup(name),
        place.label
    )?;
    for principal in &grid.principals {
        write!(out, "<th scope=\"col\">{}</th>", Markup(principal))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for line in &grid.lines {
        write!(out, "<tr><th scope=\"row\">{}</th>", Markup(&line.name()))?;
        for cell in &line.cells {
            match cell {
                Some((position, row)) => self::cell(*position, row, place, out)?,
                None => write!(out, "<td class=\"empty\">–</td>")?,
            }
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div></div>")
}

fn cell(position: usize, row: &ProbeRow, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    let standing = Standing::of(row);
    let class = standing.as_str();
    write!(
        out,
        "<td class=\"{class}\"><a href=\"#{}p{position}\">{} {}</a>",
        place.prefix,
        standing.symbol(),
        Markup(&words::observed(row))
    )?;
    if standing != Standing::Pass {
        let finding = row.finding.map_or("", |finding| finding.as_str());
        let expected = words::expected(row);
        write!(
            out,
            "<small>{finding}; expected {}</small>",
            Markup(&expected)
        )?;
    }
    write!(out, "</td>")
}

pub(super) fn timings(report: &Report, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    let timings = timing::timings(report);
    if timings.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section>")?;
    heading(place, "Timings", out)?;
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
    writeln!(out, "<section>")?;
    heading(place, "What was not checked", out)?;
    writeln!(out, "<ul>")?;
    for line in words::not_checked(report) {
        writeln!(out, "<li>{}</li>", Prose(&line))?;
    }
    writeln!(out, "</ul>\n</section>")
}

pub(super) fn legend(place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section>")?;
    heading(place, "How to read this", out)?;
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
    ] {
        if let Some(value) = value {
            term(name, value, out)?;
        }
    }
    writeln!(out, "</dl>\n</footer>")
}
