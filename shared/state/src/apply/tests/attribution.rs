// SPDX-License-Identifier: Apache-2.0
//! The change that started a run, carried into the failures that it may have brought.

use keyproof_core::PolicyType;
use keyproof_verdict::{Cause, Change};

use super::*;
use crate::Reference;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn change(event: &str, touches: Reference) -> PolicyChange {
    PolicyChange {
        event: event.to_owned(),
        source: "kms.amazonaws.com".to_owned(),
        event_id: "c217db1f-903f-4a2f-8f88-9580182d6313".to_owned(),
        at: minute(14),
        by: Some("arn:aws:iam::111122223333:user/Alice".to_owned()),
        account: Some("111122223333".to_owned()),
        touches: [touches].into(),
        document: Some(KEY.to_owned()),
    }
}

/// What a run sees after the change: an exposed probe on a table whose own row names the key.
fn seen() -> Report {
    let mut seen = report(2, 15, &[(READ, pass()), (STEAL, found(Finding::Exposed))]);
    seen.probes.first_mut().unwrap().observed.key = Some(KEY.to_owned());
    seen
}

fn causes(known: &PlanState, change: &PolicyChange, report: &Report) -> Vec<Option<Cause>> {
    let observed = Observed {
        change: Some(change),
        ..observed(9)
    };
    let applied = apply(known, report, &observed, &Rules::default()).unwrap();
    assert_eq!(applied.run.change.as_ref(), Some(change));
    let written = Report::from_json(&applied.run.report.unwrap()).unwrap();
    written.probes.into_iter().map(|row| row.cause).collect()
}

fn policy_changed() -> Cause {
    Cause {
        policy: PolicyType::ResourcePolicy,
        statement: None,
        document: Some(KEY.to_owned()),
        changed: Some(Change {
            event: "PutKeyPolicy".to_owned(),
            by: Some("arn:aws:iam::111122223333:user/Alice".to_owned()),
            at: Some("2026-01-15T00:14:00Z".to_owned()),
            event_id: Some("c217db1f-903f-4a2f-8f88-9580182d6313".to_owned()),
        }),
        file: None,
        line: None,
        source: None,
        pointer: None,
        alternatives: Vec::new(),
    }
}

#[test]
fn a_new_failure_on_the_changed_key_names_the_change() {
    let known = applied(&[(1, report(1, 0, &[(STEAL, pass())]))])
        .remove(0)
        .state;
    let put = change("PutKeyPolicy", Reference::key(KEY));

    assert_eq!(
        causes(&known, &put, &seen()),
        [None, Some(policy_changed())]
    );
}

#[test]
fn a_failure_that_was_there_before_does_not() {
    let known = applied(&[(1, report(1, 0, &[(STEAL, found(Finding::Exposed))]))])
        .remove(0)
        .state;
    let put = change("PutKeyPolicy", Reference::key(KEY));

    assert_eq!(causes(&known, &put, &seen()), [None, None]);
}

#[test]
fn a_change_of_something_else_does_not() {
    let known = PlanState::new(PLAN);
    let other = change(
        "PutKeyPolicy",
        Reference::key("99999999-12ab-34cd-56ef-1234567890ab"),
    );

    assert_eq!(causes(&known, &other, &seen()), [None, None]);
}

#[test]
fn a_change_of_no_policy_names_no_cause_but_stands_in_the_run() {
    let known = PlanState::new(PLAN);
    let disabled = change("DisableKey", Reference::key(KEY));

    assert_eq!(causes(&known, &disabled, &seen()), [None, None]);
}

#[test]
fn a_cause_that_was_found_gets_the_change_where_it_is_the_same_document() {
    let known = PlanState::new(PLAN);
    let put = change("PutKeyPolicy", Reference::key(KEY));
    let with = |document: &str| {
        let mut seen = seen();
        seen.probes.last_mut().unwrap().cause = Some(Cause {
            statement: Some("AllowKeyUsers".to_owned()),
            document: Some(document.to_owned()),
            changed: None,
            ..policy_changed()
        });
        causes(&known, &put, &seen).pop().unwrap().unwrap()
    };

    assert_eq!(
        with(KEY),
        Cause {
            statement: Some("AllowKeyUsers".to_owned()),
            ..policy_changed()
        }
    );
    assert_eq!(with("another").changed, None);
}

#[test]
fn a_change_of_the_role_fits_the_role() {
    let known = PlanState::new(PLAN);
    let trust = change(
        "UpdateAssumeRolePolicy",
        Reference::role("111122223333", "outsider"),
    );

    let found = causes(&known, &trust, &seen()).pop().unwrap().unwrap();

    assert_eq!(found.policy, PolicyType::TrustPolicy);
}
