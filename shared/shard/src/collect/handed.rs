// SPDX-License-Identifier: Apache-2.0
//! What is handed in as the reports of shards, and why there are shards without one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

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

/// A report that is taken.
pub(super) struct Taken {
    pub(super) shard: usize,
    pub(super) sentinel: Sentinel,
    pub(super) report: Report,
}

/// Where a report was made. Not in which account: that may be known to one shard, and not to another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    endpoint: Option<String>,
    region: String,
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
    /// Shards that may have been seen to fail where nobody looks, whatever was taken of them.
    pub(super) in_doubt: BTreeSet<usize>,
}

impl Unread {
    /// What is taken of what was handed in. `belongs` tells whose report it is.
    pub(super) fn take(
        &mut self,
        handed: Handed,
        belongs: impl Fn(&Report) -> Result<usize, Refused>,
    ) -> Option<Taken> {
        let Handed { shard, report } = handed;
        let mut report = match report {
            Ok(report) => report,
            Err(why) => {
                // What an attempt saw, and nobody can read, may be a failure.
                self.in_doubt.extend(shard);
                self.add(shard, &why);
                return None;
            }
        };
        let sentinel = report.sentinel.take();
        let taken = belongs(&report).and_then(|number| {
            let unwatched = || unwatched(number, &report.environment.version);
            Ok((number, sentinel.ok_or_else(unwatched)?))
        });
        match taken {
            Ok((number, sentinel)) => {
                if let Some(other) = shard.filter(|&other| other != number) {
                    self.in_doubt.insert(other);
                    let why = format!("what stands in its place is the report of shard {number}");
                    self.add(Some(other), &why);
                }
                Some(Taken {
                    shard: number,
                    sentinel,
                    report,
                })
            }
            Err(not) => {
                self.in_doubt.extend(shard);
                self.add(shard.or(not.shard), &not.why);
                self.refused.push(not.why);
                None
            }
        }
    }

    /// Those that were made in one place, of the others nothing: one run is of one. A shard that was carried out
    /// elsewhere is in doubt, even where it was carried out here, too.
    ///
    /// INVARIANT (in any order): which place it is doesn't depend on what was handed in first. AWS's own comes
    /// before any other endpoint, so that no emulator outdoes AWS, and the plan's region before any other.
    pub(super) fn of_one_place(&mut self, mut taken: Vec<Taken>, region: &str) -> Vec<Taken> {
        let places = taken.iter().map(|taken| Place::of(&taken.report));
        let own = places.min_by_key(|place| {
            let elsewhere = (place.endpoint.is_some(), place.region != region);
            (elsewhere, place.clone())
        });
        let Some(own) = own else { return taken };
        taken.retain(|Taken { shard, report, .. }| {
            let place = Place::of(report);
            if place == own {
                return true;
            }
            let why =
                format!("a report of shard {shard} made {place}, and this run was made {own}");
            self.in_doubt.insert(*shard);
            self.add(Some(*shard), &why);
            self.refused.push(why);
            false
        });
        taken
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

impl Place {
    fn of(report: &Report) -> Self {
        Self {
            endpoint: report.environment.endpoint.clone(),
            region: report.environment.region.clone(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, region } = self;
        match endpoint {
            Some(url) => write!(formatter, "in region `{region}` of `{url}`"),
            None => write!(formatter, "in region `{region}` of AWS"),
        }
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
