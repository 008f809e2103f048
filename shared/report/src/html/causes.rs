// SPDX-License-Identifier: Apache-2.0
//! Why: each statement that is to blame, marked in its document, with the probes it decides.

use std::io::{self, Write};

use keyproof_verdict::{DocumentRow, ProbeRow, Report};

use super::Place;
use super::sections::{open, term};
use crate::causes::{Blamed, Causes};
use crate::escape::{Markup, Prose};
use crate::pretty;
use crate::words::{self, Standing};

/// As many probes are named under one cause; the cards have them all.
const LISTED: usize = 12;

pub(super) fn render(
    causes: &Causes<'_>,
    report: &Report,
    place: Place<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if causes.is_empty() {
        return Ok(());
    }
    open(place, "why", "Why", out)?;
    for (number, blamed) in causes.all().iter().enumerate() {
        one(report, number, blamed, place, out)?;
    }
    writeln!(out, "</section>")
}

fn one(
    report: &Report,
    number: usize,
    blamed: &Blamed<'_>,
    place: Place<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (prefix, level) = (place.prefix, place.level + 1);
    let cause = blamed.cause;
    let noun = words::document(cause);
    writeln!(
        out,
        "<article class=\"card why\" id=\"{prefix}c{number}\">\n<h{level}>{}</h{level}>",
        Prose(&words::capitalised(&words::cause_in_short(cause)))
    )?;
    writeln!(out, "<dl>")?;
    if let Some(document) = &cause.document {
        term("Document", document, out)?;
    }
    if let Some(file) = &cause.file {
        let line = cause
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        term("Template", &format!("{file}{line}"), out)?;
    }
    if let Some(changed) = &cause.changed {
        let parts = [
            Some(changed.event.clone()),
            changed.by.as_ref().map(|by| format!("by {by}")),
            changed.at.as_ref().map(|at| format!("at {at}")),
            changed
                .event_id
                .as_ref()
                .map(|id| format!("CloudTrail event {id}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        term("Changed with", &parts.join(", "), out)?;
    }
    for other in blamed.others() {
        writeln!(out, "<div><dt>Or</dt><dd>{}</dd></div>", Prose(&other))?;
    }
    for mend in blamed.mends() {
        let mend = Prose(&mend);
        writeln!(out, "<div><dt>What to do</dt><dd>{mend}</dd></div>")?;
    }
    writeln!(out, "</dl>")?;
    decided(&blamed.rows, place, out)?;
    let mut documents = report.documents.iter();
    let held = documents.find(|document| Some(&document.id) == cause.source.as_ref());
    if let Some(document) = held {
        let label = format!("{noun}, cause {}{}", number + 1, place.label);
        text(document, cause.pointer.as_deref(), &label, out)?;
    }
    writeln!(out, "</article>")
}

fn decided(rows: &[(usize, &ProbeRow)], place: Place<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<p>It decides {}:</p>\n<ul class=\"decided\">",
        words::count(rows.len(), "probe")
    )?;
    for (position, row) in rows.iter().take(LISTED) {
        let standing = Standing::of(row);
        writeln!(
            out,
            "<li><span class=\"{}\">{} {}</span> <a href=\"#{}p{position}\"><code>{}</code></a></li>",
            standing.as_str(),
            standing.symbol(),
            row.finding.map_or("", |finding| finding.as_str()),
            place.prefix,
            Markup(&row.id)
        )?;
    }
    if let Some(more) = rows.len().checked_sub(LISTED).filter(|more| *more > 0) {
        writeln!(out, "<li>and {more} more</li>")?;
    }
    writeln!(out, "</ul>")
}

/// Lines that stand further than this from the statement are folded away, if there are more than a
/// few of them.
const NEAR: usize = 3;

/// The document, the statement marked; what is far from it opens on demand.
fn text(
    document: &DocumentRow,
    pointer: Option<&str>,
    label: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let pointers: Vec<&str> = pointer.into_iter().collect();
    let lines = pretty::lines(&document.content, &pointers);
    let first = lines.iter().position(|line| line.pointed.is_some());
    let last = lines.iter().rposition(|line| line.pointed.is_some());
    let (Some(first), Some(last)) = (first, last) else {
        writeln!(
            out,
            "<figure class=\"document\"><figcaption>The document as it stood in this run</figcaption>"
        )?;
        frame(label, out)?;
        folded(&lines, out)?;
        return writeln!(out, "</div></figure>");
    };
    writeln!(
        out,
        "<figure class=\"document\"><figcaption>The document as it stood in this run, the statement \
         marked</figcaption>"
    )?;
    frame(label, out)?;
    let (before, rest) = lines.split_at(first);
    let (marked, after) = rest.split_at(last + 1 - first);
    let (far, near) = before.split_at(before.len().saturating_sub(NEAR));
    folded(far, out)?;
    plain(near, out)?;
    write!(out, "<mark>")?;
    plain(marked, out)?;
    writeln!(out, "</mark>")?;
    let (near, far) = after.split_at(after.len().min(NEAR));
    plain(near, out)?;
    folded(far, out)?;
    writeln!(out, "</div></figure>")
}

fn frame(label: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<div class=\"scroll code\" tabindex=\"0\" role=\"region\" aria-label=\"The {}\">",
        Markup(label)
    )
}

fn plain(lines: &[pretty::Line], out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let text: Vec<String> = lines
        .iter()
        .map(|line| Markup(&line.text).to_string())
        .collect();
    writeln!(out, "<pre>{}</pre>", text.join("\n"))
}

fn folded(lines: &[pretty::Line], out: &mut dyn Write) -> io::Result<()> {
    if lines.len() <= 2 * NEAR {
        return plain(lines, out);
    }
    writeln!(
        out,
        "<details><summary>{}</summary>",
        words::count(lines.len(), "line")
    )?;
    plain(lines, out)?;
    writeln!(out, "</details>")
}
