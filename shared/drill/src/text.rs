// SPDX-License-Identifier: Apache-2.0
//! The report for a person: what is open first, then each drill.

use std::fmt::Write as _;

use keyproof_core::is_invisible;
use keyproof_verdict::{ObservedRow, Verdict};

use crate::judge::seconds;
use crate::report::{DrillReport, DrillRow, GrantState, PassageRow};

/// The report as text.
#[must_use]
pub fn text(report: &DrillReport) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = writeln!(text, "{}", headline(report));
    let _ = writeln!(
        text,
        "plan {}, region {}, run {}",
        report.plan.name, report.environment.region, report.run.id
    );
    if !report.open.is_empty() {
        let _ = writeln!(text, "\nOPEN GRANTS: REVOKE THEM NOW");
        for grant in &report.open {
            let _ = writeln!(text, "  {} on {}", grant.name, grant.key);
            let _ = writeln!(text, "    {}", grant.reason);
            let _ = writeln!(text, "    {}", grant.command);
        }
    }
    let revoked = report
        .leftovers
        .iter()
        .filter(|grant| grant.state == GrantState::Revoked);
    for grant in revoked {
        let _ = writeln!(
            text,
            "\nA grant that an earlier drill left behind was revoked: {} on {}",
            grant.name, grant.key
        );
    }
    for row in &report.drills {
        drill(row, &mut text);
    }
    text.chars()
        .map(|character| match character {
            '\n' => "\n".to_owned(),
            hidden if is_invisible(hidden) => hidden.escape_default().to_string(),
            other => other.to_string(),
        })
        .collect()
}

fn headline(report: &DrillReport) -> String {
    let sum = &report.summary;
    let drills = |number: usize| format!("{number} drill{}", if number == 1 { "" } else { "s" });
    let mut line = match sum.verdict {
        Verdict::Pass if sum.planned == 0 && report.leftovers.is_empty() => {
            "✓ PASS: no grant of an earlier drill is left".to_owned()
        }
        Verdict::Pass if sum.planned == 0 => {
            "✓ PASS: what earlier drills left behind was revoked".to_owned()
        }
        Verdict::Pass => format!(
            "✓ PASS: temporary access came and went in {}",
            drills(sum.planned)
        ),
        Verdict::Fail => format!("✗ FAIL: {} of {} failed", sum.fail, drills(sum.planned)),
        Verdict::Inconclusive => format!(
            "? INCONCLUSIVE: {} of {} proved nothing",
            sum.inconclusive,
            drills(sum.planned)
        ),
    };
    if sum.open > 0 {
        let _ = write!(
            line,
            "; {} grant{} open, or may be",
            sum.open,
            if sum.open == 1 { " is" } else { "s are" }
        );
    }
    line
}

fn drill(row: &DrillRow, text: &mut String) {
    let symbol = match row.verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "✗",
        Verdict::Inconclusive => "?",
    };
    let finding = row
        .finding
        .map_or_else(String::new, |finding| format!(" {finding}"));
    let _ = writeln!(
        text,
        "\n{symbol}{finding}  {} reads {} ({})",
        row.principal, row.table, row.action
    );
    let _ = writeln!(text, "  {}", row.reason);
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<14}{value}");
    };
    if let Some(key) = &row.key {
        line("key", key.clone());
    }
    if let Some(before) = &row.before {
        line("before", answer(before));
    }
    if let Some(grant) = &row.grant {
        let state = match grant.state {
            GrantState::Revoked => "revoked",
            GrantState::Open => "OPEN, or may be",
        };
        line("grant", format!("{}: {state}", grant.name));
    }
    for (name, way) in [
        ("access came", &row.appeared),
        ("access went", &row.disappeared),
    ] {
        if let Some(way) = way {
            line(name, passage(way));
        }
    }
    if let Some(kept) = &row.kept_session {
        let value = match (kept.denied_after_ms, kept.last_allowed_ms) {
            (Some(after), _) => format!("denied {} after the revocation", seconds(after)),
            (None, Some(last)) => format!(
                "still reading {} after the revocation, with the table key that DynamoDB keeps while \
                 it is used",
                seconds(last)
            ),
            (None, None) => "told nothing".to_owned(),
        };
        line("kept session", format!("{value} ({} reads)", kept.reads));
    }
}

fn answer(seen: &ObservedRow) -> String {
    match seen.by {
        Some(by) => format!("{} by {by}", seen.decision),
        None => seen.decision.clone(),
    }
}

fn passage(way: &PassageRow) -> String {
    let mut told = match way.after_ms {
        Some(after) => format!("after {}", seconds(after)),
        None => "not seen".to_owned(),
    };
    if let Some(last) = way.last_before_ms {
        let _ = write!(told, ", last seen otherwise after {}", seconds(last));
    }
    let _ = write!(
        told,
        " ({} read{}",
        way.reads,
        if way.reads == 1 { "" } else { "s" }
    );
    if way.flickers > 0 {
        let _ = write!(told, ", {} times back and forth", way.flickers);
    }
    if way.blind > 0 {
        let _ = write!(told, ", {} without an answer", way.blind);
    }
    told.push(')');
    told
}
