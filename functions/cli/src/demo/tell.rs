// SPDX-License-Identifier: Apache-2.0
//! The story as a terminal shows it.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use keyproof_core::PolicyType;
use keyproof_verdict::{ProbeRow, Report, Verdict, service_name};

use super::hold::{read_by, read_of};
use super::{Act, CONTROL, INTRODUCTION, OUTSIDER, READER, Scene, Story, TABLE};
use crate::error::CliError;
use crate::io::Output;

/// Characters in a line.
const WIDTH: usize = 88;

/// Tells the story while it is played.
#[derive(Debug)]
pub(crate) struct Teller<'a> {
    colour: bool,
    out: &'a mut Output,
    act: usize,
}

impl<'a> Teller<'a> {
    pub(crate) fn new(colour: bool, out: &'a mut Output) -> Self {
        Self {
            colour,
            out,
            act: 0,
        }
    }

    /// What it is about, and who is who.
    pub(crate) fn begin(&mut self, endpoint: &str) -> Result<(), CliError> {
        let mut text = String::new();
        paragraph(
            &mut text,
            "",
            &format!("{INTRODUCTION} Watch it do so five times."),
        );
        let _ = write!(
            text,
            "\n  {READER:<9} may read the table `{TABLE}`\n  \
             {OUTSIDER:<9} may do anything in DynamoDB, and must not be able to read `{TABLE}`\n\n"
        );
        paragraph(
            &mut text,
            "",
            &format!(
                "AWS is played by a sandbox in this program, at {endpoint}: real requests, real \
                 signatures, real policies. Nothing leaves this machine."
            ),
        );
        self.say(&text)
    }

    /// What happens in the act.
    pub(crate) fn open(&mut self, scene: &Scene) -> Result<(), CliError> {
        self.act += 1;
        let title = self.painted(BOLD, &format!("{}. {}", self.act, scene.title));
        let mut text = format!("\n{title}\n");
        paragraph(&mut text, "   ", scene.told);
        self.say(&text)
    }

    /// How it ended.
    pub(crate) fn close(&mut self, act: &Act) -> Result<(), CliError> {
        let report = &act.report;
        let headline = keyproof_report::headline(report);
        let verdict = report.summary.verdict;
        let colour = match verdict {
            Verdict::Pass => GREEN,
            Verdict::Fail => RED,
            Verdict::Inconclusive => YELLOW,
        };
        let mut text = format!("   {}\n", self.painted(colour, &headline));
        for line in seen(report, self.act == 1) {
            paragraph(&mut text, "     ", &line);
        }
        if verdict == Verdict::Fail && act.departures.is_empty() {
            paragraph(
                &mut text,
                "   ",
                "Caught: in a pipeline, exit code 1 would have stopped it here.",
            );
        }
        for departure in &act.departures {
            let line = format!("This is not how the story goes: {departure}");
            paragraph(&mut text, "   ", &line);
        }
        self.say(&text)
    }

    /// Whether the story held.
    pub(crate) fn end(&mut self, story: &Story, took: Duration) -> Result<(), CliError> {
        let probes: usize = story
            .acts
            .iter()
            .map(|act| act.report.summary.planned)
            .sum();
        let acts = story.acts.len();
        let ended = if story.held() {
            "The story held: each change was seen, and so was each way back."
        } else {
            "The story did not hold; the lines above say where."
        };
        let ended = self.painted(BOLD, ended);
        let seconds = took.as_secs_f64();
        self.say(&format!(
            "\n{ended}\n{acts} runs, {probes} probes, {seconds:.1} s.\n"
        ))
    }

    /// The last lines.
    pub(crate) fn where_to_look(page: &Path) -> String {
        format!(
            "\nThe story as a page:   {}\nWith your own account: keyproof verify --plan PLAN\n\
             In the sandbox:        keyproof verify --plan PLAN --sandbox TEMPLATE",
            page.display()
        )
    }

    fn painted(&self, style: &str, text: &str) -> String {
        if self.colour {
            format!("\x1b[{style}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn say(&mut self, text: &str) -> Result<(), CliError> {
        // Told as it happens, even into a pipe.
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(CliError::stdout)
    }
}

const BOLD: &str = "1";
const GREEN: &str = "1;32";
const RED: &str = "1;31";
const YELLOW: &str = "1;33";

/// What the act is about, from its report. AWS's own words are told once.
fn seen(report: &Report, quoted: bool) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(read_by(READER, report).map(|row| tried(READER, TABLE, row)));
    lines.extend(read_by(OUTSIDER, report).map(|row| tried(OUTSIDER, TABLE, row)));
    let control = read_of(OUTSIDER, CONTROL, report);
    lines.extend(control.map(|row| tried(OUTSIDER, CONTROL, row)));
    let outsider = read_by(OUTSIDER, report);
    lines.extend(outsider.and_then(cause));
    lines.extend(outsider.filter(|_| quoted).and_then(quotation));
    lines
}

fn tried(principal: &str, table: &str, row: &ProbeRow) -> String {
    let answer = match (row.observed.decision.as_str(), row.observed.by) {
        ("allowed", _) => "allowed".to_owned(),
        ("denied", Some(by)) => format!("denied by {}", service_name(by)),
        (other, _) => other.to_owned(),
    };
    let expected = match row.verdict {
        Verdict::Pass => "as it must be".to_owned(),
        Verdict::Fail | Verdict::Inconclusive => {
            format!("but it must be {}", row.expected.decision)
        }
    };
    format!("{principal} reads `{table}`: {answer}, {expected}")
}

/// What let the caller in.
fn cause(row: &ProbeRow) -> Option<String> {
    let cause = row.cause.as_ref()?;
    let statement = cause.statement.as_deref().unwrap_or("without a name");
    let document = cause.document.as_deref().unwrap_or("the key");
    Some(match cause.policy {
        PolicyType::Grant => format!("let in by the grant {statement} on {document}"),
        _ => format!("let in by the statement `{statement}` in the policy of {document}"),
    })
}

/// AWS's own words for a denial, without who was denied, which the line above says.
fn quotation(row: &ProbeRow) -> Option<String> {
    let message = row.observed.message.as_deref()?;
    let sentence = message.get(message.find("is not authorized to perform: ")?..)?;
    let end = sentence.find(" (Service:").unwrap_or(sentence.len());
    Some(format!(
        "in the words of AWS: \"… {}\"",
        sentence.get(..end)?
    ))
}

/// Appends a text in lines of at most [`WIDTH`], each with the margin. Long words stay whole.
fn paragraph(out: &mut String, margin: &str, text: &str) {
    let mut width = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if width == 0 {
            out.push_str(margin);
            width = margin.len();
        } else if width + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(margin);
            width = margin.len();
        } else {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out.push('\n');
}
