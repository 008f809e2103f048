// SPDX-License-Identifier: Apache-2.0
//! When a plan must be run although nobody asked, and what of it stands ill.

use jiff::{SignedDuration, Timestamp};
use keyproof_state::{PlanState, ProbeState};

use super::Times;

/// Why a run is due. Its name is the run's trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// An exception has expired, and the newest run still held it for in force.
    Exception,
    /// A `locked_out` awaits its confirmation, and the re-verification got lost.
    Confirmation,
    /// A person was told long ago of what is still so.
    Reminder,
}

impl Due {
    /// The trigger of the run.
    #[must_use]
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Exception => "exception",
            Self::Confirmation => "confirmation",
            Self::Reminder => "reminder",
        }
    }
}

/// Whether a run is due, and why. A run that has begun since is the answer, whatever it said.
#[must_use]
pub(super) fn due(state: &PlanState, expired: bool, now: Timestamp, times: &Times) -> Option<Due> {
    let newest = state.last_run.as_ref()?.started_at;
    if expired {
        return Some(Due::Exception);
    }
    let passed =
        |moment: Timestamp, grace: SignedDuration| now >= moment + grace && newest < moment;
    let incidents = || {
        state
            .probes
            .values()
            .filter_map(|probe| probe.incident.as_ref())
    };
    // The re-verification that follows a change has a message of its own: this is for a lost one.
    let confirm = incidents()
        .filter(|incident| incident.told_at.is_none())
        .any(|incident| passed(incident.since + times.confirm_after, times.grace));
    if confirm {
        return Some(Due::Confirmation);
    }
    incidents()
        .filter_map(|incident| incident.told_at)
        .any(|told_at| passed(told_at + times.remind_after, SignedDuration::ZERO))
        .then_some(Due::Reminder)
}

/// How many probes fail, as the newest run that asked each said, and nobody answers for it.
#[must_use]
pub(super) fn failing(state: &PlanState) -> usize {
    let probes = state.probes.values();
    let failing = probes.filter(|probe| probe.standing.counts_as_failure());
    failing.count()
}

/// For how many minutes the probe that has been inconclusive for longest has been so, for whatever reasons.
#[must_use]
pub(super) fn inconclusive_minutes(state: &PlanState, now: Timestamp) -> i64 {
    let probes = state.probes.values();
    let since = probes.filter_map(ProbeState::inconclusive_since).min();
    since.map_or(0, |since| now.duration_since(since).as_mins().max(0))
}
