// SPDX-License-Identifier: Apache-2.0
//! `keyproof plan`: the summary of a valid plan, and every error of an invalid one. What is kept in a
//! deployed stack is in `tests/interop/test_store.py`.

use keyproof_plan::Plan;

use crate::support::{keyproof, root};

#[test]
fn a_valid_plan_is_summed_up() {
    let path = root().join("plans/orders.yaml");
    let plan = Plan::parse(&std::fs::read_to_string(&path).unwrap()).unwrap();

    let run = keyproof(["plan", "validate", path.to_str().unwrap()]).run();

    run.exits(0);
    let probes = plan.probes().len();
    assert_eq!(
        run.stdout,
        format!("orders: {probes} probes, 2 tables, 2 principals\n")
    );
    assert_eq!(run.stderr, "");
}

/// A plan with a mistake in each part.
const BROKEN: &str = "\
keyproof: plan/v1
name: orders
regoin: us-east-1
region: us-east-1
tables:
  control: { table: control, key: aws-owned, canary: { key: { pk: { S: c } } } }
principals:
  reader: { role: \"arn:aws:iam::111122223333:role/reader\" }
expectations:
  - { principal: raeder, on: control, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: reader, on: control, actions: [dynamodb:GetItm], decision: allowed }
";

const ERRORS: &[&str] = &[
    "3:1: regoin: unknown field `regoin` in a plan; did you mean `region`?",
    "10:18: expectations[0].principal: unknown principal `raeder`; did you mean `reader`?",
    "11:49: expectations[1].actions[0]: unknown action `dynamodb:GetItm`; did you mean `dynamodb:GetItem`?",
];

#[test]
fn every_error_is_told_at_once_with_its_place() {
    let mut program = keyproof(["plan", "validate", "broken.yaml"]).file("broken.yaml", BROKEN);

    let run = program.run();

    run.exits(2);
    assert_eq!(run.stdout, "");
    let expected: Vec<_> = ERRORS
        .iter()
        .map(|error| format!("broken.yaml:{error}"))
        .collect();
    assert_eq!(run.stderr.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_plan_may_come_from_standard_input() {
    let run = keyproof(["plan", "validate", "-"]).stdin(BROKEN).run();

    run.exits(2);
    assert!(run.stderr.starts_with("<stdin>:3:1: "), "{}", run.stderr);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let run = keyproof(["plan", "validate", "nowhere.yaml"]).run();

    run.exits(2);
    assert_eq!(
        run.stderr,
        "error: cannot read `nowhere.yaml`: No such file or directory (os error 2)\n"
    );
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let run = keyproof(["plan", "validate", "-"])
        .stdin(b"name: \xff".to_vec())
        .run();

    run.exits(2);
    assert_eq!(
        run.stderr,
        "error: `<stdin>` is not UTF-8 text: byte 6 is no part of a character\n"
    );
}

#[test]
fn the_schema_is_json() {
    let run = keyproof(["plan", "schema"]).run();

    run.exits(0);
    let schema: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(schema, keyproof_plan::schema());
}

#[test]
fn an_interval_that_would_test_the_cache_is_refused_before_anything_is_stored() {
    for (word, reason) in [
        (
            "5",
            "an interval of 5 minutes is too short: DynamoDB answers from a cached table key until a \
             caller has been idle for five minutes, so that a faster schedule would test the cache; \
             choose 6 minutes or more",
        ),
        ("often", "expected a whole number of minutes, or `never`"),
    ] {
        // No credentials and no network: it is not even tried.
        let run = keyproof(["plan", "push", "-", "--every", word]).run();

        run.exits(2);
        assert_eq!(run.stdout, "");
        let expected = format!("error: invalid value '{word}' for '--every <MINUTES>': {reason}\n");
        assert!(run.stderr.starts_with(&expected), "{}", run.stderr);
    }
}

#[test]
fn a_plan_that_is_not_valid_is_not_pushed() {
    let run = keyproof(["plan", "push", "broken.yaml"])
        .file("broken.yaml", BROKEN)
        .run();

    run.exits(2);
    assert_eq!(run.stderr.lines().count(), ERRORS.len(), "{}", run.stderr);
}
