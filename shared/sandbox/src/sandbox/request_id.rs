// SPDX-License-Identifier: Apache-2.0
//! Request ids in the shapes that the services give them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::protocol::Api;
use crate::world::uuid;

/// A source of request ids that needs no lock.
#[derive(Debug)]
pub(super) struct RequestIds(AtomicU64);

impl RequestIds {
    /// A source that starts somewhere of its own.
    pub(super) fn new(start: u64) -> Self {
        Self(AtomicU64::new(start))
    }

    /// DynamoDB's ids are 52 capitals and digits, the others' are UUIDs.
    pub(super) fn next(&self, api: Api) -> String {
        let bytes: [u8; 16] =
            ((u128::from(self.draw()) << 64) | u128::from(self.draw())).to_be_bytes();
        if api != Api::DynamoDb {
            return uuid(bytes);
        }
        let more = self.draw().to_be_bytes();
        let letter = |value: u8| {
            char::from(if value < 26 {
                b'A' + value
            } else {
                b'0' + value - 26
            })
        };
        bytes
            .iter()
            .chain(&more)
            .flat_map(|byte| [byte & 31, (byte >> 3) & 31])
            .map(letter)
            .chain("AEMV".chars())
            .collect()
    }

    /// `SplitMix64`: ids must differ, not be secret.
    fn draw(&self) -> u64 {
        let mut value = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }
}
