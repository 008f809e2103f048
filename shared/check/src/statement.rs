// SPDX-License-Identifier: Apache-2.0
//! Where policies stand in the templates.

use keyproof_core::PolicyType;
use keyproof_document::Place;
use keyproof_template::PolicySource;
use keyproof_verdict::DocumentRow;

/// A policy document that took part in a decision, and where it is written down.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    /// The template's file.
    pub(crate) file: Option<&'a str>,
    /// The ARN that the document belongs to: the role's, the key's, the managed policy's.
    pub(crate) document: &'a str,
    /// The policy; `None` for one that no template holds.
    pub(crate) source: Option<&'a PolicySource>,
    /// Where it is attached or declared.
    pub(crate) place: Place,
    /// Whether it is one of AWS's own, which nobody of the account wrote.
    pub(crate) aws: bool,
}

impl Written<'_> {
    /// The document for the report; none where no template holds it.
    pub(crate) fn row(&self, policy: PolicyType) -> Option<DocumentRow> {
        let source = self.source?;
        let row = DocumentRow::new(self.document, policy, source.value.clone());
        Some(row.at(&source.path))
    }

    /// The line of a statement, or of the whole document.
    pub(crate) fn line(&self, statement: Option<usize>) -> usize {
        match (self.source, statement) {
            // AWS's own document stands nowhere; where it is attached does.
            (Some(source), Some(index)) if !self.aws => source.statement_place(index).line,
            (Some(source), None) if !self.aws => source.place.line,
            (Some(_) | None, _) => self.place.line,
        }
    }
}
