// SPDX-License-Identifier: Apache-2.0
//! JSON by its own grammar (RFC 8259), into the same tree.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

use crate::{DocumentError, DocumentProblem, Key, Limits, MAX_DEPTH, Node, Place, Reading, Value};

/// Reads JSON.
///
/// # Errors
/// The error that ended the reading. What did not end it, such as a key given twice, is in the
/// [`Reading`].
pub(crate) fn read(text: &str, limits: Limits) -> Result<Reading, DocumentError> {
    let mut reader = Reader {
        rest: text.chars().peekable(),
        place: Place::START,
        nodes: 0,
        most_nodes: limits.nodes,
        errors: Vec::new(),
    };
    reader.skip_blanks();
    let node = reader.value(0)?;
    reader.skip_blanks();
    match reader.rest.peek() {
        None => Ok(Reading {
            node: Some(node),
            errors: reader.errors,
        }),
        Some(&character) => Err(reader.unexpected(
            character,
            "the end of the document, as its value is complete",
        )),
    }
}

struct Reader<'text> {
    rest: Peekable<Chars<'text>>,
    place: Place,
    nodes: usize,
    most_nodes: usize,
    errors: Vec<DocumentError>,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        let ends_line = match character {
            '\n' => true,
            // Of `\r\n` the second ends the line.
            '\r' => self.rest.peek() != Some(&'\n'),
            _ => false,
        };
        if ends_line {
            self.place = Place {
                line: self.place.line + 1,
                column: 1,
            };
        } else {
            self.place.column += 1;
        }
        Some(character)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.rest.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    fn syntax(&self, message: &str) -> DocumentError {
        DocumentProblem::Syntax {
            message: format!("not valid JSON: {message}"),
        }
        .at(self.place)
    }

    fn unexpected(&self, found: char, expected: &str) -> DocumentError {
        if found.is_control() {
            let found = found.escape_default();
            self.syntax(&format!("found `{found}`, expected {expected}"))
        } else {
            self.syntax(&format!("found `{found}`, expected {expected}"))
        }
    }

    /// The error for whatever comes next.
    fn expected(&mut self, expected: &str) -> DocumentError {
        match self.rest.peek() {
            Some(&found) => self.unexpected(found, expected),
            None => self.syntax(&format!("the document ends here, expected {expected}")),
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, DocumentError> {
        let place = self.place;
        self.nodes += 1;
        if self.nodes > self.most_nodes {
            let limit = self.most_nodes;
            return Err(DocumentProblem::TooManyNodes { limit }.at(place));
        }
        let value = match self.rest.peek() {
            Some('{') => self.object(depth)?,
            Some('[') => self.array(depth)?,
            Some('"') => Value::String(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            Some('a'..='z') => self.word()?,
            _ => return Err(self.expected("a value")),
        };
        Ok(Node {
            place,
            tag: None,
            value,
        })
    }

    fn nested(&self, depth: usize) -> Result<usize, DocumentError> {
        if depth < MAX_DEPTH {
            Ok(depth + 1)
        } else {
            Err(DocumentProblem::TooDeep { limit: MAX_DEPTH }.at(self.place))
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, DocumentError> {
        let depth = self.nested(depth)?;
        self.next();
        self.skip_blanks();
        let mut entries = Vec::new();
        let mut seen: HashMap<String, Place> = HashMap::new();
        if self.takes('}') {
            return Ok(Value::Mapping(entries));
        }
        loop {
            let place = self.place;
            if self.rest.peek() != Some(&'"') {
                return Err(self.expected("a key in double quotes"));
            }
            let text = self.string()?;
            self.skip_blanks();
            self.punctuation(':', "`:` after the key")?;
            self.skip_blanks();
            let node = self.value(depth)?;
            if let Some(&first) = seen.get(&text) {
                self.errors
                    .push(DocumentProblem::DuplicateKey { key: text, first }.at(place));
            } else {
                seen.insert(text.clone(), place);
                entries.push((Key { place, text }, node));
            }
            self.skip_blanks();
            if self.takes('}') {
                return Ok(Value::Mapping(entries));
            }
            self.punctuation(',', "`,` or `}`")?;
            self.skip_blanks();
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, DocumentError> {
        let depth = self.nested(depth)?;
        self.next();
        self.skip_blanks();
        let mut items = Vec::new();
        if self.takes(']') {
            return Ok(Value::Sequence(items));
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_blanks();
            if self.takes(']') {
                return Ok(Value::Sequence(items));
            }
            self.punctuation(',', "`,` or `]`")?;
            self.skip_blanks();
        }
    }

    fn punctuation(&mut self, wanted: char, expected: &str) -> Result<(), DocumentError> {
        if self.takes(wanted) {
            Ok(())
        } else {
            Err(self.expected(expected))
        }
    }

    /// Takes the next character where it is this one.
    fn takes(&mut self, wanted: char) -> bool {
        let found = self.rest.peek() == Some(&wanted);
        if found {
            self.next();
        }
        found
    }

    fn string(&mut self) -> Result<String, DocumentError> {
        let start = self.place;
        self.next();
        let mut text = String::new();
        loop {
            let here = self.place;
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape(here)?),
                Some(character) if character < ' ' => {
                    let message = format!(
                        "not valid JSON: a string holds `{}` as it is; write it as an escape",
                        character.escape_debug()
                    );
                    return Err(DocumentProblem::Syntax { message }.at(here));
                }
                Some(character) => text.push(character),
                None => {
                    let message = "not valid JSON: this string is never closed".to_owned();
                    return Err(DocumentProblem::Syntax { message }.at(start));
                }
            }
        }
    }

    /// What follows a backslash; `start` is the backslash's place.
    fn escape(&mut self, start: Place) -> Result<char, DocumentError> {
        let problem = |message: &str| {
            DocumentProblem::Syntax {
                message: format!("not valid JSON: {message}"),
            }
            .at(start)
        };
        match self.next() {
            Some(character @ ('"' | '\\' | '/')) => Ok(character),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => {
                let unit = self
                    .hexadecimal()
                    .ok_or_else(|| problem("`\\u` must be followed by four hexadecimal digits"))?;
                let lone =
                    || problem("half of a surrogate pair; write both, such as `\\ud83d\\ude00`");
                let code = match unit {
                    0xD800..=0xDBFF => {
                        let paired = self.next() == Some('\\') && self.next() == Some('u');
                        let low = if paired { self.hexadecimal() } else { None };
                        let low = low.filter(|low| (0xDC00..=0xDFFF).contains(low));
                        0x1_0000 + ((unit - 0xD800) << 10) + (low.ok_or_else(lone)? - 0xDC00)
                    }
                    _ => unit,
                };
                char::from_u32(code).ok_or_else(lone)
            }
            _ => Err(problem(
                "unknown escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX",
            )),
        }
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |value, _| Some(value * 16 + self.next()?.to_digit(16)?))
    }

    fn number(&mut self) -> Result<Value, DocumentError> {
        let mut text = String::new();
        self.take_if(&mut text, |next| next == '-');
        if !self.take_if(&mut text, |next| next == '0') {
            self.digits(&mut text)?;
        } else if matches!(self.rest.peek(), Some('0'..='9')) {
            return Err(self.syntax("a number must not start with a zero"));
        }
        if self.take_if(&mut text, |next| next == '.') {
            self.digits(&mut text)?;
        }
        if self.take_if(&mut text, |next| matches!(next, 'e' | 'E')) {
            self.take_if(&mut text, |next| matches!(next, '+' | '-'));
            self.digits(&mut text)?;
        }
        Ok(Value::Number(text))
    }

    fn digits(&mut self, text: &mut String) -> Result<(), DocumentError> {
        if !self.take_if(text, |next| next.is_ascii_digit()) {
            return Err(self.expected("a digit"));
        }
        while self.take_if(text, |next| next.is_ascii_digit()) {}
        Ok(())
    }

    /// Moves the next character to `text` where it fits.
    fn take_if(&mut self, text: &mut String, fits: impl Fn(char) -> bool) -> bool {
        let found = self.rest.peek().is_some_and(|&next| fits(next));
        if found {
            text.extend(self.next());
        }
        found
    }

    fn word(&mut self) -> Result<Value, DocumentError> {
        let start = self.place;
        let mut text = String::new();
        while self.take_if(&mut text, |next| next.is_ascii_alphanumeric()) {}
        match text.as_str() {
            "null" => Ok(Value::Null),
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => {
                let message = format!(
                    "not valid JSON: `{text}` is not a value; a string stands in double quotes"
                );
                Err(DocumentProblem::Syntax { message }.at(start))
            }
        }
    }
}
