// SPDX-License-Identifier: Apache-2.0
//! Patterns against a definition of them that is too slow to be used, over every short text.

use super::*;

/// The definition.
fn defined(pattern: &[char], text: &[char], case: Case) -> bool {
    let same = |one: char, other: char| match case {
        Case::Sensitive => one == other,
        Case::Insensitive => one.to_lowercase().eq(other.to_lowercase()),
    };
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['*', pattern @ ..], text) => {
            (0..=text.len()).any(|skipped| defined(pattern, &text[skipped..], case))
        }
        (['?', pattern @ ..], [_, text @ ..]) => defined(pattern, text, case),
        ([wanted, pattern @ ..], [found, text @ ..]) => {
            same(*wanted, *found) && defined(pattern, text, case)
        }
        ([_, ..], []) => false,
    }
}

/// Every text of at most so many of these letters.
fn texts(letters: &[char], longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last
            .iter()
            .flat_map(|text| letters.iter().map(move |letter| format!("{text}{letter}")))
            .collect();
        all.extend(last.clone());
    }
    all
}

#[test]
fn a_pattern_matches_what_it_is_defined_to() {
    let found = texts(&['a', 'A', 'b', 'é', '\u{212a}'], 3);
    for pattern in texts(&['a', 'B', 'É', 'k', '*', '?'], 3) {
        let letters: Vec<char> = pattern.chars().collect();
        let compiled = Pattern::wildcards(&pattern);
        for text in &found {
            for case in [Case::Sensitive, Case::Insensitive] {
                let is = compiled.matches(text, case);
                let should: Vec<char> = text.chars().collect();
                let should = defined(&letters, &should, case);
                assert_eq!(is, should, "`{pattern}` on `{text}`, {case:?}");
            }
        }
    }
}

#[test]
fn whole_texts_are_compared_as_letters_are() {
    let all = texts(&['a', 'A', 'b', 'é', 'É', 'K', '\u{212a}'], 2);
    for one in &all {
        for other in &all {
            assert_eq!(Case::Sensitive.equal(one, other), one == other);
            let lower = one.to_lowercase() == other.to_lowercase();
            assert_eq!(Case::Insensitive.equal(one, other), lower, "{one} {other}");
        }
    }
}

#[test]
fn what_ends_in_a_star_is_open() {
    for (pattern, open) in [
        ("*", true),
        ("a*", true),
        ("a*b", false),
        ("a", false),
        ("a?", false),
        ("", false),
    ] {
        assert_eq!(
            Pattern::wildcards(pattern).is_open_ended(),
            open,
            "{pattern}"
        );
    }
}
