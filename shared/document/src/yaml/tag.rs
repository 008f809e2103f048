// SPDX-License-Identifier: Apache-2.0
//! Tags: local ones are kept, those of the core schema are applied, others are refused.

use saphyr_parser::Tag;

use crate::{DocumentProblem, Value, scalar};

/// A scalar under its tag: the local tag to keep and the value; or what is wrong, and the value to
/// go on with.
pub(super) fn scalar(
    text: &str,
    plain: bool,
    tag: Option<&Tag>,
) -> Result<(Option<String>, Value), (DocumentProblem, Value)> {
    let string = || Value::String(text.to_owned());
    let Some(tag) = tag else {
        return Ok((
            None,
            if plain {
                scalar::resolve(text)
            } else {
                string()
            },
        ));
    };
    if let Some(local) = local(tag) {
        return Ok((kept(local), string()));
    }
    match (core(tag), scalar::resolve(text)) {
        (Some("str"), _) => Ok((None, string())),
        (Some("null"), value @ Value::Null)
        | (Some("bool"), value @ Value::Bool(_))
        | (Some("float"), value @ Value::Number(_)) => Ok((None, value)),
        (Some("int"), value @ Value::Number(_)) if scalar::is_integer(text) => Ok((None, value)),
        (Some("int" | "float" | "bool" | "null" | "seq" | "map"), _) => {
            Err((mistagged(text, tag), string()))
        }
        (_, value) => Err((DocumentProblem::UnsupportedTag { tag: written(tag) }, value)),
    }
}

/// The local tag to keep of a mapping or sequence, whose core tag's name is `own`.
pub(super) fn collection(
    tag: Option<&Tag>,
    own: &str,
    kind: &str,
) -> Result<Option<String>, DocumentProblem> {
    let Some(tag) = tag else { return Ok(None) };
    if let Some(local) = local(tag) {
        return Ok(kept(local));
    }
    match core(tag) {
        Some(name) if name == own => Ok(None),
        Some("str" | "int" | "float" | "bool" | "null" | "seq" | "map") => {
            Err(mistagged(kind, tag))
        }
        _ => Err(DocumentProblem::UnsupportedTag { tag: written(tag) }),
    }
}

/// What is wrong with a tag on a mapping's key, which is text whatever it looks like.
pub(super) fn key(tag: Option<&Tag>) -> Option<DocumentProblem> {
    let tag = tag.filter(|tag| core(tag) != Some("str"))?;
    Some(DocumentProblem::TaggedKey { tag: written(tag) })
}

fn mistagged(text: &str, tag: &Tag) -> DocumentProblem {
    DocumentProblem::MistaggedValue {
        text: text.to_owned(),
        tag: written(tag),
    }
}

/// A tag as people write it.
fn written(tag: &Tag) -> String {
    match (core(tag), tag.handle.as_str()) {
        (Some(name), _) => format!("!!{name}"),
        (None, "!") => format!("!{}", tag.suffix),
        (None, "") => format!("!<{}>", tag.suffix),
        (None, prefix) => format!("!<{prefix}{}>", tag.suffix),
    }
}

/// The name of a local tag, empty for the bare `!`, which only says "not resolved".
fn local(tag: &Tag) -> Option<&str> {
    match tag.handle.as_str() {
        "!" => Some(&tag.suffix),
        // Verbatim, `!<!Ref>`.
        "" => tag.suffix.strip_prefix('!'),
        _ => None,
    }
}

/// The local tag as the tree keeps it.
fn kept(local: &str) -> Option<String> {
    (!local.is_empty()).then(|| local.to_owned())
}

/// The name of a core-schema tag.
fn core(tag: &Tag) -> Option<&str> {
    if tag.is_yaml_core_schema() {
        return Some(&tag.suffix);
    }
    tag.suffix
        .strip_prefix("tag:yaml.org,2002:")
        .filter(|_| tag.handle.is_empty())
}
