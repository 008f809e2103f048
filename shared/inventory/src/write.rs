// SPDX-License-Identifier: Apache-2.0
//! A plan's document: a line for each table, principal and expectation, so that what changed is a line in
//! a comparison, too.

use keyproof_document::{Node, Value};
use std::fmt::Write as _;

/// In which of the two forms a plan is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// YAML.
    #[default]
    Yaml,
    /// JSON.
    Json,
}

/// The document of a tree.
pub(crate) fn write(root: &Node, form: Form) -> String {
    let mut text = String::new();
    let entries = root.as_mapping().unwrap_or_default();
    // Writing to a string cannot fail.
    let mut line = |line: std::fmt::Arguments<'_>| {
        let _ = text.write_fmt(line);
    };
    match form {
        Form::Yaml => {
            line(format_args!(
                "# Made by `keyproof plan expand`. Change the inventory, not this.\n"
            ));
            for (key, node) in entries {
                let key = &key.text;
                match &node.value {
                    Value::Mapping(entries) if !entries.is_empty() => {
                        line(format_args!("{key}:\n"));
                        for (key, node) in entries {
                            line(format_args!(
                                "  {}: {}\n",
                                form.text(&key.text),
                                form.flow(node)
                            ));
                        }
                    }
                    Value::Sequence(items) if !items.is_empty() => {
                        line(format_args!("{key}:\n"));
                        for node in items {
                            line(format_args!("  - {}\n", form.flow(node)));
                        }
                    }
                    Value::Mapping(_)
                    | Value::Sequence(_)
                    | Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_) => line(format_args!("{key}: {}\n", form.flow(node))),
                }
            }
        }
        Form::Json => {
            line(format_args!("{{\n"));
            for (at, (key, node)) in entries.iter().enumerate() {
                let comma = if at + 1 < entries.len() { "," } else { "" };
                let key = form.text(&key.text);
                let lines: Option<(Vec<String>, char, char)> = match &node.value {
                    Value::Mapping(entries) => {
                        let entries = entries.iter();
                        let entries = entries.map(|(key, node)| {
                            format!("{}: {}", form.text(&key.text), form.flow(node))
                        });
                        Some((entries.collect(), '{', '}'))
                    }
                    Value::Sequence(items) => {
                        Some((items.iter().map(|item| form.flow(item)).collect(), '[', ']'))
                    }
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
                };
                match lines {
                    Some((lines, open, close)) => {
                        let lines = lines.join(",\n    ");
                        line(format_args!(
                            "  {key}: {open}\n    {lines}\n  {close}{comma}\n"
                        ));
                    }
                    None => line(format_args!("  {key}: {}{comma}\n", form.flow(node))),
                }
            }
            line(format_args!("}}\n"));
        }
    }
    text
}

impl Form {
    /// A value in a line.
    fn flow(self, node: &Node) -> String {
        match &node.value {
            Value::Mapping(entries) => {
                let entries = entries.iter();
                let entries: Vec<_> = entries
                    .map(|(key, node)| format!("{}: {}", self.text(&key.text), self.flow(node)))
                    .collect();
                format!("{{ {} }}", entries.join(", "))
            }
            Value::Sequence(items) => {
                let items: Vec<_> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::String(text) => self.text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => node.to_json().to_string(),
        }
    }

    /// A text: in YAML without quotes where it is a word that no reader of YAML takes for anything else.
    fn text(self, text: &str) -> String {
        const MEANING: [&str; 10] = [
            "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan",
        ];
        let mut letters = text.chars();
        let word = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !MEANING.iter().any(|word| text.eq_ignore_ascii_case(word));
        if word && self == Self::Yaml {
            text.to_owned()
        } else {
            quoted(text)
        }
    }
}

/// A text in quotes. What nobody sees is escaped: YAML's reader takes some of it for the end of a line, or
/// for nothing.
fn quoted(text: &str) -> String {
    keyproof_core::escape_invisible(serde_json::Value::from(text).to_string())
}
