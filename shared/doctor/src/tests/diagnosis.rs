// SPDX-License-Identifier: Apache-2.0
//! What follows from what was found, for what a sandbox can't be brought to answer.

use std::collections::BTreeMap;

use keyproof_aws::{ClockReading, Examination};
use keyproof_core::{PolicyType, Service};
use keyproof_plan::Plan;
use keyproof_verdict::{Answer, Blindness, Denial, Evidence, Observation, Observations, RunFacts};

use crate::{Check, Circumstances, Diagnosis, State, diagnose, render};

fn plan(more: &str) -> Plan {
    let text = format!(
        "
keyproof: plan/v1
name: orders
region: us-east-1
principals:
  reader: {{ role: 'arn:aws:iam::111122223333:role/app/reader', external_id: 5ecret-5ecret }}
expectations:
  - {{ principal: reader, actions: [sts:AssumeRole], {more} }}
"
    );
    Plan::parse(&text).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

const ALLOWED: &str = "decision: allowed";
const DENIED: &str = "decision: denied, by: sts";

fn seen(answer: Answer, code: Option<&str>, message: &str) -> Observation {
    Observation {
        answer,
        resource: None,
        error_code: code.map(str::to_owned),
        message: Some(message.to_owned()),
        request_id: None,
        attempts: 1,
        latency_ms: None,
    }
}

pub(super) fn refused(policy: Option<PolicyType>) -> Observation {
    let denial = Denial {
        by: Some(Service::Sts),
        policy,
        ..Denial::default()
    };
    seen(
        Answer::Denied(denial),
        Some("AccessDenied"),
        "not authorized",
    )
}

/// A session of a role looked, and its only principal's session came to this.
pub(super) fn found(session: Observation) -> Examination {
    let runner = "arn:aws:sts::111122223333:assumed-role/ci/s".to_owned();
    Examination {
        caller: Ok(runner),
        unguarded: false,
        region: "us-east-1".to_owned(),
        clock: vec![ClockReading {
            service: Service::Sts,
            ahead_seconds: 0,
        }],
        sessions: BTreeMap::from([("reader".to_owned(), session)]),
        tables: BTreeMap::new(),
        observations: Observations::default(),
    }
}

pub(super) fn facts() -> RunFacts {
    let at = "2026-10-01T12:00:00Z".parse().unwrap();
    RunFacts {
        id: "01J9000000000000000000000".to_owned(),
        trigger: "doctor".to_owned(),
        started_at: at,
        finished_at: at,
        account: None,
        region: None,
        endpoint: None,
        version: "0".to_owned(),
        plan_file: Some("my plan.yaml".to_owned()),
        today: "2026-10-01".parse().unwrap(),
    }
}

fn told(plan: &Plan, found: &Examination, interval_minutes: Option<u32>) -> Diagnosis {
    let circumstances = Circumstances {
        interval_minutes,
        ..Circumstances::default()
    };
    diagnose(plan, found, &circumstances, facts())
}

#[track_caller]
fn check<'a>(diagnosis: &'a Diagnosis, id: &str) -> &'a Check {
    let found = diagnosis.checks.iter().find(|check| check.id == id);
    found.unwrap_or_else(|| panic!("no check {id}"))
}

#[track_caller]
fn session(more: &str, seen: Observation) -> Check {
    check(
        &told(&plan(more), &found(seen), None),
        "principal/reader/session",
    )
    .clone()
}

pub(super) fn allowed() -> Observation {
    seen(Answer::Allowed(Evidence::Succeeded), None, "")
}

#[test]
fn a_refusal_that_names_no_policy_is_mended_on_either_side() {
    let check = session(ALLOWED, refused(None));

    assert_eq!(check.state, State::Problem);
    let permission = check.permission.unwrap();
    assert_eq!(
        (
            permission.who.as_deref(),
            permission.action.as_str(),
            permission.resource.as_str()
        ),
        (
            Some("arn:aws:iam::111122223333:role/ci"),
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/app/reader"
        )
    );
    let mends: Vec<_> = check
        .mends
        .iter()
        .map(|mend| {
            (
                mend.statement.clone().unwrap_or_default().to_string(),
                mend.command.clone().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        mends,
        [
            (
                r#"{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/app/reader"}"#.to_owned(),
                "aws iam put-role-policy --role-name ci --policy-name keyproof-runner --policy-document \
                 \"$(keyproof doctor --policy json --plan 'my plan.yaml')\"".to_owned()
            ),
            (
                r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/ci"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"the plan's external_id"}}}"#.to_owned(),
                String::new()
            ),
            ("null".to_owned(), "aws iam get-role --role-name reader".to_owned()),
            ("null".to_owned(), String::new()),
        ]
    );
}

#[test]
fn a_refusal_that_names_a_policy_is_mended_there() {
    let mends = |policy| -> Vec<String> {
        let mends = session(ALLOWED, refused(Some(policy))).mends;
        mends.into_iter().map(|mend| mend.text).collect()
    };

    assert_eq!(
        mends(PolicyType::IdentityPolicy),
        ["let a policy of the runner (`arn:aws:iam::111122223333:role/ci`) allow it"]
    );
    assert_eq!(
        mends(PolicyType::TrustPolicy),
        [
            "let the trust policy of `arn:aws:iam::111122223333:role/app/reader` name the runner (put the role's path in, if it has one)"
        ]
    );
    assert_eq!(
        mends(PolicyType::Scp),
        ["let the service control policy allow it, which limits what the caller may do"]
    );
}

#[test]
fn a_refusal_that_the_plan_wants_is_well_only_where_the_trust_policy_refused() {
    let state = |seen| session(DENIED, seen).state;

    assert_eq!(state(refused(Some(PolicyType::TrustPolicy))), State::Ok);
    assert_eq!(
        state(refused(Some(PolicyType::IdentityPolicy))),
        State::Problem
    );
    assert_eq!(state(refused(None)), State::Unknown);
    assert_eq!(state(allowed()), State::Ok);
}

#[test]
fn what_could_not_be_asked_is_not_well() {
    for (blindness, code, state) in [
        (Blindness::NoConnection, None, State::Unknown),
        (Blindness::Throttled, Some("Throttling"), State::Unknown),
        (Blindness::Credentials, Some("ExpiredToken"), State::Unknown),
        (Blindness::Other, Some("ValidationError"), State::Problem),
        (Blindness::WrongSession, None, State::Problem),
    ] {
        let check = session(
            ALLOWED,
            seen(Answer::Unknown(blindness.clone()), code, "words"),
        );

        assert_eq!(check.state, state, "{blindness:?}");
        assert_ne!(check.mends, [], "{blindness:?}");
    }
}

#[test]
fn a_session_that_may_not_last_as_long_is_mended_in_numbers() {
    let text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    let seen = seen(
        Answer::Unknown(Blindness::Other),
        Some("ValidationError"),
        text,
    );

    let check = session(ALLOWED, seen);

    assert_eq!(
        check.mends[0].command.as_deref(),
        Some("aws iam update-role --role-name reader --max-session-duration 3600")
    );
}

#[test]
fn a_clock_is_well_up_to_five_minutes() {
    let state = |seconds: &[i64]| {
        let readings = seconds.iter().map(|&ahead_seconds| ClockReading {
            service: Service::Kms,
            ahead_seconds,
        });
        crate::runner::clock(&readings.collect::<Vec<_>>()).state
    };

    assert_eq!(state(&[]), State::Unknown);
    assert_eq!(state(&[0, 2]), State::Ok);
    assert_eq!(state(&[299, -299]), State::Ok);
    assert_eq!(state(&[0, 300]), State::Problem);
    assert_eq!(state(&[-300]), State::Problem);
}

#[test]
fn credentials_that_cant_run_a_plan_are_named() {
    let state = |caller| {
        let mut found = found(allowed());
        found.caller = caller;
        let told = told(&plan(ALLOWED), &found, None);
        check(&told, "runner/identity").state
    };
    let failed =
        |blindness, code| Err(Box::new(seen(Answer::Unknown(blindness), Some(code), "no")));

    let root = "arn:aws:iam::111122223333:root";
    assert_eq!(state(Ok(root.to_owned())), State::Problem);
    assert_eq!(
        state(failed(Blindness::Credentials, "InvalidClientTokenId")),
        State::Problem
    );
    assert_eq!(
        state(failed(Blindness::ServiceFailure, "InternalFailure")),
        State::Unknown
    );
    assert_eq!(
        state(Ok("arn:aws:iam::111122223333:user/me".to_owned())),
        State::Ok
    );
}

#[test]
fn sessions_without_a_policy_of_their_own_are_told_and_no_problem() {
    let mut found = found(allowed());
    let guard = |found: &Examination| {
        let told = told(&plan(ALLOWED), found, None);
        let mut checks = told.checks.into_iter();
        checks
            .find(|check| check.id == "runner/guard")
            .map(|check| check.state)
    };

    assert_eq!(guard(&found), None);
    found.unguarded = true;
    assert_eq!(guard(&found), Some(State::Ok));
}

#[test]
fn an_interval_within_the_table_keys_cache_is_a_problem() {
    let state = |minutes| {
        let told = told(&plan(ALLOWED), &found(allowed()), Some(minutes));
        check(&told, "plan/interval").state
    };

    assert_eq!(state(1), State::Problem);
    assert_eq!(state(5), State::Problem);
    assert_eq!(state(6), State::Ok);
}

#[test]
fn an_exception_that_ended_is_a_problem() {
    let state = |date: &str| {
        let text = format!(
            "{}exceptions:\n  - {{ probe: reader/sts:AssumeRole, reason: r, owner: o, expires: {date} }}\n",
            "
keyproof: plan/v1
name: orders
region: us-east-1
principals: { reader: { role: 'arn:aws:iam::111122223333:role/reader' } }
expectations:
  - { principal: reader, actions: [sts:AssumeRole], decision: allowed }
"
        );
        let plan = Plan::parse(&text).unwrap_or_else(|errors| panic!("{errors:#?}"));
        let told = told(&plan, &found(allowed()), None);
        check(&told, "plan/exception/reader/sts:AssumeRole").state
    };

    assert_eq!(state("2026-09-30"), State::Problem);
    assert_eq!(state("2026-10-01"), State::Ok);
}

#[test]
fn nobody_steers_the_terminal_and_no_secret_is_told() {
    let mut found = found(refused(None));
    found.caller = Ok("arn:aws:sts::111122223333:assumed-role/ci\u{1b}[2J;$(reboot)/s".to_owned());

    let diagnosis = told(&plan(ALLOWED), &found, None);

    let text = render(&diagnosis, false);
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(
        text.contains(r"--role-name 'ci\u{1b}[2J;$(reboot)'"),
        "{text}"
    );
    for told in [text, diagnosis.to_json().unwrap()] {
        assert!(!told.contains("5ecret"), "{told}");
    }
}
