// SPDX-License-Identifier: Apache-2.0
//! Objects of a large run that are whole and can't be read: for good, or for a while.
//!
//! A shard's report that S3 refuses, garbles or never gives blinds this shard alone and says why; what can
//! be read after a while is as if it always could. Without the manifest nothing is collected.

use std::time::Duration;

use keyproof_verdict::{Finding, Report, Verdict};
use keyproof_verify::{HandlerError, StepAnswer};
use tokio::time::Instant;

use crate::broken::{Object, SHARDS, committed, shard_of, take, up_to};
use crate::support::{Fake, ID, READ, Trouble};

const FOR_GOOD: usize = usize::MAX;
const EVERY: [Trouble; 4] = [
    Trouble::Refused,
    Trouble::Unavailable,
    Trouble::Hangs,
    Trouble::Half,
];

/// What the sentence about an unreadable report ends in.
fn why(trouble: Trouble, key: &str) -> String {
    match trouble {
        Trouble::Refused => {
            format!("`{key}`: cannot read from the report bucket: AccessDenied: so it is")
        }
        Trouble::Unavailable => {
            format!("`{key}`: cannot read from the report bucket: SlowDown: so it is")
        }
        Trouble::Hangs => format!("`{key}` was not read before the time for it was over"),
        Trouble::Half => format!("`{key}`: the report is not JSON: EOF while parsing"),
    }
}

/// A run whose shards are carried out, of whose objects these are disturbed.
async fn disturbed(
    objects: &[Object],
    trouble: Trouble,
    times: usize,
) -> (Fake, serde_json::Value) {
    let (fake, run) = up_to(Object::Manifest).await;
    for object in objects {
        fake.stack().reports.disturb(&object.key(), trouble, times);
    }
    (fake, run)
}

/// Collects: what came of it, and how long it took by a clock that runs ahead where everybody waits.
async fn collected(
    objects: &[Object],
    trouble: Trouble,
    times: usize,
) -> (Report, Vec<usize>, Duration) {
    let (fake, run) = disturbed(objects, trouble, times).await;
    let began = Instant::now();
    match take(&fake, &run, "collect", None).await {
        Ok(StepAnswer::Collected { commit: 1, dead }) => {
            (committed(&fake).await.unwrap(), dead, began.elapsed())
        }
        other => panic!("{trouble:?}: {other:?}"),
    }
}

/// Each row is the undisturbed one, or, of these shards, blind for this reason.
#[track_caller]
fn blind_in(shards: &[usize], trouble: Trouble, whole: &Report, report: &Report) {
    assert_eq!(report.probes.len(), whole.probes.len());
    for (row, undisturbed) in report.probes.iter().zip(&whole.probes) {
        let shard = shard_of(&row.id);
        if !shards.contains(&shard) {
            assert_eq!(row, undisturbed);
            continue;
        }
        let why = why(trouble, &Object::Report(shard).key());
        let reason = format!(
            "nothing is known: no report came of shard {shard}, which this probe is in: {why}"
        );
        assert_eq!(
            (&row.id, row.verdict, row.finding),
            (&undisturbed.id, Verdict::Inconclusive, Some(Finding::Blind))
        );
        // What a parser says of half a report ends in where that is.
        assert!(row.reason.starts_with(&reason), "{}", row.reason);
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_that_can_never_be_read_blinds_its_shard_and_no_other() {
    let (whole, dead, _) = collected(&[], Trouble::Refused, 0).await;
    assert_eq!(
        (dead, whole.summary.fail, whole.summary.pass),
        (vec![], 1, 9)
    );
    for trouble in EVERY {
        for shard in 0..SHARDS {
            let object = [Object::Report(shard)];

            let (report, dead, took) = collected(&object, trouble, FOR_GOOD).await;

            assert_eq!(dead, [shard]);
            blind_in(&[shard], trouble, &whole, &report);
            // What another shard saw to be wrong stands.
            let expected = if shard == shard_of(READ) {
                Verdict::Inconclusive
            } else {
                Verdict::Fail
            };
            assert_eq!(report.summary.verdict, expected);
            let expected = match trouble {
                // Refused is refused.
                Trouble::Refused => Duration::ZERO,
                Trouble::Unavailable | Trouble::Half => Duration::from_secs(61),
                // Half of the time that there is, but for the margin.
                Trouble::Hangs => Duration::from_millis(147_500),
            };
            assert_eq!(took, expected, "{trouble:?}");
        }
    }
}

/// Another attempt at the shard may have seen something to be wrong, and whether there was one isn't known.
#[tokio::test(start_paused = true)]
async fn where_a_second_report_of_a_shard_can_not_be_read_only_failures_of_the_first_stand() {
    for trouble in [Trouble::Refused, Trouble::Hangs] {
        for shard in 0..SHARDS {
            let (fake, run) = up_to(Object::Manifest).await;
            let key = format!("runs/{ID}/reports/{shard}.2.json");
            fake.stack().reports.disturb(&key, trouble, FOR_GOOD);

            let collected = take(&fake, &run, "collect", None).await.unwrap();

            let (commit, dead) = (1, vec![]);
            assert_eq!(collected, StepAnswer::Collected { commit, dead });
            let report = committed(&fake).await.unwrap();
            for row in &report.probes {
                let expected = if row.id == READ {
                    Some(Finding::LockedOut)
                } else {
                    (shard_of(&row.id) == shard).then_some(Finding::Blind)
                };
                assert_eq!(row.finding, expected, "{}", row.id);
            }
            let why = why(trouble, &key);
            let note = &report.notes[0].text;
            assert!(
                note.starts_with(&format!("shard {shard} of 3 is in doubt, and its "))
                    && note.ends_with(&format!(" probes are blind unless they fail: {why}")),
                "{note}"
            );
            assert_eq!(report.summary.verdict, Verdict::Fail);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_that_can_be_read_after_a_while_is_read() {
    let (whole, _, _) = collected(&[], Trouble::Refused, 0).await;
    for trouble in [Trouble::Unavailable, Trouble::Half] {
        for (times, seconds) in [(1, 1), (2, 3), (6, 61)] {
            let objects: Vec<Object> = (0..SHARDS).map(Object::Report).collect();

            let (report, dead, took) = collected(&objects, trouble, times).await;

            assert_eq!(dead, [] as [usize; 0]);
            assert_eq!(report.probes, whole.probes);
            assert_eq!(
                (report.notes, report.summary),
                (vec![], whole.summary.clone())
            );
            assert_eq!(took, Duration::from_secs(seconds));
        }
    }
}

/// The plan and the manifest say what was asked; so there is a report, of which nothing passes.
#[tokio::test(start_paused = true)]
async fn where_no_report_can_be_read_everything_is_blind() {
    let (whole, _, _) = collected(&[], Trouble::Refused, 0).await;
    let objects: Vec<Object> = (0..SHARDS).map(Object::Report).collect();
    for trouble in EVERY {
        let (report, dead, _) = collected(&objects, trouble, FOR_GOOD).await;

        assert_eq!(dead, [0, 1, 2]);
        blind_in(&[0, 1, 2], trouble, &whole, &report);
        assert_eq!(
            (report.summary.verdict, report.summary.inconclusive),
            (Verdict::Inconclusive, 10)
        );
        assert_eq!(report.notes.len(), SHARDS);
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_manifest_nothing_is_collected_until_it_can_be_read() {
    for (trouble, name) in [
        (Trouble::Refused, "State"),
        (Trouble::Unavailable, "Retryable"),
        (Trouble::Hangs, "OutOfTime"),
        // The state machine tries again what has this name; a manifest of another plan it doesn't.
        (Trouble::Half, "CannotRun"),
    ] {
        let (fake, run) = disturbed(&[Object::Manifest], trouble, 1).await;
        let began = Instant::now();

        let error: HandlerError = take(&fake, &run, "collect", None).await.unwrap_err();

        assert_eq!(error.name(), name, "{error}");
        assert!(began.elapsed() < Duration::from_mins(5));
        assert_eq!(committed(&fake).await, None);
        let again = take(&fake, &run, "collect", None).await.unwrap();
        let (commit, dead) = (1, vec![]);
        assert_eq!(again, StepAnswer::Collected { commit, dead });
    }
}

/// A part that came broken over the way is read again; the shard isn't given up for it.
#[tokio::test(start_paused = true)]
async fn a_shard_whose_part_can_not_be_read_is_tried_again_and_ends_in_time() {
    for (trouble, name) in [
        (Trouble::Refused, "State"),
        (Trouble::Unavailable, "Retryable"),
        (Trouble::Hangs, "OutOfTime"),
        (Trouble::Half, "CannotRun"),
    ] {
        let (fake, run) = up_to(Object::Part(1)).await;
        let key = Object::Part(1).key();
        fake.stack().reports.disturb(&key, trouble, 1);
        let began = Instant::now();

        let error = take(&fake, &run, "shard", Some(1)).await.unwrap_err();

        assert_eq!(error.name(), name, "{error}");
        assert!(began.elapsed() < Duration::from_mins(5));
        let again = take(&fake, &run, "shard", Some(1)).await.unwrap();
        let (shard, probes) = (1, 4);
        assert_eq!(again, StepAnswer::Shard { shard, probes });
    }
}
