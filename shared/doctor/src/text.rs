// SPDX-License-Identifier: Apache-2.0
//! The diagnosis for a terminal: what is missing first, each with its mend.

use std::fmt::Write as _;

use keyproof_core::Visible;

use crate::check::{Check, Diagnosis, Mend, State};

/// The diagnosis as text; the policy that the runner needs comes last.
#[must_use]
pub fn render(diagnosis: &Diagnosis, colour: bool) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = writeln!(text, "{}", headline(diagnosis, colour));
    let environment = &diagnosis.environment;
    let runner = environment
        .runner
        .as_deref()
        .unwrap_or("a runner that STS didn't name");
    let runner = visible(runner);
    let _ = write!(
        text,
        "plan {}; as {runner}, in {}",
        diagnosis.plan.name, environment.region
    );
    if let Some(endpoint) = &environment.endpoint {
        let _ = write!(text, ", at {}", visible(endpoint));
    }
    text.push_str("\n\n");
    for state in [State::Problem, State::Unknown, State::Ok] {
        for check in diagnosis.checks.iter().filter(|check| check.state == state) {
            text.push_str(&told(check, colour));
        }
    }
    let _ = writeln!(text, "\nThe policy that the runner needs, and no more:");
    for note in &diagnosis.policy_notes {
        let _ = writeln!(text, "  note: {}", visible(note));
    }
    let policy = serde_json::to_string_pretty(&diagnosis.policy).unwrap_or_default();
    let _ = writeln!(text, "{policy}");
    text
}

fn headline(diagnosis: &Diagnosis, colour: bool) -> String {
    let summary = &diagnosis.summary;
    let all = diagnosis.checks.len();
    let words = match (summary.problem, summary.unknown) {
        (0, 0) => format!("all of {all} things that a run needs are there"),
        (0, unknown) => format!("{unknown} of {all} things that a run needs could not be asked"),
        (problem, 0) => format!("{problem} of {all} things that a run needs are missing"),
        (problem, unknown) => format!(
            "{problem} of {all} things that a run needs are missing, and {unknown} could not be asked"
        ),
    };
    format!("{} {words}", mark(summary.state, colour))
}

fn told(check: &Check, colour: bool) -> String {
    let mut text = format!(
        "{} {}: {}\n",
        mark(check.state, colour),
        visible(&check.id),
        visible(&check.finding)
    );
    for (number, mend) in check.mends.iter().enumerate() {
        text.push_str(&mended(mend, if number == 0 { "mend" } else { "or" }));
    }
    text
}

fn mended(mend: &Mend, word: &str) -> String {
    let mut text = format!("    {word}: {}\n", visible(&mend.text));
    if let Some(statement) = &mend.statement {
        let _ = writeln!(text, "      {statement}");
    }
    if let Some(command) = &mend.command {
        let _ = writeln!(text, "      $ {}", visible(command));
    }
    text
}

fn mark(state: State, colour: bool) -> String {
    let (mark, code) = match state {
        State::Ok => ("✓", "32"),
        State::Problem => ("✗", "31"),
        State::Unknown => ("?", "33"),
    };
    if colour {
        format!("\x1b[{code}m{mark}\x1b[0m")
    } else {
        mark.to_owned()
    }
}

/// What came from elsewhere must not steer a terminal.
fn visible(text: &str) -> String {
    Visible(text).to_string()
}
