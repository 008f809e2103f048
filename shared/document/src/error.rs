// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with a document before anybody asks what it means.

use thiserror::Error;

use crate::Place;

/// One thing wrong with a document, and where.
///
/// Its `Display` is the sentence alone: whoever shows it knows the file and puts
/// `FILE:LINE:COLUMN` before it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{problem}")]
pub struct DocumentError {
    /// Where it is.
    pub place: Place,
    /// What it is.
    pub problem: DocumentProblem,
}

/// The kinds of [`DocumentError`].
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentProblem {
    /// Nothing but blanks and comments.
    #[error("the document is empty")]
    Empty,
    /// The text is neither YAML nor JSON.
    #[error("{message}")]
    Syntax {
        /// What was met and, where known, how to mend it.
        message: String,
    },
    /// A character that neither YAML nor JSON admits, such as NUL.
    #[error(
        "the control character U+{code:04X} is not allowed here; write it as an escape in a double-quoted string"
    )]
    ControlCharacter {
        /// The character's code point.
        code: u32,
    },
    /// The same key twice in one mapping.
    #[error("`{key}` is given twice in one mapping, first on line {}; keep one of them", first.line)]
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it stands first.
        first: Place,
    },
    /// A mapping's key is a mapping or a sequence.
    #[error("a mapping's key must be a plain word or a string, not a mapping or a sequence")]
    ComplexKey,
    /// A mapping's key is missing (`: value`).
    #[error("a key is missing before `:`")]
    EmptyKey,
    /// A tag on a mapping's key.
    #[error("a mapping's key cannot carry the tag `{tag}`")]
    TaggedKey {
        /// The tag as written.
        tag: String,
    },
    /// A merge key, which YAML 1.2 no longer has.
    #[error("merge keys (`<<`) are not supported; write the fields out")]
    MergeKey,
    /// A tag that is neither local (`!Ref`) nor of YAML's core schema (`!!str`).
    #[error(
        "the tag `{tag}` is not supported; expected a local tag such as `!Ref`, or one of `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!seq`, `!!map`"
    )]
    UnsupportedTag {
        /// The tag as written.
        tag: String,
    },
    /// A core-schema tag on something that is not of its type.
    #[error("`{text}` does not fit its tag `{tag}`")]
    MistaggedValue {
        /// The value as written, or what it is.
        text: String,
        /// The tag as written.
        tag: String,
    },
    /// A second document in the same file.
    #[error("a second document starts here; put each document into a file of its own")]
    SecondDocument,
    /// An alias inside the very node that its anchor names.
    #[error("this alias stands inside the node that it refers to, which would never end")]
    RecursiveAlias,
    /// Nested too deeply.
    #[error("nested more than {limit} levels deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Too many nodes once aliases are expanded.
    #[error("more than {limit} values once aliases are expanded")]
    TooManyNodes {
        /// The limit.
        limit: usize,
    },
    /// Too much text, in the file or once aliases are expanded.
    #[error("more than {limit} bytes of text, aliases expanded")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
}

impl DocumentProblem {
    /// The problem, placed.
    pub(crate) fn at(self, place: Place) -> DocumentError {
        DocumentError {
            place,
            problem: self,
        }
    }
}
