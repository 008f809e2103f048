// SPDX-License-Identifier: Apache-2.0
//! `Fn::ForEach`: a part of a template repeated for every item of a list.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html>

use keyproof_document::{Key, MAX_NODES, Node, Value as Tree};

use crate::error::TemplateProblem;
use crate::resolver::Resolver;
use crate::sections::LANGUAGE_EXTENSIONS;
use crate::value::Value;

const PREFIX: &str = "Fn::ForEach::";

/// An identifier and the item that it stands for.
type Binding = (String, String);

/// Whether there is a loop anywhere.
pub(crate) fn has_loops(node: &Node) -> bool {
    match &node.value {
        Tree::Sequence(items) => items.iter().any(has_loops),
        Tree::Mapping(entries) => entries
            .iter()
            .any(|(key, node)| key.text.starts_with(PREFIX) || has_loops(node)),
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::String(_) => false,
    }
}

/// The node with every loop written out.
pub(crate) fn expand(node: &Node, resolver: &mut Resolver<'_>) -> Node {
    let mut writer = Writer {
        resolver,
        room: MAX_NODES,
    };
    writer.node(node, &[])
}

struct Writer<'r, 't> {
    resolver: &'r mut Resolver<'t>,
    /// How many more nodes may be written: a few nested loops could fill any memory.
    room: usize,
}

impl Writer<'_, '_> {
    fn node(&mut self, node: &Node, bindings: &[Binding]) -> Node {
        self.room = self.room.saturating_sub(1);
        if self.room == 0 {
            // `repeat` says so; nothing more is written.
            return Node {
                place: node.place,
                tag: None,
                value: Tree::Null,
            };
        }
        if let Some(item) = reference_to(node, bindings) {
            return Node {
                place: node.place,
                tag: None,
                value: Tree::String(item.to_owned()),
            };
        }
        let value = match &node.value {
            Tree::String(text) => Tree::String(self.fill(text, bindings)),
            Tree::Sequence(items) => {
                Tree::Sequence(items.iter().map(|item| self.node(item, bindings)).collect())
            }
            Tree::Mapping(entries) => Tree::Mapping(self.entries(entries, bindings)),
            Tree::Null | Tree::Bool(_) | Tree::Number(_) => node.value.clone(),
        };
        Node {
            place: node.place,
            tag: node.tag.clone(),
            value,
        }
    }

    fn entries(&mut self, entries: &[(Key, Node)], bindings: &[Binding]) -> Vec<(Key, Node)> {
        let mut written: Vec<(Key, Node)> = Vec::with_capacity(entries.len());
        for (key, node) in entries {
            if key.text.starts_with(PREFIX) {
                for (key, node) in self.repeat(key, node, bindings) {
                    if written.iter().any(|(other, _)| other.text == key.text) {
                        let reason = format!("it writes `{}` twice", key.text);
                        self.fail(&key, reason);
                    } else {
                        written.push((key, node));
                    }
                }
            } else {
                let text = self.fill(&key.text, bindings);
                let node = self.node(node, bindings);
                written.push((
                    Key {
                        place: key.place,
                        text,
                    },
                    node,
                ));
            }
        }
        written
    }

    fn repeat(&mut self, key: &Key, node: &Node, bindings: &[Binding]) -> Vec<(Key, Node)> {
        if !self
            .resolver
            .sections
            .is_transformed_by(LANGUAGE_EXTENSIONS)
        {
            self.fail(
                key,
                format!("loops need `Transform: {LANGUAGE_EXTENSIONS}`"),
            );
            return Vec::new();
        }
        let parts = node.as_sequence().filter(|_| node.tag.is_none());
        let Some([identifier, collection, body]) = parts else {
            self.fail(
                key,
                "expected an identifier, a list and a mapping".to_owned(),
            );
            return Vec::new();
        };
        let (Some(identifier), Some(body)) = (identifier.as_str(), body.as_mapping()) else {
            self.fail(
                key,
                "expected an identifier, a list and a mapping".to_owned(),
            );
            return Vec::new();
        };
        let Some(items) = self.items(key, collection, bindings) else {
            return Vec::new();
        };
        let mut written = Vec::new();
        for item in items {
            if self.room == 0 {
                break;
            }
            let mut inner = bindings.to_vec();
            inner.push((identifier.to_owned(), item));
            written.extend(self.entries(body, &inner));
        }
        if self.room == 0 {
            self.fail(key, format!("it writes more than {MAX_NODES} values"));
        }
        written
    }

    fn items(&mut self, key: &Key, node: &Node, bindings: &[Binding]) -> Option<Vec<String>> {
        let collection = self.node(node, bindings);
        let resolved = self.resolver.resolve(&collection);
        let Value::List(items) = resolved.value else {
            let reason = match resolved.value {
                Value::Unknown(unknown) => format!("its list hangs on {}", unknown.reason),
                value => format!("expected a list, found {}", value.kind()),
            };
            self.fail(key, reason);
            return None;
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            // A list of references to lists is a list of all their items.
            let inner = match item.value {
                Value::List(inner) => inner,
                _ => vec![item],
            };
            for item in inner {
                let Some(text) = item.value.as_text() else {
                    let kind = item.value.kind();
                    self.fail(
                        key,
                        format!("expected a list of strings, found {kind} in it"),
                    );
                    return None;
                };
                texts.push(text.into_owned());
            }
        }
        Some(texts)
    }

    /// The text with `${IDENTIFIER}` replaced by the item, and `&{IDENTIFIER}` by the letters and
    /// digits of it.
    fn fill(&mut self, text: &str, bindings: &[Binding]) -> String {
        let mut filled = text.to_owned();
        for (identifier, item) in bindings.iter().rev() {
            let (whole, letters) = (format!("${{{identifier}}}"), format!("&{{{identifier}}}"));
            let uses = filled.matches(&whole).count() + filled.matches(&letters).count();
            if uses == 0 {
                continue;
            }
            // Long items in long texts take room as many values would.
            self.room = self
                .room
                .saturating_sub(uses.saturating_mul(item.len()) / 64);
            if self.room == 0 {
                break;
            }
            let plain: String = item.chars().filter(char::is_ascii_alphanumeric).collect();
            filled = filled.replace(&whole, item).replace(&letters, &plain);
        }
        filled
    }

    fn fail(&mut self, key: &Key, reason: String) {
        let name = key.text.clone();
        self.resolver
            .fail(key.place, TemplateProblem::BadLoop { name, reason });
    }
}

/// The item that `!Ref IDENTIFIER` stands for.
fn reference_to<'b>(node: &Node, bindings: &'b [Binding]) -> Option<&'b str> {
    let name = match (&node.tag, &node.value) {
        (Some(tag), Tree::String(name)) if tag == "Ref" => name,
        (None, Tree::Mapping(entries)) => match entries.as_slice() {
            [(key, node)] if key.text == "Ref" => node.as_str()?,
            _ => return None,
        },
        _ => return None,
    };
    let binding = bindings
        .iter()
        .rev()
        .find(|(identifier, _)| identifier == name);
    binding.map(|(_, item)| item.as_str())
}
