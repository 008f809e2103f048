// SPDX-License-Identifier: Apache-2.0
//! What stands on the pages.

use jiff::{SignedDuration, Timestamp};

use super::world::{OUTSIDER, READER, block_on, refresh, start, story, write};
use crate::page::{answer, run};
use crate::query::Query;
use crate::{Folder, History, Source};

fn told() -> (tempfile::TempDir, Folder) {
    let directory = tempfile::tempdir().unwrap();
    story(directory.path());
    let mut folder = Folder::new(directory.path()).with_interval(Some(60));
    refresh(&mut folder);
    (directory, folder)
}

/// The page at an address, half an hour after the story's last run.
fn page(folder: &mut Folder, address: &str) -> Option<String> {
    page_at(folder, address, start(5) + SignedDuration::from_mins(30))
}

fn page_at(source: &mut impl Source, address: &str, now: Timestamp) -> Option<String> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let query = Query::parse(query);
    let history = source.history().clone();
    let run = run(path, &query, &history);
    let report = run.and_then(|run| block_on(source.report(&query.plan, run)));
    let answer = answer(path, &query, &history, report.as_ref(), now)?;
    Some(String::from_utf8(answer.body).unwrap())
}

/// The probes that a plan's page shows.
fn rows(page: &str) -> Vec<&str> {
    [OUTSIDER, READER]
        .into_iter()
        .filter(|id| {
            page.contains(&format!("{id}</a></td><td><span class=\"mark"))
                && page.contains("class=\"line\"")
        })
        .filter(|id| {
            let table = page.split("class=\"timeline\"").nth(1).unwrap_or_default();
            table
                .split("</table>")
                .next()
                .unwrap_or_default()
                .contains(id)
        })
        .collect()
}

#[test]
fn the_overview_says_how_each_plan_stands_and_what_failed() {
    let (_directory, mut folder) = told();

    let page = page(&mut folder, "/").unwrap();

    for part in [
        "<a href=\"/plan?plan=orders\">orders</a>",
        "<span class=\"mark pass\">✓ pass</span>",
        "2 passed, 0 failed, 0 inconclusive, 0 excepted",
        "2026-01-01 05:00:00 UTC",
        // Next run.
        "2026-01-01 06:00:00 UTC",
        "1 failure, 0 still open. Median time to detect: 20 min; to recover: 2 h.",
        "<code>PutKeyPolicy</code> by <code>arn:aws:iam::111122223333:user/&lt;admin&gt;</code>, CloudTrail <code>e-1</code>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn what_one_change_did_to_many_probes_is_one_row_and_what_is_open_comes_first() {
    let directory = tempfile::tempdir().unwrap();
    let ids: Vec<String> = (0..6)
        .map(|at| format!("p{at}/dynamodb:GetItem/t"))
        .collect();
    let run = |number, stands: [&'static str; 6]| {
        let all: Vec<_> = ids.iter().map(String::as_str).zip(stands).collect();
        write(directory.path(), number, &all);
    };
    // One is exposed and stays so; the others are once, and recover.
    run(0, ["exposed", "pass", "pass", "pass", "pass", "pass"]);
    run(
        1,
        [
            "exposed", "exposed", "exposed", "exposed", "exposed", "exposed",
        ],
    );
    run(2, ["exposed", "pass", "pass", "pass", "pass", "pass"]);
    let mut folder = Folder::new(directory.path());
    refresh(&mut folder);

    let page = page(&mut folder, "/").unwrap();

    let table = page.split("aria-label=\"Failures\"").nth(1).unwrap();
    let rows: Vec<&str> = table.split("<tr>").skip(2).collect();
    assert!(page.contains("6 failures, 1 still open."), "{page}");
    assert_eq!(rows.len(), 2, "{table}");
    assert!(rows[0].contains(&ids[0]) && rows[0].contains("still failing"));
    let (shown, closed) = rows[1].split_once("<summary>and 2 more</summary>").unwrap();
    assert!(
        ids[1..4]
            .iter()
            .all(|id| shown.contains(&format!("{id}</a>")))
    );
    assert!(
        ids[4..]
            .iter()
            .all(|id| closed.contains(&format!("{id}</a>")))
    );
}

#[test]
fn a_run_that_should_have_been_is_overdue() {
    let (_directory, mut folder) = told();
    let mut at = |minutes: i64| {
        let now = start(6) + SignedDuration::from_mins(minutes);
        page_at(&mut folder, "/", now).unwrap()
    };

    assert!(!at(60).contains("overdue"), "two intervals after the last");
    assert!(at(61).contains(
        "<span class=\"mark inconclusive\">? overdue</span> since <time datetime=\"2026-01-01T06:00:00Z\">"
    ));
}

#[test]
fn a_source_that_can_not_be_read_any_more_is_told_on_each_page() {
    let (_directory, folder) = told();
    let history = History {
        trouble: Some("<expired>".to_owned()),
        ..folder.history().clone()
    };

    for address in ["/", "/plan"] {
        let query = Query::of_plan("orders");
        let page = answer(address, &query, &history, None, start(6)).unwrap();
        let page = String::from_utf8(page.body).unwrap();
        let told = "Nothing newer can be read, so that this may be old: &lt;expired&gt;";
        assert!(page.contains(told), "{page}");
    }
}

#[test]
fn each_filter_of_an_address_narrows_the_view() {
    let (_directory, mut folder) = told();
    let mut shown = |filters: &str| {
        let page = page(&mut folder, &format!("/plan?plan=orders{filters}")).unwrap();
        rows(&page)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };

    assert_eq!(shown(""), [OUTSIDER, READER]);
    assert_eq!(shown("&changed=1"), [OUTSIDER]);
    assert_eq!(shown("&principal=reader"), [READER]);
    assert_eq!(shown("&q=OUTSIDER"), [OUTSIDER]);
    assert_eq!(shown("&table=other"), [""; 0]);
    assert_eq!(shown("&standing=fail"), [""; 0]);
    // As it stood then.
    let then = "&from=2026-01-01T01:00:00Z&to=2026-01-01T03:00:00Z";
    assert_eq!(shown(&format!("&standing=fail{then}")), [OUTSIDER]);
    assert_eq!(shown(&format!("&changed=1{then}")), [""; 0]);
}

#[test]
fn an_address_comes_back_from_what_was_read_of_it() {
    let address = "/plan?plan=a%26b&q=x+y&principal=p&table=t&from=2026-01-01&to=2026-02-01&standing=fail&changed=1&page=2";

    let query = Query::parse(address.split_once('?').unwrap().1);

    assert_eq!(query.address("/plan"), address);
}

#[test]
fn a_probe_has_its_changes_and_a_run_its_report() {
    let (_directory, mut folder) = told();

    let probe = page(&mut folder, &format!("/probe?plan=orders&probe={OUTSIDER}")).unwrap();
    let run = page(&mut folder, "/run?plan=orders&run=RUN00001").unwrap();

    assert!(probe.contains("aria-label=\"pass for 1 run, then fail for 2 runs, then pass for 1 run, then inconclusive for 1 run, then pass for 1 run\""));
    assert_eq!(probe.matches("<tr><td><time").count(), 5);
    let failures = probe.split("<h2>Failures</h2>").nth(1).unwrap();
    let failures = failures.split("</table>").next().unwrap();
    assert!(
        !failures.contains("Probes") && !failures.contains("/probe?"),
        "it is this one"
    );
    assert!(
        run.contains("FAIL: 1 of 2 probes failed (1 exposed)"),
        "{run}"
    );
}

#[test]
fn what_is_not_there_has_no_page() {
    let (_directory, mut folder) = told();

    for address in [
        "/plan",
        "/plan?plan=other",
        "/probe?plan=orders&probe=x",
        "/run?plan=orders&run=../../etc/passwd",
        "/favicon.ico",
        "/../",
    ] {
        assert!(page(&mut folder, address).is_none(), "{address}");
    }
}

#[test]
fn names_are_text_wherever_they_stand() {
    let hostile = "<script>alert(1)</script>\"'&/dynamodb:GetItem/t";
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), 0, &[(hostile, "exposed")]);
    let mut folder = Folder::new(directory.path());
    refresh(&mut folder);
    let id = Query {
        probe: hostile.to_owned(),
        ..Query::of_plan("orders")
    };

    for address in [
        "/",
        "/plan?plan=orders&q=%22%3E%3Cscript%3E",
        &id.address("/probe"),
    ] {
        let page = page(&mut folder, address).unwrap_or_default();
        // The page's own, and no other.
        assert_eq!(page.matches("<script").count(), 1, "{address}");
    }
}

#[test]
fn the_policy_lets_in_this_style_and_this_script_by_their_hashes() {
    let (_directory, folder) = told();
    let answer = answer("/", &Query::default(), folder.history(), None, start(0)).unwrap();

    assert!(
        answer
            .policy
            .starts_with("default-src 'none'; style-src 'sha256-"),
        "{}",
        answer.policy
    );
    assert!(!answer.policy.contains("unsafe"), "{}", answer.policy);
}

#[test]
fn ten_thousand_probes_are_a_hundred_to_a_page() {
    let directory = tempfile::tempdir().unwrap();
    let ids: Vec<String> = (0..10_000)
        .map(|number| format!("p{number}/dynamodb:GetItem/t"))
        .collect();
    let stand: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "pass")).collect();
    write(directory.path(), 0, &stand);
    write(directory.path(), 1, &stand);
    let mut folder = Folder::new(directory.path());
    refresh(&mut folder);

    let first = page(&mut folder, "/plan?plan=orders").unwrap();
    let last = page(&mut folder, "/plan?plan=orders&page=99").unwrap();

    assert_eq!(first.matches("<td class=\"line\">").count(), 100);
    assert!(first.contains("Page 1 of 100") && last.contains("Page 100 of 100"));
    assert!(last.contains("p9999/dynamodb:GetItem/t"));
}
