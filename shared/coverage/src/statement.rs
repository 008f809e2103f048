// SPDX-License-Identifier: Apache-2.0
//! Broken variants of one statement.

use serde_json::{Map, Value, json};

use crate::condition;

/// A statement in another form, or none.
#[derive(Debug)]
pub(crate) struct Variant {
    /// For the mutant's id: `flip`, `widen-actions`.
    pub(crate) id: String,
    /// What is done to the statement: "turned into a Deny".
    pub(crate) what: String,
    /// The statement; `None` where it is dropped.
    pub(crate) statement: Option<Value>,
}

impl Variant {
    pub(crate) fn new(
        id: impl Into<String>,
        what: impl Into<String>,
        statement: Map<String, Value>,
    ) -> Self {
        Self {
            id: id.into(),
            what: what.into(),
            statement: Some(Value::Object(statement)),
        }
    }
}

/// What mutants of a statement need to know of its account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'n> {
    /// `arn:aws:iam::111122223333:root`.
    pub(crate) root: &'n str,
}

/// Every variant of a statement.
pub(crate) fn variants(statement: &Value, names: Names<'_>) -> Vec<Variant> {
    let Some(statement) = statement.as_object() else {
        return Vec::new();
    };
    let mut all = vec![Variant {
        id: "drop".to_owned(),
        what: "dropped".to_owned(),
        statement: None,
    }];
    all.extend(flip(statement));
    all.extend(principals(statement, names));
    all.extend(actions(statement));
    all.extend(resources(statement));
    all.extend(condition::variants(statement));
    all
}

fn flip(statement: &Map<String, Value>) -> Option<Variant> {
    let (effect, article) = match statement.get("Effect")?.as_str()? {
        "Allow" => ("Deny", "a"),
        _ => ("Allow", "an"),
    };
    let what = format!("turned into {article} {effect}");
    Some(Variant::new(
        "flip",
        what,
        with(statement, "Effect", json!(effect)),
    ))
}

fn principals(statement: &Map<String, Value>, names: Names<'_>) -> Vec<Variant> {
    let mut all = Vec::new();
    if !statement.contains_key("Principal") && !statement.contains_key("NotPrincipal") {
        return all;
    }
    let replace = |value: Value| {
        let mut changed = statement.clone();
        changed.shift_remove("NotPrincipal");
        with(&changed, "Principal", value)
    };
    all.push(Variant::new(
        "principal-everyone",
        "opened to every principal",
        replace(json!("*")),
    ));
    all.push(Variant::new(
        "principal-account",
        "opened to the account, and so to its IAM policies",
        replace(json!({"AWS": names.root})),
    ));
    let Some(by_kind) = statement.get("Principal").and_then(Value::as_object) else {
        return all;
    };
    for (kind, values) in by_kind {
        for (one, rest) in without_each(values) {
            let mut fewer = by_kind.clone();
            fewer.insert(kind.clone(), rest);
            let id = format!("principal-without-{}", short(one));
            let what = format!("narrowed by the principal `{one}`");
            all.push(Variant::new(
                id,
                what,
                with(statement, "Principal", Value::Object(fewer)),
            ));
        }
    }
    all
}

fn actions(statement: &Map<String, Value>) -> Vec<Variant> {
    let mut all = Vec::new();
    for name in ["Action", "NotAction"] {
        let Some(values) = statement.get(name) else {
            continue;
        };
        let replace = |value: Value| {
            let mut changed = statement.clone();
            changed.shift_remove(name);
            with(&changed, "Action", value)
        };
        let services = services(values);
        if !services.is_empty() {
            let whole: Vec<String> = services.iter().map(|one| format!("{one}:*")).collect();
            let what = format!("widened to the actions `{}`", whole.join("`, `"));
            all.push(Variant::new("action-service", what, replace(json!(whole))));
        }
        let everything = replace(json!("*"));
        all.push(Variant::new(
            "action-everything",
            "widened to every action",
            everything,
        ));
        for (one, rest) in without_each(values) {
            let id = format!("action-without-{one}");
            let what = format!("narrowed by the action `{one}`");
            all.push(Variant::new(id, what, with(statement, name, rest)));
        }
    }
    all
}

fn services(actions: &Value) -> Vec<&str> {
    let mut services: Vec<&str> = texts(actions)
        .into_iter()
        .filter_map(|action| Some(action.split_once(':')?.0))
        .collect();
    services.sort_unstable();
    services.dedup();
    services
}

fn resources(statement: &Map<String, Value>) -> Vec<Variant> {
    let mut all = Vec::new();
    for name in ["Resource", "NotResource"] {
        let Some(values) = statement.get(name) else {
            continue;
        };
        if texts(values) != ["*"] {
            let mut changed = statement.clone();
            changed.shift_remove(name);
            let changed = with(&changed, "Resource", json!("*"));
            all.push(Variant::new(
                "resource-everything",
                "widened to every resource",
                changed,
            ));
        }
        for (one, rest) in without_each(values) {
            let id = format!("resource-without-{}", short(one));
            let what = format!("narrowed by the resource `{one}`");
            all.push(Variant::new(id, what, with(statement, name, rest)));
        }
    }
    all
}

/// A list without each of its items, with that item. Lists of one have nothing to lose.
fn without_each(values: &Value) -> Vec<(&str, Value)> {
    let Value::Array(all) = values else {
        return Vec::new();
    };
    if all.len() < 2 {
        return Vec::new();
    }
    let mut fewer = Vec::new();
    for (index, one) in all.iter().enumerate() {
        let rest = all
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .map(|(_, value)| value.clone());
        if let Some(one) = one.as_str() {
            fewer.push((one, Value::Array(rest.collect())));
        }
    }
    fewer
}

pub(crate) fn texts(values: &Value) -> Vec<&str> {
    match values {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

pub(crate) fn with(statement: &Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    let mut changed = statement.clone();
    changed.insert(name.to_owned(), value);
    changed
}

/// The end of an ARN: enough to tell items of one list apart.
fn short(text: &str) -> &str {
    text.rsplit(':').next().unwrap_or(text)
}
