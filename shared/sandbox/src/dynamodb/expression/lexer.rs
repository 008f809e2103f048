// SPDX-License-Identifier: Apache-2.0
//! Cuts an expression into tokens.

use super::error::ExpressionError;
use super::syntax::Comparator;

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'text> {
    /// What it is.
    pub(super) kind: Kind,
    /// Its text.
    pub(super) text: &'text str,
    /// Where its text starts.
    pub(super) start: usize,
}

impl Token<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The kinds of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a keyword or a function.
    Word,
    /// `#name`.
    NamePlaceholder,
    /// `:value`.
    ValuePlaceholder,
    /// Digits.
    Digits,
    /// `=`, `<>`, …
    Comparator(Comparator),
    /// One of `( ) [ ] , . + -`.
    Symbol(char),
    /// What no expression may contain.
    Unknown,
    /// The end.
    End,
}

/// Cuts the text into tokens; the last one is [`Kind::End`].
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let start = text.len() - rest.len();
        let Some(first) = rest.chars().next() else {
            tokens.push(Token {
                kind: Kind::End,
                text: "",
                start,
            });
            return tokens;
        };
        let (kind, length) = next(rest, first);
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        tokens.push(Token {
            kind,
            text: token,
            start,
        });
        rest = after;
    }
}

/// The kind and the length of the token that the text starts with.
fn next(text: &str, first: char) -> (Kind, usize) {
    let run = |from: usize, belongs: fn(char) -> bool| {
        let tail = text.get(from..).unwrap_or_default();
        from + (tail.len() - tail.trim_start_matches(belongs).len())
    };
    let in_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    match first {
        'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, run(1, in_name)),
        '0'..='9' => (Kind::Digits, run(1, |character| character.is_ascii_digit())),
        '#' | ':' => match run(1, in_name) {
            1 => (Kind::Unknown, 1),
            length if first == '#' => (Kind::NamePlaceholder, length),
            length => (Kind::ValuePlaceholder, length),
        },
        '(' | ')' | '[' | ']' | ',' | '.' | '+' | '-' => (Kind::Symbol(first), 1),
        '=' => (Kind::Comparator(Comparator::Equal), 1),
        '<' if text.starts_with("<>") => (Kind::Comparator(Comparator::NotEqual), 2),
        '<' if text.starts_with("<=") => (Kind::Comparator(Comparator::LessOrEqual), 2),
        '<' => (Kind::Comparator(Comparator::Less), 1),
        '>' if text.starts_with(">=") => (Kind::Comparator(Comparator::GreaterOrEqual), 2),
        '>' => (Kind::Comparator(Comparator::Greater), 1),
        other => (Kind::Unknown, other.len_utf8()),
    }
}

/// Reads tokens one after the other, and knows how to complain about the present one.
#[derive(Debug)]
pub(super) struct Cursor<'text> {
    text: &'text str,
    tokens: Vec<Token<'text>>,
    position: usize,
    depth: usize,
}

/// The deepest nesting that is followed, so that no expression can exhaust the stack.
const MAXIMUM_DEPTH: usize = 64;

impl<'text> Cursor<'text> {
    /// Starts at the first token.
    pub(super) fn new(text: &'text str) -> Self {
        Self {
            text,
            tokens: tokens(text),
            position: 0,
            depth: 0,
        }
    }

    /// The present token.
    pub(super) fn peek(&self) -> Token<'text> {
        self.at(self.position)
    }

    /// The token after the present one.
    pub(super) fn peek_second(&self) -> Token<'text> {
        self.at(self.position + 1)
    }

    fn at(&self, position: usize) -> Token<'text> {
        let end = Token {
            kind: Kind::End,
            text: "",
            start: self.text.len(),
        };
        self.tokens.get(position).copied().unwrap_or(end)
    }

    /// Takes the present token.
    pub(super) fn take(&mut self) -> Token<'text> {
        let token = self.peek();
        self.position += 1;
        token
    }

    /// Takes the present token if it is the symbol.
    pub(super) fn take_symbol(&mut self, symbol: char) -> bool {
        let found = self.peek().kind == Kind::Symbol(symbol);
        if found {
            self.position += 1;
        }
        found
    }

    /// Takes the symbol, or complains.
    pub(super) fn expect_symbol(&mut self, symbol: char) -> Result<(), ExpressionError> {
        if self.take_symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Whether the present token is the keyword; keywords are written in any case.
    pub(super) fn is_keyword(&self, keyword: &str) -> bool {
        let token = self.peek();
        token.kind == Kind::Word && token.text.eq_ignore_ascii_case(keyword)
    }

    /// Takes the present token if it is the keyword.
    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        if found {
            self.position += 1;
        }
        found
    }

    /// Complains unless everything has been read.
    pub(super) fn expect_end(&self) -> Result<(), ExpressionError> {
        if self.peek().kind == Kind::End {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// Goes one level down, unless that is too deep.
    pub(super) fn descend(&mut self) -> Result<(), ExpressionError> {
        if self.depth >= MAXIMUM_DEPTH {
            return Err(ExpressionError::TooComplex);
        }
        self.depth += 1;
        Ok(())
    }

    /// Comes back up.
    pub(super) fn ascend(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The complaint about the present token: itself, and the text from the token before it to
    /// the one after it.
    pub(super) fn unexpected(&self) -> ExpressionError {
        let token = self.peek();
        let start = match self.position.checked_sub(1) {
            Some(before) => self.at(before).start,
            None => token.start,
        };
        let end = self.peek_second().end().max(token.end());
        ExpressionError::Syntax {
            token: if token.kind == Kind::End {
                "<EOF>".to_owned()
            } else {
                token.text.to_owned()
            },
            near: self
                .text
                .get(start..end)
                .unwrap_or_default()
                .trim_end()
                .to_owned(),
        }
    }
}
