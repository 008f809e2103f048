// SPDX-License-Identifier: Apache-2.0
//! Nothing that a report holds becomes markup, a link, a mention, or an act of a terminal.

use keyproof_core::is_invisible;
use keyproof_verdict::Report;
use proptest::prelude::*;

use super::agreement::elements;
use super::{case, coloured, rendered};
use crate::escape::{Markdown, MarkdownCode, Markup, Visible};
use crate::{Chapter, Format, Story, render, render_story};

fn hostile() -> Report {
    case("hostile")
}

#[test]
fn no_format_emits_a_character_that_acts_unseen() {
    for format in Format::ALL {
        let text = rendered(&hostile(), format);

        let acting: Vec<char> = text
            .chars()
            .filter(|&found| found != '\n' && is_invisible(found))
            .collect();
        assert_eq!(acting, [], "{format}");
    }
    let mut out = Vec::new();
    render(&hostile(), Format::Text, coloured(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains("\u{1b}[2J") && text.contains("\\u{1b}[2J"));
}

#[test]
fn names_and_messages_are_text_in_html() {
    let html = rendered(&hostile(), Format::Html);

    assert!(!html.contains("<script"));
    assert!(!html.contains("<!--"));
    assert!(!html.to_lowercase().contains("href=\"javascript"));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "no link leaves the page"
    );
}

#[test]
fn names_and_messages_are_text_in_a_story() {
    let report = hostile();
    let evil = report.plan.name.clone();
    let chapter = Chapter {
        title: evil.clone(),
        sentence: evil.clone(),
        expected: report.summary.verdict,
        report,
    };
    let story = Story {
        title: evil.clone(),
        introduction: evil,
        chapters: vec![chapter],
    };
    let mut out = Vec::new();

    render_story(&story, &mut out).unwrap();

    let html = String::from_utf8(out).unwrap();
    assert!(!html.contains("<script") && !html.contains("<!--") && !html.contains('\u{1b}'));
}

#[test]
fn names_and_messages_are_text_in_xml() {
    let report = hostile();

    let elements = elements(&rendered(&report, Format::Junit));

    let names: Vec<&str> = elements.iter().map(|(name, _)| name.as_str()).collect();
    let known = [
        "testsuites",
        "testsuite",
        "properties",
        "property",
        "testcase",
        "failure",
    ];
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    let case = &elements
        .iter()
        .find(|(name, _)| name == "testcase")
        .unwrap()
        .1;
    assert_eq!(case["name"], Visible(&report.probes[0].id).to_string());
}

#[test]
fn names_and_messages_are_text_in_markdown() {
    use pulldown_cmark::{Event, Options, Parser, Tag};
    let text = rendered(&hostile(), Format::Markdown);

    let mut markup = Vec::new();
    let mut prose = String::new();
    for event in Parser::new_ext(&text, Options::all()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => markup.push(html.trim().to_owned()),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                panic!("a link to {dest_url}");
            }
            Event::Text(text) => prose.push_str(&text),
            _ => {}
        }
    }

    assert_eq!(
        markup,
        ["<details><summary>All probes</summary>", "</details>"]
    );
    assert!(
        prose.contains("<script>alert(1)</script>"),
        "shown as it is: {prose}"
    );
    assert!(!text.contains("@everyone ") || text.matches("&#64;everyone").count() > 0);
}

#[test]
fn a_code_span_in_markdown_cannot_be_closed_from_within() {
    assert_eq!(MarkdownCode("plain").to_string(), "`plain`");
    assert_eq!(MarkdownCode("a`b").to_string(), "`` a`b ``");
    assert_eq!(MarkdownCode("``").to_string(), "``` `` ```");
    assert_eq!(MarkdownCode("a\nb").to_string(), "`a\\nb`");
}

#[test]
fn a_link_to_a_file_is_a_link_to_that_file_alone() {
    let text = rendered(&hostile(), Format::Sarif);

    assert!(text.contains("\"uri\": \"plans/a%20b%5B1%5D%22%1B%3C.yaml\""));
}

proptest! {
    #[test]
    fn any_text_is_one_element_s_text(text in any::<String>()) {
        let xml = format!("<t a=\"{}\">{}</t>", Markup(&text), Markup(&text));
        let found = elements(&xml);
        prop_assert_eq!(found.len(), 1);
        prop_assert_eq!(&found[0].1["a"], &Visible(&text).to_string());
    }

    #[test]
    fn visible_text_is_one_line_without_controls(text in any::<String>()) {
        prop_assert!(!Visible(&text).to_string().contains(|found: char| is_invisible(found)));
    }

    #[test]
    fn markdown_text_has_no_bare_syntax(text in "[ -~]{0,40}") {
        let escaped = Markdown(&text).to_string();
        let mut bare = String::new();
        let mut rest = escaped.chars();
        while let Some(next) = rest.next() {
            if next == '\\' { rest.next(); } else { bare.push(next); }
        }
        prop_assert!(!bare.contains(['<', '>', '`', '*', '_', '[', ']', '|', '@', '~']), "{escaped}");
    }
}

/// A small report, read once.
fn small() -> &'static Report {
    static REPORT: std::sync::OnceLock<Report> = std::sync::OnceLock::new();
    REPORT.get_or_init(|| case("exceptions"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_names_are_rendered_in_every_format(name in any::<String>(), reason in any::<String>()) {
        let mut report = small().clone();
        for row in &mut report.probes {
            row.id = format!("{name}/{}", row.id);
            row.table = Some(name.clone());
            row.reason.clone_from(&reason);
        }
        for format in Format::ALL {
            let text = rendered(&report, format);
            prop_assert!(!text.is_empty());
            if format == Format::Junit {
                elements(&text);
            }
        }
    }
}
