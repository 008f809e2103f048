// SPDX-License-Identifier: Apache-2.0
//! Text for a terminal: the verdict in the first line, then what needs a person, then the matrix.

mod changed;
mod why;

use std::io::{self, Write};

use keyproof_verdict::{ProbeRow, Report};

use crate::causes::Causes;
use crate::changes::Changes;
use crate::escape::Visible;
use crate::grid::{self, Grid};
use crate::timing;
use crate::words::{self, Standing};
use crate::{Options, headline};

/// Lines of the matrix are no longer than this, as far as names allow.
const WIDTH: usize = 100;

pub(crate) fn render(
    report: &Report,
    options: Options<'_>,
    changes: Option<&Changes<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let paint = Paint {
        colour: options.colour,
    };
    let standing = Standing::of_run(report.summary.verdict);
    let first = format!("{} {}", standing.symbol(), headline(report));
    writeln!(out, "{}", paint.bold(standing, &first))?;
    writeln!(
        out,
        "plan {}, region {}{}",
        Visible(&report.plan.name),
        Visible(&report.environment.region),
        where_run(report)
    )?;
    let causes = Causes::of(report);
    why::render(&causes, out)?;
    for (title, standing) in [
        ("FAILED", Standing::Fail),
        ("PROVED NOTHING", Standing::Inconclusive),
        ("FAILED, EXCEPTED", Standing::Excepted),
    ] {
        section(report, title, standing, &causes, paint, out)?;
    }
    if let Some(changes) = changes {
        changed::render(changes, report, paint, out)?;
    }
    if !report.exceptions.is_empty() {
        writeln!(out, "\nEXCEPTIONS")?;
        for note in &report.exceptions {
            writeln!(out, "  {}", Visible(&words::exception(note)))?;
        }
    }
    notes(report, out)?;
    for grid in &grid::grids(report) {
        matrix(grid, paint, out)?;
    }
    footer(report, out)
}

fn where_run(report: &Report) -> String {
    let environment = &report.environment;
    let account = environment.account.as_ref();
    let account = account.map_or_else(String::new, |account| format!(", account {account}"));
    let endpoint = environment.endpoint.as_ref();
    let endpoint = endpoint.map_or_else(String::new, |url| format!(", endpoint {url}"));
    Visible(&format!("{account}{endpoint}")).to_string()
}

fn section(
    report: &Report,
    title: &str,
    standing: Standing,
    causes: &Causes<'_>,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let rows = words::rows(report, standing);
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", paint.bold(standing, title))?;
    rows.into_iter().try_for_each(|(position, row)| {
        let cause = causes.number(position);
        entry(report, row, cause, paint, out)
    })
}

fn entry(
    report: &Report,
    row: &ProbeRow,
    cause: Option<usize>,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    let standing = Standing::of(row);
    let finding = row.finding.map_or("", |finding| finding.as_str());
    let head = format!("{} {finding}", standing.symbol());
    writeln!(
        out,
        "  {}  {}",
        paint.plain(standing, &head),
        Visible(&row.id)
    )?;
    wrapped(&row.reason, out)?;
    if let Some(message) = &row.observed.message {
        let code = row.observed.error_code.as_deref().unwrap_or("message");
        wrapped(&format!("{code}: {message}"), out)?;
    }
    let place = words::place(report, row).map(|place| format!("plan {place}"));
    let request = row
        .observed
        .request_id
        .as_ref()
        .map(|id| format!("request {id}"));
    let attempts = Some(row.observed.attempts).filter(|attempts| *attempts > 1);
    let attempts = attempts.map(|attempts| words::count(attempts as usize, "attempt"));
    let cause = cause.map(|number| format!("cause {}", number + 1));
    let facts = [cause, place, request, attempts].into_iter().flatten();
    let facts: Vec<String> = facts.collect();
    if facts.is_empty() {
        Ok(())
    } else {
        writeln!(out, "    {}", Visible(&facts.join(", ")))
    }
}

/// What the verdicts rest on. Parts that decide no access are only counted: a large template has
/// hundreds.
fn notes(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let (matter, left_out) = words::notes(report);
    if report.notes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nNOT SEEN, OR TAKEN FOR GRANTED")?;
    for note in matter {
        writeln!(out, "  {}", Visible(&note.kind))?;
        wrapped(&words::note(note), out)?;
    }
    match left_out.len() {
        0 => Ok(()),
        number => writeln!(out, "  {}", words::left_out(number)),
    }
}

/// A sentence, indented, broken at spaces. An ARN is never broken.
fn wrapped(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let text = Visible(text).to_string();
    let mut used = 0;
    for word in text.split(' ') {
        let wide = width(word);
        if used == 0 {
            write!(out, "    {word}")?;
            used = wide + 4;
        } else if used + wide + 1 > WIDTH {
            write!(out, "\n    {word}")?;
            used = wide + 4;
        } else {
            write!(out, " {word}")?;
            used += wide + 1;
        }
    }
    writeln!(out)
}

fn matrix(grid: &Grid<'_>, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let title = Visible(grid.table.unwrap_or("roles")).to_string();
    writeln!(out, "\n{title}")?;
    if let Some((_, row)) = grid.encryption {
        let standing = Standing::of(row);
        let key = row.observed.key.as_deref().unwrap_or("not found out");
        let text = format!("{} encryption: {}", standing.symbol(), Visible(key));
        writeln!(out, "  {}", paint.plain(standing, &text))?;
    }
    let names: Vec<String> = grid
        .lines
        .iter()
        .map(|line| Visible(&line.name()).to_string())
        .collect();
    let first = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let mut start = 0;
    while start < grid.principals.len() {
        let mut widths = Vec::new();
        let mut used = first + 2;
        for column in start..grid.principals.len() {
            let wide = column_width(grid, column);
            if used + wide + 2 > WIDTH && !widths.is_empty() {
                break;
            }
            used += wide + 2;
            widths.push(wide);
        }
        write!(out, "  {:first$}", "")?;
        let mut heads = String::new();
        for (principal, &wide) in grid.principals.iter().skip(start).zip(&widths) {
            heads.push_str("  ");
            heads.push_str(&pad(&Visible(principal).to_string(), wide));
        }
        writeln!(out, "{}", heads.trim_end())?;
        for (line, name) in grid.lines.iter().zip(&names) {
            let mut cells = line.cells.iter().skip(start).zip(&widths).peekable();
            if cells.clone().all(|(cell, _)| cell.is_none()) {
                continue;
            }
            write!(out, "  {}", pad(name, first))?;
            while let Some((cell, &wide)) = cells.next() {
                let last = cells.peek().is_none();
                let (standing, text) = match cell {
                    Some((_, row)) => (Standing::of(row), cell_text(row)),
                    None => (Standing::Pass, "·".to_owned()),
                };
                let padded = if last { text } else { pad(&text, wide) };
                let painted = if cell.is_some() {
                    paint.plain(standing, &padded)
                } else {
                    padded
                };
                write!(out, "  {painted}")?;
            }
            writeln!(out)?;
        }
        start += widths.len().max(1);
    }
    Ok(())
}

fn cell_text(row: &ProbeRow) -> String {
    format!("{} {}", Standing::of(row).symbol(), words::observed(row))
}

fn column_width(grid: &Grid<'_>, column: usize) -> usize {
    let name = grid
        .principals
        .get(column)
        .map_or(0, |name| width(&Visible(name).to_string()));
    let cells = grid
        .lines
        .iter()
        .filter_map(|line| line.cells.get(column).copied().flatten());
    cells
        .map(|(_, row)| width(&cell_text(row)))
        .fold(name, usize::max)
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn pad(text: &str, wide: usize) -> String {
    format!("{text}{}", " ".repeat(wide.saturating_sub(width(text))))
}

fn footer(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    for timing in timing::timings(report) {
        let repeated = match timing.repeated {
            0 => String::new(),
            repeated => format!(", {repeated} sent more than once"),
        };
        writeln!(
            out,
            "{}: {}, median {}, slowest {}{repeated}",
            timing.service,
            words::count(timing.calls, "call"),
            words::duration(timing.median),
            words::duration(timing.slowest),
        )?;
    }
    if let Some(sentinel) = words::sentinel(report) {
        writeln!(out, "sentinel {}", Visible(&sentinel))?;
    }
    writeln!(
        out,
        "run {} took {} from {}; {}; keyproof {}",
        Visible(&report.run.id),
        words::duration(report.run.duration_ms),
        Visible(&report.run.started_at),
        Visible(&report.plan.digest),
        Visible(&report.environment.version),
    )
}

/// Colours, where they were asked for. They only repeat what symbols and words say.
#[derive(Clone, Copy)]
struct Paint {
    colour: bool,
}

impl Paint {
    fn plain(self, standing: Standing, text: &str) -> String {
        self.with("", standing, text)
    }

    fn bold(self, standing: Standing, text: &str) -> String {
        self.with("1;", standing, text)
    }

    fn with(self, weight: &str, standing: Standing, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let colour = match standing {
            Standing::Pass => 32,
            Standing::Fail => 31,
            Standing::Inconclusive => 33,
            Standing::Excepted => 35,
        };
        format!("\u{1b}[{weight}{colour}m{text}\u{1b}[0m")
    }
}
