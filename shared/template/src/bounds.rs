// SPDX-License-Identifier: Apache-2.0
//! The least and the most that a policy with unknowns in it can mean.
//!
//! An allowing statement with something unknown counts for nothing in the least and, with the
//! unknown read as everything, in full in the most; a denying statement the other way round.
//! Statements keep their index, so that a decision still names the right one.

use keyproof_policy::Grammar;
use serde_json::{Map, Value, json};

use crate::Unknown;

/// An action that nobody ever asks for.
const NO_ACTION: &str = "keyproof:Nothing";

/// The least and the most permissive reading of a policy.
pub(crate) fn bounds(policy: &Value, unknowns: &[Unknown], grammar: Grammar) -> (Value, Value) {
    let within = |pointer: &str| -> Vec<&Unknown> {
        unknowns
            .iter()
            .filter(|unknown| unknown.pointer == pointer)
            .collect()
    };
    let statements = policy.get("Statement");
    if !within("").is_empty() || !within("/Statement").is_empty() || statements.is_none() {
        return (whole("Deny", grammar), whole("Allow", grammar));
    }
    let both = |index: Option<usize>, statement: &Value| {
        let prefix = index.map_or("/Statement".to_owned(), |at| format!("/Statement/{at}"));
        let inside: Vec<(&str, &Unknown)> = unknowns
            .iter()
            .filter_map(|unknown| Some((unknown.pointer.strip_prefix(&prefix)?, unknown)))
            .filter(|(rest, _)| rest.is_empty() || rest.starts_with('/'))
            .collect();
        statement_bounds(statement, &inside, grammar)
    };
    let (least, most) = match statements {
        Some(Value::Array(items)) => {
            let pairs = items
                .iter()
                .enumerate()
                .map(|(at, item)| both(Some(at), item));
            let (least, most): (Vec<_>, Vec<_>) = pairs.unzip();
            (Value::Array(least), Value::Array(most))
        }
        Some(statement) => both(None, statement),
        None => (Value::Null, Value::Null),
    };
    let replace = |statements: Value| {
        let mut policy = policy.clone();
        if let Some(policy) = policy.as_object_mut() {
            policy.insert("Statement".to_owned(), statements);
            if !within("/Version").is_empty() {
                policy.insert("Version".to_owned(), json!("2012-10-17"));
            }
            if !within("/Id").is_empty() {
                policy.remove("Id");
            }
        }
        policy
    };
    (replace(least), replace(most))
}

fn statement_bounds(
    statement: &Value,
    unknowns: &[(&str, &Unknown)],
    grammar: Grammar,
) -> (Value, Value) {
    if unknowns.is_empty() {
        return (statement.clone(), statement.clone());
    }
    let says = |pointer: &str| unknowns.iter().any(|(rest, _)| *rest == pointer);
    let Some(object) = statement.as_object().filter(|_| !says("")) else {
        return (everything("Deny", grammar), everything("Allow", grammar));
    };
    let wide = |effect: &str| widen(object, unknowns, effect, grammar);
    let narrow = |effect: &str| nothing(object, effect, grammar);
    match object.get("Effect").and_then(Value::as_str) {
        Some("Allow") if !says("/Effect") => (narrow("Allow"), wide("Allow")),
        Some("Deny") if !says("/Effect") => (wide("Deny"), narrow("Deny")),
        _ => (wide("Deny"), wide("Allow")),
    }
}

/// The statement with everything unknown in it read as everything.
fn widen(
    statement: &Map<String, Value>,
    unknowns: &[(&str, &Unknown)],
    effect: &str,
    grammar: Grammar,
) -> Value {
    let mut wide = Value::Object(statement.clone());
    for (pointer, unknown) in unknowns {
        let mut tokens = pointer.split('/').skip(1);
        let element = tokens.next().unwrap_or_default().to_owned();
        let whole = tokens.next().is_none();
        let pattern = unknown.pattern.clone().unwrap_or_else(|| "*".to_owned());
        match element.as_str() {
            "Action" | "Resource" if whole => set(&mut wide, &element, json!(pattern)),
            "Action" | "Resource" => {
                if let Some(slot) = wide.pointer_mut(pointer) {
                    *slot = json!(pattern);
                }
            }
            "NotAction" | "NotResource" | "NotPrincipal" => {
                remove(&mut wide, &element);
                let positive = element.strip_prefix("Not").unwrap_or_default();
                set(&mut wide, positive, json!("*"));
            }
            "Principal" => set(&mut wide, "Principal", json!("*")),
            "Condition" => loosen(&mut wide, pointer),
            "Sid" => remove(&mut wide, "Sid"),
            _ => {}
        }
    }
    set(&mut wide, "Effect", json!(effect));
    if grammar_has_principal(grammar)
        && wide.get("Principal").is_none()
        && wide.get("NotPrincipal").is_none()
    {
        set(&mut wide, "Principal", json!("*"));
    }
    wide
}

/// Drops the condition that an unknown stands in: it may hold.
fn loosen(statement: &mut Value, pointer: &str) {
    let unescaped = |token: &str| token.replace("~1", "/").replace("~0", "~");
    let tokens: Vec<String> = pointer.split('/').skip(2).map(unescaped).collect();
    let Some(condition) = statement
        .get_mut("Condition")
        .and_then(Value::as_object_mut)
    else {
        remove(statement, "Condition");
        return;
    };
    match tokens.as_slice() {
        [] => condition.clear(),
        [operator] => {
            condition.remove(operator);
        }
        [operator, key, ..] => {
            let emptied = condition
                .get_mut(operator)
                .and_then(Value::as_object_mut)
                .is_none_or(|operands| {
                    operands.remove(key);
                    operands.is_empty()
                });
            if emptied {
                condition.remove(operator);
            }
        }
    }
    if condition.is_empty() {
        remove(statement, "Condition");
    }
}

fn set(statement: &mut Value, element: &str, value: Value) {
    if let Some(object) = statement.as_object_mut() {
        object.insert(element.to_owned(), value);
    }
}

fn remove(statement: &mut Value, element: &str) {
    if let Some(object) = statement.as_object_mut() {
        object.remove(element);
    }
}

fn nothing(statement: &Map<String, Value>, effect: &str, grammar: Grammar) -> Value {
    let mut nothing = everything(effect, grammar);
    set(&mut nothing, "Action", json!(NO_ACTION));
    if let Some(sid @ Value::String(_)) = statement.get("Sid") {
        set(&mut nothing, "Sid", sid.clone());
    }
    nothing
}

fn whole(effect: &str, grammar: Grammar) -> Value {
    json!({"Version": "2012-10-17", "Statement": [everything(effect, grammar)]})
}

/// A statement about every action on every resource by everybody.
fn everything(effect: &str, grammar: Grammar) -> Value {
    let mut statement = json!({"Effect": effect, "Action": "*"});
    if grammar_has_principal(grammar) {
        set(&mut statement, "Principal", json!("*"));
    }
    if !matches!(grammar, Grammar::Trust) {
        set(&mut statement, "Resource", json!("*"));
    }
    statement
}

const fn grammar_has_principal(grammar: Grammar) -> bool {
    match grammar {
        Grammar::Resource | Grammar::Trust | Grammar::Rcp | Grammar::VpcEndpoint => true,
        Grammar::Identity | Grammar::Boundary | Grammar::Session | Grammar::Scp => false,
    }
}
