// SPDX-License-Identifier: Apache-2.0
//! The matrix: a table a table, actions against principals, one cell a probe.

use std::io::{self, Write};

use keyproof_verdict::{ProbeRow, Report};

use super::Place;
use super::sections::open;
use crate::escape::Markup;
use crate::grid::{self, Grid};
use crate::words::{self, Standing};

/// A matrix of more principals is wider than a sheet of paper.
const SHEET: usize = 5;

pub(super) fn render(report: &Report, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    open(place, "matrix", "Who can do what", out)?;
    writeln!(
        out,
        "<p>Each cell says what was seen, and below what the plan expects.</p>"
    )?;
    writeln!(out, "<div class=\"tables\">")?;
    for grid in grid::grids(report) {
        table(&grid, place, out)?;
    }
    writeln!(out, "</div>\n</section>")
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
    let wide = grid.principals.len() > SHEET;
    writeln!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Matrix of {}{}\">\n\
         <table class=\"matrix{}\"><thead><tr><th scope=\"col\">Action</th>",
        Markup(name),
        place.label,
        if wide { " wide" } else { "" }
    )?;
    for principal in &grid.principals {
        write!(out, "<th scope=\"col\">{}</th>", Markup(principal))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for line in &grid.lines {
        write!(out, "<tr><th scope=\"row\">{}</th>", Markup(&line.name()))?;
        for (cell, who) in line.cells.iter().zip(&grid.principals) {
            match cell {
                Some((position, row)) => {
                    self::cell(*position, row, wide.then_some(*who), place, out)?;
                }
                None => write!(out, "<td class=\"empty\">–</td>")?,
            }
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div></div>")
}

/// `who` is told to a cell that is printed without its column's head.
fn cell(
    position: usize,
    row: &ProbeRow,
    who: Option<&str>,
    place: Place<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let standing = Standing::of(row);
    let class = standing.as_str();
    write!(out, "<td class=\"{class}\"")?;
    if let Some(who) = who {
        write!(out, " data-who=\"{}\"", Markup(who))?;
    }
    write!(
        out,
        "><a href=\"#{}p{position}\">{} {}</a>",
        place.prefix,
        standing.symbol(),
        Markup(&words::observed(row))
    )?;
    let finding = row.finding.filter(|_| standing != Standing::Pass);
    let finding = finding.map_or_else(String::new, |finding| format!("{finding}; "));
    // A large matrix says what is expected where that is another thing: it is long enough.
    if place.spacious || !finding.is_empty() {
        let expected = Markup(&words::expected(row)).to_string();
        write!(out, "<small>{finding}expected {expected}</small>")?;
    }
    write!(out, "</td>")
}
