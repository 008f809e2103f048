// SPDX-License-Identifier: Apache-2.0
//! A span of time, its beginning in it, its end not.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// The first moment in it.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

/// Why there is no such period.
#[derive(Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PeriodError {
    /// A text that is no moment.
    #[error(
        "`{0}` is no moment; expected `2026-01-31` (its midnight in UTC) or `2026-01-31T12:00:00Z`"
    )]
    Moment(String),
    /// Nothing lies between.
    #[error("the period ends at {to}, which is not after its beginning, {from}")]
    Empty {
        /// Its beginning.
        from: Timestamp,
        /// Its end.
        to: Timestamp,
    },
}

impl Period {
    /// From one moment to another.
    ///
    /// # Errors
    ///
    /// Where the end is not after the beginning.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self, PeriodError> {
        if from < to {
            Ok(Self { from, to })
        } else {
            Err(PeriodError::Empty { from, to })
        }
    }

    /// Reads a moment: RFC 3339, or a date for its midnight in UTC.
    ///
    /// # Errors
    ///
    /// Where the text is neither.
    pub fn moment(text: &str) -> Result<Timestamp, PeriodError> {
        let midnight = |date: Date| TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0));
        text.parse()
            .or_else(|_| text.parse().and_then(midnight))
            .map_err(|_: jiff::Error| PeriodError::Moment(text.to_owned()))
    }

    /// Whether a moment lies in it.
    #[must_use]
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.from <= moment && moment < self.to
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} to {}", self.from, self.to)
    }
}
