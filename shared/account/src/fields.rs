// SPDX-License-Identifier: Apache-2.0
//! Fields of what AWS lists.

use keyproof_document::Node;
use keyproof_template::Tags;

use crate::answer::Given;
use crate::error::{AccountError, AccountProblem};

/// A text that must be there.
pub(crate) fn text(given: &Given, node: &Node, name: &str) -> Result<String, AccountError> {
    optional(node, name).ok_or_else(|| {
        let (name, expected) = (name.to_owned(), "there, a string");
        given.error(node.place, AccountProblem::Kind { name, expected })
    })
}

/// A text that may be there.
pub(crate) fn optional(node: &Node, name: &str) -> Option<String> {
    node.get(name)?.as_str().map(str::to_owned)
}

/// The items of a list that may be there.
pub(crate) fn list<'n>(
    given: &Given,
    node: &'n Node,
    name: &str,
) -> Result<&'n [Node], AccountError> {
    let Some(found) = node.get(name).filter(|found| !found.is_null()) else {
        return Ok(&[]);
    };
    found.as_sequence().ok_or_else(|| {
        let (name, expected) = (name.to_owned(), "a list");
        given.error(found.place, AccountProblem::Kind { name, expected })
    })
}

/// Tags as IAM, DynamoDB (`Key`) and KMS (`TagKey`) spell them.
pub(crate) fn tags(nodes: &[Node]) -> Tags {
    let pairs = nodes.iter().filter_map(|tag| {
        let key = optional(tag, "Key").or_else(|| optional(tag, "TagKey"))?;
        let value = optional(tag, "Value").or_else(|| optional(tag, "TagValue"));
        Some((key, value.unwrap_or_default()))
    });
    pairs.collect()
}
