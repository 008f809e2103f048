// SPDX-License-Identifier: Apache-2.0
//! Whoever would run the plan: its credentials and its clock.

use keyproof_aws::ClockReading;
use keyproof_core::Arn;
use keyproof_verdict::{Answer, Blindness, Observation, service_name};

use crate::check::{Check, Mend};
use crate::diagnose::Case;
use crate::mend::said;

/// From here on AWS refuses what was signed by such a clock.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>
const REFUSED_FROM: u64 = 300;

pub(crate) fn identity(case: &Case<'_>) -> Check {
    let id = "runner/identity".to_owned();
    match &case.found.caller {
        Ok(arn) => {
            let is_root = arn.parse::<Arn>().is_ok_and(|arn| arn.resource() == "root");
            if is_root {
                return Check::problem(
                    id,
                    format!(
                        "the runner is the account's root user (`{arn}`), which can assume no role"
                    ),
                )
                .mend(Mend::words(
                    "run it as an IAM role or user: choose another profile, or sign in as one",
                ));
            }
            Check::ok(id, format!("the runner is `{arn}`"))
        }
        Err(seen) if seen.answer == Answer::Unknown(Blindness::Credentials) => Check::problem(
            id,
            format!("AWS doesn't take the runner's credentials: {}", said(seen)),
        )
        .mend(credentials(seen)),
        Err(seen) => Check::unknown(
            id,
            format!("STS didn't say who the runner is: {}", said(seen)),
        )
        .mend(reach()),
    }
}

fn credentials(seen: &Observation) -> Mend {
    let code = seen.error_code.as_deref().unwrap_or_default();
    if code.starts_with("ExpiredToken") {
        return Mend::words("the session is over: sign in again").command("aws sso login", &[]);
    }
    if code.starts_with("SignatureDoesNotMatch") || code.starts_with("InvalidSignature") {
        return Mend::words(
            "the secret key is another's, or the clock is wrong (see `runner/clock`): set both right",
        );
    }
    Mend::words(
        "take credentials that are in force, of the account and partition that the plan is about",
    )
    .command("aws sts get-caller-identity", &[])
}

/// What to look at where a service could not be asked.
pub(crate) fn reach() -> Mend {
    Mend::words(
        "see that the services can be reached from here (endpoint, proxy, network), and ask again",
    )
}

/// A run goes on without the policy that keeps its sessions to the plan's calls, and says so.
pub(crate) fn guard(unguarded: bool) -> Option<Check> {
    let told = "STS has no room for the policy that keeps the sessions to the plan's calls beside their \
                tags: a run goes on without, and says so";
    unguarded.then(|| {
        Check::ok("runner/guard".to_owned(), told).mend(Mend::words(
            "give a principal fewer or shorter `tags` in the plan",
        ))
    })
}

pub(crate) fn clock(readings: &[ClockReading]) -> Check {
    let id = "runner/clock".to_owned();
    let Some(worst) = readings
        .iter()
        .max_by_key(|reading| reading.ahead_seconds.unsigned_abs())
    else {
        return Check::unknown(
            id,
            "no reply said what time it was, so this machine's clock was held against nothing",
        )
        .mend(reach());
    };
    let off = worst.ahead_seconds.unsigned_abs();
    let by = service_name(worst.service);
    let side = if worst.ahead_seconds < 0 {
        "behind"
    } else {
        "ahead of"
    };
    if off >= REFUSED_FROM {
        return Check::problem(
            id,
            format!("this machine's clock is {off} s {side} {by}'s: AWS refuses signatures from {REFUSED_FROM} s on"),
        )
        .mend(Mend::words("set the clock by the network").command("sudo timedatectl set-ntp true", &[]));
    }
    let names: Vec<&str> = readings
        .iter()
        .map(|one| service_name(one.service))
        .collect();
    let heard = names.join(", ");
    Check::ok(
        id,
        match off {
            0 | 1 => format!("this machine's clock agrees with that of {heard}"),
            _ => format!(
                "this machine's clock is {off} s {side} {by}'s, and AWS bears less than {REFUSED_FROM} s (asked: {heard})"
            ),
        },
    )
}
