// SPDX-License-Identifier: Apache-2.0
//! Takes the tokens of a statement one after the other, and complains about the present one.

use super::StatementError;
use super::lexer::{Token, tokens};

/// The deepest nesting that is followed.
const MAXIMUM_DEPTH: usize = 48;

/// The tokens of a statement and where the reader is.
#[derive(Debug)]
pub(super) struct Cursor {
    tokens: Vec<Token>,
    position: usize,
    depth: usize,
}

impl Cursor {
    /// Starts at the first token.
    pub(super) fn new(statement: &str) -> Result<Self, StatementError> {
        Ok(Self {
            tokens: tokens(statement)?,
            position: 0,
            depth: 0,
        })
    }

    /// Goes one level down, unless that is too deep.
    pub(super) fn descend(&mut self) -> Result<(), StatementError> {
        if self.depth >= MAXIMUM_DEPTH {
            return Err(StatementError::Syntax(
                "the statement is nested too deeply".to_owned(),
            ));
        }
        self.depth += 1;
        Ok(())
    }

    /// Comes back up.
    pub(super) fn ascend(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The present token.
    pub(super) fn peek(&self) -> &Token {
        self.tokens.get(self.position).unwrap_or(&Token::End)
    }

    /// The token after the present one.
    pub(super) fn peek_second(&self) -> &Token {
        self.tokens.get(self.position + 1).unwrap_or(&Token::End)
    }

    /// Takes the present token.
    pub(super) fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.position += 1;
        token
    }

    /// Takes the present token if it is the keyword, in any case.
    pub(super) fn take_word(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        self.position += usize::from(found);
        found
    }

    /// Takes the present token if it is the symbol.
    pub(super) fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(present) if *present == symbol);
        self.position += usize::from(found);
        found
    }

    /// Takes the symbol, or complains.
    pub(super) fn expect_symbol(&mut self, symbol: &str) -> Result<(), StatementError> {
        if self.take_symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// The complaint about the present token.
    pub(super) fn unexpected(&self) -> StatementError {
        let token = match self.peek() {
            Token::Word(text) | Token::Number(text) => text.clone(),
            Token::Quoted(name) => format!("\"{name}\""),
            Token::Text(text) => format!("'{text}'"),
            Token::Symbol(symbol) => (*symbol).to_owned(),
            Token::End => return StatementError::Syntax("Unexpected end of statement".to_owned()),
        };
        StatementError::Syntax(format!("Unexpected token: {token}"))
    }

    /// The complaint about the token that was just taken.
    pub(super) fn before(&mut self) -> StatementError {
        self.position = self.position.saturating_sub(1);
        self.unexpected()
    }
}
