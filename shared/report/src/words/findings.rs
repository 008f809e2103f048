// SPDX-License-Identifier: Apache-2.0
//! What each finding means, and what it asks of whoever reads it.

use keyproof_verdict::Finding;

/// What a finding means.
pub(crate) const fn meaning(finding: Finding) -> &'static str {
    match finding {
        Finding::Exposed => "Must be denied, and was authorised",
        Finding::LockedOut => "Must be allowed, and was denied or has an unusable key",
        Finding::WrongKey => "The table is not encrypted with the plan's key",
        Finding::Masked => "Denied by another layer than the one under test",
        Finding::NoWitness => "Denied, but nobody authorised read the canary in this run",
        Finding::CanaryMissing => "Authorised, but the canary was not there",
        Finding::KeyUnusable => "Denied, but the key is unusable for everybody",
        Finding::Blind => "Nothing was found out",
    }
}

/// What a finding asks of whoever reads it.
pub(crate) const fn request(finding: Finding) -> &'static str {
    match finding {
        Finding::Exposed => {
            "Find the key policy statement, IAM policy or grant that lets the principal in, and \
             remove it. Until then treat the table's data as readable by that principal."
        }
        Finding::LockedOut => {
            "Give the principal back what it needs: the key policy, a grant or its identity policy \
             must allow it, and the key must be enabled."
        }
        Finding::WrongKey => {
            "Set the table's encryption to the plan's key, or correct the plan. Until then refusals \
             by KMS say nothing about that key."
        }
        Finding::Masked => {
            "Let the principal through the layer that refused it, so that only the control under \
             test stands in its way; or expect the refusal where it happens."
        }
        Finding::NoWitness => {
            "See why the authorised principal did not read the canary, mend that, and run again."
        }
        Finding::CanaryMissing => {
            "Plant the canary with `keyproof canary plant`, or correct it in the plan, and run again."
        }
        Finding::KeyUnusable => "Enable the key, or cancel its deletion, and run again.",
        Finding::Blind => "Mend what kept keyproof from finding out, and run again.",
    }
}
