// SPDX-License-Identifier: Apache-2.0
//! Policies with their places in the template, and what is unknown in them.

use keyproof_document::Place;
use keyproof_policy::{Document, DocumentError, Grammar};
use serde_json::Value;

use crate::bounds;

/// A policy as a template gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySource {
    /// The policy as JSON, every function done. Where something in it is unknown, a text in
    /// guillemets says what (`«what another stack exports as `shared-key`»`).
    pub value: Value,
    /// The policy, parsed. Where something in it is unknown, this is the reading that allows
    /// least: statements that allow count only as far as they are known, statements that deny
    /// count as if the unknown were everything.
    pub document: Document,
    /// The reading that allows most, where something is unknown. If a request comes out the same
    /// with the least of every policy and with the most of every policy, nothing unknown decided.
    pub most: Option<Document>,
    /// What is unknown in it.
    pub unknowns: Vec<Unknown>,
    /// Where the policy starts in the template.
    pub place: Place,
    /// Where each statement starts.
    pub statement_places: Vec<Place>,
    /// The policy's path in the template: `Resources.Key.Properties.KeyPolicy`.
    pub path: String,
}

/// Something in a policy that the template doesn't tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// JSON pointer into the policy.
    pub pointer: String,
    /// Where it stands in the template.
    pub place: Place,
    /// What it hangs on.
    pub reason: String,
    /// What is known of it, with `*` for each unknown part; `None` where nothing is.
    pub pattern: Option<String>,
}

impl PolicySource {
    /// A policy without unknowns, all of it at one place.
    ///
    /// # Errors
    /// Where the policy doesn't follow the grammar.
    pub fn new(
        value: Value,
        grammar: Grammar,
        place: Place,
        path: impl Into<String>,
    ) -> Result<Self, DocumentError> {
        let document = Document::from_value(&value, grammar)?;
        let statement_places = vec![place; document.statement_count()];
        let path = path.into();
        let (most, unknowns) = (None, Vec::new());
        Ok(Self {
            value,
            document,
            most,
            unknowns,
            place,
            statement_places,
            path,
        })
    }

    /// A policy with unknowns in it.
    pub(crate) fn with_unknowns(
        value: Value,
        unknowns: Vec<Unknown>,
        grammar: Grammar,
        places: (Place, Vec<Place>),
        path: String,
    ) -> Result<Self, DocumentError> {
        let (place, statement_places) = places;
        let read = |unknowns: &[Unknown]| {
            let (least, most) = bounds::bounds(&value, unknowns, grammar);
            let document = Document::from_value(&least, grammar)?;
            Ok((document, Some(Document::from_value(&most, grammar)?)))
        };
        // A pattern that is no resource or action by itself (`*/index/*`) is read as everything.
        let (document, most) = read(&unknowns).or_else(|_: DocumentError| {
            let blank = |unknown: &Unknown| Unknown {
                pattern: None,
                ..unknown.clone()
            };
            read(&unknowns.iter().map(blank).collect::<Vec<_>>())
        })?;
        Ok(Self {
            value,
            document,
            most,
            unknowns,
            place,
            statement_places,
            path,
        })
    }

    /// The same policy with another content: the unknowns that the new content no longer holds are
    /// forgotten, and so is the name of the document.
    ///
    /// # Errors
    /// Where the new content doesn't follow the grammar.
    pub fn with_value(&self, value: Value) -> Result<Self, DocumentError> {
        let grammar = self.document.grammar();
        let unknowns: Vec<Unknown> = self
            .unknowns
            .iter()
            .filter(|unknown| {
                value.pointer(&unknown.pointer) == self.value.pointer(&unknown.pointer)
            })
            .cloned()
            .collect();
        let mut places = self.statement_places.clone();
        let path = self.path.clone();
        if unknowns.is_empty() {
            let document = Document::from_value(&value, grammar)?;
            places.resize(document.statement_count(), self.place);
            let statement_places = places;
            return Ok(Self {
                value,
                document,
                most: None,
                unknowns,
                place: self.place,
                statement_places,
                path,
            });
        }
        let source = Self::with_unknowns(value, unknowns, grammar, (self.place, places), path)?;
        Ok(source)
    }

    /// The reading that allows most: the policy itself where nothing in it is unknown.
    #[must_use]
    pub fn most(&self) -> &Document {
        self.most.as_ref().unwrap_or(&self.document)
    }

    /// Where a statement starts, counted from 0.
    #[must_use]
    pub fn statement_place(&self, index: usize) -> Place {
        self.statement_places
            .get(index)
            .copied()
            .unwrap_or(self.place)
    }

    /// Names the document, for messages and causes: an ARN, or a policy's name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.document = self.document.with_name(name);
        self.most = self.most.map(|most| most.with_name(name));
        self
    }
}
