// SPDX-License-Identifier: Apache-2.0
//! Policy documents.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod error;
mod reader;

#[cfg(test)]
mod tests;

pub use error::{DocumentError, Problem};

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::statement::Statement;
use crate::strict_json;

/// Which kind of policy a document is to be: that decides which elements it may and must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Grammar {
    /// Attached to a user, group or role.
    Identity,
    /// Attached to a resource: a key policy, a table's or a bucket's policy.
    Resource,
    /// Who may assume a role.
    Trust,
    /// A permissions boundary.
    Boundary,
    /// Handed in when a session is made.
    Session,
    /// A service control policy.
    Scp,
    /// A resource control policy.
    Rcp,
    /// The policy of a VPC endpoint.
    VpcEndpoint,
}

impl Grammar {
    /// The kind of policy in words, as in `an identity policy`.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Identity => "an identity policy",
            Self::Resource => "a resource policy",
            Self::Trust => "a trust policy",
            Self::Boundary => "a permissions boundary",
            Self::Session => "a session policy",
            Self::Scp => "a service control policy",
            Self::Rcp => "a resource control policy",
            Self::VpcEndpoint => "a VPC endpoint policy",
        }
    }

    /// Whether statements say whom they are about.
    const fn has_principals(self) -> bool {
        match self {
            Self::Resource | Self::Trust | Self::Rcp | Self::VpcEndpoint => true,
            Self::Identity | Self::Boundary | Self::Session | Self::Scp => false,
        }
    }
}

impl fmt::Display for Grammar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.noun())
    }
}

/// One policy, parsed once. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    statements: Arc<[Statement]>,
    grammar: Grammar,
    name: Option<Arc<str>>,
}

impl Document {
    /// Reads a policy from JSON.
    ///
    /// # Errors
    ///
    /// If the text is not JSON, names something twice, or is not a policy of this kind.
    pub fn parse(json: &str, grammar: Grammar) -> Result<Self, DocumentError> {
        let value = strict_json::parse(json).map_err(|error| {
            DocumentError::new(
                "",
                Problem::Json {
                    message: error.to_string(),
                },
            )
        })?;
        Self::from_value(&value, grammar)
    }

    /// Reads a policy from a JSON value.
    ///
    /// # Errors
    ///
    /// If it is not a policy of this kind; the error points at the place.
    pub fn from_value(json: &Value, grammar: Grammar) -> Result<Self, DocumentError> {
        let statements = reader::read(json, grammar)?.into();
        Ok(Self {
            statements,
            grammar,
            name: None,
        })
    }

    /// The same document with a name or ARN, which decisions then give back.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The name or ARN, where one was given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The kind of policy that this was read as.
    #[must_use]
    pub fn grammar(&self) -> Grammar {
        self.grammar
    }

    /// How many statements it has.
    #[must_use]
    pub fn statement_count(&self) -> usize {
        self.statements.len()
    }

    /// A statement's `Sid`.
    #[must_use]
    pub fn sid(&self, statement: usize) -> Option<&str> {
        self.statements.get(statement)?.sid.as_deref()
    }

    /// Whether this document and another one differ, at the same place, in a statement that is about
    /// the action. Where they don't, they decide alike on it.
    #[must_use]
    pub fn differs_on(&self, other: &Self, action: &str) -> bool {
        let longest = self.statements.len().max(other.statements.len());
        (0..longest).any(|place| {
            let both = [self.statements.get(place), other.statements.get(place)];
            let [this, that] = both;
            let about = |one: &Statement| one.is_about_action(action);
            this != that && both.into_iter().flatten().any(about)
        })
    }

    pub(crate) fn statements(&self) -> &[Statement] {
        &self.statements
    }

    pub(crate) fn shared_name(&self) -> Option<Arc<str>> {
        self.name.clone()
    }
}
