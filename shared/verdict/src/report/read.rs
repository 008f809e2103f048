// SPDX-License-Identifier: Apache-2.0
//! Reports read back from JSON.

use std::io;

use keyproof_core::escape_invisible;
use serde::Deserialize;
use thiserror::Error;

use crate::{FirstLine, ProbeRow, Report, Sentinel, Trial, Verdict};

/// A text that is no report this version can stand behind.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// Not JSON.
    #[error("the report is not JSON: {source}")]
    NotJson {
        /// What the parser says.
        source: serde_json::Error,
    },
    /// JSON, but nothing that says it is a report.
    #[error(
        "the document has no `schema`, so it is no keyproof report; expected `{}`",
        Report::SCHEMA
    )]
    NoSchema,
    /// A document of another schema.
    #[error(
        "the document's schema is `{schema}`, and keyproof {} reads `{}`; upgrade keyproof, if a newer one wrote \
         it",
        env!("CARGO_PKG_VERSION"),
        Report::SCHEMA
    )]
    OtherSchema {
        /// The schema that it names.
        schema: String,
    },
    /// The right schema, but not the right fields.
    #[error("the report is damaged: {source}")]
    Damaged {
        /// What is missing or of the wrong type.
        source: serde_json::Error,
    },
    /// A summary that its own rows contradict.
    #[error("the report says `pass`, but its probe `{probe}` is `{verdict}`; it was altered")]
    Contradiction {
        /// The first such probe.
        probe: String,
        /// The row's verdict.
        verdict: Verdict,
    },
    /// Lines of a run that was cut off.
    #[error(
        "the run was cut off: {found} of {planned} probes are there, and no last line; `keyproof verify \
         --resume` goes on from it"
    )]
    CutOff {
        /// How many probes are there.
        found: usize,
        /// How many were planned.
        planned: usize,
    },
    /// Lines that are no report.
    #[error("line {number} of the report is damaged: {why}")]
    Lines {
        /// The line, from 1.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A pass of a keyproof that could not have failed.
    #[error("the report says `pass`, but its sentinel was asleep; it was altered")]
    Asleep,
}

#[derive(Deserialize)]
struct Envelope {
    schema: Option<String>,
}

impl Report {
    /// The schema that this version writes and reads.
    pub const SCHEMA: &'static str = "keyproof.report/v1";

    /// Reads a JSON report, or one of lines of JSON. Fields that this version doesn't know are passed over, as a later
    /// `keyproof.report/v1` may have them.
    ///
    /// # Errors
    ///
    /// Where the text is not JSON, is of another schema, lacks a field, or claims a pass that its
    /// rows contradict.
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        let report = if FirstLine::begins(text) {
            Self::from_lines(text)?
        } else {
            Self::from_document(text)?
        };
        match report.contradiction() {
            Some((probe, verdict)) => Err(ReportError::Contradiction {
                probe: probe.to_owned(),
                verdict,
            }),
            None if report.asleep() => Err(ReportError::Asleep),
            None => Ok(report),
        }
    }

    fn from_document(text: &str) -> Result<Self, ReportError> {
        let envelope: serde_json::Value =
            serde_json::from_str(text).map_err(|source| ReportError::NotJson { source })?;
        let named = Envelope::deserialize(&envelope)
            .ok()
            .and_then(|envelope| envelope.schema);
        match named {
            None => return Err(ReportError::NoSchema),
            Some(schema) if schema != Self::SCHEMA => {
                return Err(ReportError::OtherSchema { schema });
            }
            Some(_) => {}
        }
        // From the text again, so that an error has its line and column.
        serde_json::from_str(text).map_err(|source| ReportError::Damaged { source })
    }

    /// The report as pretty JSON, with a newline at the end. The same report gives the same bytes,
    /// and no character of it acts on a terminal: those that JSON itself would let through are
    /// written as `\uXXXX`.
    ///
    /// # Errors
    ///
    /// Never for a report that [`judge`](crate::judge()) made; serialisation can't fail on its types.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(escape_invisible(text))
    }

    /// Writes the report with these rows in place of its own, which it has none of: the bytes of
    /// [`Report::to_json`], without ever holding more than a row.
    ///
    /// # Errors
    ///
    /// What `out` and `rows` bring.
    pub fn write_json(
        &self,
        rows: impl Iterator<Item = io::Result<ProbeRow>>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        // A line break in a string is written as an escape, so that no string can hold this.
        const ROWS: &str = "\n  \"probes\": [";
        let frame = self.to_json()?;
        let (before, after) = frame.split_once(ROWS).unwrap_or((&frame, ""));
        out.write_all(before.as_bytes())?;
        out.write_all(ROWS.as_bytes())?;
        let mut any = false;
        for row in rows {
            let mut text = serde_json::to_string_pretty(&row?)?.replace('\n', "\n    ");
            text.insert_str(0, if any { ",\n    " } else { "\n    " });
            out.write_all(escape_invisible(text).as_bytes())?;
            any = true;
        }
        if any {
            out.write_all(b"\n  ")?;
        }
        out.write_all(after.as_bytes())
    }

    /// Whether the summary says `pass` though the judge was not shown to be able to fail.
    fn asleep(&self) -> bool {
        let asleep = |sentinel: &Sentinel| {
            !sentinel.awake || sentinel.tried.is_empty() || !sentinel.tried.iter().all(Trial::held)
        };
        self.summary.verdict == Verdict::Pass && self.sentinel.as_ref().is_some_and(asleep)
    }

    /// The first row that forbids the summary's `pass`.
    fn contradiction(&self) -> Option<(&str, Verdict)> {
        let mut against = self.probes.iter().filter(|row| match row.verdict {
            Verdict::Pass => false,
            Verdict::Fail => row.exception.is_none(),
            Verdict::Inconclusive => true,
        });
        let row = against
            .next()
            .filter(|_| self.summary.verdict == Verdict::Pass)?;
        Some((&row.id, row.verdict))
    }
}
