// SPDX-License-Identifier: Apache-2.0
//! Cuts a statement into tokens.

use super::StatementError;

/// A token of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A keyword, a function or a name.
    Word(String),
    /// A name in double quotes.
    Quoted(String),
    /// A string in single quotes.
    Text(String),
    /// A number, without its sign.
    Number(String),
    /// Anything else.
    Symbol(&'static str),
    /// The end.
    End,
}

/// Longer ones first.
const SYMBOLS: &[&str] = &[
    "<<", ">>", "<=", ">=", "<>", "!=", "=", "<", ">", "(", ")", "[", "]", "{", "}", ",", ".", "*",
    "?", ":", "-", ";",
];

/// Cuts the text into tokens; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, StatementError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\'' | '"' => {
                let (content, length) = quoted(rest, first)?;
                tokens.push(if first == '"' {
                    Token::Quoted(content)
                } else {
                    Token::Text(content)
                });
                length
            }
            '0'..='9' => {
                let length = number_length(rest);
                tokens.push(Token::Number(
                    rest.get(..length).unwrap_or_default().to_owned(),
                ));
                length
            }
            _ if first.is_alphabetic() || first == '_' => {
                let word =
                    |character: char| character.is_alphanumeric() || "_$".contains(character);
                let length = rest.len() - rest.trim_start_matches(word).len();
                tokens.push(Token::Word(
                    rest.get(..length).unwrap_or_default().to_owned(),
                ));
                length
            }
            _ => {
                let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
                let symbol = symbol.ok_or_else(|| {
                    StatementError::Syntax(format!("Unexpected character: {first}"))
                })?;
                tokens.push(Token::Symbol(symbol));
                symbol.len()
            }
        };
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    tokens.push(Token::End);
    Ok(tokens)
}

/// The content of a quoted text, in which the quote is doubled, and its length with the quotes.
fn quoted(text: &str, quote: char) -> Result<(String, usize), StatementError> {
    let mut content = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character != quote {
            content.push(character);
        } else if characters.next_if(|(_, next)| *next == quote).is_some() {
            content.push(quote);
        } else {
            return Ok((content, at + quote.len_utf8()));
        }
    }
    Err(StatementError::Syntax(
        "Unterminated string or quoted identifier".to_owned(),
    ))
}

/// The length of `12`, `1.5` or `2e-3`.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| {
        let tail = text.get(from..).unwrap_or_default();
        from + tail.len()
            - tail
                .trim_start_matches(|character: char| character.is_ascii_digit())
                .len()
    };
    let starts_digit = |at: usize| {
        text.get(at..)
            .and_then(|tail| tail.chars().next())
            .is_some_and(|next| next.is_ascii_digit())
    };
    let mut length = digits(0);
    if text.get(length..).is_some_and(|tail| tail.starts_with('.')) && starts_digit(length + 1) {
        length = digits(length + 1);
    }
    let tail = text.get(length..).unwrap_or_default();
    if tail.starts_with(['e', 'E']) {
        let sign = usize::from(
            tail.get(1..)
                .is_some_and(|tail| tail.starts_with(['+', '-'])),
        );
        if starts_digit(length + 1 + sign) {
            length = digits(length + 1 + sign);
        }
    }
    length
}
