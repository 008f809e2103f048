// SPDX-License-Identifier: Apache-2.0
//! Chance, the same each time: `SplitMix64`, <https://prng.di.unimi.it/splitmix64.c>.

/// A sequence of numbers that its seed determines.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 to 1, 1 left out.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let digits = u32::try_from(mixed >> 32).unwrap_or(u32::MAX);
        f64::from(digits) / 4_294_967_296.0
    }

    /// Whether something of this chance happens.
    pub(crate) fn happens(&mut self, chance: f64) -> bool {
        self.unit() < chance
    }

    /// A length about this long: never under half of it, and now and then several times as long.
    pub(crate) fn about(&mut self, middle: u64) -> u64 {
        let stretched = 0.5 - 0.72 * (1.0 - self.unit()).ln();
        microseconds(seconds(middle) * stretched)
    }
}

pub(crate) fn seconds(microseconds: u64) -> f64 {
    let whole = u32::try_from(microseconds / 1_000_000).unwrap_or(u32::MAX);
    let rest = u32::try_from(microseconds % 1_000_000).unwrap_or_default();
    f64::from(whole) + f64::from(rest) / 1e6
}

pub(crate) fn microseconds(seconds: f64) -> u64 {
    let length = std::time::Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default();
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}
