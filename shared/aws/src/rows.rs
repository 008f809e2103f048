// SPDX-License-Identifier: Apache-2.0
//! Where a run's rows go as they are made.

use std::io;

use keyproof_verdict::{ProbeRow, Report};

/// Takes a run's rows, unit after unit, as soon as each is judged. Nothing of them is kept elsewhere.
pub trait Rows {
    /// The run begins: the report as far as it is known, without rows, counts and end.
    ///
    /// # Errors
    ///
    /// Where it can't be written: then the run ends, as nobody would hear of it.
    fn begin(&mut self, report: &Report) -> io::Result<()>;

    /// The rows of a unit, each with its place in plan order, from 0. Units come in any order.
    ///
    /// # Errors
    ///
    /// As above.
    fn take(&mut self, rows: Vec<(usize, ProbeRow)>) -> io::Result<()>;

    /// The run begins again, and what came before counts for nothing.
    ///
    /// # Errors
    ///
    /// As above.
    fn again(&mut self) -> io::Result<()>;
}

/// Keeps all rows, in plan order.
#[derive(Debug, Default)]
pub struct AllRows(Vec<Option<ProbeRow>>);

impl AllRows {
    /// The rows.
    #[must_use]
    pub fn into_rows(self) -> Vec<ProbeRow> {
        self.0.into_iter().flatten().collect()
    }
}

impl Rows for AllRows {
    fn begin(&mut self, _: &Report) -> io::Result<()> {
        Ok(())
    }

    fn take(&mut self, rows: Vec<(usize, ProbeRow)>) -> io::Result<()> {
        for (place, row) in rows {
            if self.0.len() <= place {
                self.0.resize(place + 1, None);
            }
            if let Some(kept) = self.0.get_mut(place) {
                *kept = Some(row);
            }
        }
        Ok(())
    }

    fn again(&mut self) -> io::Result<()> {
        self.0.clear();
        Ok(())
    }
}
