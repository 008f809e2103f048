// SPDX-License-Identifier: Apache-2.0
//! What stands on the pages.

use super::world::{OUTSIDER, READER, story, write};
use crate::Folder;
use crate::page::answer;
use crate::query::Query;

fn told() -> (tempfile::TempDir, Folder) {
    let directory = tempfile::tempdir().unwrap();
    story(directory.path());
    let mut folder = Folder::new(directory.path());
    folder.refresh().unwrap();
    (directory, folder)
}

/// The page at an address.
fn page(folder: &Folder, address: &str) -> Option<String> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let answer = answer(path, &Query::parse(query), folder.history(), Some(60))?;
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
    let (_directory, folder) = told();

    let page = page(&folder, "/").unwrap();

    for part in [
        "<a href=\"/plan?plan=orders\">orders</a>",
        "<span class=\"mark pass\">✓ pass</span>",
        "2 passed, 0 failed, 0 inconclusive, 0 excepted",
        "2026-01-01 05:00:00 UTC",
        // Next run.
        "2026-01-01 06:00:00 UTC",
        "1 failure, 0 of them not over. Median time to detect: 20 min; to recover: 2 h.",
        "<code>PutKeyPolicy</code> by <code>arn:aws:iam::111122223333:user/&lt;admin&gt;</code>, CloudTrail <code>e-1</code>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn each_filter_of_an_address_narrows_the_view() {
    let (_directory, folder) = told();
    let shown = |filters: &str| {
        let page = page(&folder, &format!("/plan?plan=orders{filters}")).unwrap();
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
    let (_directory, folder) = told();

    let probe = page(&folder, &format!("/probe?plan=orders&probe={OUTSIDER}")).unwrap();
    let run = page(&folder, "/run?plan=orders&run=RUN00001").unwrap();

    assert!(probe.contains("aria-label=\"pass for 1 run, then fail for 2 runs, then pass for 1 run, then inconclusive for 1 run, then pass for 1 run\""));
    assert_eq!(probe.matches("<tr><td><time").count(), 5);
    assert!(
        run.contains("FAIL: 1 of 2 probes failed (1 exposed)"),
        "{run}"
    );
}

#[test]
fn what_is_not_there_has_no_page() {
    let (_directory, folder) = told();

    for address in [
        "/plan",
        "/plan?plan=other",
        "/probe?plan=orders&probe=x",
        "/run?plan=orders&run=../../etc/passwd",
        "/favicon.ico",
        "/../",
    ] {
        assert!(page(&folder, address).is_none(), "{address}");
    }
}

#[test]
fn names_are_text_wherever_they_stand() {
    let hostile = "<script>alert(1)</script>\"'&/dynamodb:GetItem/t";
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), 0, &[(hostile, "exposed")]);
    let mut folder = Folder::new(directory.path());
    folder.refresh().unwrap();
    let id = Query {
        probe: hostile.to_owned(),
        ..Query::of_plan("orders")
    };

    for address in [
        "/",
        "/plan?plan=orders&q=%22%3E%3Cscript%3E",
        &id.address("/probe"),
    ] {
        let page = page(&folder, address).unwrap_or_default();
        // The page's own, and no other.
        assert_eq!(page.matches("<script").count(), 1, "{address}");
    }
}

#[test]
fn the_policy_lets_in_this_style_and_this_script_by_their_hashes() {
    let (_directory, folder) = told();
    let answer = answer("/", &Query::default(), folder.history(), None).unwrap();

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
    folder.refresh().unwrap();

    let first = page(&folder, "/plan?plan=orders").unwrap();
    let last = page(&folder, "/plan?plan=orders&page=99").unwrap();

    assert_eq!(first.matches("<td class=\"line\">").count(), 100);
    assert!(first.contains("Page 1 of 100") && last.contains("Page 100 of 100"));
    assert!(last.contains("p9999/dynamodb:GetItem/t"));
}
