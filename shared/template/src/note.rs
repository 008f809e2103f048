// SPDX-License-Identifier: Apache-2.0
//! What a template holds that the model does not.

use std::fmt;

use keyproof_document::Place;

/// Something that was left out or could not be told, and where it stands. Nothing is left out
/// without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where it stands in the template.
    pub place: Place,
    /// The resource it is about, where it is about one.
    pub logical_id: Option<String>,
    /// How much it matters.
    pub kind: NoteKind,
    /// One sentence for a person, without a full stop.
    pub text: String,
}

/// How much a [`Note`] matters to somebody who asks who may read what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NoteKind {
    /// A resource or property that grants nothing on keys, tables and roles, or only to others.
    LeftOut,
    /// A part of the deployment that this template only points at (a nested stack, a macro, a
    /// module, a custom resource): it could hold anything.
    Unseen,
    /// A value that decides access and that the template does not tell.
    Unknown,
}

impl NoteKind {
    /// Whether a decision could come out differently if more were known.
    #[must_use]
    pub const fn may_decide_access(self) -> bool {
        match self {
            Self::LeftOut => false,
            Self::Unseen | Self::Unknown => true,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
