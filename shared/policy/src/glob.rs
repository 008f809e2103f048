// SPDX-License-Identifier: Apache-2.0
//! Wildcards: `*` for any run of characters, `?` for any one.

#[cfg(test)]
mod tests;

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// Exactly this character.
    Char(char),
    /// `?`.
    One,
    /// `*`.
    Many,
}

/// Whether letters are compared as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// `a` is not `A`.
    Sensitive,
    /// `a` is `A`.
    Insensitive,
}

impl Case {
    fn same(self, left: char, right: char) -> bool {
        left == right
            || (self == Self::Insensitive
                && (left.eq_ignore_ascii_case(&right)
                    || (!(left.is_ascii() && right.is_ascii())
                        && left.to_lowercase().eq(right.to_lowercase()))))
    }

    /// Compares two whole texts.
    pub(crate) fn equal(self, left: &str, right: &str) -> bool {
        match self {
            Self::Sensitive => left == right,
            Self::Insensitive => {
                left.eq_ignore_ascii_case(right)
                    || (!(left.is_ascii() && right.is_ascii())
                        && left.to_lowercase() == right.to_lowercase())
            }
        }
    }
}

/// A compiled pattern; the common shapes are answered without walking tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// `*`.
    Anything,
    /// No wildcard at all.
    Exact(Box<str>),
    /// Wildcards anywhere.
    Tokens(Box<[Token]>),
}

impl Pattern {
    pub(crate) fn new(tokens: &[Token]) -> Self {
        if !tokens.is_empty() && tokens.iter().all(|token| *token == Token::Many) {
            return Self::Anything;
        }
        let mut exact = String::with_capacity(tokens.len());
        for token in tokens {
            match token {
                Token::Char(letter) => exact.push(*letter),
                Token::One | Token::Many => return Self::Tokens(tokens.into()),
            }
        }
        Self::Exact(exact.into())
    }

    /// Reads `*` and `?` as wildcards.
    pub(crate) fn wildcards(text: &str) -> Self {
        Self::new(&tokens(text))
    }

    pub(crate) fn matches(&self, text: &str, case: Case) -> bool {
        match self {
            Self::Anything => true,
            Self::Exact(exact) => case.equal(exact, text),
            Self::Tokens(tokens) => matches(tokens, text, case),
        }
    }

    /// Whether the pattern ends in `*`.
    pub(crate) fn is_open_ended(&self) -> bool {
        match self {
            Self::Anything => true,
            Self::Exact(_) => false,
            Self::Tokens(tokens) => tokens.last() == Some(&Token::Many),
        }
    }
}

/// Reads `*` and `?` as wildcards, everything else as itself.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    text.chars()
        .map(|letter| match letter {
            '*' => Token::Many,
            '?' => Token::One,
            other => Token::Char(other),
        })
        .collect()
}

/// Whether `text` has the shape of `tokens`.
///
/// Only the last `*` is ever tried again, so the time is at most the product of both lengths,
/// whatever the pattern: `a*a*a*a*b` is not exponential.
fn matches(tokens: &[Token], text: &str, case: Case) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    let mut retry = None;
    loop {
        let fits = match tokens.get(at) {
            Some(Token::Many) => {
                at += 1;
                if at == tokens.len() {
                    return true;
                }
                retry = Some((at, rest.clone()));
                continue;
            }
            Some(Token::One) => !rest.as_str().is_empty(),
            Some(Token::Char(wanted)) => rest
                .clone()
                .next()
                .is_some_and(|found| case.same(*wanted, found)),
            None if rest.as_str().is_empty() => return true,
            None => false,
        };
        if fits {
            rest.next();
            at += 1;
            continue;
        }
        let Some((after, from)) = &mut retry else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        rest = from.clone();
        at = *after;
    }
}
