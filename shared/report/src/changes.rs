// SPDX-License-Identifier: Apache-2.0
//! What changed between an earlier report of a plan and this one.

use std::collections::HashMap;

use keyproof_verdict::{DocumentRow, ProbeRow, Report};

use crate::pretty;
use crate::words::{self, Standing};

/// What changed since an earlier report.
#[derive(Debug)]
pub(crate) struct Changes<'a> {
    /// The earlier report.
    pub(crate) previous: &'a Report,
    /// Probes whose verdict or finding is another now: position, row, and the row before.
    pub(crate) moved: Vec<(usize, &'a ProbeRow, &'a ProbeRow)>,
    /// Probes that the earlier report doesn't have.
    pub(crate) appeared: Vec<(usize, &'a ProbeRow)>,
    /// Probes that only the earlier report has.
    pub(crate) gone: Vec<&'a ProbeRow>,
    /// Documents that both reports hold and that differ, with their lines.
    pub(crate) documents: Vec<(&'a DocumentRow, Vec<Line>)>,
}

/// One line of a document's difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

/// How a line came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Same,
    Added,
    Removed,
    /// Lines that are the same and left out here; the text counts them.
    Left,
}

impl Kind {
    pub(crate) const fn sign(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Added => '+',
            Self::Removed => '-',
            Self::Left => '⋯',
        }
    }
}

impl<'a> Changes<'a> {
    pub(crate) fn between(previous: &'a Report, report: &'a Report) -> Self {
        let before: HashMap<&str, &ProbeRow> = by_id(previous);
        let now: HashMap<&str, &ProbeRow> = by_id(report);
        let rows = report.probes.iter().enumerate();
        let moved = rows.clone().filter_map(|(position, row)| {
            let old = before.get(row.id.as_str())?;
            let same = Standing::of(old) == Standing::of(row) && old.finding == row.finding;
            (!same).then_some((position, row, *old))
        });
        let appeared = rows.filter(|(_, row)| !before.contains_key(row.id.as_str()));
        let gone = previous.probes.iter();
        let gone = gone.filter(|row| !now.contains_key(row.id.as_str()));
        let documents = report.documents.iter().filter_map(|document| {
            let mut olds = previous.documents.iter();
            let old = olds.find(|old| old.id == document.id)?;
            (old.content != document.content).then(|| (document, difference(old, document)))
        });
        Self {
            previous,
            moved: moved.collect(),
            appeared: appeared.collect(),
            gone: gone.collect(),
            documents: documents.collect(),
        }
    }

    /// `since the run of … (PASS: …)`, without the links of a page.
    pub(crate) fn since(&self) -> String {
        format!(
            "Since the run `{}` of {} ({})",
            self.previous.run.id,
            words::moment(&self.previous.run.started_at),
            words::headline(self.previous)
        )
    }

    /// Whether the plan's text is another now.
    pub(crate) fn plan(&self, report: &Report) -> bool {
        self.previous.plan.digest != report.plan.digest
    }

    /// Whether nothing changed that the reports tell.
    pub(crate) fn nothing(&self) -> bool {
        self.moved.is_empty()
            && self.appeared.is_empty()
            && self.gone.is_empty()
            && self.documents.is_empty()
    }
}

/// `pass`, or the finding; `excepted exposed` under an exception.
pub(crate) fn state(row: &ProbeRow) -> String {
    match (Standing::of(row), row.finding) {
        (Standing::Excepted, Some(finding)) => format!("excepted {finding}"),
        (_, Some(finding)) => finding.to_string(),
        (standing, None) => standing.as_str().to_owned(),
    }
}

fn by_id(report: &Report) -> HashMap<&str, &ProbeRow> {
    let rows = report.probes.iter();
    rows.map(|row| (row.id.as_str(), row)).collect()
}

/// Lines of context around a change.
const CONTEXT: usize = 3;
/// Beyond this many differing lines the parts are shown one after the other: to align them takes
/// time and memory with the square, and nobody reads it.
const MOST: usize = 2_000;

fn difference(before: &DocumentRow, now: &DocumentRow) -> Vec<Line> {
    let text = |document: &DocumentRow| -> Vec<String> {
        let lines = pretty::lines(&document.content, &[]);
        lines.into_iter().map(|line| line.text).collect()
    };
    let (before, now) = (text(before), text(now));
    let same = |(old, new): &(&String, &String)| old == new;
    let start = before.iter().zip(&now).take_while(same).count();
    let (old, new) = (before.split_at(start), now.split_at(start));
    let end = old.1.iter().rev().zip(new.1.iter().rev());
    let end = end.take_while(same).count();
    let (removed, after) = old.1.split_at(old.1.len() - end);
    let (added, _) = new.1.split_at(new.1.len() - end);
    let line = |kind: Kind| {
        move |text: &String| Line {
            kind,
            text: text.clone(),
        }
    };
    let mut lines: Vec<Line> = old.0.iter().map(line(Kind::Same)).collect();
    lines.extend(aligned(removed, added));
    lines.extend(after.iter().map(line(Kind::Same)));
    fold(lines)
}

/// The longest common subsequence, as lines that stay, go and come.
fn aligned(removed: &[String], added: &[String]) -> Vec<Line> {
    let line = |kind: Kind, text: &String| Line {
        kind,
        text: text.clone(),
    };
    if removed.len() > MOST || added.len() > MOST {
        let gone = removed.iter().map(|text| line(Kind::Removed, text));
        return gone
            .chain(added.iter().map(|text| line(Kind::Added, text)))
            .collect();
    }
    // rows[i][j]: how many lines removed[i..] and added[j..] have in common.
    let mut rows = vec![vec![0_u32; added.len() + 1]];
    for old in removed.iter().rev() {
        let mut row = vec![0];
        let below = rows.last().map(Vec::as_slice).unwrap_or_default();
        for (new, pair) in added.iter().rev().zip(below.windows(2).rev()) {
            let (right, diagonal) = (row.last().copied().unwrap_or(0), pair.get(1));
            let down = pair.first().copied().unwrap_or(0);
            row.push(if old == new {
                diagonal.copied().unwrap_or(0) + 1
            } else {
                down.max(right)
            });
        }
        row.reverse();
        rows.push(row);
    }
    rows.reverse();
    let common = |i: usize, j: usize| {
        let row = rows.get(i);
        row.and_then(|row| row.get(j)).copied().unwrap_or(0)
    };
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    loop {
        match (removed.get(i), added.get(j)) {
            (Some(old), Some(new)) if old == new => {
                lines.push(line(Kind::Same, old));
                (i, j) = (i + 1, j + 1);
            }
            (Some(old), Some(_)) if common(i + 1, j) >= common(i, j + 1) => {
                lines.push(line(Kind::Removed, old));
                i += 1;
            }
            (Some(old), None) => {
                lines.push(line(Kind::Removed, old));
                i += 1;
            }
            (Some(_) | None, Some(new)) => {
                lines.push(line(Kind::Added, new));
                j += 1;
            }
            (None, None) => return lines,
        }
    }
}

/// Leaves out what stands far from every change.
fn fold(lines: Vec<Line>) -> Vec<Line> {
    let changed: Vec<usize> = (0..)
        .zip(&lines)
        .filter(|(_, line)| line.kind != Kind::Same)
        .map(|(at, _)| at)
        .collect();
    let near = |at: usize| {
        let next = changed.partition_point(|change| *change < at);
        let close = |index: usize| {
            let change = changed.get(index);
            change.is_some_and(|change| change.abs_diff(at) <= CONTEXT)
        };
        close(next) || next.checked_sub(1).is_some_and(close)
    };
    let mut folded = Vec::new();
    let mut left = 0;
    for (at, line) in lines.into_iter().enumerate() {
        if near(at) {
            note(&mut folded, &mut left);
            folded.push(line);
        } else {
            left += 1;
        }
    }
    note(&mut folded, &mut left);
    folded
}

fn note(folded: &mut Vec<Line>, left: &mut usize) {
    if *left > 0 {
        folded.push(Line {
            kind: Kind::Left,
            text: words::count(*left, "line"),
        });
        *left = 0;
    }
}

#[cfg(test)]
mod tests;
