// SPDX-License-Identifier: Apache-2.0
//! Chance, repeatable.

use serde_json::Value;

/// A `SplitMix64` generator: <https://prng.di.unimi.it/splitmix64.c>.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(bound.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let at = self.below(from.len());
        #[expect(clippy::indexing_slicing, reason = "`below` stays below the length")]
        from[at]
    }

    /// Some of these, at least one, in their order.
    pub(crate) fn some<T: Copy>(&mut self, from: &[T], most: usize) -> Vec<T> {
        let count = 1 + self.below(most);
        (0..count).map(|_| self.pick(from)).collect()
    }

    /// One string or a list of several, as policies have them.
    pub(crate) fn one_or_many(&mut self, mut values: Vec<String>) -> Value {
        values.sort();
        values.dedup();
        if values.len() == 1 && self.percent(60) {
            values.pop().map_or(Value::Null, Value::String)
        } else {
            values.into()
        }
    }
}
