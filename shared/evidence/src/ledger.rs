// SPDX-License-Identifier: Apache-2.0
//! Where a run's files stand, in a folder, a bucket and a pack alike.

use crate::digest::Digest;

/// The longest directory name: with all that stands around it, a tar header's limits hold.
const LONGEST: usize = 96;

/// One run's files as they are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The run's number.
    pub commit: u64,
    /// The signed record.
    pub record: Vec<u8>,
    /// The report; `None` where it is not there any more.
    pub report: Option<Vec<u8>>,
}

/// A plan's name as the name of a directory: letters, digits, `.`, `_` and `-` as they are, all else as
/// `%XX`. A name that would be too long ends in its digest. Two plans never share a directory, not
/// even where upper and lower case are one (macOS, Windows).
#[must_use]
pub fn directory_name(plan: &str) -> String {
    let mut name = String::with_capacity(plan.len());
    for (index, byte) in plan.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => name.push(byte.into()),
            // Not in front: `.`, `..` and hidden files.
            b'.' if index > 0 && index + 1 < plan.len() => name.push('.'),
            other => {
                name.push('%');
                for nibble in [other >> 4, other & 15] {
                    name.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
                }
            }
        }
    }
    if name.len() <= LONGEST {
        return name;
    }
    let digest = Digest::of(plan.as_bytes()).hex();
    // Plain ASCII, whose every byte is a character.
    let head: String = name.chars().take(LONGEST - 33).collect();
    let tail: String = digest.chars().take(32).collect();
    format!("{head}~{tail}")
}

/// A run's number as names have it: twelve digits, so that names sort as numbers do.
pub(crate) fn number(commit: u64) -> String {
    format!("{commit:012}")
}

/// The number in a name.
pub(crate) fn parse_number(name: &str) -> Option<u64> {
    let commit = name.parse().ok().filter(|commit| *commit > 0)?;
    (number(commit) == name).then_some(commit)
}

/// The number of the record that a file is named for; `None` where no record has such a name.
#[must_use]
pub fn record_number(file: &str) -> Option<u64> {
    file.strip_suffix(".dsse.json").and_then(parse_number)
}

/// The file of a run's record, below `records/PLAN` of a pack or a folder.
#[must_use]
pub fn record_file(commit: u64) -> String {
    format!("{}.dsse.json", number(commit))
}

/// The file of a run's report.
#[must_use]
pub fn report_file(commit: u64) -> String {
    format!("{}.json", number(commit))
}

/// The file of a plan's bytes.
#[must_use]
pub fn plan_file(digest: &Digest) -> String {
    format!("{}.yaml", digest.hex())
}
