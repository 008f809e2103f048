// SPDX-License-Identifier: Apache-2.0
//! Names of a drill's grants, by which leftovers are found.

use ulid::Ulid;

/// What the name of every drill's grant begins with.
pub const PREFIX: &str = "keyproof-drill-";

/// The name of a grant: the run's id, and the number of the drill in that run. KMS makes a grant of
/// the same name and terms only once, so that a request that is sent again makes no second.
///
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>
#[must_use]
pub fn grant_name(run: Ulid, number: usize) -> String {
    format!("{PREFIX}{run}-{number}")
}

/// Whether a grant is a drill's: the prefix, a run's id and a number, so that nobody else's grant is
/// taken for one.
#[must_use]
pub fn is_drill(name: &str) -> bool {
    name.strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(run, number)| {
            Ulid::from_string(run).is_ok()
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}
