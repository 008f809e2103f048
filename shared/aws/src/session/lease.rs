// SPDX-License-Identifier: Apache-2.0
//! How long a session lasts, by this machine's clock.

use std::time::Duration;

use aws_smithy_types::DateTime;
use jiff::Timestamp;
use tokio::time::Instant;

/// How long before its end a session is renewed: more than clocks may differ by, beyond which AWS takes
/// no signature anyway.
const MARGIN: Duration = Duration::from_mins(5);
/// A session lasts so long unless another duration is asked for, and none longer than twelve times that:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
const USUAL: Duration = Duration::from_hours(1);
const LONGEST: Duration = Duration::from_hours(12);
/// Nobody is asked again sooner, whatever a reply says.
const SHORTEST: Duration = Duration::from_secs(1);

/// When a session is to be renewed, and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(super) due: Instant,
    pub(super) ends: Instant,
}

impl Lease {
    /// The lease of credentials that came just now and expire then. An expiration that is past tells
    /// nothing but that clocks differ: then they last for as long as was asked for.
    pub(super) fn until(expiration: &DateTime, asked: Option<u32>) -> Self {
        let left = expiration
            .secs()
            .saturating_sub(Timestamp::now().as_second());
        let asked = || asked.map_or(USUAL, |seconds| Duration::from_secs(seconds.into()));
        let left = u64::try_from(left).ok().filter(|&seconds| seconds > 0);
        Self::of(left.map_or_else(asked, Duration::from_secs))
    }

    /// So long from now.
    pub(super) fn of(lifetime: Duration) -> Self {
        let now = Instant::now();
        let lifetime = lifetime.clamp(SHORTEST, LONGEST);
        Self {
            due: now + lifetime.saturating_sub(MARGIN.min(lifetime / 3)),
            ends: now + lifetime,
        }
    }

    /// The same, to be asked for once more when a quarter of what is left of it is over.
    pub(super) fn later(self) -> Self {
        let now = Instant::now();
        let wait = self.ends.saturating_duration_since(now) / 4;
        Self {
            due: now + wait.max(SHORTEST),
            ..self
        }
    }
}
