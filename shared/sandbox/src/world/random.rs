// SPDX-License-Identifier: Apache-2.0
//! Ids, secrets and key material.

use rand::RngExt;

use super::World;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const TEXT: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl World {
    /// A unique id as IAM makes them: a prefix, then capitals and digits to `length` in all.
    pub(crate) fn unique_id(&mut self, prefix: &str, length: usize) -> String {
        let mut id = prefix.to_owned();
        while id.len() < length {
            id.push(self.pick(BASE32));
        }
        id
    }

    /// A secret of letters, digits, `+` and `/`.
    pub(crate) fn random_text(&mut self, length: usize) -> String {
        (0..length).map(|_| self.pick(TEXT)).collect()
    }

    /// Random bytes.
    pub(crate) fn random_bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }

    /// A random UUID.
    pub(crate) fn uuid(&mut self) -> String {
        uuid(self.random_bytes())
    }

    fn pick(&mut self, letters: &[u8]) -> char {
        let index = self.random.random_range(0..letters.len());
        letters.get(index).map_or('A', |letter| char::from(*letter))
    }
}

/// A version 4 UUID of these bytes.
pub(crate) fn uuid(bytes: [u8; 16]) -> String {
    let number = u128::from_be_bytes(bytes);
    let number = (number & !(0xF000 << 64)) | (0x4000 << 64);
    let number = (number & !(0xC000 << 48)) | (0x8000 << 48);
    let hex = format!("{number:032x}");
    let mut text = String::with_capacity(36);
    for (index, digit) in hex.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}
