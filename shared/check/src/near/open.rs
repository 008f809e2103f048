// SPDX-License-Identifier: Apache-2.0
//! Statements with one element open.

use serde_json::{Map, Value, json};

use super::Element;
use crate::caller::Caller;
use crate::observe::Observer;
use crate::weigh::Step;

/// The statement with one element open for the call, where it has that element and this effect; in
/// more than one way where it has several conditions.
pub(super) fn open(
    statement: &Value,
    (element, effect): (Element, &str),
    caller: &Caller<'_>,
    step: &Step,
) -> Vec<Value> {
    let Some(statement) = statement.as_object() else {
        return Vec::new();
    };
    let same = statement.get("Effect").and_then(Value::as_str) == Some(effect);
    if same == (element == Element::Effect) {
        return Vec::new();
    }
    match element {
        Element::Effect => vec![with(statement, "Effect", json!(effect))],
        Element::Condition => without_conditions(statement),
        Element::Action => {
            let action = json!(step.request.action);
            widened(statement, ["Action", "NotAction"], &action)
        }
        Element::Resource => {
            let resource = json!(step.request.resource);
            widened(statement, ["Resource", "NotResource"], &resource)
        }
        Element::Principal => {
            let names = ["Principal", "NotPrincipal"];
            if !names.iter().any(|name| statement.contains_key(*name)) {
                return Vec::new();
            }
            let mut opened = statement.clone();
            opened.shift_remove("NotPrincipal");
            let arn = caller.principal.role_arn();
            let arn = arn.unwrap_or(caller.principal.arn());
            vec![with(&opened, "Principal", json!({"AWS": arn}))]
        }
    }
}

fn with(statement: &Map<String, Value>, name: &str, value: Value) -> Value {
    let mut changed = statement.clone();
    changed.insert(name.to_owned(), value);
    Value::Object(changed)
}

/// With this one in the list, too; where the list is of exceptions, without any.
fn widened(statement: &Map<String, Value>, [name, not]: [&str; 2], one: &Value) -> Vec<Value> {
    if let Some(listed) = statement.get(name) {
        let mut all = list(Some(listed));
        all.push(one);
        return vec![with(statement, name, json!(all))];
    }
    let mut changed = statement.clone();
    match changed.shift_remove(not) {
        Some(_) => vec![with(&changed, name, json!("*"))],
        None => Vec::new(),
    }
}

/// Without each of its conditions, then without any.
fn without_conditions(statement: &Map<String, Value>) -> Vec<Value> {
    let mut none = statement.clone();
    let Some(Value::Object(conditions)) = none.shift_remove("Condition") else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (operator, keys) in &conditions {
        for key in keys.as_object().into_iter().flat_map(Map::keys) {
            let mut fewer = conditions.clone();
            let left = fewer.get_mut(operator).and_then(Value::as_object_mut);
            let is_empty = left.is_some_and(|left| {
                left.shift_remove(key);
                left.is_empty()
            });
            if is_empty {
                fewer.shift_remove(operator);
            }
            if !fewer.is_empty() {
                all.push(with(statement, "Condition", Value::Object(fewer)));
            }
        }
    }
    all.push(Value::Object(none));
    all
}

/// Whether a statement names an action of the call's service or, if `related`, of the other one that
/// a read of a table goes through.
pub(super) fn is_about(statement: &Value, action: &str, related: bool) -> bool {
    let services: &[&str] = match action.split_once(':') {
        Some(("dynamodb" | "kms", _)) if related => &["dynamodb", "kms"],
        Some((service, _)) => &[service],
        None => &[],
    };
    let of_service = |one: &&Value| {
        let prefix = one.as_str().and_then(|one| one.split_once(':'));
        prefix.is_some_and(|(prefix, _)| {
            services
                .iter()
                .any(|service| prefix.eq_ignore_ascii_case(service))
        })
    };
    let actions = statement
        .get("Action")
        .or_else(|| statement.get("NotAction"));
    list(actions).iter().any(of_service)
}

/// Whether a statement leaves everything to the account's IAM policies, as the default key policy
/// does and most trust policies do. Where those allow nothing, it isn't what was narrowed.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
pub(super) fn delegates(statement: &Value, action: &str, observer: &Observer<'_>) -> bool {
    let account = observer.estate.account();
    let root = format!("arn:{}:iam::{}:root", account.partition, account.account);
    let is_account = |one: &&Value| *one == root.as_str() || *one == account.account.as_str();
    let principals = statement
        .get("Principal")
        .and_then(|principal| principal.get("AWS"));
    let is_everything = |one: &&Value| one.as_str().is_some_and(|one| matches!(one, "*" | "kms:*"));
    list(principals).iter().any(is_account)
        && (action.starts_with("sts:") || list(statement.get("Action")).iter().any(is_everything))
}

/// What stands alone or in a list.
fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}
