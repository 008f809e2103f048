// SPDX-License-Identifier: Apache-2.0
//! YAML and JSON, read strictly into a tree that knows its lines and columns.
//!
//! Plans and templates are security documents: a key given twice, a second document in the file or
//! a tag that nobody understands is an error with its place, never a silent choice. Pure: text in,
//! tree out.
//!
//! ```
//! let node = keyproof_document::parse("name: orders\nkey: !Ref Key\n").unwrap();
//! let key = node.get("key").unwrap();
//! assert_eq!((key.place.line, key.place.column), (2, 6));
//! assert_eq!((key.tag.as_deref(), key.as_str()), (Some("Ref"), Some("Key")));
//! ```

mod error;
mod json;
mod node;
mod place;
mod scalar;
mod yaml;

#[cfg(test)]
mod tests;

pub use error::{DocumentError, DocumentProblem};
pub use node::{Key, Node, Value};
pub use place::Place;

/// How deep mappings and sequences may nest.
pub const MAX_DEPTH: usize = 100;
/// How many values a document may have once its aliases are expanded.
pub const MAX_NODES: usize = 250_000;
/// How many bytes a document may have, and how many its strings may have once its aliases are
/// expanded. CloudFormation itself takes templates of up to 1 MB.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// How large a document may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes it may have, and how many its strings may have once its aliases are expanded.
    pub bytes: usize,
    /// How many values it may have once its aliases are expanded.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: MAX_BYTES,
            nodes: MAX_NODES,
        }
    }
}

/// A document as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The tree; `None` where the text is no YAML at all. Where a key was given twice, the first
    /// one stands in it.
    pub node: Option<Node>,
    /// Everything that is wrong, in the document's order. Empty for a good document.
    pub errors: Vec<DocumentError>,
}

/// Reads one YAML or JSON document.
///
/// # Errors
/// Everything that is wrong with it, in the document's order: at most one error of syntax, where
/// reading had to end, and any number of others.
pub fn parse(text: &str) -> Result<Node, Vec<DocumentError>> {
    match read(text) {
        Reading {
            node: Some(node),
            errors,
        } if errors.is_empty() => Ok(node),
        Reading { errors, .. } => Err(errors),
    }
}

/// Reads one YAML or JSON document as far as possible: for readers who go on to list what is wrong
/// with the meaning of a document that, say, only has a key twice.
#[must_use]
pub fn read(text: &str) -> Reading {
    read_within(text, Limits::default())
}

/// The same of a document that may be larger, or must be smaller.
#[must_use]
pub fn read_within(text: &str, limits: Limits) -> Reading {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > limits.bytes {
        let limit = limits.bytes;
        return failed(DocumentProblem::TooLarge { limit }.at(Place::START));
    }
    if let Some(error) = control_character(text) {
        return failed(error);
    }
    // JSON is read by its own grammar: YAML's reader knows neither surrogate pairs nor keys of
    // more than 1,024 characters. YAML's flow style also starts with a bracket, so what is not
    // JSON gets its second chance; what is neither is explained by whoever got further.
    if !text.trim_start().starts_with(['{', '[']) {
        return yaml::read(text, limits);
    }
    match json::read(text, limits) {
        Ok(reading) => reading,
        Err(json_error) if !matches!(json_error.problem, DocumentProblem::Syntax { .. }) => {
            failed(json_error)
        }
        Err(json_error) => {
            let reading = yaml::read(text, limits);
            let got_no_further = |error: &DocumentError| error.place <= json_error.place;
            if reading.node.is_none() && reading.errors.iter().all(got_no_further) {
                failed(json_error)
            } else {
                reading
            }
        }
    }
}

fn failed(error: DocumentError) -> Reading {
    Reading {
        node: None,
        errors: vec![error],
    }
}

/// The first control character that no document may have as it is. YAML's reader would take NUL
/// for the end of the text and drop the rest.
fn control_character(text: &str) -> Option<DocumentError> {
    let forbidden = |&(_, character): &(usize, char)| matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}');
    let (offset, character) = text.char_indices().find(forbidden)?;
    let place = place_of(text.get(..offset).unwrap_or_default());
    Some(
        DocumentProblem::ControlCharacter {
            code: character.into(),
        }
        .at(place),
    )
}

/// The place right behind `before`.
fn place_of(before: &str) -> Place {
    let mut place = Place::START;
    let mut characters = before.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\r' | '\n' => {
                place = Place {
                    line: place.line + 1,
                    column: 1,
                }
            }
            _ => place.column += 1,
        }
    }
    place
}
