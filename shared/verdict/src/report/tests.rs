// SPDX-License-Identifier: Apache-2.0
//! Reports written and read back.

use keyproof_core::Service;

use crate::{CallRow, Finding, Report, ReportError, Verdict};

const REPORT: &str = include_str!("../judge/tests/report.json");

#[test]
fn a_report_is_written_again_byte_by_byte() {
    assert_eq!(
        Report::from_json(REPORT).unwrap().to_json().unwrap(),
        REPORT
    );
}

#[test]
fn fields_of_a_later_version_are_passed_over() {
    let later = REPORT.replacen('{', "{\"mood\": \"sunny\",", 1);

    assert_eq!(
        Report::from_json(&later).unwrap(),
        Report::from_json(REPORT).unwrap()
    );
}

#[test]
fn another_schema_is_refused_by_name() {
    let other = REPORT.replace("keyproof.report/v1", "keyproof.report/v2");

    assert_eq!(
        Report::from_json(&other).unwrap_err().to_string(),
        format!(
            "the document's schema is `keyproof.report/v2`, and keyproof {} reads `keyproof.report/v1`; \
             upgrade keyproof, if a newer one wrote it",
            env!("CARGO_PKG_VERSION")
        )
    );
}

#[test]
fn what_is_no_report_is_refused_for_what_it_is() {
    assert!(matches!(
        Report::from_json("no"),
        Err(ReportError::NotJson { .. })
    ));
    assert!(matches!(
        Report::from_json("{}"),
        Err(ReportError::NoSchema)
    ));
    assert!(matches!(
        Report::from_json("[]"),
        Err(ReportError::NoSchema)
    ));
    let bare = r#"{"schema":"keyproof.report/v1"}"#;
    assert!(matches!(
        Report::from_json(bare),
        Err(ReportError::Damaged { .. })
    ));
    let verdict = REPORT.replacen("\"verdict\": \"pass\"", "\"verdict\": \"fine\"", 1);
    assert!(matches!(
        Report::from_json(&verdict),
        Err(ReportError::Damaged { .. })
    ));
}

#[test]
fn a_pass_that_its_own_rows_contradict_is_refused() {
    let mut report = Report::from_json(REPORT).unwrap();
    report.probes[3].verdict = Verdict::Fail;
    report.probes[3].finding = Some(Finding::Exposed);

    let error = Report::from_json(&report.to_json().unwrap()).unwrap_err();

    assert_eq!(
        error.to_string(),
        "the report says `pass`, but its probe `outsider/dynamodb:GetItem/orders` is `fail`; it was \
         altered"
    );
}

#[test]
fn no_character_that_acts_on_a_terminal_leaves_in_json() {
    let mut report = Report::from_json(REPORT).unwrap();
    report.probes[3].reason = "\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\r\n\u{feff}é".to_owned();

    let text = report.to_json().unwrap();

    let written = text
        .lines()
        .find(|line| line.contains("2J"))
        .unwrap()
        .trim();
    assert_eq!(
        written,
        r#""reason": "\u001b[2J\u009b31m\u007f\u202e\r\n\ufeffé","#
    );
    assert_eq!(Report::from_json(&text).unwrap(), report);
}

#[test]
fn a_finding_is_called_the_same_in_rust_and_in_json() {
    for finding in Finding::ALL {
        assert_eq!(serde_json::to_value(finding).unwrap(), finding.as_str());
        assert_eq!(
            serde_json::to_value(finding.verdict()).unwrap(),
            finding.verdict().as_str()
        );
    }
}

#[test]
fn calls_of_two_parts_are_added_in_the_order_of_their_names() {
    let row = |service, operation: &str, calls, requests| CallRow {
        service,
        operation: operation.to_owned(),
        calls,
        requests,
    };
    let mut all = vec![row(Service::DynamoDb, "GetItem", 2, 3)];

    CallRow::add(
        &mut all,
        [
            row(Service::Sts, "AssumeRole", 1, 1),
            row(Service::DynamoDb, "GetItem", 1, 1),
            row(Service::DynamoDb, "DescribeTable", 1, 2),
        ],
    );

    assert_eq!(
        all,
        [
            row(Service::DynamoDb, "DescribeTable", 1, 2),
            row(Service::DynamoDb, "GetItem", 3, 4),
            row(Service::Sts, "AssumeRole", 1, 1),
        ]
    );
}

#[test]
fn rows_written_one_by_one_give_the_same_bytes() {
    let report = Report::from_json(REPORT).unwrap();
    let mut hostile = report.clone();
    hostile.plan.name = "\n  \"probes\": [\u{202e}".to_owned();
    hostile.probes[0].reason = "a\nb\u{202e}".to_owned();
    let mut empty = report.clone();
    empty.probes.clear();
    for report in [report, hostile, empty] {
        let rows = report.probes.clone().into_iter().map(Ok);
        let frame = Report {
            probes: Vec::new(),
            ..report.clone()
        };
        let mut out = Vec::new();

        frame.write_json(rows, &mut out).unwrap();

        assert_eq!(String::from_utf8(out).unwrap(), report.to_json().unwrap());
    }
}
