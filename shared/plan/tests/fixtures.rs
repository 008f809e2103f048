// SPDX-License-Identifier: Apache-2.0
//! Whole plans as files. `fixtures/valid` must parse and keep to the schema; each file of
//! `fixtures/invalid` must bring exactly the errors in the `.errors` file beside it, one a line as
//! `LINE:COLUMN: sentence`. To add a case, add a file and run with `UPDATE_GOLDEN=1`; then read
//! what it wrote.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "test helpers read files and fail by panicking"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use keyproof_plan::{Place, Plan, schema};

/// What is wrong with the meaning of a plan, not its shape: the schema takes these.
const BEYOND_THE_SCHEMA: [&str; 12] = [
    "duplicate-probes.yaml",
    "exceptions-unknown.yaml",
    "impossible-number.yaml",
    "inspect-as.yaml",
    "keys-twice-only.yaml",
    "kms-on-aws-owned.yaml",
    "no-witness.yaml",
    "several-accounts.yaml",
    "other-region.yaml",
    "session-tags-twice.yaml",
    "unknown-names.yaml",
    "canary-overlap.yaml",
];

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(folder);
    let entries = std::fs::read_dir(&folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending != "errors"));
    files.sort();
    assert!(files.len() >= 5, "no fixtures in {}", folder.display());
    files
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn fixture(name: &str) -> Plan {
    let text = read(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(name),
    );
    Plan::parse(&text).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"))
}

/// The plan without what only says how it was written.
fn meaning(mut plan: Plan) -> Plan {
    let nowhere = Place { line: 0, column: 0 };
    plan.digest = String::new();
    plan.tables
        .values_mut()
        .for_each(|table| table.place = nowhere);
    plan.principals
        .values_mut()
        .for_each(|principal| principal.place = nowhere);
    plan.expectations
        .iter_mut()
        .for_each(|expectation| expectation.place = nowhere);
    plan.exceptions
        .iter_mut()
        .for_each(|exception| exception.place = nowhere);
    plan
}

fn compare_or_update(golden: &Path, actual: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, actual).unwrap();
    }
    let expected = std::fs::read_to_string(golden).unwrap_or_default();
    assert_eq!(
        actual,
        expected,
        "{} (UPDATE_GOLDEN=1 rewrites it)",
        golden.display()
    );
}

#[test]
fn valid_plans_parse_and_keep_to_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for file in files("valid") {
        let text = read(&file);
        let plan = Plan::parse(&text).unwrap_or_else(|e| panic!("{}: {e:#?}", file.display()));
        let json = keyproof_document::parse(&text).unwrap().to_json();
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|e| e.to_string())
            .collect();
        assert_eq!(errors, [""; 0], "{}", file.display());

        let pretty = serde_json::to_string_pretty(&json).unwrap();
        assert_eq!(
            meaning(plan),
            meaning(Plan::parse(&pretty).unwrap()),
            "{}",
            file.display()
        );
    }
}

#[test]
fn invalid_plans_bring_every_error_with_its_place() {
    let mut goldens = BTreeSet::new();
    for file in files("invalid") {
        let Err(errors) = Plan::parse(&read(&file)) else {
            panic!("{} parses", file.display())
        };
        let mut actual = String::new();
        for error in &errors {
            writeln!(actual, "{}: {error}", error.place).unwrap();
        }
        assert_ne!(actual, "", "{}", file.display());
        let golden = file.with_extension("errors");
        assert!(
            goldens.insert(golden.clone()),
            "two fixtures share {}",
            golden.display()
        );
        compare_or_update(&golden, &actual);
    }
}

#[test]
fn the_schema_refuses_what_is_wrong_in_shape_and_takes_what_is_wrong_in_meaning() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for file in files("invalid") {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        // What is no document at all has no shape to judge.
        let Some(node) = keyproof_document::read(&read(&file)).node else {
            continue;
        };
        let is_valid = validator.is_valid(&node.to_json());
        assert_eq!(is_valid, BEYOND_THE_SCHEMA.contains(&&*name), "{name}");
    }
}

#[test]
fn the_schema_is_itself_valid() {
    assert!(jsonschema::meta::is_valid(&schema()));
}

#[test]
fn json_and_yaml_say_the_same() {
    assert_eq!(
        meaning(fixture("valid/contract.yaml")),
        meaning(fixture("valid/contract.json"))
    );
}

#[test]
fn the_contracts_plan_has_these_probes_in_this_order() {
    let ids: Vec<String> = fixture("valid/contract.yaml")
        .probes()
        .into_iter()
        .map(|probe| probe.id)
        .collect();

    assert_eq!(
        ids,
        [
            "orders/encryption",
            "control/encryption",
            "reader/dynamodb:GetItem/orders",
            "reader/dynamodb:Query/orders",
            "reader/dynamodb:Scan/orders",
            "outsider/dynamodb:GetItem/orders",
            "outsider/dynamodb:Query/orders",
            "outsider/dynamodb:Scan/orders",
            "outsider/dynamodb:GetItem/control",
            "outsider/kms:Decrypt/orders",
            "reader/kms:CreateGrant/orders",
            "reader/kms:RevokeGrant/orders",
            "retired/sts:AssumeRole",
        ]
    );
}

#[test]
fn an_index_is_part_of_the_probes_id() {
    let plan = fixture("valid/everything.yaml");
    let ids: Vec<String> = plan.probes().into_iter().map(|probe| probe.id).collect();

    assert!(ids.contains(&"reader/dynamodb:Query/by name".to_owned()));
    assert!(ids.contains(&"reader/dynamodb:Query/by name/by-date".to_owned()));
    assert!(ids.contains(&"outsider/dynamodb:Query/by name/by-date".to_owned()));
    assert_eq!(ids.len(), plan.tables.len() + 33);
}

#[test]
fn the_documentation_lists_every_field_and_action() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plan.md");
    let (begin, end) = ("<!-- fields: generated -->\n\n", "<!-- end of fields -->\n");
    let text = read(&file);
    let (before, rest) = text.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();

    let fields = keyproof_plan::reference();
    compare_or_update(&file, &format!("{before}{begin}{fields}{end}{after}"));
    for action in keyproof_plan::Action::ALL {
        assert!(
            text.contains(&format!("`{action}`")),
            "docs/plan.md lacks {action}"
        );
    }
}

#[test]
fn the_documentations_plans_parse() {
    let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/plan.md"));
    let plans: Vec<&str> = text
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```"))
        .map(|(plan, _)| plan)
        .filter(|plan| plan.starts_with("keyproof:"))
        .collect();

    assert!(!plans.is_empty());
    for plan in plans {
        Plan::parse(plan).unwrap_or_else(|errors| panic!("{plan}\n{errors:#?}"));
    }
}
