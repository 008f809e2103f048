// SPDX-License-Identifier: Apache-2.0
//! One report in the form that each reader can use.
//!
//! [`render`] is a pure function of a [`Report`]: no clock, no environment, the same bytes for the
//! same report. Whatever a report holds, names and messages of services included, is escaped for the
//! format it goes to, and characters that act on a terminal or hide text are made visible.
//!
//! One file for each format; `grid` and `words` hold what they share.

mod asff;
mod badge;
mod causes;
mod changes;
mod escape;
mod finding;
mod format;
mod grid;
mod html;
mod json;
mod junit;
mod markdown;
mod ocsf;
mod pretty;
mod sarif;
mod story;
mod text;
mod timing;
mod words;

#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, Write};

use keyproof_verdict::Report;

use changes::Changes;

pub use asff::{Hub, asff_finding, asff_lapsed};
pub use badge::{Standing as BadgeStanding, badge, is_young};
pub use escape::{markup, prose, visible};
pub use finding::{Stamp, controls};
pub use format::{Format, UnknownFormat};
pub use html::STYLE;
pub use ocsf::ocsf_finding;
pub use story::{Chapter, Story, render_story};
pub use words::{Standing, advice, cause as cause_sentence, headline, unneeded};

/// What a renderer may be told beside the report.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options<'a> {
    /// ANSI colours in text. Off by default: files and pipes get none.
    pub colour: bool,
    /// An earlier report of the same plan, best the last that passed: what people read says what
    /// changed since.
    pub previous: Option<&'a Report>,
}

/// Writes `report` to `out` in `format`.
///
/// # Errors
///
/// Whatever `out` reports; a closed pipe is for the caller to take calmly.
pub fn render(
    report: &Report,
    format: Format,
    options: Options<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    let changes = options.previous;
    let changes = changes.map(|previous| Changes::between(previous, report));
    let changes = changes.as_ref();
    match format {
        Format::Text => text::render(report, options, changes, &mut out)?,
        Format::Json => json::render(report, &mut out)?,
        Format::Jsonl => json::render_lines(report, &mut out)?,
        Format::Junit => junit::render(report, &mut out)?,
        Format::Sarif => sarif::render(report, &mut out)?,
        Format::Html => html::render(report, changes, &mut out)?,
        Format::Markdown => markdown::render(report, changes, &mut out)?,
        Format::Ocsf => ocsf::render(report, &mut out)?,
        Format::Asff => asff::render(report, &mut out)?,
    }
    out.flush()
}
