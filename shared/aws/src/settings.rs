// SPDX-License-Identifier: Apache-2.0
//! How a run is carried out, apart from what the plan asks.

use std::time::Duration;

use keyproof_quota::DEFAULT_SHARE;
use ulid::Ulid;

use crate::Runner;

/// The settings of a run. [`Settings::default`] suits a person at a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The endpoint of every service; AWS's own, or what `AWS_ENDPOINT_URL` and the profile say,
    /// where `None`.
    pub endpoint_url: Option<String>,
    /// The region to work in, in place of the plan's.
    pub region: Option<String>,
    /// The profile of the shared configuration files to take credentials from.
    pub profile: Option<String>,
    /// How many sessions and probes may be under way at once. 0 counts as 1. Looks at tables and
    /// keys, which AWS meters apart, take the places that these leave free, and one more for every
    /// eight.
    pub concurrency: usize,
    /// How long one attempt of a call may take.
    pub attempt_timeout: Duration,
    /// How many times a call is sent at most, where it is worth sending again. 0 counts as 1.
    pub attempts: u32,
    /// How long the run may take; what has no answer by then is blind. No bound where `None`.
    pub deadline: Option<Duration>,
    /// How many pages of up to 1 MB a scan reads in search of the canary.
    pub scan_pages: u32,
    /// How much of AWS's quotas the run takes, in percent, 1 to 100. Where `None`: [`DEFAULT_SHARE`] of
    /// AWS's own, and as much as it likes of another endpoint, whose quotas nobody knows.
    pub quota_share: Option<u8>,
    /// Whether sessions get a policy that keeps them to the calls of the plan.
    pub guard: bool,
    /// The run's id, where somebody gave it one already; a new one where `None`.
    pub run_id: Option<Ulid>,
    /// What started the run: `cli`, `schedule`, `invoke`, … for the report.
    pub trigger: String,
    /// The file that the plan was read from, for the report.
    pub plan_file: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint_url: None,
            region: None,
            profile: None,
            concurrency: 32,
            attempt_timeout: Duration::from_secs(10),
            attempts: 5,
            deadline: None,
            scan_pages: 100,
            quota_share: None,
            guard: true,
            run_id: None,
            trigger: "cli".to_owned(),
            plan_file: None,
        }
    }
}

impl Settings {
    /// The share of AWS's quotas to keep to, if any.
    pub(crate) fn share(&self, runner: &Runner) -> Option<u8> {
        let of_aws = runner.endpoint().is_none().then_some(DEFAULT_SHARE);
        self.quota_share.or(of_aws)
    }
}
