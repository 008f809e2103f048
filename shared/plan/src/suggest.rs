// SPDX-License-Identifier: Apache-2.0
//! The word that somebody meant.

use crate::error::Hint;

/// Words longer than this are not compared: no name or action is.
const LONGEST: usize = 300;
/// How many letters may be wrong.
const MOST_EDITS: usize = 3;

/// The likeliest of `known` for `word`, or all of them where none is likely.
#[must_use]
pub fn hint<'known>(word: &str, known: impl Iterator<Item = &'known str> + Clone) -> Hint {
    match closest(word, known.clone()) {
        Some(likely) => Hint::DidYouMean(likely.to_owned()),
        None => Hint::OneOf(known.map(str::to_owned).collect()),
    }
}

/// The likeliest of `known` for `word`, where one is close enough to be meant.
#[must_use]
pub fn closest<'known>(
    word: &str,
    known: impl Iterator<Item = &'known str> + Clone,
) -> Option<&'known str> {
    let word = word.trim().to_lowercase();
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    // `GetItem` for `dynamodb:GetItem`.
    let without_service = |candidate: &str| {
        let name = candidate
            .split_once(':')
            .map_or(candidate, |(_, name)| name);
        name.to_lowercase() == word
    };
    let distance = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let longer = word.chars().count().max(candidate.chars().count());
        let allowed = (longer / 3).min(MOST_EDITS);
        let distance = strsim::damerau_levenshtein(&word, &candidate);
        (distance <= allowed).then_some(distance)
    };
    known
        .clone()
        .find(|candidate| without_service(candidate))
        .or_else(|| {
            known
                .filter(|candidate| candidate.len() <= LONGEST)
                .filter_map(|candidate| distance(candidate).map(|distance| (distance, candidate)))
                .min_by_key(|&(distance, _)| distance)
                .map(|(_, candidate)| candidate)
        })
}
