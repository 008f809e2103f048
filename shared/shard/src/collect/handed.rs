// SPDX-License-Identifier: Apache-2.0
//! What is handed in as the reports of shards, and why there are shards without one.

use std::collections::BTreeMap;

use keyproof_verdict::{Report, Sentinel};

/// What was handed in as the report of a shard.
#[derive(Clone, Debug, PartialEq)]
pub struct Handed {
    /// The shard whose report it should be; `None` where only the report itself says.
    pub shard: Option<usize>,
    /// The report; or why it could not be read, as a clause: where it should have been, and what was there
    /// or answered instead.
    pub report: Result<Report, String>,
}

impl From<Report> for Handed {
    fn from(report: Report) -> Self {
        Self {
            shard: None,
            report: Ok(report),
        }
    }
}

/// A report that is not taken.
pub(super) struct Refused {
    /// The shard that would have been its own.
    pub(super) shard: Option<usize>,
    pub(super) why: String,
}

/// Why there are shards without a report.
#[derive(Default)]
pub(super) struct Unread {
    by_shard: BTreeMap<usize, Vec<String>>,
    /// Of reports of which nobody knows the shard.
    pub(super) stray: Vec<String>,
    /// What was handed in and is no report of a shard of this run.
    pub(super) refused: Vec<String>,
}

impl Unread {
    /// What is taken of what was handed in: its shard, which `belongs` tells, its sentinel, and itself.
    pub(super) fn take(
        &mut self,
        handed: Handed,
        belongs: impl Fn(&Report) -> Result<usize, Refused>,
    ) -> Option<(usize, Sentinel, Report)> {
        let Handed { shard, report } = handed;
        let mut report = (report.map_err(|why| self.add(shard, &why))).ok()?;
        let sentinel = report.sentinel.take();
        let taken = belongs(&report).and_then(|number| {
            let unwatched = || unwatched(number, &report.environment.version);
            Ok((number, sentinel.ok_or_else(unwatched)?))
        });
        match taken {
            Ok((number, sentinel)) => {
                if let Some(other) = shard.filter(|&other| other != number) {
                    let why = format!("what stands in its place is the report of shard {number}");
                    self.add(Some(other), &why);
                }
                Some((number, sentinel, report))
            }
            Err(not) => {
                self.add(shard.or(not.shard), &not.why);
                self.refused.push(not.why);
                None
            }
        }
    }

    fn add(&mut self, shard: Option<usize>, why: &str) {
        let why = in_short(why);
        match shard {
            Some(shard) => self.by_shard.entry(shard).or_default().push(why),
            None => self.stray.push(why),
        }
    }

    /// What a sentence about the shard ends in.
    pub(super) fn why(&self, shard: usize) -> String {
        let known = self.by_shard.get(&shard);
        known.map_or_else(String::new, |why| format!(": {}", why.join("; ")))
    }
}

/// A version that had no sentinel made the report: whether it could have failed, nobody knows.
fn unwatched(number: usize, version: &str) -> Refused {
    Refused {
        shard: Some(number),
        why: format!(
            "a report of shard {number} by keyproof {version}, which had no sentinel; run the shard with the \
             version that collects"
        ),
    }
}

/// One line, and no longer than what each probe of a shard can carry: it may quote whoever answered.
fn in_short(why: &str) -> String {
    const LONGEST: usize = 400;
    keyproof_core::shortened(why.to_owned(), LONGEST).replace(char::is_control, " ")
}
