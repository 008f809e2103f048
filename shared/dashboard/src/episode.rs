// SPDX-License-Identifier: Apache-2.0
//! Times in which a probe failed: how long until it was seen, and until it was over.

use jiff::{SignedDuration, Timestamp};

use keyproof_report::Standing;

use crate::history::{PlanHistory, ProbeHistory, Segment};

/// A failure from its first run to the first run that passed again.
#[derive(Clone, Debug)]
pub struct Episode<'a> {
    /// The probe.
    pub probe: &'a str,
    /// How it began.
    pub segment: &'a Segment,
    /// The start of the first run that failed.
    pub seen: Timestamp,
    /// From the change that brought it to the start of that run, where the change is known.
    pub to_detect: Option<SignedDuration>,
    /// The start of the first run that passed again, where there was one.
    pub over: Option<Timestamp>,
}

impl Episode<'_> {
    /// From the first run that failed to the first that passed.
    #[must_use]
    pub fn to_recover(&self) -> Option<SignedDuration> {
        self.over.map(|over| over.duration_since(self.seen))
    }
}

impl PlanHistory {
    /// Every failure of every probe, the latest first.
    #[must_use]
    pub fn episodes(&self) -> Vec<Episode<'_>> {
        let probes = self.probes.iter();
        let mut all: Vec<_> = probes
            .flat_map(|(id, probe)| self.episodes_of(id, probe))
            .collect();
        all.sort_by_key(|episode| std::cmp::Reverse(episode.seen));
        all
    }

    /// The failures of one probe, in order. What is inconclusive in between ends none.
    pub(crate) fn episodes_of<'a>(
        &'a self,
        id: &'a str,
        probe: &'a ProbeHistory,
    ) -> Vec<Episode<'a>> {
        let mut episodes: Vec<Episode<'a>> = Vec::new();
        let mut open = false;
        for segment in &probe.segments {
            let Some(run) = self.run(segment.first) else {
                continue;
            };
            match segment.standing {
                Standing::Fail if !open => {
                    open = true;
                    let changed = segment
                        .cause
                        .as_ref()
                        .and_then(|cause| cause.changed.as_ref());
                    let at = changed.and_then(|change| change.at.as_deref()?.parse().ok());
                    episodes.push(Episode {
                        probe: id,
                        segment,
                        seen: run.started,
                        to_detect: at.map(|at: Timestamp| run.started.duration_since(at)),
                        over: None,
                    });
                }
                Standing::Pass if open => {
                    open = false;
                    if let Some(last) = episodes.last_mut() {
                        last.over = Some(run.started);
                    }
                }
                Standing::Fail | Standing::Pass | Standing::Inconclusive | Standing::Excepted => {}
            }
        }
        episodes
    }
}

/// The middle of some durations.
pub(crate) fn median(mut durations: Vec<SignedDuration>) -> Option<SignedDuration> {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied()
}

/// `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`.
pub(crate) fn told(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: i64, unit: &str, small: i64, smaller: &str| {
        if small == 0 {
            format!("{large} {unit}")
        } else {
            format!("{large} {unit} {small} {smaller}")
        }
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => two(hours, "h", minutes % 60, "min"),
        (days, hours, _) => two(days, "d", hours % 24, "h"),
    }
}
