// SPDX-License-Identifier: Apache-2.0
//! Whom a trust policy lets in, in words.

use serde_json::{Map, Value};

use super::conditions;

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// The statements that let somebody assume the role.
fn allowing(statements: &[Value]) -> impl Iterator<Item = &Map<String, Value>> {
    let all = statements.iter().filter_map(Value::as_object);
    all.filter(|one| {
        let actions = one.get("Action").map(texts).unwrap_or_default();
        let assumes = |action: &&str| {
            [
                "*",
                "sts:*",
                "sts:assume*",
                "sts:assumerole",
                "sts:assumerole*",
            ]
            .contains(&action.to_ascii_lowercase().as_str())
        };
        one.get("Effect").and_then(Value::as_str) == Some("Allow")
            && (actions.iter().any(assumes) || one.contains_key("NotAction"))
    })
}

/// The statement that lets in whoever there is, without a condition.
pub(super) fn open_to_everybody(statements: &[Value]) -> Option<String> {
    let open = |one: &&Map<String, Value>| {
        let principal = one.get("Principal");
        let everybody = principal.and_then(Value::as_str) == Some("*")
            || principal
                .and_then(|one| one.get("AWS"))
                .is_some_and(|all| texts(all).contains(&"*"));
        everybody && !one.contains_key("Condition")
    };
    let found = allowing(statements).find(open)?;
    let sid = found.get("Sid").and_then(Value::as_str);
    Some(sid.map_or_else(
        || "a statement without a `Sid`".to_owned(),
        |sid| format!("`{sid}`"),
    ))
}

/// Whom the policy lets in, each with the keys that it asks about.
pub(super) fn admitted(statements: &[Value]) -> Vec<String> {
    let mut all = Vec::new();
    for one in allowing(statements) {
        let value = Value::Object(one.clone());
        let mut keys: Vec<String> = conditions(&value)
            .into_iter()
            .map(|(_, key, _)| format!("`{key}`"))
            .collect();
        keys.sort();
        keys.dedup();
        let on = match keys.as_slice() {
            [] => String::new(),
            keys => format!(" (on {})", keys.join(", ")),
        };
        for who in names(one) {
            all.push(format!("{who}{on}"));
        }
    }
    all.dedup();
    all
}

fn names(statement: &Map<String, Value>) -> Vec<String> {
    if let Some(others) = statement.get("NotPrincipal") {
        return vec![format!("everybody but `{others}`")];
    }
    match statement.get("Principal") {
        Some(Value::Object(kinds)) => {
            let each = kinds.iter().flat_map(|(kind, values)| {
                let values = texts(values).into_iter();
                values.map(move |value| named(kind, value))
            });
            each.collect()
        }
        Some(_) => vec!["everybody".to_owned()],
        None => Vec::new(),
    }
}

fn named(kind: &str, value: &str) -> String {
    let account = value
        .strip_suffix(":root")
        .and_then(|arn| arn.rsplit(':').next())
        .or_else(|| {
            (value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit())).then_some(value)
        });
    match (kind, account, value) {
        ("AWS", _, "*") => "everybody".to_owned(),
        ("AWS", Some(account), _) => {
            format!("whom the IAM policies of account {account} allow it")
        }
        ("AWS", None, arn) => format!("`{arn}`"),
        ("Service", _, service) => format!("the service `{service}`"),
        (_, _, other) => format!("the identity provider `{other}`"),
    }
}

pub(super) fn told(who: &[String]) -> String {
    match who {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}
