// SPDX-License-Identifier: Apache-2.0
//! Patterns of ARNs, matched field by field.

#[cfg(test)]
mod tests;

use crate::Context;
use crate::glob::{Case, Pattern, Token};
use crate::text::{self, Filled, Piece, Reading};
use crate::truth::Truth;

/// Where a pattern stands, which decides how it is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In `Resource` or `NotResource`: a pattern of fewer than six fields may end in a `*` that
    /// stands for all the others.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>
    Resource,
    /// In an ARN condition: all six fields, each checked by itself.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>
    Condition,
}

/// A pattern of ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ArnPattern {
    /// `*` by itself in `Resource`.
    Anything,
    /// Fields without variables.
    Fixed(Vec<Pattern>),
    /// With variables, split into fields when they are filled in.
    Variable(Vec<Piece>),
}

/// An ARN's six fields; fewer for a text that is not an ARN.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    whole: &'a str,
    parts: [&'a str; 6],
    count: usize,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(whole: &'a str) -> Self {
        let mut parts = [""; 6];
        let mut count = 0;
        for (slot, field) in parts.iter_mut().zip(whole.splitn(6, ':')) {
            *slot = field;
            count += 1;
        }
        Self {
            whole,
            parts,
            count,
        }
    }

    /// The account field; empty where there is none.
    pub(crate) fn account(&self) -> &'a str {
        let [_, _, _, _, account, _] = self.parts;
        account
    }

    /// The service field; empty where there is none.
    pub(crate) fn service(&self) -> &'a str {
        let [_, _, service, _, _, _] = self.parts;
        service
    }

    /// What follows the fifth colon; empty where there is none.
    pub(crate) fn resource(&self) -> &'a str {
        let [_, _, _, _, _, resource] = self.parts;
        resource
    }

    /// The text from field `index` on, colons included.
    fn from(&self, index: usize) -> &'a str {
        let skipped = self
            .parts
            .iter()
            .take(index)
            .map(|field| field.len() + 1)
            .sum();
        self.whole.get(skipped..).unwrap_or_default()
    }

    fn is_arn(&self) -> bool {
        self.count == 6
    }
}

impl ArnPattern {
    pub(crate) fn new(text: &str, place: Place, variables: bool) -> Self {
        if text == "*" && place == Place::Resource {
            return Self::Anything;
        }
        let pieces = match place {
            Place::Condition => text::pieces(
                text,
                Reading {
                    wildcards: true,
                    variables,
                },
            ),
            Place::Resource => resource_pieces(text, variables),
        };
        match pieces.as_slice() {
            [] => Self::Fixed(vec![Pattern::new(&[])]),
            [Piece::Tokens(tokens)] => Self::Fixed(fields(tokens)),
            [_] | [_, _, ..] => Self::Variable(pieces),
        }
    }

    /// Whether the ARN has this shape. `None` when that can't be asked: a variable without a value,
    /// or, in a condition, a pattern or text that is no ARN.
    pub(crate) fn matches(
        &self,
        arn: &Fields<'_>,
        place: Place,
        context: &Context,
        unknown: &mut Vec<String>,
    ) -> Option<Truth> {
        match self {
            Self::Anything => Some(Truth::Yes),
            Self::Fixed(patterns) => match_fields(patterns, arn, place),
            Self::Variable(pieces) if place == Place::Resource && !head_matches(pieces, arn) => {
                Some(Truth::No)
            }
            Self::Variable(pieces) => match text::fill(pieces, context) {
                Filled::Tokens(tokens) => match_fields(&fields(&tokens), arn, place),
                Filled::Unresolved => None,
                Filled::Unknown(key) => {
                    unknown.push(key);
                    Some(Truth::Unknown)
                }
            },
        }
    }
}

/// In `Resource` a variable may only stand after the fifth colon; before, `${…}` is plain text.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-wheretouse>
fn resource_pieces(text: &str, variables: bool) -> Vec<Piece> {
    let plain = Reading {
        wildcards: true,
        variables: false,
    };
    let fifth = text.match_indices(':').nth(4).map(|(at, _)| at + 1);
    match fifth
        .and_then(|at| text.split_at_checked(at))
        .filter(|_| variables)
    {
        None => text::pieces(text, plain),
        Some((head, resource)) => {
            let mut pieces = text::pieces(head, plain);
            for piece in text::pieces(
                resource,
                Reading {
                    wildcards: true,
                    variables,
                },
            ) {
                match (pieces.last_mut(), piece) {
                    (Some(Piece::Tokens(before)), Piece::Tokens(more)) => before.extend(more),
                    (_, piece) => pieces.push(piece),
                }
            }
            pieces
        }
    }
}

/// Whether the fields before the fifth colon match, which need no variables.
fn head_matches(pieces: &[Piece], arn: &Fields<'_>) -> bool {
    let Some(Piece::Tokens(tokens)) = pieces.first() else {
        return false;
    };
    let patterns = fields(tokens);
    patterns
        .iter()
        .take(5)
        .zip(arn.parts)
        .all(|(pattern, field)| pattern.matches(field, Case::Insensitive))
}

/// Splits at the first five colons.
fn fields(tokens: &[Token]) -> Vec<Pattern> {
    tokens
        .splitn(6, |token| *token == Token::Char(':'))
        .map(Pattern::new)
        .collect()
}

fn match_fields(patterns: &[Pattern], arn: &Fields<'_>, place: Place) -> Option<Truth> {
    let case = |index| match (place, index) {
        // Partition to account are AWS's own names; only the rest is the user's.
        (Place::Resource, 0..5) => Case::Insensitive,
        (Place::Resource | Place::Condition, _) => Case::Sensitive,
    };
    let each = |patterns: &[Pattern]| {
        patterns
            .iter()
            .zip(arn.parts)
            .enumerate()
            .all(|(index, (pattern, field))| pattern.matches(field, case(index)))
    };
    match (place, patterns) {
        (Place::Resource | Place::Condition, [_, _, _, _, _, _]) if arn.is_arn() => {
            Some(Truth::from(each(patterns)))
        }
        (Place::Condition, _) => None,
        (Place::Resource, [head @ .., last]) => {
            let rest = head.len();
            Some(Truth::from(
                last.is_open_ended()
                    && arn.count > rest
                    && each(head)
                    && last.matches(arn.from(rest), case(rest)),
            ))
        }
        (Place::Resource, []) => Some(Truth::No),
    }
}
