// SPDX-License-Identifier: Apache-2.0
//! XML as awsQuery writes it, from the same values that the JSON protocols write.

use quick_xml::escape::escape;
use serde_json::Value;

/// Writes elements, and closes what it opened.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
    open: Vec<String>,
}

impl Writer {
    /// Opens an element.
    pub(super) fn open(&mut self, name: &str) {
        self.text.push('<');
        self.text.push_str(name);
        self.text.push('>');
        self.open.push(name.to_owned());
    }

    /// Opens an element with one attribute.
    pub(super) fn open_with(&mut self, name: &str, attribute: &str, value: &str) {
        for part in ["<", name, " ", attribute, "=\"", &escape(value), "\">"] {
            self.text.push_str(part);
        }
        self.open.push(name.to_owned());
    }

    /// Closes the element opened last.
    pub(super) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.text.push_str("</");
            self.text.push_str(&name);
            self.text.push('>');
        }
    }

    /// An element that holds text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.open(name);
        self.text.push_str(&escape(text));
        self.close();
    }

    /// An element of any shape: structures by member, lists as `member` elements. Null is left out.
    pub(super) fn element(&mut self, name: &str, value: &Value) {
        match value {
            Value::Null => {}
            Value::Bool(value) => self.text(name, if *value { "true" } else { "false" }),
            Value::Number(value) => self.text(name, &value.to_string()),
            Value::String(value) => self.text(name, value),
            Value::Array(members) => {
                self.open(name);
                for member in members {
                    self.element("member", member);
                }
                self.close();
            }
            Value::Object(members) => {
                self.open(name);
                for (name, value) in members {
                    self.element(name, value);
                }
                self.close();
            }
        }
    }

    /// The document.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.text
    }
}
