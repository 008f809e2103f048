// SPDX-License-Identifier: Apache-2.0
//! A cause as the report tells it, with the document that its statement stands in.

use keyproof_core::PolicyType;
use keyproof_document::Place;
use keyproof_verdict::{Cause, DocumentRow};

use crate::statement::Written;

/// A cause, and the documents that its statement and those of its alternatives stand in.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) cause: Cause,
    pub(crate) documents: Vec<DocumentRow>,
}

/// A statement, or the want of one in a document.
pub(crate) fn told(
    policy: PolicyType,
    written: &Written<'_>,
    at: Option<(usize, Option<String>)>,
) -> Found {
    let index = at.as_ref().map(|(index, _)| *index);
    let document = written.row(policy);
    let pointer = document.as_ref().zip(index);
    let cause = Cause {
        policy,
        statement: at.map(|(index, sid)| sid.unwrap_or_else(|| index.to_string())),
        document: Some(written.document.to_owned()),
        changed: None,
        file: written.file.map(str::to_owned),
        // Without a file's name a line leads nowhere.
        line: written.file.map(|_| written.line(index)),
        source: document.as_ref().map(|document| document.id.clone()),
        pointer: pointer.map(|(document, index)| document.statement(index)),
        alternatives: Vec::new(),
    };
    let documents = document.into_iter().collect();
    Found { cause, documents }
}

/// A grant, which no document holds: its id, or its number, stands where a `Sid` would.
pub(crate) fn grant(key: &str, number: usize, id: Option<&str>) -> Found {
    let name = id.map_or_else(|| number.to_string(), str::to_owned);
    unwritten(PolicyType::Grant, key, name)
}

/// What is no statement: a property of the table or of its key stands where a `Sid` would.
pub(crate) fn property(file: Option<&str>, document: &str, name: &str, place: Place) -> Found {
    let mut found = unwritten(PolicyType::ResourcePolicy, document, name.to_owned());
    found.cause.file = file.map(str::to_owned);
    found.cause.line = file.map(|_| place.line);
    found
}

/// What stands in no policy's document.
fn unwritten(policy: PolicyType, document: &str, name: String) -> Found {
    let cause = Cause {
        policy,
        statement: Some(name),
        document: Some(document.to_owned()),
        changed: None,
        file: None,
        line: None,
        source: None,
        pointer: None,
        alternatives: Vec::new(),
    };
    Found {
        cause,
        documents: Vec::new(),
    }
}
