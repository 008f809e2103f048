// SPDX-License-Identifier: Apache-2.0
//! Every format of every report in `cases/*/report.json`, byte by byte: `expected.txt`, `.md`,
//! `.html`, `.junit.xml`, `.sarif`, `.ocsf.json`, `.asff.json`. To add a case, add a folder with a report and run with
//! `UPDATE_GOLDEN=1`; read what was written before you keep it. `agreement` checks that all formats
//! tell the same, `injection` that nothing in a report becomes markup or acts on a terminal.

mod agreement;
mod badge;
mod injection;
mod mends;
mod published;
mod since;

use std::path::PathBuf;

use keyproof_verdict::{Report, Verdict};

use crate::{Chapter, Format, Options, Story, render, render_story};

pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// The reports of the corpus by name, in the order of their names.
#[expect(
    clippy::disallowed_methods,
    reason = "the corpus is files; the crate itself reads none"
)]
pub(super) fn cases() -> Vec<(String, Report)> {
    let folders = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut cases: Vec<(String, Report)> = folders
        .filter(|path| path.join("report.json").is_file())
        .map(|path| {
            let text = std::fs::read_to_string(path.join("report.json")).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, Report::from_json(&text).unwrap())
        })
        .collect();
    cases.sort_by(|left, right| left.0.cmp(&right.0));
    cases
}

/// One report of the corpus.
pub(super) fn case(name: &str) -> Report {
    let mut cases = cases().into_iter();
    cases.find(|(other, _)| other == name).unwrap().1
}

pub(super) fn coloured() -> Options<'static> {
    Options {
        colour: true,
        ..Options::default()
    }
}

pub(super) fn rendered(report: &Report, format: Format) -> String {
    rendered_since(report, None, format)
}

/// With what changed since an earlier report.
pub(super) fn rendered_since(report: &Report, previous: Option<&Report>, format: Format) -> String {
    let options = Options {
        previous,
        ..Options::default()
    };
    let mut out = Vec::new();
    render(report, format, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    for (name, report) in cases() {
        let copy = Report::from_json(&rendered(&report, Format::Json)).unwrap();
        let previous = case("separation-holds");
        for format in Format::ALL {
            let one = rendered_since(&report, Some(&previous), format);
            let other = rendered_since(&copy, Some(&previous), format);
            assert_eq!(one, other, "{format} of {name}");
        }
    }
}

/// Compares with the golden file, or writes it with `UPDATE_GOLDEN=1`.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "goldens are files, written anew on demand"
)]
fn golden(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var("UPDATE_GOLDEN").is_ok() {
        std::fs::write(path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = expected
        .lines()
        .zip(text.lines())
        .position(|(left, right)| left != right);
    assert!(
        expected == text,
        "{} differs, first in line {:?}",
        path.display(),
        differs.map(|at| at + 1)
    );
}

fn golden_of_all(format: Format, file: &str) {
    let cases = cases();
    assert!(cases.len() >= 7);
    for (name, report) in cases {
        golden(&format!("{name}/{file}"), &rendered(&report, format));
    }
}

#[test]
fn text_is_as_expected() {
    golden_of_all(Format::Text, "expected.txt");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the corpus is files")]
fn json_is_the_report_itself() {
    // Never written anew: it is what all the others are made of.
    for (name, report) in cases() {
        let path = folder().join(&name).join("report.json");
        assert_eq!(
            rendered(&report, Format::Json),
            std::fs::read_to_string(path).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn lines_are_the_report_itself() {
    for (name, report) in cases() {
        let lines = rendered(&report, Format::Jsonl);
        assert_eq!(lines.lines().count(), report.probes.len() + 2, "{name}");
        assert_eq!(Report::from_json(&lines).unwrap(), report, "{name}");
    }
}

#[test]
fn junit_is_as_expected() {
    golden_of_all(Format::Junit, "expected.junit.xml");
}

#[test]
fn sarif_is_as_expected() {
    golden_of_all(Format::Sarif, "expected.sarif");
}

#[test]
fn html_is_as_expected() {
    golden_of_all(Format::Html, "expected.html");
}

#[test]
fn markdown_is_as_expected() {
    golden_of_all(Format::Markdown, "expected.md");
}

#[test]
fn ocsf_is_as_expected() {
    golden_of_all(Format::Ocsf, "expected.ocsf.json");
}

#[test]
fn asff_is_as_expected() {
    golden_of_all(Format::Asff, "expected.asff.json");
}

pub(super) fn story() -> Story {
    let chapter = |title: &str, sentence: &str, expected, name| Chapter {
        title: title.to_owned(),
        sentence: sentence.to_owned(),
        expected,
        report: case(name),
    };
    Story {
        title: "A key that keeps one role out".to_owned(),
        introduction: "Two roles may both call `dynamodb:GetItem`; only one may use the key."
            .to_owned(),
        chapters: vec![
            chapter(
                "The key keeps the outsider out",
                "Nothing was changed: the run must pass.",
                Verdict::Pass,
                "separation-holds",
            ),
            chapter(
                "Somebody widens the key policy",
                "The statement `AllowKeyUsers` now names the whole account.",
                Verdict::Fail,
                "key-policy-widened",
            ),
        ],
    }
}

#[test]
fn a_story_is_one_page() {
    let mut out = Vec::new();

    render_story(&story(), &mut out).unwrap();

    golden("story.html", &String::from_utf8(out).unwrap());
}

#[test]
fn a_story_holds_when_each_chapter_does() {
    let mut story = story();
    assert!(story.holds());

    story.chapters[1].expected = Verdict::Pass;
    let mut out = Vec::new();
    render_story(&story, &mut out).unwrap();

    assert!(!story.holds());
    let page = String::from_utf8(out).unwrap();
    assert!(page.contains("The story did not hold"));
    assert!(page.contains("Not as told: the story expects pass here."));
    story.chapters.clear();
    assert!(!story.holds());
}

#[test]
fn colour_comes_only_when_told_and_changes_no_word() {
    for (name, report) in cases() {
        let plain = rendered(&report, Format::Text);
        let mut out = Vec::new();
        render(&report, Format::Text, coloured(), &mut out).unwrap();
        let coloured = String::from_utf8(out).unwrap();

        assert!(!plain.contains('\u{1b}'), "{name}");
        assert!(coloured.contains('\u{1b}'), "{name}");
        let mut stripped = String::new();
        let mut parts = coloured.split('\u{1b}');
        stripped.push_str(parts.next().unwrap());
        parts.for_each(|part| stripped.push_str(part.split_once('m').unwrap().1));
        assert_eq!(stripped, plain, "{name}");
    }
}

#[test]
fn a_format_is_known_by_its_name() {
    for format in Format::ALL {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    assert_eq!(
        "pdf".parse::<Format>().unwrap_err().to_string(),
        "unknown format `pdf`; expected one of text, json, jsonl, junit, sarif, html, markdown, ocsf, asff"
    );
}

#[test]
fn ten_thousand_probes_are_rendered_in_every_format() {
    let mut report = case("separation-holds");
    let row = report.probes[5].clone();
    report.probes = (0..10_000)
        .map(|number| {
            let mut row = row.clone();
            let (principal, table) = (
                format!("role-{}", number % 100),
                format!("t-{}", number / 100),
            );
            row.id = format!("{principal}/{}/{table}", row.action);
            row.principal = Some(principal);
            row.table = Some(table);
            row
        })
        .collect();
    report.summary.planned = 10_000;
    report.summary.pass = 10_000;

    for format in Format::ALL {
        let text = rendered(&report, format);
        match format {
            Format::Html => assert_eq!(text.matches("<li id=\"p").count(), 10_000),
            Format::Junit => assert_eq!(text.matches("<testcase ").count(), 10_000),
            Format::Markdown => assert!(text.len() < 65_536),
            Format::Ocsf => assert_eq!(text.matches("\"class_uid\": 2003").count(), 10_000),
            Format::Asff => assert_eq!(text.matches("\"SchemaVersion\"").count(), 10_000),
            Format::Jsonl => assert_eq!(text.matches("{\"place\":").count(), 10_000),
            Format::Text | Format::Json | Format::Sarif => assert!(!text.is_empty()),
        }
    }
}
