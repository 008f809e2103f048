// SPDX-License-Identifier: Apache-2.0
//! Changes of a pack, many of them, each verified as `evidence verify` does it.
//!
//! Three things make that affordable: a file that is as it was is looked at once and taken as often as needed
//! ([`Verifier::examine`], [`Verifier::take`]); a finding about a file never goes away, so that nothing has to
//! follow it; and changes are tried on every core.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use keyproof_verdict::Verdict;

use super::world::{Files, export, files, folder, public, told, verify};
use crate::verify::Examined;
use crate::{Kind, Verification, Verifier};

/// The file that must be named, and what is done.
pub(super) type Edit = (String, Box<dyn Fn(&mut Files) + Sync>);

/// Does something with each of these, on every core.
pub(super) fn on_every_core<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(one);
                }
            });
        }
    });
}

/// The files of a pack of so many runs.
pub(super) fn pack(runs: u64) -> Files {
    let (_directory, folder) = folder(runs);
    let (bytes, exported) = export(&folder, "2026-01-01", "2027-01-01");
    assert_eq!((exported.records, exported.problems), (runs, vec![]));
    let files = files(&bytes);
    assert!(verify(&files).is_complete());
    files
}

pub(super) fn record(commit: usize) -> String {
    format!("records/orders/{commit:012}.dsse.json")
}

/// It failed, and some finding names the file.
#[track_caller]
pub(super) fn names(verification: &Verification, file: &str) {
    assert_eq!(verification.verdict(), Verdict::Fail);
    assert!(
        verification
            .findings
            .iter()
            .any(|finding| finding.file == file),
        "{file} is not among {:?}",
        told(verification)
    );
}

/// Files of which each was looked at.
pub(super) struct Known<'a> {
    files: &'a Files,
    examined: Vec<Examined>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Known<'a> {
    pub(super) fn new(files: &'a Files) -> Self {
        let mut verifier = Verifier::new(public());
        let mut examined = Vec::new();
        for (name, bytes) in files {
            let one = verifier.examine(name, bytes);
            verifier.take(name, one.clone());
            examined.push(one);
        }
        let names = files.iter().map(|(name, _)| name.as_str());
        Self {
            files,
            examined,
            places: names.zip(0..).collect(),
        }
    }

    /// Verifies edited files. What is as it was is not looked at again; a report is, where its record is another.
    pub(super) fn verify(&self, edited: &Files) -> Verification {
        let now: HashMap<&str, &[u8]> = edited
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
            .collect();
        let place = |name: &str, bytes: &[u8]| {
            let place = *self.places.get(name)?;
            (self.files[place].1 == bytes).then_some(place)
        };
        let mut verifier = Verifier::new(public());
        for (name, bytes) in edited {
            let record = name
                .strip_prefix("reports/")
                .map(|rest| format!("records/{}", rest.replace(".json", ".dsse.json")));
            let beside = record.is_none_or(|record| {
                now.get(record.as_str())
                    .is_some_and(|bytes| place(&record, bytes).is_some())
            });
            match place(name, bytes).filter(|_| beside) {
                Some(place) => verifier.take(name, self.examined[place].clone()),
                None => verifier.file(name, bytes),
            }
        }
        verifier.finish()
    }

    /// Puts others in the place of each byte of each file, and demands that each is found in its file. How many
    /// were tried.
    pub(super) fn sweep<I: Iterator<Item = u8>>(
        &self,
        others: impl Fn(usize, u8) -> I + Sync,
    ) -> usize {
        /// So many bytes are one core's turn.
        const STRETCH: usize = 128;
        let mut before = Verifier::new(public());
        let tried = AtomicUsize::new(0);
        for (place, (name, bytes)) in self.files.iter().enumerate() {
            let stretches: Vec<usize> = (0..bytes.len()).step_by(STRETCH).collect();
            on_every_core(&stretches, |from| {
                let mut changed = bytes.clone();
                for at in *from..bytes.len().min(from + STRETCH) {
                    let was = bytes[at];
                    for other in others(at, was) {
                        assert_ne!(other, was);
                        changed[at] = other;
                        let examined = before.examine(name, &changed);
                        match &examined.finding {
                            Some((kind, _)) => assert_ne!(*kind, Kind::Incomplete, "{name} {at}"),
                            None => names(&self.rest(before.clone(), place, examined), name),
                        }
                        tried.fetch_add(1, Ordering::Relaxed);
                    }
                    changed[at] = was;
                }
            });
            before.take(name, self.examined[place].clone());
        }
        assert!(before.finish().is_complete());
        tried.into_inner()
    }

    /// Everything from a place on, where one file is another.
    fn rest(&self, mut verifier: Verifier, place: usize, examined: Examined) -> Verification {
        verifier.take(&self.files[place].0, examined);
        for next in place + 1..self.files.len() {
            verifier.take(&self.files[next].0, self.examined[next].clone());
        }
        verifier.finish()
    }
}

/// Another bit each time: the case of a letter, a digit's neighbour, a byte that is no text.
pub(super) fn flipped(at: usize, was: u8) -> std::iter::Once<u8> {
    std::iter::once(was ^ 1 << (at % 8))
}

/// Five edits of each record, with the file that must be named: removed, repeated, swapped with the
/// next, copied over the next, one byte changed.
pub(super) fn structural(files: &Files) -> Vec<Edit> {
    let records: Vec<usize> = (1..=files.len())
        .map_while(|commit| files.iter().position(|(name, _)| *name == record(commit)))
        .collect();
    let mut edits: Vec<Edit> = Vec::new();
    for (position, &index) in records.iter().enumerate() {
        let name = record(position + 1);
        edits.push((
            name.clone(),
            Box::new(move |files| drop(files.remove(index))),
        ));
        edits.push((
            name.clone(),
            Box::new(move |files| files.insert(index + 1, files[index].clone())),
        ));
        if let Some(&next) = records.get(position + 1) {
            let following = record(position + 2);
            edits.push((
                name.clone(),
                Box::new(move |files| {
                    let bytes = files[index].1.clone();
                    files[index].1 = std::mem::replace(&mut files[next].1, bytes);
                }),
            ));
            edits.push((
                following,
                Box::new(move |files| files[next].1 = files[index].1.clone()),
            ));
        }
        edits.push((
            name,
            Box::new(move |files| {
                let middle = files[index].1.len() / 2;
                files[index].1[middle] ^= 4;
            }),
        ));
    }
    edits
}
