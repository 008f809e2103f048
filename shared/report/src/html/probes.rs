// SPDX-License-Identifier: Apache-2.0
//! Every probe with its evidence. Those that passed stand in closed `<details>`, by table.

use std::io::{self, Write};

use keyproof_verdict::{ProbeRow, Report};

use super::sections::{open, term};
use super::{GLANCE, Place};
use crate::escape::{Markup, Prose};
use crate::grid;
use crate::words::{self, Standing};

pub(super) fn list(report: &Report, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    let passed = |row: &ProbeRow| Standing::of(row) == Standing::Pass;
    if !report.probes.iter().any(passed) {
        return Ok(());
    }
    open(place, "passed", "Passed", out)?;
    for grid in grid::grids(report) {
        let cells = grid
            .lines
            .iter()
            .flat_map(|line| line.cells.iter().copied().flatten());
        let rows: Vec<(usize, &ProbeRow)> = grid
            .encryption
            .into_iter()
            .chain(cells)
            .filter(|(_, row)| passed(row))
            .collect();
        if rows.is_empty() {
            continue;
        }
        writeln!(
            out,
            "<details class=\"passed\"><summary>{}: {}</summary>\n<ul class=\"plain\">",
            Markup(grid.table.unwrap_or("roles")),
            words::count(rows.len(), "probe")
        )?;
        for (position, row) in rows {
            if report.probes.len() > GLANCE {
                line(row, position, place, out)?;
                continue;
            }
            writeln!(
                out,
                "<li id=\"{}p{position}\"><span class=\"mark pass\">✓ pass</span> <code>{}</code>\
                 <p>{}</p>",
                place.prefix,
                Markup(&row.id),
                Prose(&row.reason)
            )?;
            evidence(row, out)?;
            writeln!(out, "</li>")?;
        }
        writeln!(out, "</ul></details>")?;
    }
    writeln!(out, "</section>")
}

/// A probe of a large report, in one line: the JSON report has the rest.
fn line(row: &ProbeRow, position: usize, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<li id=\"{}p{position}\">✓ <code>{}</code> {}",
        place.prefix,
        Markup(&row.id),
        Markup(&words::seen(row))
    )?;
    if let Some(latency) = row.observed.latency_ms {
        write!(out, ", {}", words::duration(latency))?;
    }
    if let Some(request) = &row.observed.request_id {
        write!(out, ", request <code>{}</code>", Markup(request))?;
    }
    writeln!(out, "</li>")
}

/// What the service said, closed until asked for.
pub(super) fn evidence(row: &ProbeRow, out: &mut dyn Write) -> io::Result<()> {
    let seen = &row.observed;
    let latency = seen.latency_ms.map(words::duration);
    let attempts = Some(seen.attempts.to_string());
    let all = [
        ("Resource", row.resource.as_deref()),
        ("Role", row.role_arn.as_deref()),
        ("Error code", seen.error_code.as_deref()),
        ("Message", seen.message.as_deref()),
        ("Request id", seen.request_id.as_deref()),
        ("Attempts", attempts.as_deref()),
        ("Latency", latency.as_deref()),
    ];
    writeln!(
        out,
        "<details class=\"evidence\"><summary>Evidence</summary><dl>"
    )?;
    for (name, value) in all {
        if let Some(value) = value {
            term(name, value, out)?;
        }
    }
    writeln!(out, "</dl></details>")
}
