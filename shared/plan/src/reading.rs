// SPDX-License-Identifier: Apache-2.0
//! How a plan is read, for documents that are read like one: fields that are known, every error at once
//! with its place and its mend.
//!
//! An [`Object`] says which fields a mapping has; [`Cursor::fields`] holds a mapping against it.

pub use crate::definition::{Field, INVENTORY_VERSION, Object, optional, required};
pub use crate::parse::cursor::{Cursor, Errors, Fields, join, shown};
pub use crate::parse::names::declared;
pub use crate::parse::{is_of_other_kind, region, tags, version};
pub use crate::schema::{document, object, reference_of};
pub use crate::suggest::{closest, hint};
pub use crate::text::is_region;

/// Whether DynamoDB would take it as a table's name; the rule where not.
///
/// # Errors
/// The rule, in words.
pub fn table_name(text: &str) -> Result<(), String> {
    let rules = &crate::text::TABLE;
    if rules.admits(text) {
        Ok(())
    } else {
        Err(rules.rule())
    }
}

/// The external id of a role, which is not shown where it is wrong.
pub fn external_id<'node>(cursor: &Cursor<'node>, errors: &mut Errors) -> Option<&'node str> {
    cursor.text(errors, &crate::text::EXTERNAL_ID)
}

/// JSON Schemas of what plans hold, for schemas of other documents.
pub mod shape {
    pub use crate::schema::shape::{external_id, name, region};
}
