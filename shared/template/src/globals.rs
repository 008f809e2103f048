// SPDX-License-Identifier: Apache-2.0
//! SAM's `Globals`: properties that all resources of a type share.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>

use keyproof_document::{Key, Node, Value as Tree};

use crate::functions::call_in;

/// The template with its globals written into its resources.
pub(crate) fn apply(mut root: Node) -> Node {
    let Some(globals) = root.get("Globals").cloned() else {
        return root;
    };
    let Tree::Mapping(sections) = &mut root.value else {
        return root;
    };
    let resources = sections.iter_mut().find(|(key, _)| key.text == "Resources");
    let Some((
        _,
        Node {
            value: Tree::Mapping(resources),
            ..
        },
    )) = resources
    else {
        return root;
    };
    for (_, resource) in resources {
        let type_name = resource
            .get("Type")
            .and_then(Node::as_str)
            .unwrap_or_default();
        let Some(kind) = type_name.strip_prefix("AWS::Serverless::") else {
            continue;
        };
        let Some(shared) = globals.get(kind) else {
            continue;
        };
        let ignored = resource.get("IgnoreGlobals").cloned();
        let Some(shared) = unless_ignored(shared, ignored.as_ref()) else {
            continue;
        };
        let place = resource.place;
        let Tree::Mapping(attributes) = &mut resource.value else {
            continue;
        };
        match attributes
            .iter_mut()
            .find(|(key, _)| key.text == "Properties")
        {
            Some((_, properties)) => *properties = merge(&shared, properties),
            None => attributes.push((
                Key {
                    place,
                    text: "Properties".to_owned(),
                },
                shared,
            )),
        }
    }
    root
}

/// The shared properties but for those that the resource declines.
fn unless_ignored(shared: &Node, ignored: Option<&Node>) -> Option<Node> {
    let Some(ignored) = ignored else {
        return Some(shared.clone());
    };
    if ignored.as_str() == Some("*") {
        return None;
    }
    let names: Vec<&str> = ignored
        .as_sequence()
        .unwrap_or_default()
        .iter()
        .filter_map(Node::as_str)
        .collect();
    let mut shared = shared.clone();
    if let Tree::Mapping(entries) = &mut shared.value {
        entries.retain(|(key, _)| !names.contains(&key.text.as_str()));
    }
    Some(shared)
}

/// Mappings are merged, lists joined (the shared items first), everything else is overridden.
fn merge(shared: &Node, own: &Node) -> Node {
    if shared.tag.is_some() || own.tag.is_some() {
        return own.clone();
    }
    let value = match (&shared.value, &own.value) {
        (Tree::Mapping(shared), Tree::Mapping(own))
            if call_in(shared).is_none() && call_in(own).is_none() =>
        {
            let mut merged = shared.clone();
            for (key, node) in own {
                match merged.iter_mut().find(|(other, _)| other.text == key.text) {
                    Some((_, slot)) => *slot = merge(slot, node),
                    None => merged.push((key.clone(), node.clone())),
                }
            }
            Tree::Mapping(merged)
        }
        (Tree::Sequence(shared), Tree::Sequence(own)) => {
            Tree::Sequence(shared.iter().chain(own).cloned().collect())
        }
        _ => return own.clone(),
    };
    Node {
        place: own.place,
        tag: None,
        value,
    }
}
