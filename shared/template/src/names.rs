// SPDX-License-Identifier: Apache-2.0
//! Names and ids that CloudFormation or KMS would make up, made the same way every time.

use sha2::{Digest, Sha256};

/// The name that stands for one CloudFormation would generate: `STACK-LOGICALID-SUFFIX`.
pub(crate) fn generated(stack: &str, logical_id: &str, longest: usize) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(format!("name\n{stack}\n{logical_id}"));
    let letter = |byte: &u8| {
        ALPHABET
            .get(usize::from(byte % 32))
            .copied()
            .map_or('A', char::from)
    };
    let suffix: String = digest.iter().take(12).map(letter).collect();
    let whole = format!("{stack}-{logical_id}");
    let room = longest.saturating_sub(suffix.len() + 1);
    let kept: String = whole.chars().take(room).collect();
    format!("{kept}-{suffix}")
}

/// Whether a name stands for one that CloudFormation makes up: `STACK-LOGICALID-SUFFIX`.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resources-section-structure.html>
#[must_use]
pub fn is_generated(name: &str, logical_id: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(kept, suffix)| {
        let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let inside = kept.split_once('-').map_or("", |(_, rest)| rest);
        suffix.len() == 12
            && suffix.bytes().all(letter)
            && !inside.is_empty()
            && logical_id.starts_with(inside.rsplit('-').next().unwrap_or_default())
    })
}

/// A version 4 UUID made from a noun and a name.
pub(crate) fn uuid(noun: &str, name: &str) -> String {
    let mut hex = hexadecimal(noun, name, 32);
    // The version and the variant, where RFC 9562 puts them.
    hex.replace_range(12..13, "4");
    hex.replace_range(16..17, "a");
    let mut text = String::with_capacity(36);
    for (at, character) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(character);
    }
    text
}

/// The id of a KMS key: a UUID, or `mrk-` and 32 digits for a multi-Region one.
pub(crate) fn key_id(stack: &str, logical_id: &str, multi_region: bool) -> String {
    let name = format!("{stack}\n{logical_id}");
    if multi_region {
        format!("mrk-{}", hexadecimal("kms-key", &name, 32))
    } else {
        uuid("kms-key", &name)
    }
}

/// A digest of a noun and a name as so many hexadecimal digits, at most 64.
pub(crate) fn hexadecimal(noun: &str, name: &str, digits: usize) -> String {
    let digest = Sha256::digest(format!("{noun}\n{name}"));
    let hex = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    hex.take(digits)
        .filter_map(|nibble| char::from_digit(nibble.into(), 16))
        .collect()
}
