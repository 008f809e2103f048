// SPDX-License-Identifier: Apache-2.0
//! `keyproof simulate`: one request a line in, one decision a line out.

mod input;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::{Decision, Outcome, evaluate, strict_json};
use input::Input;

/// What came of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulateOutcome {
    /// The answer: one JSON object without a line break.
    pub line: String,
    /// The line could not be read; the answer says why.
    pub failed: bool,
}

/// Answers one line. Never fails: what can't be read is said in the answer.
#[must_use]
pub fn simulate_line(line: &str) -> SimulateOutcome {
    let value = match strict_json::parse(line) {
        Ok(value) => value,
        Err(error) => {
            return failure(
                &Value::Null,
                &format!("the line can't be read as JSON: {error}"),
            );
        }
    };
    let id = value.get("id").cloned().unwrap_or(Value::Null);
    match Input::read(&value) {
        Ok(input) => {
            let decision = evaluate(&input.request, &input.policies());
            SimulateOutcome {
                line: answer(id, &decision).to_string(),
                failed: false,
            }
        }
        Err(message) => failure(&id, &message),
    }
}

fn failure(id: &Value, message: &str) -> SimulateOutcome {
    SimulateOutcome {
        line: json!({"id": id, "error": message}).to_string(),
        failed: true,
    }
}

fn answer(id: Value, decision: &Decision) -> Value {
    let outcome = match decision.outcome {
        Outcome::Allowed => "allowed",
        Outcome::Denied => "denied",
    };
    let statements: Vec<Value> = decision
        .statements
        .iter()
        .map(|statement| {
            json!({
                "policy": statement.policy,
                "level": statement.level,
                "document": statement.document,
                "index": statement.index,
                "sid": statement.sid.as_deref(),
            })
        })
        .collect();
    let mut answer = Map::new();
    answer.insert("id".to_owned(), id);
    answer.insert("decision".to_owned(), outcome.into());
    answer.insert("explicit".to_owned(), decision.explicit.into());
    answer.insert("by".to_owned(), decision.by.as_str().into());
    answer.insert("statements".to_owned(), statements.into());
    if !decision.unknown.is_empty() {
        answer.insert("unknown".to_owned(), decision.unknown.clone().into());
    }
    answer.into()
}
