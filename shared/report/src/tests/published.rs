// SPDX-License-Identifier: Apache-2.0
//! OCSF and ASFF: the published schemas, one finding a probe with an id that stays, and the words that
//! each of them has for pass, fail, inconclusive and excepted.

use keyproof_verdict::{Finding, ProbeRow, Report};
use serde_json::{Value, json};

use super::{case, cases, rendered};
use crate::finding::id;
use crate::words::Standing;
use crate::{Format, Hub, Stamp, asff_finding, ocsf_finding};

fn schema(format: Format) -> jsonschema::Validator {
    let text = match format {
        Format::Ocsf => include_str!("../../schemas/ocsf-1.5.0-compliance_finding.json"),
        Format::Asff => include_str!("../../schemas/asff.json"),
        other => panic!("no schema of {other} here"),
    };
    let mut schema: Value = serde_json::from_str(text).unwrap();
    if format == Format::Ocsf {
        // One event; a file is an array of them.
        let inner = schema.clone();
        schema = json!({ "type": "array", "items": inner });
    }
    jsonschema::validator_for(&schema).unwrap()
}

fn errors(validator: &jsonschema::Validator, value: &Value) -> Vec<String> {
    validator
        .iter_errors(value)
        .map(|error| format!("{} {error}", error.instance_path()))
        .collect()
}

#[test]
fn every_finding_holds_to_its_published_schema() {
    for format in [Format::Ocsf, Format::Asff] {
        let validator = schema(format);
        for (name, report) in cases() {
            let findings: Value = serde_json::from_str(&rendered(&report, format)).unwrap();

            assert_eq!(errors(&validator, &findings), [""; 0], "{format} of {name}");
        }
    }
}

#[test]
fn the_schemas_refuse_what_their_publishers_would() {
    for (format, field, value) in [
        (Format::Ocsf, "class_uid", json!("2003")),
        (Format::Ocsf, "severity_id", json!(17)),
        (Format::Ocsf, "invented", json!(1)),
        (Format::Asff, "Title", json!("t".repeat(257))),
        (Format::Asff, "Compliance", json!({ "Status": "FAIL" })),
        (Format::Asff, "Resources", json!([])),
        (Format::Asff, "Invented", json!(1)),
    ] {
        let text = rendered(&case("every-finding"), format);
        let mut findings: Value = serde_json::from_str(&text).unwrap();
        findings[0][field] = value;

        let errors = errors(&schema(format), &findings);

        assert!(!errors.is_empty(), "{format} takes any {field}");
    }
}

#[test]
fn each_standing_has_one_word_in_each_format() {
    let mut seen = std::collections::BTreeSet::new();
    for (_, report) in cases() {
        let stamp = Stamp::of_run(&report);
        for row in &report.probes {
            let ocsf = ocsf_finding(&report, row, stamp);
            let asff = asff_finding(&report, row, stamp, &Hub::of(&report));
            let told = json!([
                Standing::of(row).as_str(),
                ocsf["compliance"]["status_id"],
                ocsf["compliance"]["status"],
                ocsf["status"],
                asff["Compliance"]["Status"],
                asff["Workflow"]["Status"],
            ]);
            seen.insert(told.to_string());
        }
    }

    let expected = [
        r#"["excepted",3,"Fail","Suppressed","FAILED","SUPPRESSED"]"#,
        r#"["fail",3,"Fail","New","FAILED","NEW"]"#,
        r#"["inconclusive",2,"Warning","New","WARNING","NEW"]"#,
        r#"["pass",1,"Pass","Resolved","PASSED","RESOLVED"]"#,
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn what_lets_somebody_in_weighs_most_and_a_pass_least() {
    let report = case("every-finding");
    let weigh = |finding: Option<Finding>| {
        let mut row = report.probes[0].clone();
        row.finding = finding;
        let stamp = Stamp::of_run(&report);
        let asff = asff_finding(&report, &row, stamp, &Hub::of(&report));
        let ocsf = ocsf_finding(&report, &row, stamp);
        (
            ocsf["severity_id"].as_u64().unwrap(),
            asff["FindingProviderFields"]["Severity"]["Label"].clone(),
        )
    };

    assert_eq!(weigh(None), (1, json!("INFORMATIONAL")));
    let found: Vec<_> = Finding::ALL
        .into_iter()
        .map(|finding| weigh(Some(finding)))
        .collect();
    let expected = [
        (5, "CRITICAL"),
        (4, "HIGH"),
        (4, "HIGH"),
        (3, "MEDIUM"),
        (3, "MEDIUM"),
        (3, "MEDIUM"),
        (3, "MEDIUM"),
        (3, "MEDIUM"),
    ];
    assert_eq!(
        found,
        expected.map(|(number, label)| (number, json!(label)))
    );
}

#[test]
fn an_id_is_one_probes_own_and_outlives_the_run() {
    let report = case("every-finding");
    let ids = |report: &Report| -> Vec<String> {
        report.probes.iter().map(|row| id(report, row)).collect()
    };
    let mut later = report.clone();
    later.run.id = "01JDZZZZZZZZZZZZZZZZZZZZZZ".to_owned();
    later.plan.digest = "sha256:ff".to_owned();
    for row in &mut later.probes {
        row.line = row.line.map(|line| line + 7);
        row.finding = None;
    }

    assert_eq!(ids(&later), ids(&report));
    assert_eq!(
        ids(&report)[4],
        "keyproof/111122223333/us-east-1/orders/outsider/dynamodb:GetItem/orders"
    );
    let mut distinct = ids(&report);
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), report.probes.len());
}

#[test]
fn an_id_that_is_too_long_is_cut_and_stays_distinct() {
    let report = case("every-finding");
    let long = |end: &str| {
        let mut row = report.probes[4].clone();
        row.id = format!("{}{end}", "x".repeat(600));
        id(&report, &row)
    };

    let (one, other) = (long("a"), long("b"));

    assert_eq!((one.chars().count(), other.chars().count()), (512, 512));
    assert_ne!(one, other);
    assert_eq!(one, long("a"));
}

/// The values at the pointers.
fn told(finding: &Value, pointers: &[&str]) -> Value {
    let values = pointers.iter().map(|pointer| finding.pointer(pointer));
    values
        .map(|value| value.cloned().unwrap_or_default())
        .collect()
}

fn exposed() -> (Report, ProbeRow) {
    let report = case("every-finding");
    let row = report.probes[4].clone();
    assert_eq!(row.finding, Some(Finding::Exposed));
    (report, row)
}

#[test]
fn a_finding_is_created_then_updated_and_closed_by_a_pass() {
    let (report, row) = exposed();
    let first = Stamp {
        created_at: "2026-11-24T01:00:00Z",
        updated_at: "2026-11-24T01:00:00Z",
    };
    let again = Stamp {
        updated_at: "2026-11-24T02:00:00.500Z",
        ..first
    };
    let mut passed = row.clone();
    (passed.verdict, passed.finding) = (keyproof_verdict::Verdict::Pass, None);
    let pointers = [
        "/activity_name",
        "/type_uid",
        "/time",
        "/finding_info/created_time",
    ];

    let created = told(&ocsf_finding(&report, &row, first), &pointers);
    let updated = told(&ocsf_finding(&report, &row, again), &pointers);
    let closed = told(&ocsf_finding(&report, &passed, again), &pointers);

    let hour = 1_795_482_000_000_u64;
    assert_eq!(created, json!(["Create", 200_301, hour, hour]));
    assert_eq!(updated, json!(["Update", 200_302, hour + 3_600_500, hour]));
    assert_eq!(closed, json!(["Close", 200_303, hour + 3_600_500, hour]));
}

#[test]
fn a_finding_goes_to_the_hub_that_imports_it() {
    let (report, row) = exposed();
    let stamp = Stamp::of_run(&report);
    let elsewhere = Hub {
        partition: "aws-us-gov".to_owned(),
        account: "444455556666".to_owned(),
        region: "us-gov-west-1".to_owned(),
    };
    let pointers = ["/ProductArn", "/AwsAccountId", "/Region"];

    let own = told(
        &asff_finding(&report, &row, stamp, &Hub::of(&report)),
        &pointers,
    );
    let other = told(&asff_finding(&report, &row, stamp, &elsewhere), &pointers);

    let arn = "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default";
    assert_eq!(own, json!([arn, "111122223333", "us-east-1"]));
    let arn = "arn:aws-us-gov:securityhub:us-gov-west-1:444455556666:product/444455556666/default";
    assert_eq!(other, json!([arn, "444455556666", "us-gov-west-1"]));
}

#[test]
fn the_account_is_an_arns_where_the_run_did_not_learn_it() {
    let (mut report, _) = exposed();
    report.environment.account = None;
    assert_eq!(Hub::of(&report).account, "111122223333");

    report.probes.clear();
    assert_eq!(Hub::of(&report).account, "unknown");
}

#[test]
fn an_index_is_told_as_its_table_and_nothing_twice() {
    let (report, mut row) = exposed();
    row.resource =
        Some("arn:aws:dynamodb:us-east-1:111122223333:table/orders/index/by-date".to_owned());
    row.cause
        .as_mut()
        .unwrap()
        .document
        .clone_from(&row.role_arn);

    let finding = asff_finding(&report, &row, Stamp::of_run(&report), &Hub::of(&report));

    let resources = finding["Resources"].as_array().unwrap();
    let named: Vec<Value> = resources
        .iter()
        .map(|one| told(one, &["/Type", "/Id"]))
        .collect();
    let expected = [
        json!([
            "AwsDynamoDbTable",
            "arn:aws:dynamodb:us-east-1:111122223333:table/orders"
        ]),
        json!([
            "AwsIamRole",
            "arn:aws:iam::111122223333:role/keyproof/outsider"
        ]),
    ];
    assert_eq!(named, expected);
    let event = ocsf_finding(&report, &row, Stamp::of_run(&report));
    let pointers = ["/resources/0/name", "/resources/0/uid"];
    let table = "arn:aws:dynamodb:us-east-1:111122223333:table/orders";
    assert_eq!(told(&event, &pointers), json!(["orders", table]));
}

#[test]
fn what_was_evaluated_is_told_from_what_was_tried() {
    let (mut report, row) = exposed();
    let feature = |report: &Report| {
        let event = ocsf_finding(report, &row, Stamp::of_run(report));
        told(
            &event,
            &["/metadata/product/feature/name", "/unmapped/trigger"],
        )
    };
    assert_eq!(feature(&report), json!(["verify", "cli"]));

    "check".clone_into(&mut report.run.trigger);
    assert_eq!(feature(&report), json!(["check", "check"]));
}
