// SPDX-License-Identifier: Apache-2.0
//! The template as it is written: references stay references, so that a resource is known by its name.

use std::path::Path;

use keyproof_document::{Node, Value};

/// A template.
#[derive(Clone, Debug)]
pub(crate) struct Template(pub(crate) Node);

impl Template {
    pub(crate) fn of_the_repository() -> Self {
        Self::read("template.yaml")
    }

    pub(crate) fn read(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = std::fs::read_to_string(root.join(name)).unwrap();
        Self(keyproof_document::parse(&text).unwrap())
    }

    /// Every resource of these types, by its logical id.
    pub(crate) fn resources(&self, type_name: &str) -> Vec<(&str, &Node)> {
        let resources = self.0.pointer("/Resources").unwrap().as_mapping().unwrap();
        resources
            .iter()
            .filter(|(_, node)| node.get("Type").and_then(Node::as_str) == Some(type_name))
            .map(|(key, node)| (&*key.text, node))
            .collect()
    }

    /// A resource's property; `None` where it hasn't got it.
    pub(crate) fn property(&self, logical_id: &str, path: &str) -> Option<&Node> {
        self.0
            .pointer(&format!("/Resources/{logical_id}/Properties/{path}"))
    }

    /// What a function's variable is set to.
    pub(crate) fn variable(&self, function: &str, name: &str) -> Option<String> {
        let own = self.property(function, &format!("Environment/Variables/{name}"));
        let global = format!("/Globals/Function/Environment/Variables/{name}");
        own.or_else(|| self.0.pointer(&global)).map(written)
    }
}

/// A value as text: a reference is what it refers to, `Queue.Arn`; a text with references in it stays
/// as it is, `${Bucket.Arn}/*`.
pub(crate) fn written(node: &Node) -> String {
    match &node.value {
        Value::String(text) | Value::Number(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        other => panic!("expected a text, found {}", other.kind()),
    }
}

/// One text, or a list of them.
pub(crate) fn texts(node: &Node) -> Vec<String> {
    match node.as_sequence() {
        Some(items) => items.iter().map(written).collect(),
        None => vec![written(node)],
    }
}
