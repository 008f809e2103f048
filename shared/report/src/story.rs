// SPDX-License-Identifier: Apache-2.0
//! A story: several reports one after another, each with what was expected of it. The demo's page.

use std::io::{self, BufWriter, Write};

use keyproof_verdict::{Report, Verdict};

use crate::html;

/// Several runs that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Story {
    /// The title.
    pub title: String,
    /// What the reader is about to see, one paragraph. Text between backticks is code.
    pub introduction: String,
    /// The chapters, in order.
    pub chapters: Vec<Chapter>,
}

/// One run of a story.
#[derive(Clone, Debug, PartialEq)]
pub struct Chapter {
    /// The title.
    pub title: String,
    /// What was done before this run and what should come of it. Text between backticks is code.
    pub sentence: String,
    /// The verdict that the story expects.
    pub expected: Verdict,
    /// The run.
    pub report: Report,
}

impl Story {
    /// Whether each run came out as the story expects. A story without chapters holds nothing.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.chapters.is_empty() && self.chapters.iter().all(Chapter::holds)
    }
}

impl Chapter {
    /// Whether the run came out as expected.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.report.summary.verdict == self.expected
    }
}

/// Writes the story as one self-contained HTML page.
///
/// # Errors
///
/// Whatever `out` reports.
pub fn render_story(story: &Story, out: &mut impl Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    html::story(story, &mut out)?;
    out.flush()
}
