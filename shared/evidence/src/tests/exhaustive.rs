// SPDX-License-Identifier: Apache-2.0
//! Each and every change of an export of 1,000 runs. Ignored for the minutes that they take; `docs/evidence.md` has
//! how many, and what came of them:
//!
//! ```text
//! cargo nextest run --cargo-profile exhaustive -p keyproof-evidence --run-ignored only -j 1
//! ```
#![expect(
    clippy::print_stderr,
    reason = "the figures are what such a run is for"
)]

use super::changes::{Known, flipped, names, on_every_core, pack, structural};
use super::world::{export, folder, public};
use crate::Verifier;
use crate::pack::Sealing;
use keyproof_verdict::Verdict;

#[test]
#[ignore = "takes minutes: the seal of the whole archive for each of its bytes"]
fn every_changed_byte_of_the_archive_of_a_thousand_runs_is_found() {
    /// So many bytes are hashed once for all changes behind them.
    const STRETCH: usize = 1024;
    let (_directory, folder) = folder(1_000);
    let (pack, _) = export(&folder, "2026-01-01", "2027-01-01");
    let mut before = Sealing::default();
    let stretches: Vec<(usize, Sealing)> = (0..pack.len())
        .step_by(STRETCH)
        .map(|from| {
            let sealing = before.clone();
            before.push(&pack[from..pack.len().min(from + STRETCH)]);
            (from, sealing)
        })
        .collect();
    assert!(before.is_whole());

    on_every_core(&stretches, |(from, before)| {
        let mut changed = pack.clone();
        for at in *from..pack.len().min(from + STRETCH) {
            changed[at] = flipped(at, pack[at]).next().unwrap();
            let mut sealing = before.clone();
            sealing.push(&changed[*from..]);
            assert!(!sealing.is_whole(), "byte {at}");
            // The whole way, with everything that comes of the change, for some of them.
            if at % 8_191 == 0 && at >= 10 {
                let verification = Verifier::new(public()).pack(changed.as_slice()).unwrap();
                assert_eq!(verification.verdict(), Verdict::Fail, "byte {at}");
            }
            changed[at] = pack[at];
        }
    });

    eprintln!("{} changes of the archive", pack.len());
}

/// As somebody could who packs the changed file anew.
#[test]
#[ignore = "takes minutes: each byte of each file is looked at with its signature"]
fn every_changed_byte_of_every_file_of_a_thousand_runs_is_found() {
    let files = pack(1_000);

    let tried = Known::new(&files).sweep(flipped);

    assert_eq!(
        tried,
        files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    );
    eprintln!("{tried} changes of {} files", files.len());
}

#[test]
#[ignore = "takes minutes: five edits of each record of 1,000 runs"]
fn every_edit_of_every_record_of_a_thousand_runs_is_found() {
    let files = pack(1_000);
    let known = Known::new(&files);

    let edits = structural(&files);
    assert_eq!(edits.len(), 5 * 1_000 - 2);

    on_every_core(&edits, |(name, edit)| {
        let mut files = files.clone();
        edit(&mut files);
        names(&known.verify(&files), name);
    });
}

#[test]
#[ignore = "takes minutes: 255 values of each byte of a small pack"]
fn every_other_value_of_every_byte_is_found() {
    let files = pack(1);

    let tried = Known::new(&files).sweep(|_, was| (0..=255).filter(move |other| *other != was));

    eprintln!("{tried} changes of {} files", files.len());
}
