// SPDX-License-Identifier: Apache-2.0
//! The grammar: rows of fields, some in quotes.

use keyproof_plan::Place;

use super::{CsvError, CsvProblem, Field};

/// The rows, each of fields without their quotes. Lines end with `\n` or `\r\n`; one with nothing in it is
/// a row of one empty field, but for what follows the last line.
pub(super) fn rows(text: &str) -> Result<Vec<Vec<Field>>, CsvError> {
    let mut reader = Reader {
        rest: text.chars().peekable(),
        place: Place::START,
    };
    let mut rows = Vec::new();
    while reader.rest.peek().is_some() {
        let mut row = Vec::new();
        loop {
            row.push(reader.field()?);
            match reader.next() {
                Some(',') => {}
                // Of `\r\n` the second, or the end.
                Some(_) | None => break,
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

struct Reader<'t> {
    rest: std::iter::Peekable<std::str::Chars<'t>>,
    place: Place,
}

impl Reader<'_> {
    /// The next character, a `\r\n` as one.
    fn next(&mut self) -> Option<char> {
        let mut character = self.rest.next()?;
        if character == '\r' && self.rest.peek() == Some(&'\n') {
            self.rest.next();
            character = '\n';
        }
        if character == '\n' {
            self.place.line += 1;
            self.place.column = 1;
        } else {
            self.place.column += 1;
        }
        Some(character)
    }

    /// Whether the field ends here.
    fn ends(&mut self) -> bool {
        let mut ahead = self.rest.clone();
        match ahead.next() {
            None | Some(',' | '\n') => true,
            Some('\r') => ahead.next() == Some('\n'),
            Some(_) => false,
        }
    }

    fn field(&mut self) -> Result<Field, CsvError> {
        let place = self.place;
        let mut text = String::new();
        if self.rest.peek() == Some(&'"') {
            self.next();
            loop {
                match self.next() {
                    Some('"') if self.rest.peek() == Some(&'"') => {
                        self.next();
                        text.push('"');
                    }
                    Some('"') => break,
                    Some(character) => text.push(character),
                    None => {
                        let problem = CsvProblem::Unclosed;
                        return Err(CsvError { place, problem });
                    }
                }
            }
            if !self.ends() {
                let (place, problem) = (self.place, CsvProblem::Quote);
                return Err(CsvError { place, problem });
            }
            return Ok((place, text));
        }
        while !self.ends() {
            if self.rest.peek() == Some(&'"') {
                let (place, problem) = (self.place, CsvProblem::Quote);
                return Err(CsvError { place, problem });
            }
            text.extend(self.next());
        }
        Ok((place, text))
    }
}
