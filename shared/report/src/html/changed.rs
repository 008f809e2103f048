// SPDX-License-Identifier: Apache-2.0
//! What changed since an earlier report, on the page.

use std::io::{self, Write};

use keyproof_verdict::{ProbeRow, Report, policy_noun};

use super::sections::open;
use super::{GLANCE, Place};
use crate::changes::{Changes, Kind, Line, state};
use crate::escape::{Markup, Prose};
use crate::words::{self, Standing};

pub(super) fn render(
    changes: &Changes<'_>,
    report: &Report,
    place: Place<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    open(place, "changed", "What changed", out)?;
    writeln!(out, "<p>{}.</p>", Prose(&changes.since()))?;
    if changes.plan(report) {
        writeln!(out, "<p>The plan's text is another now.</p>")?;
    }
    if changes.nothing() {
        writeln!(out, "<p>No probe came out another way.</p>")?;
    }
    moved(changes, place, out)?;
    let appeared: Vec<String> = names(changes.appeared.iter().map(|(_, row)| *row));
    let gone: Vec<String> = names(changes.gone.iter().copied());
    for (title, told) in [("New in this run", appeared), ("No longer probed", gone)] {
        if !told.is_empty() {
            writeln!(out, "<p><b>{title}:</b> {}</p>", told.join(", "))?;
        }
    }
    for (document, lines) in &changes.documents {
        let service = words::service(&document.document);
        let noun = policy_noun(service, document.policy);
        write!(
            out,
            "<figure class=\"document\"><figcaption>The {noun} of <code>{}</code> changed</figcaption>\n\
             <div class=\"scroll code\" tabindex=\"0\" role=\"region\" aria-label=\"Changes of {}{}\">\
             <pre>",
            Markup(&document.document),
            Markup(&document.id),
            place.label
        )?;
        for line in lines {
            self::line(line, out)?;
        }
        writeln!(out, "</pre></div></figure>")?;
    }
    writeln!(out, "</section>")
}

fn line(line: &Line, out: &mut dyn Write) -> io::Result<()> {
    let element = if line.kind == Kind::Added {
        "ins"
    } else {
        "del"
    };
    let sign = line.kind.sign();
    let text = Markup(&line.text);
    match line.kind {
        Kind::Left => writeln!(out, "<span class=\"left\">{sign} {text}</span>"),
        Kind::Same => writeln!(out, "{sign} {text}"),
        Kind::Added | Kind::Removed => writeln!(out, "<{element}>{sign} {text}</{element}>"),
    }
}

fn moved(changes: &Changes<'_>, place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    if changes.moved.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Changed probes{}\">\
         <table class=\"moved\"><thead><tr><th scope=\"col\">Probe</th><th scope=\"col\">Was</th>\
         <th scope=\"col\">Is</th></tr></thead><tbody>",
        place.label
    )?;
    for (position, row, before) in changes.moved.iter().take(GLANCE) {
        writeln!(
            out,
            "<tr><th scope=\"row\"><a href=\"#{}p{position}\"><code>{}</code></a></th>{}{}</tr>",
            place.prefix,
            Markup(&row.id),
            cell(before),
            cell(row)
        )?;
    }
    writeln!(out, "</tbody></table></div>")?;
    match changes.moved.len().saturating_sub(GLANCE) {
        0 => Ok(()),
        more => writeln!(out, "<p>And {more} more.</p>"),
    }
}

fn cell(row: &ProbeRow) -> String {
    let standing = Standing::of(row);
    let (class, symbol) = (standing.as_str(), standing.symbol());
    format!(
        "<td class=\"{class}\">{symbol} {}</td>",
        Markup(&state(row))
    )
}

/// The ids, at most [`GLANCE`].
fn names<'a>(rows: impl ExactSizeIterator<Item = &'a ProbeRow>) -> Vec<String> {
    let more = rows.len().saturating_sub(GLANCE);
    let mut names: Vec<String> = rows
        .take(GLANCE)
        .map(|row| format!("<code>{}</code>", Markup(&row.id)))
        .collect();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names
}
