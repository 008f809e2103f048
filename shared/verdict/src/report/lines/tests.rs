// SPDX-License-Identifier: Apache-2.0
//! A report in lines: whole, in any order, cut off at each byte, altered.

use super::{FirstLine, Line};
use crate::{Report, ReportError, Verdict};

fn report() -> Report {
    Report::from_json(include_str!("../../judge/tests/report.json")).unwrap()
}

fn read(text: &str) -> Result<Report, String> {
    Report::from_json(text).map_err(|error| error.to_string())
}

#[test]
fn lines_hold_the_whole_report() {
    let report = report();
    let text = report.to_lines().unwrap();

    assert_eq!(text.lines().count(), report.probes.len() + 2);
    assert!(text.starts_with("{\"schema\":\"keyproof.report.lines/v1\",\"run\":{\"id\":"));
    // No row is told twice.
    for row in &report.probes {
        let id = serde_json::to_string(&row.id).unwrap();
        assert_eq!(text.matches(&format!("\"id\":{id}")).count(), 1, "{id}");
    }
    assert_eq!(read(&text), Ok(report));
}

#[test]
fn probes_may_come_in_any_order() {
    let report = report();
    let text = report.to_lines().unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    let end = lines.len() - 1;
    lines[1..end].reverse();

    assert_eq!(read(&lines.join("\n")), Ok(report));
}

#[test]
fn what_is_cut_off_at_any_byte_is_no_report() {
    let report = report();
    let text = report.to_lines().unwrap();
    let first = text.find('\n').unwrap() + 1;

    // The last line's own end may be missing.
    for end in first..text.len() - 1 {
        let Some(cut) = text.get(..end) else { continue };
        match Report::from_json(cut) {
            Err(ReportError::CutOff { found, planned }) => {
                assert!(found <= planned && planned == report.probes.len());
            }
            other => panic!("cut at {end}: {other:?}"),
        }
    }
    let two = text.lines().take(2).collect::<Vec<_>>().join("\n");
    assert_eq!(
        read(&two),
        Err(format!(
            "the run was cut off: 1 of {} probes are there, and no last line; `keyproof verify \
             --resume` goes on from it",
            report.probes.len()
        ))
    );
}

#[test]
fn each_line_is_read_until_one_breaks_off() {
    let text = report().to_lines().unwrap();
    let all: Vec<_> = Line::each(text.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(all.len(), text.lines().count());
    assert!(matches!(&all[0], Line::First(first) if first.planned == all.len() - 2));

    let cut = text.get(..text.len() - 10).unwrap();
    let most: Vec<_> = Line::each(cut.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(most, all[..all.len() - 1]);

    let broken = text.replacen("\"verdict\"", "\"vredict\"", 1);
    let errors: Vec<_> = Line::each(broken.as_bytes())
        .filter_map(|line| line.err().map(|error| error.to_string()))
        .collect();
    assert_eq!(errors.len(), 1);
    assert!(errors[0].starts_with("line 2 is no line of a report: missing field `verdict`"));
}

#[test]
fn rows_before_the_run_began_again_count_for_nothing() {
    let report = report();
    let text = report.to_lines().unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let mut other = report.probes[0].clone();
    "of before".clone_into(&mut other.reason);
    let again = format!(
        "{first}\n{}{}{rest}",
        other.to_line(0).unwrap(),
        Line::AGAIN
    );

    assert_eq!(read(&again), Ok(report));
}

#[test]
fn a_probe_twice_too_many_or_after_the_end_is_refused() {
    let report = report();
    let text = report.to_lines().unwrap();
    let row = report.probes[0].to_line(0).unwrap();

    let (first, rest) = text.split_once('\n').unwrap();
    assert_eq!(
        read(&format!("{first}\n{row}{rest}")),
        Err("line 3 of the report is damaged: probe 0 is there twice".to_owned())
    );
    let beyond = report.probes[0].to_line(900).unwrap();
    assert_eq!(
        read(&format!("{first}\n{beyond}{rest}")),
        Err(format!(
            "line 2 of the report is damaged: there is no probe 900 of {}",
            report.probes.len()
        ))
    );
    let lines = text.lines().count();
    assert_eq!(
        read(&format!("{text}{row}")),
        Err(format!(
            "line {} of the report is damaged: the report has ended before it",
            lines + 1
        ))
    );
}

#[test]
fn passes_of_a_sentinel_that_slept_are_taken_back() {
    let mut report = report();
    let rows = report.to_lines().unwrap();
    let sentinel = report.sentinel.as_mut().unwrap();
    sentinel.awake = false;
    report.summary.verdict = Verdict::Inconclusive;
    let (rows, _) = rows.trim_end().rsplit_once('\n').unwrap();
    let end = Report {
        probes: Vec::new(),
        ..report
    };
    let text = format!("{rows}\n{}", end.to_last_line().unwrap());

    let found = Report::from_json(&text).unwrap();
    assert!(rows.contains("\"verdict\":\"pass\""));
    assert!(found.probes.iter().all(|row| row.verdict != Verdict::Pass));
}

#[test]
fn a_json_report_is_not_taken_for_lines() {
    assert!(!FirstLine::begins(&report().to_json().unwrap()));
    assert!(!FirstLine::begins(""));
    assert!(FirstLine::begins(&report().to_lines().unwrap()));
}

#[test]
fn a_probe_beyond_the_planned_ones_is_refused() {
    let report = report();
    let planned = report.probes.len();
    let text = report.to_lines().unwrap();
    let last = planned - 1;
    let [was, is] = [last, planned].map(|place| format!("{{\"place\":{place},"));
    let beyond = text.replace(&was, &is);
    assert_ne!(beyond, text);

    let refused = read(&beyond).unwrap_err();

    let line = planned + 1;
    assert!(refused.contains(&format!("line {line}")), "{refused}");
    assert!(
        refused.contains(&format!("there is no probe {planned} of {planned}")),
        "{refused}"
    );
}

#[test]
fn no_character_that_acts_on_a_terminal_leaves_in_a_line() {
    let mut report = report();
    report.probes[0].reason = "\u{1b}[2J\u{9b}31m\u{202e}".to_owned();

    let line = report.probes[0].to_line(0).unwrap();

    assert!(line.contains(r"\u001b[2J\u009b31m\u202e"), "{line:?}");
    assert!(!line.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{line:?}");
}
