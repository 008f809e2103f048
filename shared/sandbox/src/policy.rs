// SPDX-License-Identifier: Apache-2.0
//! A policy as it was written, and parsed once.

use std::sync::Arc;

use keyproof_policy::Document;
pub(crate) use keyproof_policy::Grammar;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A policy document with its text. Clones share both.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredPolicy {
    text: Arc<str>,
    document: Document,
}

impl StoredPolicy {
    /// Parses a policy; the error is a sentence that says where it is wrong.
    pub(crate) fn parse(text: &str, grammar: Grammar) -> Result<Self, String> {
        let document = Document::parse(text, grammar).map_err(|error| error.to_string())?;
        Ok(Self {
            text: text.into(),
            document,
        })
    }

    /// Parses a policy that messages call by a name.
    pub(crate) fn named(text: &str, grammar: Grammar, name: &str) -> Result<Self, String> {
        let mut policy = Self::parse(text, grammar)?;
        policy.document = policy.document.with_name(name);
        Ok(policy)
    }

    /// A policy that was parsed already.
    pub(crate) fn parsed(text: String, document: Document) -> Self {
        Self {
            text: text.into(),
            document,
        }
    }

    /// The JSON text as it was given.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The policy, ready to be evaluated.
    pub(crate) fn document(&self) -> &Document {
        &self.document
    }
}

/// A saved policy: its text, and as what it is to be parsed again.
#[derive(Serialize, Deserialize)]
struct Saved {
    grammar: SavedGrammar,
    text: Arc<str>,
    name: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum SavedGrammar {
    Identity,
    Resource,
    Trust,
    Boundary,
    Session,
    Scp,
    Rcp,
    VpcEndpoint,
}

impl Serialize for StoredPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let grammar = match self.document.grammar() {
            Grammar::Identity => SavedGrammar::Identity,
            Grammar::Resource => SavedGrammar::Resource,
            Grammar::Trust => SavedGrammar::Trust,
            Grammar::Boundary => SavedGrammar::Boundary,
            Grammar::Session => SavedGrammar::Session,
            Grammar::Scp => SavedGrammar::Scp,
            Grammar::Rcp => SavedGrammar::Rcp,
            Grammar::VpcEndpoint => SavedGrammar::VpcEndpoint,
        };
        Saved {
            grammar,
            text: Arc::clone(&self.text),
            name: self.document.name().map(str::to_owned),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StoredPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let saved = Saved::deserialize(deserializer)?;
        let grammar = match saved.grammar {
            SavedGrammar::Identity => Grammar::Identity,
            SavedGrammar::Resource => Grammar::Resource,
            SavedGrammar::Trust => Grammar::Trust,
            SavedGrammar::Boundary => Grammar::Boundary,
            SavedGrammar::Session => Grammar::Session,
            SavedGrammar::Scp => Grammar::Scp,
            SavedGrammar::Rcp => Grammar::Rcp,
            SavedGrammar::VpcEndpoint => Grammar::VpcEndpoint,
        };
        let policy = match &saved.name {
            Some(name) => Self::named(&saved.text, grammar, name),
            None => Self::parse(&saved.text, grammar),
        };
        policy.map_err(serde::de::Error::custom)
    }
}
