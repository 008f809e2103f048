// SPDX-License-Identifier: Apache-2.0
//! What changed since an earlier report, in each form that people read: `since.txt`, `since.md` and
//! `since.html` of `key-policy-widened`, whose report before was `separation-holds`. And the
//! statement that a cause names, marked in its document.

use keyproof_verdict::Report;

use super::{case, golden, rendered, rendered_since};
use crate::Format;

fn before_and_now() -> (Report, Report) {
    (case("separation-holds"), case("key-policy-widened"))
}

#[test]
fn what_changed_is_as_expected() {
    let (before, now) = before_and_now();
    for (format, file) in [
        (Format::Text, "since.txt"),
        (Format::Markdown, "since.md"),
        (Format::Html, "since.html"),
    ] {
        let text = rendered_since(&now, Some(&before), format);
        golden(&format!("key-policy-widened/{file}"), &text);
    }
}

#[test]
fn formats_for_programs_are_the_same_with_an_earlier_report() {
    let (before, now) = before_and_now();
    for format in [
        Format::Json,
        Format::Jsonl,
        Format::Junit,
        Format::Sarif,
        Format::Ocsf,
        Format::Asff,
    ] {
        let text = rendered_since(&now, Some(&before), format);
        assert_eq!(text, rendered(&now, format), "{format}");
    }
}

#[test]
fn every_probe_that_came_out_another_way_is_told_and_no_other() {
    let (before, now) = before_and_now();
    let text = rendered_since(&now, Some(&before), Format::Text);
    let (_, told) = text.split_once("\nCHANGED\n").unwrap();
    let told: Vec<&str> = told
        .lines()
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .collect();

    let expected = [
        "  ✗ exposed  outsider/dynamodb:GetItem/orders (was pass)",
        "  ✗ exposed  outsider/dynamodb:Query/orders (was pass)",
        "  ? masked  outsider/dynamodb:Scan/orders (was pass)",
        "  ✗ exposed  outsider/kms:Decrypt/orders (was pass)",
        "  gone  outsider/dynamodb:Query/orders/by-date",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_report_has_no_changes_since_itself() {
    let (_, now) = before_and_now();

    let [text, markdown, html] = [Format::Text, Format::Markdown, Format::Html]
        .map(|format| rendered_since(&now, Some(&now), format));

    for told in [text, markdown, html] {
        assert!(
            told.to_lowercase()
                .contains("no probe came out another way")
        );
        assert!(!told.contains("(was "));
    }
}

#[test]
fn the_statement_is_marked_and_nothing_else() {
    let (_, now) = before_and_now();
    let html = rendered(&now, Format::Html);

    let marks: Vec<&str> = html
        .split("<mark>")
        .skip(1)
        .map(|rest| rest.split("</mark>").next().unwrap())
        .collect();

    assert_eq!(marks.len(), 1, "three probes have one cause");
    let text = marks[0]
        .replace("<pre>", "")
        .replace("</pre>", "")
        .replace("&quot;", "\"");
    let marked: serde_json::Value =
        serde_json::from_str(text.trim().trim_end_matches(',')).unwrap();
    assert_eq!(marked, now.documents[0].content["Statement"][1]);
    assert_eq!(html.matches("<b>Cause:</b> <a href=\"#c0\">").count(), 3);
}
