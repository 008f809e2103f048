// SPDX-License-Identifier: Apache-2.0
//! A policy's text with its wildcards and policy variables.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use crate::context::Found;
use crate::glob::{Pattern, Token};
use crate::{Context, ContextValue};

/// How a text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// `${…}` is a variable: Version 2012-10-17 only.
    pub(crate) variables: bool,
}

/// A text, compiled once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// Without variables.
    Fixed(Pattern),
    /// With variables, put together anew for each request.
    Variable(Vec<Piece>),
}

/// A part of a text with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The tokens between variables.
    Tokens(Vec<Token>),
    /// `${key}` or `${key, 'default'}`; the key is in lower case.
    Variable {
        /// The context key.
        key: String,
        /// What stands in for an absent key.
        default: Option<String>,
    },
}

/// What came of filling in the variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    /// Every variable had a value.
    Tokens(Vec<Token>),
    /// A key was absent and had no default, or had several values.
    Unresolved,
    /// The value of this key is unknown.
    Unknown(String),
}

impl Text {
    pub(crate) fn new(text: &str, reading: Reading) -> Self {
        let pieces = pieces(text, reading);
        match pieces.as_slice() {
            [] => Self::Fixed(Pattern::new(&[])),
            [Piece::Tokens(tokens)] => Self::Fixed(Pattern::new(tokens)),
            [_] | [_, _, ..] => Self::Variable(pieces),
        }
    }
}

/// Splits a text at its variables. What is not the shape of one is plain text.
pub(crate) fn pieces(text: &str, reading: Reading) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if reading.variables
            && let Some((inside, after)) = rest
                .strip_prefix("${")
                .and_then(|open| open.split_once('}'))
        {
            match inside {
                "*" | "?" | "$" => literal.extend(inside.chars().map(Token::Char)),
                "" => literal.extend("${}".chars().map(Token::Char)),
                name => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Tokens(std::mem::take(&mut literal)));
                    }
                    pieces.push(variable(name));
                }
            }
            rest = after;
            continue;
        }
        literal.push(match letter {
            '*' if reading.wildcards => Token::Many,
            '?' if reading.wildcards => Token::One,
            other => Token::Char(other),
        });
        let mut letters = rest.chars();
        letters.next();
        rest = letters.as_str();
    }
    if !literal.is_empty() {
        pieces.push(Piece::Tokens(literal));
    }
    pieces
}

fn variable(inside: &str) -> Piece {
    let (name, default) = match inside.split_once(',') {
        Some((name, default)) => {
            let default = default.trim();
            let quoted = default
                .strip_prefix('\'')
                .and_then(|open| open.strip_suffix('\''));
            (name, Some(quoted.unwrap_or(default).to_owned()))
        }
        None => (inside, None),
    };
    Piece::Variable {
        key: name.trim().to_lowercase(),
        default,
    }
}

/// Fills in the variables. A value's own `*` and `?` are plain characters.
pub(crate) fn fill(pieces: &[Piece], context: &Context) -> Filled {
    let mut filled = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Tokens(tokens) => filled.extend_from_slice(tokens),
            Piece::Variable { key, default } => match (context.find(key), default) {
                (Found::Value(ContextValue::One(value)), _) | (Found::Absent, Some(value)) => {
                    filled.extend(value.chars().map(Token::Char));
                }
                (Found::Unknown, _) => return Filled::Unknown(key.clone()),
                (Found::Value(ContextValue::Many(_)) | Found::Absent, _) => {
                    return Filled::Unresolved;
                }
            },
        }
    }
    Filled::Tokens(filled)
}
