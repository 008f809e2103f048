// SPDX-License-Identifier: Apache-2.0
//! Writing expectations into a plan's own text, comments and all kept.

use keyproof_core::escape_invisible;
use keyproof_document::{Key, Node};
use keyproof_plan::Plan;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::Survivor;

/// A plan's text with more in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amended {
    /// The text.
    pub text: String,
    /// How many expectations are new.
    pub added: usize,
}

/// Why a plan's text could not be amended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AmendError {
    /// Nothing to add.
    #[error("no expectation was found that would notice a survivor")]
    Nothing,
    /// Written in a way that can't be added to.
    #[error(
        "its `{field}` is not written one entry a line, so that nothing can be added without \
         writing it anew; add by hand what `coverage` shows"
    )]
    Layout {
        /// The field.
        field: &'static str,
    },
    /// The result would not be the plan and what was added.
    #[error("with the additions it would not be a valid plan any more: {problem}")]
    Invalid {
        /// The first thing that is wrong.
        problem: String,
    },
}

/// Adds what the survivors need to a plan's text.
///
/// # Errors
///
/// Where there is nothing to add, or where the text can't be added to without changing what is there.
pub fn amend(text: &str, survivors: &[Survivor]) -> Result<Amended, AmendError> {
    let additions = Additions::of(survivors);
    if additions.expectations.is_empty() && additions.tables.is_empty() {
        return Err(AmendError::Nothing);
    }
    let before = Plan::parse(text).map_err(|errors| invalid(&errors))?;
    let amended = match serde_json::from_str::<Value>(text) {
        Ok(json) => in_json(json, &additions)?,
        Err(_) => in_yaml(text, &additions)?,
    };
    let after = Plan::parse(&amended).map_err(|errors| invalid(&errors))?;
    let added = after.probes().len().checked_sub(before.probes().len());
    let whole = before
        .probes()
        .iter()
        .all(|probe| after.probes().iter().any(|other| other.id == probe.id));
    match added {
        Some(_) if whole => Ok(Amended {
            text: amended,
            added: additions.expectations.len(),
        }),
        Some(_) | None => Err(AmendError::Invalid {
            problem: "expectations of it would be lost".to_owned(),
        }),
    }
}

fn invalid(errors: &[keyproof_plan::PlanError]) -> AmendError {
    let problem = errors
        .first()
        .map_or_else(String::new, |error| format!("{}: {error}", error.place));
    AmendError::Invalid { problem }
}

/// What is new, each once.
#[derive(Debug, Default)]
struct Additions {
    principals: Map<String, Value>,
    tables: Map<String, Value>,
    expectations: Vec<Value>,
}

impl Additions {
    fn of(survivors: &[Survivor]) -> Self {
        let mut additions = Self::default();
        for survivor in survivors {
            additions
                .principals
                .extend(survivor.needs.principals.clone());
            additions.tables.extend(survivor.needs.tables.clone());
            for add in survivor.needs.witness.iter().chain(&survivor.add) {
                additions.add(add);
            }
        }
        additions
    }

    /// Expectations that differ in nothing but their actions become one.
    fn add(&mut self, add: &Value) {
        let without_actions = |value: &Value| {
            let mut map = value.as_object().cloned().unwrap_or_default();
            map.shift_remove("actions");
            map
        };
        let wanted = without_actions(add);
        let actions = add.get("actions").and_then(Value::as_array);
        let same = self
            .expectations
            .iter_mut()
            .find(|one| without_actions(one) == wanted);
        let Some(same) = same else {
            self.expectations.push(add.clone());
            return;
        };
        if let Some(known) = same.get_mut("actions").and_then(Value::as_array_mut) {
            for action in actions.into_iter().flatten() {
                if !known.contains(action) {
                    known.push(action.clone());
                }
            }
        }
    }
}

fn in_json(mut plan: Value, additions: &Additions) -> Result<String, AmendError> {
    let layout = |field| AmendError::Layout { field };
    for (field, new) in [
        ("tables", &additions.tables),
        ("principals", &additions.principals),
    ] {
        plan.get_mut(field)
            .and_then(Value::as_object_mut)
            .ok_or_else(|| layout(field))?
            .extend(new.clone());
    }
    plan.get_mut("expectations")
        .and_then(Value::as_array_mut)
        .ok_or_else(|| layout("expectations"))?
        .extend(additions.expectations.iter().cloned());
    let mut text = serde_json::to_string_pretty(&plan).map_err(|error| AmendError::Invalid {
        problem: error.to_string(),
    })?;
    text.push('\n');
    Ok(text)
}

fn in_yaml(text: &str, additions: &Additions) -> Result<String, AmendError> {
    let root = keyproof_document::parse(text).map_err(|errors| AmendError::Invalid {
        problem: errors.first().map_or_else(String::new, ToString::to_string),
    })?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let expectations = additions
        .expectations
        .iter()
        .map(|one| format!("- {}", flow(one)))
        .collect();
    let named = |all: &Map<String, Value>| {
        all.iter()
            .map(|(name, one)| format!("{}: {}", key(name), flow(one)))
            .collect::<Vec<_>>()
    };
    let mut insertions = Vec::new();
    for (field, new) in [
        ("expectations", expectations),
        ("principals", named(&additions.principals)),
        ("tables", named(&additions.tables)),
    ] {
        if !new.is_empty() {
            let (at, indent) = end_of(&root, &lines, field)?;
            insertions.push((at, indent, new));
        }
    }
    // From the end, so that the places before stay what they are.
    insertions.sort_by_key(|(at, _, _)| std::cmp::Reverse(*at));
    for (at, indent, new) in insertions {
        let new = new
            .iter()
            .map(|line| format!("{}{line}", " ".repeat(indent)));
        lines.splice(at..at, new);
    }
    let mut text = lines.join("\n");
    text.push('\n');
    Ok(text)
}

/// The number of the line after a block's last entry, and how far its entries are indented.
fn end_of(
    root: &Node,
    lines: &[String],
    field: &'static str,
) -> Result<(usize, usize), AmendError> {
    let layout = AmendError::Layout { field };
    let entries = root.as_mapping().unwrap_or_default();
    let Some((key, node)) = entries.iter().find(|(key, _)| key.text == field) else {
        return Err(layout);
    };
    let first_lines: Vec<usize> = match (node.as_sequence(), node.as_mapping()) {
        (Some(items), _) => items.iter().map(|item| item.place.line).collect(),
        (None, Some(items)) => items.iter().map(|(key, _)| key.place.line).collect(),
        (None, None) => return Err(layout),
    };
    let Some(first) = first_lines.first() else {
        return Err(layout);
    };
    let dashed = node.as_sequence().is_some();
    // Each entry begins a line of its own, in the same column.
    let column = |line: usize| {
        let text = lines.get(line.checked_sub(1)?)?;
        let begun = text.trim_start();
        (!dashed || begun.starts_with("- ")).then(|| text.len() - begun.len())
    };
    let indent = column(*first).filter(|_| *first > key.place.line);
    let Some(indent) = indent else {
        return Err(layout);
    };
    if !first_lines.iter().all(|line| column(*line) == Some(indent)) {
        return Err(layout);
    }
    let next = entries
        .iter()
        .map(|(key, _): &(Key, Node)| key.place.line)
        .filter(|line| *line > key.place.line)
        .min();
    let mut end = next.map_or(lines.len(), |line| line - 1);
    // Blank lines and comments before the next field are the next field's.
    while end > *first {
        let before = lines.get(end - 1).map_or("", |line| line.trim());
        if before.is_empty() || before.starts_with('#') || before == "---" || before == "..." {
            end -= 1;
        } else {
            break;
        }
    }
    Ok((end, indent))
}

/// JSON is YAML, in flow style.
pub(crate) fn flow(value: &Value) -> String {
    match value {
        Value::Array(all) => {
            let all: Vec<String> = all.iter().map(flow).collect();
            format!("[{}]", all.join(", "))
        }
        Value::Object(all) => {
            let all: Vec<String> = all
                .iter()
                .map(|(name, value)| format!("{}: {}", key(name), flow(value)))
                .collect();
            format!("{{ {} }}", all.join(", "))
        }
        Value::String(text) if is_plain(text) => text.clone(),
        other => escape_invisible(other.to_string()),
    }
}

/// A key. `on` is one that only old YAML takes for a truth value.
pub(crate) fn key(name: &str) -> String {
    match name {
        "on" => name.to_owned(),
        _ => flow(&Value::from(name)),
    }
}

/// Whether a text needs no quotes in a flow: nothing that YAML could read as something else.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let harmless = text
        .chars()
        .all(|one| one.is_ascii_alphanumeric() || matches!(one, '_' | '-' | '.'))
        || text.split_once(':').is_some_and(|(service, action)| {
            let letters = |part: &str| !part.is_empty() && part.chars().all(char::is_alphanumeric);
            letters(service) && letters(action)
        });
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    begins && harmless && !word
}
