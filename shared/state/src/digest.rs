// SPDX-License-Identifier: Apache-2.0
//! Names of bytes.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// `sha256:HEX` of the bytes, as plans and reports are named: `sha256sum` of the file gives the same.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(bytes))
}

/// The SHA-256 of the bytes, as 64 lowercase digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
