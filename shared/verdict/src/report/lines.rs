// SPDX-License-Identifier: Apache-2.0
//! The report as lines of JSON, `keyproof.report.lines/v1`: what is known of the run when it begins, a
//! line for each probe as soon as it is judged, and what is known at its end.
//!
//! Probes come in any order, each with its place in plan order, so that nobody has to keep them. A
//! report without its last line is of a run that was cut off: what it holds is good to go on from, and
//! no report.

#[cfg(test)]
mod tests;

use std::io::{self, BufRead};

use keyproof_core::escape_invisible;
use serde::{Deserialize, Serialize};

use crate::{Environment, PlanRow, ProbeRow, Report, ReportError};

/// What the first line says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstLine {
    /// Always `keyproof.report.lines/v1`.
    pub schema: String,
    /// The run, as far as it is known.
    pub run: BegunRun,
    /// The plan that is run.
    pub plan: PlanRow,
    /// Where it is run.
    pub environment: Environment,
    /// How many probes are planned.
    pub planned: usize,
}

/// A run that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BegunRun {
    /// A ULID.
    pub id: String,
    /// What started it.
    pub trigger: String,
    /// Start, RFC 3339.
    pub started_at: String,
}

/// A line of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// The first.
    First(Box<FirstLine>),
    /// A probe's row, and its place in plan order, from 0.
    Probe(usize, Box<ProbeRow>),
    /// The rows so far count for nothing: the run began again.
    Again,
    /// The last: the report without its rows.
    Last(Box<Report>),
}

#[derive(Serialize)]
struct ProbeOut<'a> {
    place: usize,
    probe: &'a ProbeRow,
}

#[derive(Serialize)]
struct LastOut<'a> {
    end: &'a Report,
}

#[derive(Deserialize)]
struct ProbeIn {
    place: usize,
    probe: Box<ProbeRow>,
}

#[derive(Deserialize)]
struct LastIn {
    end: Box<Report>,
}

impl FirstLine {
    /// The schema that this version writes and reads.
    pub const SCHEMA: &'static str = "keyproof.report.lines/v1";

    /// The first line of a report that has so many probes.
    #[must_use]
    pub fn of(report: &Report, planned: usize) -> Self {
        Self {
            schema: Self::SCHEMA.to_owned(),
            run: BegunRun {
                id: report.run.id.clone(),
                trigger: report.run.trigger.clone(),
                started_at: report.run.started_at.clone(),
            },
            plan: report.plan.clone(),
            environment: report.environment.clone(),
            planned,
        }
    }

    /// Whether a text begins with such a line.
    #[must_use]
    pub fn begins(text: &str) -> bool {
        #[derive(Deserialize)]
        struct Envelope {
            schema: String,
        }
        let first = text.lines().next().unwrap_or_default();
        serde_json::from_str::<Envelope>(first).is_ok_and(|found| found.schema == Self::SCHEMA)
    }

    /// The line, with its end.
    ///
    /// # Errors
    ///
    /// Never: serialisation can't fail on its types.
    pub fn to_line(&self) -> Result<String, serde_json::Error> {
        line(self)
    }
}

impl ProbeRow {
    /// The row's line, with its end. No character of it acts on a terminal.
    ///
    /// # Errors
    ///
    /// Never: serialisation can't fail on its types.
    pub fn to_line(&self, place: usize) -> Result<String, serde_json::Error> {
        line(&ProbeOut { place, probe: self })
    }
}

impl Line {
    /// The line that says that the rows so far count for nothing.
    pub const AGAIN: &'static str = "{\"again\":true}\n";

    /// Reads a line. The first has to be known as such, by its number.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub fn read(text: &str, first: bool) -> Result<Self, serde_json::Error> {
        // By what it begins with, as each line is written by this program: to try one form after the
        // other would read a large report three times.
        if first {
            serde_json::from_str(text).map(|first| Self::First(Box::new(first)))
        } else if text.starts_with("{\"place\":") {
            let ProbeIn { place, probe } = serde_json::from_str(text)?;
            Ok(Self::Probe(place, probe))
        } else if text == Self::AGAIN.trim_end() {
            Ok(Self::Again)
        } else {
            let LastIn { end } = serde_json::from_str(text)?;
            Ok(Self::Last(end))
        }
    }

    /// Reads line after line. A last one that breaks off is passed over: somebody ended the run while
    /// it was written.
    pub fn each(mut reader: impl BufRead) -> impl Iterator<Item = io::Result<Self>> {
        let mut number = 0_usize;
        let mut text = String::new();
        std::iter::from_fn(move || {
            text.clear();
            match reader.read_line(&mut text) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            number += 1;
            let whole = text.strip_suffix('\n')?;
            Some(Self::read(whole, number == 1).map_err(|error| {
                let message = format!("line {number} is no line of a report: {error}");
                io::Error::new(io::ErrorKind::InvalidData, message)
            }))
        })
    }
}

impl Report {
    /// The report's last line, with its end: all but the rows.
    ///
    /// # Errors
    ///
    /// Never: serialisation can't fail on its types.
    pub fn to_last_line(&self) -> Result<String, serde_json::Error> {
        line(&LastOut { end: self })
    }

    /// The whole report as lines, probes in plan order.
    ///
    /// # Errors
    ///
    /// Never: serialisation can't fail on its types.
    pub fn to_lines(&self) -> Result<String, serde_json::Error> {
        let mut text = FirstLine::of(self, self.probes.len()).to_line()?;
        for (place, row) in self.probes.iter().enumerate() {
            text.push_str(&row.to_line(place)?);
        }
        let end = Self {
            probes: Vec::new(),
            ..self.clone()
        };
        text.push_str(&end.to_last_line()?);
        Ok(text)
    }

    /// Reads the lines of a whole report.
    pub(super) fn from_lines(text: &str) -> Result<Self, ReportError> {
        let damaged = |number, why: String| ReportError::Lines { number, why };
        let mut planned = 0;
        let mut found: Vec<Option<ProbeRow>> = Vec::new();
        let mut last = None;
        for (index, text) in text.lines().enumerate() {
            let number = index + 1;
            if last.is_some() {
                return Err(damaged(number, "the report has ended before it".to_owned()));
            }
            let cut_off = |_| ReportError::CutOff {
                found: found.iter().flatten().count(),
                planned,
            };
            match Line::read(text, index == 0).map_err(cut_off)? {
                Line::First(first) => planned = first.planned,
                Line::Probe(place, row) if place < planned => {
                    if found.len() <= place {
                        found.resize(place + 1, None);
                    }
                    match found.get_mut(place) {
                        Some(empty @ None) => *empty = Some(*row),
                        Some(Some(_)) | None => {
                            return Err(damaged(number, format!("probe {place} is there twice")));
                        }
                    }
                }
                Line::Probe(place, _) => {
                    let why = format!("there is no probe {place} of {planned}");
                    return Err(damaged(number, why));
                }
                Line::Again => found.clear(),
                Line::Last(report) => last = Some(report),
            }
        }
        let rows = found.into_iter().flatten();
        let rows: Vec<_> = rows.collect();
        let Some(mut report) = last.filter(|_| rows.len() == planned) else {
            return Err(ReportError::CutOff {
                found: rows.len(),
                planned,
            });
        };
        report.complete(rows);
        Ok(*report)
    }
}

fn line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = escape_invisible(serde_json::to_string(value)?);
    text.push('\n');
    Ok(text)
}
