// SPDX-License-Identifier: Apache-2.0
//! What of a run that was cut off is good to go on from.

#[cfg(test)]
mod tests;

use keyproof_plan::{Unit, Units};
use thiserror::Error;

use crate::{Finding, ProbeRow};

/// The probes of an earlier part of a run, by their place in plan order: which found something out.
#[derive(Debug)]
pub struct Earlier<'a> {
    units: &'a Units<'a>,
    found: Vec<bool>,
}

/// A row that is not of this plan.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("its probe {place} is `{id}`, and the plan's is {}", planned.as_ref().map_or_else(|| "none".to_owned(), |id| format!("`{id}`")))]
pub struct ForeignRow {
    /// The row's place.
    pub place: usize,
    /// The row's id.
    pub id: String,
    /// The id of the plan's probe at this place.
    pub planned: Option<String>,
}

/// The probes that are kept, by their place in plan order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept(Vec<bool>);

impl<'a> Earlier<'a> {
    /// An earlier part of a run of this plan, of which nothing is known yet.
    #[must_use]
    pub fn new(units: &'a Units<'a>) -> Self {
        let found = Vec::new();
        Self { units, found }
    }

    /// Notes a row.
    ///
    /// # Errors
    ///
    /// Where the plan has another probe at its place.
    pub fn see(&mut self, place: usize, row: &ProbeRow) -> Result<(), ForeignRow> {
        let planned = self.units.id_at(place);
        if planned.as_ref() != Some(&row.id) {
            let id = row.id.clone();
            return Err(ForeignRow { place, id, planned });
        }
        if self.found.len() <= place {
            self.found.resize(place + 1, false);
        }
        if let Some(found) = self.found.get_mut(place) {
            *found = row.finding != Some(Finding::Blind);
        }
        Ok(())
    }

    /// Forgets all rows.
    pub fn again(&mut self) {
        self.found.clear();
    }

    /// What is kept.
    ///
    /// INVARIANT (whole units): a unit is kept where each of its probes found something out, and asked
    /// again as a whole where one did not. So a denial and its witness are always of the same part of the
    /// run: what was read before the break never vouches for what is refused after it.
    #[must_use]
    pub fn kept(self) -> Kept {
        let found = |place: usize| self.found.get(place) == Some(&true);
        let mut kept = vec![false; self.found.len()];
        for unit in &self.units.all {
            if self.units.places(unit).all(found) {
                for place in self.units.places(unit) {
                    if let Some(kept) = kept.get_mut(place) {
                        *kept = true;
                    }
                }
            }
        }
        Kept(kept)
    }
}

impl Kept {
    /// Whether the probe at this place is kept.
    #[must_use]
    pub fn has(&self, place: usize) -> bool {
        self.0.get(place) == Some(&true)
    }

    /// Whether the unit is kept.
    #[must_use]
    pub fn has_unit(&self, units: &Units<'_>, unit: &Unit<'_>) -> bool {
        units.places(unit).all(|place| self.has(place))
    }

    /// How many probes are kept.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().filter(|&&kept| kept).count()
    }
}
