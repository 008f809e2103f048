// SPDX-License-Identifier: Apache-2.0
//! All formats of one run tell the same counts, ids and findings, and hold to their schemas.

use std::collections::BTreeMap;

use keyproof_verdict::{Report, Verdict};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use super::{case, cases, rendered};
use crate::words::Standing;
use crate::{Format, headline};

/// The elements of an XML text with their attributes, in order; panics where it is not well-formed.
pub(super) fn elements(xml: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let mut elements = Vec::new();
    let mut open = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                open += 1;
                elements.push(element(&start));
            }
            Event::Empty(start) => elements.push(element(&start)),
            Event::End(_) => open -= 1,
            Event::Eof => break,
            Event::Text(_) | Event::Decl(_) | Event::GeneralRef(_) => {}
            other => panic!("{other:?} has no place here"),
        }
    }
    assert_eq!(open, 0);
    elements
}

fn element(start: &quick_xml::events::BytesStart<'_>) -> (String, BTreeMap<String, String>) {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.unwrap();
        let value = quick_xml::escape::unescape(&attribute.value)
            .unwrap()
            .into_owned();
        (attribute.key.as_ref().to_owned(), value)
    });
    (start.name().as_ref().to_owned(), attributes.collect())
}

/// An exception whose probe passes does not pass silently.
#[test]
fn junit_and_sarif_tell_each_exception_that_nobody_needs_any_more() {
    let mut all = 0;
    for (name, report) in cases() {
        let elements = elements(&rendered(&report, Format::Junit));
        let aside = elements.iter().filter(|(name, _)| name == "system-out");
        let sarif: Value = serde_json::from_str(&rendered(&report, Format::Sarif)).unwrap();
        let notified = sarif["runs"][0]["invocations"][0].get("toolExecutionNotifications");
        let notified = notified.map_or(0, |all| all.as_array().unwrap().len());

        let unneeded = report.exceptions.iter();
        let unneeded = unneeded.filter(|note| note.status == "unneeded").count();
        assert_eq!((aside.count(), notified), (unneeded, unneeded), "{name}");
        all += unneeded;
    }
    assert!(all > 0, "no case has any");
}

#[test]
fn every_format_tells_the_counts_of_the_run() {
    for (name, report) in cases() {
        let sum = &report.summary;
        for format in [Format::Text, Format::Markdown, Format::Html] {
            // Markdown has a backslash before what it would take for emphasis.
            let told = words(&rendered(&report, format)).replace('\\', "");
            let headline = headline(&report);
            assert!(told.contains(&headline), "{name} {format}: {headline}");
        }
        let elements = elements(&rendered(&report, Format::Junit));
        for suite in ["testsuites", "testsuite"] {
            let (_, attributes) = elements
                .iter()
                .find(|(element, _)| element == suite)
                .unwrap();
            let counts = ["tests", "failures", "errors", "skipped"]
                .map(|count| Some(attributes.get(count)?.parse::<usize>().unwrap()));
            // The schema has no `skipped` for all suites together.
            let skipped = (suite == "testsuite").then_some(sum.excepted);
            assert_eq!(
                counts,
                [
                    Some(sum.planned),
                    Some(sum.fail),
                    Some(sum.inconclusive),
                    skipped
                ],
                "{name}"
            );
        }
        let counted = |wanted| {
            elements
                .iter()
                .filter(|(element, _)| element == wanted)
                .count()
        };
        assert_eq!(
            (
                counted("testcase"),
                counted("failure"),
                counted("error"),
                counted("skipped")
            ),
            (sum.planned, sum.fail, sum.inconclusive, sum.excepted),
            "{name}"
        );

        let sarif: Value = serde_json::from_str(&rendered(&report, Format::Sarif)).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        let level = |wanted| {
            results
                .iter()
                .filter(|result| result["level"] == wanted)
                .count()
        };
        let suppressed = results
            .iter()
            .filter(|result| result["suppressions"].is_array())
            .count();
        assert_eq!(
            (level("error"), level("warning"), suppressed),
            (sum.fail + sum.excepted, sum.inconclusive, sum.excepted),
            "{name}"
        );

        let html = rendered(&report, Format::Html);
        let cards = |standing| {
            html.matches(&format!("<article class=\"card {standing}\""))
                .count()
        };
        assert_eq!(
            (cards("fail"), cards("inconclusive"), cards("excepted")),
            (sum.fail, sum.inconclusive, sum.excepted),
            "{name}"
        );
        assert_eq!(html.matches("<li id=\"p").count(), sum.pass, "{name}");

        let statuses = |format, pointer: &str| {
            let findings: Value = serde_json::from_str(&rendered(&report, format)).unwrap();
            let findings = findings.as_array().unwrap().clone();
            let told: Vec<Value> = findings
                .iter()
                .map(|finding| finding.pointer(pointer).unwrap().clone())
                .collect();
            move |wanted: &str| told.iter().filter(|status| *status == wanted).count()
        };
        let ocsf = statuses(Format::Ocsf, "/compliance/status");
        let asff = statuses(Format::Asff, "/Compliance/Status");
        let counts = (sum.pass, sum.fail + sum.excepted, sum.inconclusive);
        assert_eq!(
            (ocsf("Pass"), ocsf("Fail"), ocsf("Warning")),
            counts,
            "{name}"
        );
        assert_eq!(
            (asff("PASSED"), asff("FAILED"), asff("WARNING")),
            counts,
            "{name}"
        );
        let suppressed = statuses(Format::Asff, "/Workflow/Status")("SUPPRESSED");
        assert_eq!(suppressed, sum.excepted, "{name}");
    }
}

/// The text with its lines joined.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_probe_that_did_not_pass_is_told_with_id_finding_and_reason() {
    for (name, report) in cases().into_iter().filter(|(name, _)| name != "hostile") {
        let [text, junit, html] =
            [Format::Text, Format::Junit, Format::Html].map(|format| rendered(&report, format));
        let sarif: Value = serde_json::from_str(&rendered(&report, Format::Sarif)).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        let cases = elements(&junit);
        for row in &report.probes {
            assert!(html.contains(&row.id), "{name}: {}", row.id);
            assert!(
                cases
                    .iter()
                    .any(|(_, attributes)| attributes.get("name") == Some(&row.id))
            );
            let result = results
                .iter()
                .find(|result| result["properties"]["probe"] == row.id);
            let Some(finding) = row.finding else {
                assert!(result.is_none(), "{name}: {}", row.id);
                continue;
            };
            let head = format!("{} {finding}  {}", Standing::of(row).symbol(), row.id);
            assert!(text.contains(&head), "{name}: {head}");
            assert!(
                words(&text).contains(&words(&row.reason)),
                "{name}: {}",
                row.reason
            );
            assert_eq!(result.unwrap()["ruleId"], finding.as_str(), "{name}");
        }
        for (format, probe, finding) in [
            (Format::Ocsf, "/unmapped/probe", "/status_code"),
            (
                Format::Asff,
                "/ProductFields/keyproof~1probe",
                "/FindingProviderFields/Severity/Original",
            ),
        ] {
            let findings: Value = serde_json::from_str(&rendered(&report, format)).unwrap();
            let told: Vec<[&Value; 2]> = findings
                .as_array()
                .unwrap()
                .iter()
                .map(|one| [probe, finding].map(|pointer| one.pointer(pointer).unwrap()))
                .collect();
            let expected: Vec<[Value; 2]> = report
                .probes
                .iter()
                .map(|row| {
                    let finding = row.finding.map_or("pass", |finding| finding.as_str());
                    [row.id.as_str().into(), finding.into()]
                })
                .collect();
            assert_eq!(
                told,
                expected
                    .iter()
                    .map(|[id, finding]| [id, finding])
                    .collect::<Vec<_>>()
            );
        }
    }
}

#[test]
fn what_a_check_did_not_see_is_told_wherever_people_read() {
    let (_, report) = cases()
        .into_iter()
        .find(|(name, _)| name == "parts-unseen")
        .unwrap();
    let formats = [Format::Text, Format::Markdown, Format::Html];
    let [text, markdown, html] = formats.map(|format| words(&rendered(&report, format)));
    let kinds: Vec<&str> = report.notes.iter().map(|note| &*note.kind).collect();
    assert_eq!(kinds, ["assumed", "unseen", "left_out", "left_out"]);

    for note in report.notes.iter().take(2) {
        // A page has elements where a sentence has backticks.
        let start = note.text.split('`').next().unwrap();
        for (told, form) in [&text, &markdown, &html].into_iter().zip(formats) {
            assert!(told.contains(start), "{form}: {start}");
        }
    }

    assert!(text.contains("(`template.yaml:9`) 2 parts that decide no access are left out"));
    assert!(markdown.contains("- 2 parts that decide no access are left out"));
    assert!(html.contains("<summary>2 parts that decide no access are left out</summary>"));
    assert!(!text.contains("AWS::SNS::Topic"));
    assert!(html.contains("AWS::SNS::Topic"));
}

#[test]
fn what_was_not_aws_itself_says_so_wherever_people_read() {
    let mut report = case("separation-holds");
    let endpoint = "http://127.0.0.1:4566";
    let formats = [Format::Text, Format::Markdown, Format::Html];
    let head = |report: &Report, format| {
        let told = rendered(report, format);
        told.split_once("<footer>")
            .map_or(told.clone(), |(head, _)| head.to_owned())
    };
    for format in formats {
        assert!(!head(&report, format).contains(endpoint), "{format}");
    }

    report.environment.endpoint = Some(endpoint.to_owned());

    for format in formats {
        assert!(head(&report, format).contains(endpoint), "{format}");
    }
}

#[test]
fn ids_on_the_page_are_unique_and_every_link_on_it_leads_somewhere() {
    for (name, report) in cases() {
        let html = rendered(&report, Format::Html);
        let mut ids: Vec<&str> = html
            .split(" id=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name}");
        for rest in html.split("href=\"").skip(1) {
            let link = rest.split('"').next().unwrap();
            let target = link
                .strip_prefix('#')
                .unwrap_or_else(|| panic!("{name}: {link}"));
            assert!(ids.binary_search(&target).is_ok(), "{name}: {link}");
        }
    }
}

#[test]
fn sarif_holds_to_its_schema() {
    let schema = include_str!("../../schemas/sarif-2.1.0-rtm.5.json");
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    // The pattern of `language`, which keyproof doesn't write, has a stray bracket in it that
    // strict readers of regular expressions refuse.
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"] = serde_json::json!({});
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (name, report) in cases() {
        let log: Value = serde_json::from_str(&rendered(&report, Format::Sarif)).unwrap();

        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();

        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
}

/// <https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>:
/// what is refused, with everything else in the file, and what alerts are told apart by.
#[test]
fn code_scanning_takes_every_result_whether_a_file_is_known_or_not() {
    for (name, mut report) in cases() {
        for file in [report.plan.file.clone(), None, Some("-".to_owned())] {
            report.plan.file = file;
            let log: Value = serde_json::from_str(&rendered(&report, Format::Sarif)).unwrap();
            let rules = log["runs"][0]["tool"]["driver"]["rules"]
                .as_array()
                .unwrap();
            for rule in rules {
                assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
                // As the specification's own validator compares them.
                let [id, called] = ["id", "name"].map(|field| rule[field].as_str().unwrap());
                assert!(!id.eq_ignore_ascii_case(called), "{id}");
            }
            for result in log["runs"][0]["results"].as_array().unwrap() {
                let index = result["ruleIndex"].as_u64().unwrap();
                let rule = &rules[usize::try_from(index).unwrap()];
                assert_eq!(rule["id"], result["ruleId"], "{name}");
                assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
                assert_ne!(result["message"]["text"], "", "{name}");
                let place = &result["locations"][0]["physicalLocation"];
                let uri = place["artifactLocation"]["uri"].as_str().unwrap();
                assert!(!uri.is_empty() && uri != "-", "{name}: {uri}");
                assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
                let hash = result["partialFingerprints"]["primaryLocationLineHash"].as_str();
                let (digits, occurrence) = hash.unwrap().split_once(':').unwrap();
                assert!(digits.len() == 16 && u64::from_str_radix(digits, 16).is_ok());
                assert_eq!(occurrence, "1");
            }
        }
    }
}

#[test]
fn a_fingerprint_outlives_the_run_and_the_line() {
    let fingerprints = |report| -> Vec<Value> {
        let log: Value = serde_json::from_str(&rendered(report, Format::Sarif)).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results
            .into_iter()
            .map(|result| result["partialFingerprints"].clone())
            .collect()
    };
    let report = case("every-finding");
    let mut later = report.clone();
    later.run.id = "01JDZZZZZZZZZZZZZZZZZZZZZZ".to_owned();
    later.plan.digest = "sha256:ff".to_owned();
    later
        .probes
        .iter_mut()
        .for_each(|row| row.line = row.line.map(|line| line + 7));

    let before = fingerprints(&report);

    assert_eq!(before, fingerprints(&later));
    let failed = report
        .probes
        .iter()
        .filter(|row| row.verdict != Verdict::Pass)
        .count();
    let distinct: std::collections::BTreeSet<String> =
        before.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), failed);
}

#[test]
fn sarif_points_at_the_template_where_the_statement_is_known() {
    let report = case("every-finding");
    let log: Value = serde_json::from_str(&rendered(&report, Format::Sarif)).unwrap();
    let place = |id: &str| {
        let results = log["runs"][0]["results"].as_array().unwrap();
        let result = results
            .iter()
            .find(|result| result["properties"]["probe"] == id)
            .unwrap();
        let place = &result["locations"][0]["physicalLocation"];
        (
            place["artifactLocation"]["uri"].clone(),
            place["region"]["startLine"].clone(),
        )
    };

    assert_eq!(
        place("outsider/dynamodb:GetItem/orders"),
        ("template.yaml".into(), 57.into())
    );
    assert_eq!(
        place("orders/encryption"),
        ("plans/orders.yaml".into(), 4.into())
    );
}
