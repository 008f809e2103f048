// SPDX-License-Identifier: Apache-2.0
//! Prices: a table with its region, its date and its sources, `prices/us-east-1.json` unless another is
//! given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The table that keyproof comes with.
const US_EAST_1: &str = include_str!("../../prices/us-east-1.json");

/// A table of prices.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceList {
    /// Where they hold.
    pub(crate) region: String,
    /// In what they are.
    pub(crate) currency: String,
    /// When they were read.
    pub(crate) as_of: String,
    /// What they leave out.
    pub(crate) note: String,
    prices: BTreeMap<String, Rate>,
}

/// A price.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    /// The price of so many units.
    pub(crate) price: f64,
    /// How many.
    pub(crate) per: f64,
    /// Of what.
    pub(crate) unit: String,
    /// The page that says so.
    pub(crate) source: String,
}

impl PriceList {
    /// Reads a table.
    ///
    /// # Errors
    ///
    /// Where it is none, or lacks a price.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let prices: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let whole: Self = serde_json::from_str(US_EAST_1).map_err(|error| error.to_string())?;
        let sound = |price: &Rate| price.price >= 0.0 && price.per > 0.0;
        for name in whole.prices.keys() {
            match prices.prices.get(name) {
                None => return Err(format!("the table has no price `{name}`")),
                Some(price) if !sound(price) => {
                    return Err(format!(
                        "the price `{name}` is none; expected `price` from 0 and `per` above 0"
                    ));
                }
                Some(_) => {}
            }
        }
        if let Some(name) = prices
            .prices
            .keys()
            .find(|name| !whole.prices.contains_key(*name))
        {
            return Err(format!("`{name}` is no price that keyproof counts with"));
        }
        Ok(prices)
    }

    /// The table that keyproof comes with.
    ///
    /// # Errors
    ///
    /// Never: a test reads it.
    pub(crate) fn of_us_east_1() -> Result<Self, String> {
        Self::read(US_EAST_1)
    }

    pub(crate) fn of(&self, name: &str) -> Option<&Rate> {
        self.prices.get(name)
    }
}
