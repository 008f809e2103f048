// SPDX-License-Identifier: Apache-2.0
//! Whom a refusal is addressed to: the role under test, its session, the runner, or somebody else.

use super::*;

const OUTSIDER: &str = "arn:aws:iam::111122223333:role/keyproof/outsider";
const RUNNER: &str = "arn:aws:sts::111122223333:assumed-role/runner/keyproof";

/// The verdict on the outsider's read where KMS refuses this caller.
fn refused(user: &str) -> (Verdict, Option<Finding>) {
    let denial = Denial {
        by: Some(Service::Kms),
        user: Some(user.to_owned()),
        ..Denial::default()
    };
    let observations = observed(READ, Answer::Denied(denial));
    let report = judge(&outsider_denied(Action::GetItem), &observations, facts());
    row_verdict(&report, READ)
}

#[test]
fn the_role_and_its_sessions_are_the_principal_and_nobody_else_is() {
    let blind = (Verdict::Inconclusive, Some(Finding::Blind));
    for principal in [
        OUTSIDER,
        "arn:aws:sts::111122223333:assumed-role/outsider/s",
    ] {
        assert_eq!(refused(principal), (Verdict::Pass, None), "{principal}");
    }
    for other in [
        "arn:aws:iam::111122223333:role/outsider",
        "arn:aws:iam::111122223333:user/keyproof/outsider",
        "arn:aws:sts::111122223333:assumed-role/reader/s",
        "arn:aws:sts::111122223333:assumed-role/outsider/",
        "arn:aws:sts::444455556666:assumed-role/outsider/s",
        "arn:aws:iam::111122223333:assumed-role/outsider/s",
        RUNNER,
    ] {
        assert_eq!(refused(other), blind, "{other}");
    }
}

/// `sts:AssumeRole` is the runner's own call, so that AWS's refusal names the runner.
#[test]
fn who_is_refused_to_assume_a_role_is_the_runner() {
    let assume = expect(
        "retired",
        None,
        &[Action::AssumeRole],
        Expected::Denied {
            by: Service::Sts,
            policy: None,
        },
        22,
    );
    let denial = Denial {
        by: Some(Service::Sts),
        user: Some(RUNNER.to_owned()),
        ..Denial::default()
    };
    let id = "retired/sts:AssumeRole";
    let observations = observed(id, Answer::Denied(denial));

    let report = judge(&plan(vec![assume]), &observations, facts());

    assert_eq!(row_verdict(&report, id), (Verdict::Pass, None));
}
