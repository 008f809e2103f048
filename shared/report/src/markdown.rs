// SPDX-License-Identifier: Apache-2.0
//! Markdown for a pull request's comment.
//!
//! Forges limit a comment to 65,536 characters, so that the lists are cut at [`LISTED`] entries and
//! the matrix is left out where it has more than [`CELLS`] cells; what was cut is said.

use std::io::{self, Write};

use keyproof_verdict::Report;

use crate::causes::Causes;
use crate::changes::{Changes, state};
use crate::escape::{Markdown, MarkdownCode, MarkdownProse};
use crate::grid::{self, Grid};
use crate::headline;
use crate::words::{self, Standing};

const LISTED: usize = 20;
const CELLS: usize = 200;

pub(crate) fn render(
    report: &Report,
    changes: Option<&Changes<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let symbol = Standing::of_run(report.summary.verdict).symbol();
    writeln!(out, "## {symbol} {}\n", Markdown(&headline(report)))?;
    write!(out, "Plan {}", MarkdownCode(&report.plan.name))?;
    let environment = &report.environment;
    for (name, value) in [
        ("region", Some(&environment.region)),
        ("account", environment.account.as_ref()),
        ("endpoint", environment.endpoint.as_ref()),
        ("run", Some(&report.run.id)),
    ] {
        if let Some(value) = value {
            write!(out, ", {name} {}", MarkdownCode(value))?;
        }
    }
    writeln!(out, "\n")?;
    if let Some(sentinel) = words::sentinel(report) {
        writeln!(out, "Sentinel {}\n", MarkdownProse(&sentinel))?;
    }
    let causes = Causes::of(report);
    why(&causes, out)?;
    for (title, standing) in [
        ("Failed", Standing::Fail),
        ("Proved nothing", Standing::Inconclusive),
        ("Failed, excepted", Standing::Excepted),
    ] {
        section(report, title, standing, &causes, out)?;
    }
    if let Some(changes) = changes {
        changed(changes, report, out)?;
    }
    if !report.exceptions.is_empty() {
        writeln!(out, "### Exceptions\n")?;
        for note in report.exceptions.iter().take(LISTED) {
            writeln!(out, "- {}", MarkdownProse(&words::exception(note)))?;
        }
        rest(report.exceptions.len(), out)?;
        writeln!(out)?;
    }
    notes(report, out)?;
    let grids = grid::grids(report);
    let cells: usize = grids
        .iter()
        .map(|grid| grid.lines.len() * grid.principals.len())
        .sum();
    if cells > CELLS {
        return writeln!(
            out,
            "The matrix of {cells} cells is left out here; see the HTML report."
        );
    }
    writeln!(out, "<details><summary>All probes</summary>\n")?;
    for grid in &grids {
        matrix(grid, out)?;
    }
    writeln!(out, "</details>")
}

fn section(
    report: &Report,
    title: &str,
    standing: Standing,
    causes: &Causes<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows = words::rows(report, standing);
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "### {title}\n")?;
    for (position, row) in rows.iter().take(LISTED) {
        let finding = row.finding.map_or("", |finding| finding.as_str());
        writeln!(
            out,
            "- {} **{}** {}  ",
            standing.symbol(),
            Markdown(finding),
            MarkdownCode(&row.id)
        )?;
        writeln!(out, "  {}", MarkdownProse(&row.reason))?;
        if let Some(cause) = causes.number(*position) {
            writeln!(out, "  - cause {}", cause + 1)?;
        }
        if let Some(place) = words::place(report, row) {
            writeln!(out, "  - plan: {}", MarkdownCode(&place))?;
        }
    }
    rest(rows.len(), out)?;
    writeln!(out)
}

/// Each statement that is to blame, once, before the probes that it decides.
fn why(causes: &Causes<'_>, out: &mut dyn Write) -> io::Result<()> {
    if causes.is_empty() {
        return Ok(());
    }
    writeln!(out, "### Why\n")?;
    for (number, blamed) in (1..).zip(causes.all()).take(LISTED) {
        let statement = words::capitalised(&words::statement(blamed.cause));
        writeln!(
            out,
            "- **cause {number}**, of {}: {}",
            words::count(blamed.rows.len(), "probe"),
            MarkdownProse(&statement)
        )?;
        for other in blamed.others() {
            writeln!(out, "  - or: {}", MarkdownProse(&other))?;
        }
        for mend in blamed.mends() {
            writeln!(out, "  - {}", MarkdownProse(&mend))?;
        }
    }
    rest(causes.all().len(), out)?;
    writeln!(out)
}

/// What the verdicts rest on.
fn notes(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (matter, left_out) = words::notes(report);
    if report.notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "### Not seen, or taken for granted\n")?;
    for note in matter.iter().take(LISTED) {
        let kind = Markdown(&note.kind);
        writeln!(out, "- {kind}: {}", MarkdownProse(&words::note(note)))?;
    }
    rest(matter.len(), out)?;
    if !left_out.is_empty() {
        writeln!(out, "- {}", words::left_out(left_out.len()))?;
    }
    writeln!(out)
}

/// What changed since an earlier report. A document's lines are for the page.
fn changed(changes: &Changes<'_>, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "### What changed\n\n{}.\n",
        MarkdownProse(&changes.since())
    )?;
    if changes.nothing() {
        writeln!(out, "- no probe came out another way")?;
    }
    for (_, row, before) in changes.moved.iter().take(LISTED) {
        writeln!(
            out,
            "- {} {}: was {}, is **{}**",
            Standing::of(row).symbol(),
            MarkdownCode(&row.id),
            Markdown(&state(before)),
            Markdown(&state(row))
        )?;
    }
    rest(changes.moved.len(), out)?;
    for (title, number) in [
        ("new in this run", changes.appeared.len()),
        ("no longer probed", changes.gone.len()),
    ] {
        if number > 0 {
            writeln!(out, "- {title}: {}", words::count(number, "probe"))?;
        }
    }
    for (document, _) in changes.documents.iter().take(LISTED) {
        writeln!(out, "- another text: {}", MarkdownCode(&document.id))?;
    }
    if changes.plan(report) {
        writeln!(out, "- the plan's text is another now")?;
    }
    writeln!(out)
}

fn rest(all: usize, out: &mut dyn Write) -> io::Result<()> {
    match all.saturating_sub(LISTED) {
        0 => Ok(()),
        more => writeln!(out, "- and {more} more"),
    }
}

fn matrix(grid: &Grid<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "**{}**\n", Markdown(grid.table.unwrap_or("roles")))?;
    if let Some((_, row)) = grid.encryption {
        let key = row.observed.key.as_deref().unwrap_or("not found out");
        writeln!(
            out,
            "{} encrypted with {}\n",
            Standing::of(row).symbol(),
            MarkdownCode(key)
        )?;
    }
    if grid.lines.is_empty() {
        return Ok(());
    }
    write!(out, "| |")?;
    for principal in &grid.principals {
        write!(out, " {} |", Markdown(principal))?;
    }
    writeln!(out, "\n|---|{}", "---|".repeat(grid.principals.len()))?;
    for line in &grid.lines {
        let name = line.name();
        // A bar would end the cell even inside code.
        if name.contains('|') {
            write!(out, "| {} |", Markdown(&name))?;
        } else {
            write!(out, "| {} |", MarkdownCode(&name))?;
        }
        for cell in &line.cells {
            match cell {
                Some((_, row)) => {
                    let symbol = Standing::of(row).symbol();
                    write!(out, " {symbol} {} |", Markdown(&words::observed(row)))?;
                }
                None => write!(out, " |")?,
            }
        }
        writeln!(out)?;
    }
    writeln!(out)
}
