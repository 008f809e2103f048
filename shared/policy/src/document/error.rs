// SPDX-License-Identifier: Apache-2.0
//! What can be wrong with a policy document.

use std::fmt;

use thiserror::Error;

use super::Grammar;

/// Why a text is not the policy it should be, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct DocumentError {
    pointer: String,
    problem: Problem,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The text is not JSON, or an object in it names something twice.
    #[error("the policy can't be read as JSON: {message}")]
    Json {
        /// What the parser says.
        message: String,
    },
    /// A value of another JSON type.
    #[error("expected {expected}")]
    Shape {
        /// What would have been right.
        expected: &'static str,
    },
    /// An element that policies don't have.
    #[error("unknown element `{name}`{}", did_you_mean(.suggestion.as_deref()))]
    UnknownElement {
        /// The name as written.
        name: String,
        /// What was probably meant.
        suggestion: Option<String>,
    },
    /// An operator that conditions don't have.
    #[error("unknown condition operator `{name}`{}", did_you_mean(.suggestion.as_deref()))]
    UnknownOperator {
        /// The name as written.
        name: String,
        /// What was probably meant.
        suggestion: Option<String>,
    },
    /// A kind of principal that there isn't.
    #[error("unknown kind of principal `{name}`{}", did_you_mean(.suggestion.as_deref()))]
    UnknownPrincipalKind {
        /// The name as written.
        name: String,
        /// What was probably meant.
        suggestion: Option<String>,
    },
    /// A required element is not there.
    #[error("{grammar} needs `{element}` here")]
    Missing {
        /// The element, or the elements of which one is needed.
        element: &'static str,
        /// The kind of policy.
        grammar: Grammar,
    },
    /// Two elements that exclude each other.
    #[error("`{first}` and `{second}` exclude each other; keep one")]
    Both {
        /// One of them.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// An element that this kind of policy can't have.
    #[error("{grammar} can't have `{element}`; remove it")]
    NotAdmitted {
        /// The element.
        element: &'static str,
        /// The kind of policy.
        grammar: Grammar,
    },
    /// A value that means nothing here.
    #[error("`{value}` is not {expected}")]
    Value {
        /// The value as written.
        value: String,
        /// What would have been right.
        expected: &'static str,
    },
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

impl DocumentError {
    pub(crate) fn new(pointer: impl Into<String>, problem: Problem) -> Self {
        Self {
            pointer: pointer.into(),
            problem,
        }
    }

    /// Where in the document, as a JSON pointer: `/Statement/2/Condition`. Empty: the whole.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// What is wrong there.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            write!(formatter, "{}", self.problem)
        } else {
            write!(formatter, "{} (at `{}`)", self.problem, self.pointer)
        }
    }
}
