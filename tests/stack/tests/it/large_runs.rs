// SPDX-License-Identifier: Apache-2.0
//! The state machine of large runs: its definition, and what the template puts into it. How it runs
//! is in `tests/interop/test_large_run.py`.

use std::collections::BTreeSet;
use std::path::Path;

use keyproof_verify::Step;
use serde_json::{Value, json};

use crate::template::{Template, written};

/// The definition as it is written.
fn definition() -> String {
    let template = Template::of_the_repository();
    let path = written(template.property("LargeRuns", "DefinitionUri").unwrap());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// Every state that calls a function, those of the map too.
fn tasks(states: &Value) -> Vec<&Value> {
    let states = states.as_object().unwrap().values();
    states
        .flat_map(|state| match state["Type"].as_str().unwrap() {
            "Task" => vec![state],
            "Map" => tasks(&state["ItemProcessor"]["States"]),
            _ => Vec::new(),
        })
        .collect()
}

#[test]
fn every_name_in_the_definition_is_given_by_the_template_and_no_other() {
    let template = Template::of_the_repository();
    let text = definition();
    let named: BTreeSet<_> = text
        .split("${")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap().to_owned())
        .collect();

    let given = template
        .property("LargeRuns", "DefinitionSubstitutions")
        .unwrap();
    let given = given.as_mapping().unwrap().iter();
    let given: BTreeSet<_> = given.map(|(key, _)| key.text.clone()).collect();
    assert_eq!(named, given);
}

#[test]
fn every_step_that_the_machine_asks_for_is_one_that_the_code_knows() {
    let run = json!({
        "plan": "orders", "version": 1, "digest": "sha256:0", "run_id": "01KEYPR00F0000000000000000",
        "seq": 1, "trigger": "deploy", "started_at": "2026-01-15T03:04:05Z",
    });
    let error = json!({"Error": "States.Timeout", "Cause": ""});
    let definition: Value = serde_json::from_str(&definition()).unwrap();
    let mut steps = Vec::new();
    for task in tasks(&definition["States"]) {
        let payload = task["Parameters"]["Payload"].as_object().unwrap();
        // A path is replaced by what it leads to.
        let payload: Value = payload
            .iter()
            .map(|(name, value)| match name.strip_suffix(".$") {
                Some("run") => ("run", run.clone()),
                Some("error") => ("error", error.clone()),
                Some("shard") => ("shard", 7.into()),
                Some(other) => panic!("what does `{other}` lead to?"),
                None => (name.as_str(), value.clone()),
            })
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert!(Step::read(&payload).unwrap().is_some(), "{payload}");
        steps.push(payload["step"].as_str().unwrap().to_owned());
    }
    steps.sort();
    assert_eq!(steps, ["abandon", "collect", "cut", "shard"]);
}

#[test]
fn the_map_is_as_wide_as_the_quotas_let_it_be_and_no_death_ends_it() {
    let definition: Value = serde_json::from_str(&definition()).unwrap();
    let map = &definition["States"]["Shards"];
    // What `Cut` counted, by the quotas and the shards at hand.
    assert_eq!(map["MaxConcurrencyPath"], "$.cut.at_once");
    assert_eq!(map.get("MaxConcurrency"), None);
    // Dead shards are blind in the report, however many there are.
    assert_eq!(map["ToleratedFailurePercentage"], 100.0);
    // Whatever a retry waits for, it is drawn, so that shards that were throttled together don't come together.
    for task in tasks(&definition["States"]) {
        for retry in task["Retry"].as_array().unwrap() {
            let tries = retry["MaxAttempts"].as_u64().unwrap();
            assert!(tries == 0 || retry["JitterStrategy"] == "FULL", "{retry}");
        }
    }
}

#[test]
fn no_step_is_given_up_before_its_function_is() {
    let template = Template::of_the_repository();
    let timeout = template.property("ShardFunction", "Timeout").unwrap();
    let timeout = timeout.as_u64().unwrap();
    let definition: Value = serde_json::from_str(&definition()).unwrap();
    for task in tasks(&definition["States"]) {
        assert!(task["TimeoutSeconds"].as_u64().unwrap() > timeout, "{task}");
    }
}

#[test]
fn shards_run_in_the_role_that_the_test_roles_trust() {
    let template = Template::of_the_repository();
    let of = |function: &str, path: &str| written(template.property(function, path).unwrap());
    for path in ["Role", "CodeUri", "LoggingConfig/LogGroup"] {
        assert_eq!(of("ShardFunction", path), of("VerifyFunction", path));
    }
    // Whatever the code reads of its environment, both have it: but for the machine itself, as no
    // step hands a run over.
    for (variable, _) in keyproof_verify::PERMISSIONS {
        if variable.starts_with("KEYPROOF_") && *variable != "KEYPROOF_STATE_MACHINE" {
            let verify = template.variable("VerifyFunction", variable);
            assert_eq!(
                template.variable("ShardFunction", variable),
                verify,
                "{variable}"
            );
            assert!(verify.is_some(), "{variable}");
        }
    }
}
