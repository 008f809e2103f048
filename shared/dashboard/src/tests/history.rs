// SPDX-License-Identifier: Apache-2.0
//! What reports come to.

use std::fs;

use jiff::SignedDuration;
use keyproof_report::Standing;

use super::world::{OUTSIDER, READER, block_on, refresh, report, start, story, write};
use crate::episode::{median, told};
use crate::{Folder, Source};

fn spans(folder: &Folder, probe: &str) -> Vec<(usize, usize, Standing)> {
    folder.history().plans["orders"].probes[probe]
        .segments
        .iter()
        .map(|segment| (segment.first, segment.last, segment.standing))
        .collect()
}

#[test]
fn runs_that_stand_alike_are_one_span() {
    let directory = tempfile::tempdir().unwrap();
    story(directory.path());
    let mut folder = Folder::new(directory.path());

    assert!(refresh(&mut folder));

    assert_eq!(spans(&folder, READER), [(0, 5, Standing::Pass)]);
    assert_eq!(
        spans(&folder, OUTSIDER),
        [
            (0, 0, Standing::Pass),
            (1, 2, Standing::Fail),
            (3, 3, Standing::Pass),
            (4, 4, Standing::Inconclusive),
            (5, 5, Standing::Pass),
        ]
    );
    let plan = &folder.history().plans["orders"];
    let episodes = plan.episodes();
    assert_eq!(episodes.len(), 1);
    assert_eq!(episodes[0].seen, start(1));
    assert_eq!(episodes[0].to_detect, Some(SignedDuration::from_mins(20)));
    assert_eq!(
        episodes[0].to_recover(),
        Some(SignedDuration::from_hours(2))
    );
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_told_and_not_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    for kind in ["report", "drill"] {
        let text = format!("{{\"schema\": \"keyproof.{kind}/v2\"}}");
        fs::write(directory.path().join(format!("{kind}.json")), text).unwrap();
    }
    let mut folder = Folder::new(directory.path());

    folder.refresh().await.unwrap();

    let told = |kind: &str| {
        format!(
            "`{}`: the document's schema is `keyproof.{kind}/v2`, and keyproof {} reads `keyproof.{kind}/v1`; \
             upgrade keyproof, if a newer one wrote it",
            directory.path().join(format!("{kind}.json")).display(),
            env!("CARGO_PKG_VERSION"),
        )
    };
    assert_eq!(folder.history().problems, [told("drill"), told("report")]);
}

#[test]
fn what_comes_later_is_added_and_what_comes_between_is_put_in_its_place() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), 0, &[(OUTSIDER, "pass")]);
    write(directory.path(), 2, &[(OUTSIDER, "pass")]);
    let mut folder = Folder::new(directory.path());
    refresh(&mut folder);
    assert!(!refresh(&mut folder), "nothing is new");
    let version = folder.history().version;

    write(directory.path(), 3, &[(OUTSIDER, "exposed")]);
    assert!(refresh(&mut folder));
    assert!(folder.history().version > version);
    assert_eq!(
        spans(&folder, OUTSIDER),
        [(0, 1, Standing::Pass), (2, 2, Standing::Fail)]
    );
    write(directory.path(), 1, &[(OUTSIDER, "exposed")]);
    refresh(&mut folder);
    assert_eq!(
        spans(&folder, OUTSIDER),
        [
            (0, 0, Standing::Pass),
            (1, 1, Standing::Fail),
            (2, 2, Standing::Pass),
            (3, 3, Standing::Fail)
        ]
    );
    fs::remove_file(directory.path().join("run-00001.json")).unwrap();
    refresh(&mut folder);
    assert_eq!(
        spans(&folder, OUTSIDER),
        [(0, 1, Standing::Pass), (2, 2, Standing::Fail)]
    );
}

#[test]
fn a_probe_that_a_run_does_not_have_has_no_span_there() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), 0, &[(OUTSIDER, "pass"), (READER, "pass")]);
    write(directory.path(), 1, &[(OUTSIDER, "pass")]);
    write(directory.path(), 2, &[(OUTSIDER, "pass"), (READER, "pass")]);
    let mut folder = Folder::new(directory.path());

    refresh(&mut folder);

    assert_eq!(
        spans(&folder, READER),
        [(0, 0, Standing::Pass), (2, 2, Standing::Pass)]
    );
}

#[test]
fn a_failure_that_proves_nothing_in_between_is_one_failure() {
    let directory = tempfile::tempdir().unwrap();
    for (hour, finding) in (0..).zip(["exposed", "blind", "exposed", "pass"]) {
        write(directory.path(), hour, &[(OUTSIDER, finding)]);
    }
    let mut folder = Folder::new(directory.path());

    refresh(&mut folder);

    let episodes = folder.history().plans["orders"].episodes();
    assert_eq!(episodes.len(), 1);
    assert_eq!(episodes[0].over, Some(start(3)));
}

#[test]
fn the_same_run_twice_is_one_run() {
    let directory = tempfile::tempdir().unwrap();
    let nested = directory.path().join("orders/reports");
    fs::create_dir_all(&nested).unwrap();
    fs::write(
        nested.join("000000000001.json"),
        report("orders", 0, &[(OUTSIDER, "pass")]),
    )
    .unwrap();
    write(directory.path(), 0, &[(OUTSIDER, "pass")]);
    let mut folder = Folder::new(directory.path());

    refresh(&mut folder);

    assert_eq!(folder.history().plans["orders"].runs.len(), 1);
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), 0, &[(OUTSIDER, "pass")]);
    fs::write(
        directory.path().join("half.json"),
        r#"{"schema": "keyproof.report/v1""#,
    )
    .unwrap();
    fs::write(directory.path().join("other.json"), "[1, 2]").unwrap();
    fs::write(directory.path().join(".run.json.tmp"), "{").unwrap();
    let mut folder = Folder::new(directory.path());

    refresh(&mut folder);

    let history = folder.history();
    assert_eq!(history.plans["orders"].runs.len(), 1);
    assert_eq!(history.problems.len(), 1);
    assert!(
        history.problems[0].contains("half.json`: the report is not JSON"),
        "{:?}",
        history.problems
    );
    assert!(block_on(Folder::new("no/such/folder").refresh()).is_err());
}

#[test]
fn durations_are_told_in_two_units_at_most() {
    for (seconds, words) in [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_600, "1 h"),
        (12_000, "3 h 20 min"),
        (187_200, "2 d 4 h"),
    ] {
        assert_eq!(told(SignedDuration::from_secs(seconds)), words);
    }
    let seconds = [5, 1, 9].map(SignedDuration::from_secs);
    assert_eq!(median(seconds.to_vec()), Some(SignedDuration::from_secs(5)));
    assert_eq!(median(vec![]), None);
}
