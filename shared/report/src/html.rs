// SPDX-License-Identifier: Apache-2.0
//! One self-contained page: no script, nothing loaded from anywhere.
//!
//! Details open and close as `<details>` do, so that the page works with a keyboard alone and opens
//! fast with 10,000 probes: what is closed is not laid out. Verdicts are symbols and words; colour
//! only repeats them. The policy in the head forbids whatever the page doesn't need.

mod causes;
mod changed;
mod matrix;
mod probes;
mod sections;

use std::io::{self, Write};

use keyproof_verdict::{Report, Verdict};

use crate::causes::Causes;
use crate::changes::Changes;
use crate::escape::{Markup, Prose};
use crate::headline;
use crate::story::{Chapter, Story};
use crate::words::Standing;

/// The style of a report's page, for pages that stand beside it.
pub const STYLE: &str = include_str!("html/style.css");

/// As many probes make a matrix that is taken in at a glance.
const GLANCE: usize = 200;

pub(crate) fn render(
    report: &Report,
    changes: Option<&Changes<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let title = format!("{}: {}", report.plan.name, report.summary.verdict);
    let glance = report.probes.len() <= GLANCE;
    let causes = Causes::of(report);
    head(&title, out)?;
    let place = Place {
        prefix: "",
        level: 2,
        label: "",
        spacious: glance,
    };
    writeln!(
        out,
        "<body{}>\n<a class=\"skip\" href=\"#main\">Skip to the findings</a>\n<header>",
        if glance { "" } else { " class=\"large\"" }
    )?;
    sections::product(report, out)?;
    banner(report, "h1", out)?;
    sections::tiles(report, out)?;
    sections::contents(report, &causes, changes.is_some(), out)?;
    writeln!(out, "</header>\n<main id=\"main\">")?;
    causes::render(&causes, report, place, out)?;
    // The matrix first, as the whole picture; where it fills screens, what needs a person.
    if glance {
        matrix::render(report, place, out)?;
    }
    sections::findings(report, &causes, place, out)?;
    if let Some(changes) = changes {
        changed::render(changes, report, place, out)?;
    }
    sections::exceptions(report, place, out)?;
    if !glance {
        matrix::render(report, place, out)?;
    }
    probes::list(report, place, out)?;
    sections::timings(report, place, out)?;
    sections::notes(report, place, out)?;
    sections::not_checked(report, place, out)?;
    sections::legend(place, out)?;
    writeln!(out, "</main>")?;
    sections::footer(report, out)?;
    writeln!(out, "</body>\n</html>")
}

pub(crate) fn story(story: &Story, out: &mut dyn Write) -> io::Result<()> {
    head(&story.title, out)?;
    let standing = if story.holds() {
        Standing::Pass
    } else {
        Standing::Fail
    };
    let sentence = if story.holds() {
        "The story held: every run came out as told."
    } else {
        "The story did not hold: a run came out otherwise than told."
    };
    writeln!(
        out,
        "<body>\n<a class=\"skip\" href=\"#main\">Skip to the story</a>\n<header>"
    )?;
    writeln!(
        out,
        "<p class=\"product\">keyproof</p>\n<h1>{}</h1>",
        Markup(&story.title)
    )?;
    writeln!(out, "<p class=\"lead\">{}</p>", Prose(&story.introduction))?;
    verdict_line(standing, sentence, "p", out)?;
    writeln!(out, "<nav aria-label=\"Chapters\"><ol class=\"chapters\">")?;
    for (number, chapter) in (1..).zip(&story.chapters) {
        let standing = Standing::of_run(chapter.report.summary.verdict);
        writeln!(
            out,
            "<li><a href=\"#chapter-{number}\">{}</a> <span class=\"mark {}\">{} {}</span></li>",
            Markup(&chapter.title),
            standing.as_str(),
            standing.symbol(),
            standing.as_str(),
        )?;
    }
    writeln!(out, "</ol></nav>\n</header>\n<main id=\"main\">")?;
    for (number, chapter) in (1..).zip(&story.chapters) {
        self::chapter(number, chapter, out)?;
    }
    sections::legend(
        Place {
            prefix: "",
            level: 2,
            label: "",
            spacious: true,
        },
        out,
    )?;
    writeln!(out, "</main>\n</body>\n</html>")
}

fn chapter(number: usize, chapter: &Chapter, out: &mut dyn Write) -> io::Result<()> {
    let prefix = format!("c{number}-");
    let label = format!(", chapter {number}");
    let place = Place {
        prefix: &prefix,
        level: 3,
        label: &label,
        spacious: chapter.report.probes.len() <= GLANCE,
    };
    writeln!(out, "<section class=\"chapter\" id=\"chapter-{number}\">")?;
    writeln!(out, "<h2>{number}. {}</h2>", Markup(&chapter.title))?;
    writeln!(out, "<p class=\"lead\">{}</p>", Prose(&chapter.sentence))?;
    banner(&chapter.report, "p", out)?;
    let told = match (chapter.holds(), chapter.expected) {
        (true, Verdict::Pass) => "As told: this run had to pass.".to_owned(),
        (true, Verdict::Fail) => "As told: this run had to fail.".to_owned(),
        (true, Verdict::Inconclusive) => "As told: this run had to prove nothing.".to_owned(),
        (false, expected) => format!("Not as told: the story expects {expected} here."),
    };
    writeln!(out, "<p class=\"told\">{told}</p>")?;
    let causes = Causes::of(&chapter.report);
    matrix::render(&chapter.report, place, out)?;
    causes::render(&causes, &chapter.report, place, out)?;
    sections::findings(&chapter.report, &causes, place, out)?;
    probes::list(&chapter.report, place, out)?;
    sections::facts(&chapter.report, out)?;
    writeln!(out, "</section>")
}

/// Where on a page a report stands: what its ids begin with, and the level of its headings.
#[derive(Clone, Copy)]
struct Place<'a> {
    prefix: &'a str,
    level: u8,
    /// What tells this report's landmarks from those of others on the page.
    label: &'a str,
    /// Whether the report is small enough to say what goes without saying, too.
    spacious: bool,
}

fn head(title: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src \
         'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{} - keyproof</title>\n<style>\n{STYLE}</style>\n</head>",
        Markup(title)
    )
}

/// The verdict sentence.
fn banner(report: &Report, element: &str, out: &mut dyn Write) -> io::Result<()> {
    verdict_line(
        Standing::of_run(report.summary.verdict),
        &headline(report),
        element,
        out,
    )
}

fn verdict_line(
    standing: Standing,
    sentence: &str,
    element: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "<{element} class=\"verdict {}\"><span class=\"sign\" aria-hidden=\"true\">{}</span> \
         <span>{}</span></{element}>",
        standing.as_str(),
        standing.symbol(),
        Markup(sentence),
    )
}
