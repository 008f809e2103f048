// SPDX-License-Identifier: Apache-2.0
//! Classification. The corpus is `shared/verdict/cases/*.json`, one error a file: to add a case, add
//! a file with `description`, `origin` (an AWS page, a recorded call, or `invented`), `action`,
//! `code`, `message` and the whole `answer`.

use std::path::Path;

use keyproof_core::Service;
use keyproof_plan::Action;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    Answer, Blindness, Denial, Evidence, KeyState, classify, classify_call, classify_cancellation,
    retryable,
};

/// An answer in the corpus's words.
fn words(answer: &Answer) -> Value {
    match answer {
        Answer::Allowed(evidence) => json!({ "allowed": match evidence {
            Evidence::Canary => "canary",
            Evidence::CanaryMissing => "canary_missing",
            Evidence::CanaryAltered { .. } => "canary_altered",
            Evidence::DryRun => "dry_run",
            Evidence::ConditionFailed => "condition_failed",
            Evidence::Succeeded => "succeeded",
            Evidence::Evaluated => "evaluated",
            Evidence::GrantLookedUp => "grant_looked_up",
            Evidence::Unproven => "unproven",
        }}),
        Answer::Denied(Denial {
            by,
            policy,
            explicit,
            user,
            action,
            resource,
            document,
        }) => {
            json!({ "denied": {
                "by": by, "policy": policy, "explicit": explicit, "user": user,
                "action": action, "resource": resource, "document": document,
            }})
        }
        Answer::KeyUnusable(state) => json!({ "key_unusable": match state {
            KeyState::Enabled => "enabled",
            KeyState::Disabled => "disabled",
            KeyState::PendingDeletion => "pending_deletion",
            KeyState::Unavailable => "unavailable",
        }}),
        Answer::Unknown(blindness) => json!({ "unknown": match blindness {
            Blindness::Throttled => "throttled",
            Blindness::Conflict => "conflict",
            Blindness::TimedOut => "timed_out",
            Blindness::Deadline => "deadline",
            Blindness::ServiceFailure => "service_failure",
            Blindness::NoConnection => "no_connection",
            Blindness::Credentials => "credentials",
            Blindness::NoSession => "no_session",
            Blindness::WrongSession => "wrong_session",
            Blindness::NotRenewed => "not_renewed",
            Blindness::NotFound => "not_found",
            Blindness::OtherCaller => "other_caller",
            Blindness::Interrupted => "interrupted",
            Blindness::Guard => "guard",
            Blindness::Unreadable => "unreadable",
            Blindness::MayNotLook => "may_not_look",
            Blindness::Changing => "changing",
            Blindness::Untold(_) => "untold",
            Blindness::Other => "other",
        }}),
    }
}

fn action_named(name: &str) -> Action {
    let found = Action::ALL
        .into_iter()
        .find(|action| action.as_str() == name);
    found.unwrap_or_else(|| panic!("the corpus names `{name}`, which is no action"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the corpus is files; the crate itself reads none"
)]
fn corpus() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut cases: Vec<(String, Value)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (
                path.display().to_string(),
                serde_json::from_str(&text).unwrap(),
            )
        })
        .collect();
    cases.sort_by(|left, right| left.0.cmp(&right.0));
    cases
}

#[test]
fn every_error_of_the_corpus_is_read_as_its_file_says() {
    let cases = corpus();

    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(path, case)| {
            let action = action_named(case["action"].as_str().unwrap());
            let answer = classify(action, case["code"].as_str(), case["message"].as_str());
            let read = words(&answer);
            (read != case["answer"]).then(|| {
                format!(
                    "{path}\n  {}\n  expected {}\n  read     {read}",
                    case["description"], case["answer"]
                )
            })
        })
        .collect();

    assert!(cases.len() > 150, "only {} cases were found", cases.len());
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_case_of_the_corpus_says_where_it_is_from() {
    for (path, case) in corpus() {
        let origin = case["origin"].as_str().unwrap_or_default();
        let known = origin.starts_with("https://docs.aws.amazon.com/")
            || origin == "seen on the wire, told in public issues"
            || origin == "invented";

        assert!(
            known && case["description"].is_string(),
            "{path}: origin `{origin}`"
        );
    }
}

#[test]
fn a_call_that_is_no_probe_is_read_by_its_service() {
    let disabled = classify_call(Service::Kms, Some("DisabledException"), None);
    let refused = classify_call(Service::DynamoDb, Some("AccessDeniedException"), None);
    let grant = classify_call(
        Service::Kms,
        Some("NotFoundException"),
        Some("Grant not found"),
    );

    assert_eq!(disabled, Answer::KeyUnusable(KeyState::Disabled));
    assert_eq!(refused, Answer::Denied(Denial::default()));
    assert_eq!(grant, Answer::Unknown(Blindness::NotFound));
    assert_eq!(
        classify_call(Service::Sts, None, None),
        Answer::Unknown(Blindness::Unreadable)
    );
}

#[test]
fn a_cancelled_transaction_is_read_by_its_first_reason_that_tells() {
    let action = Action::TransactGetItems;
    let fine = (Some("None"), None);

    let throttled = classify_cancellation(action, &[fine, (Some("ThrottlingError"), None)]);
    let silent = classify_cancellation(action, &[fine, fine]);

    assert_eq!(throttled, Answer::Unknown(Blindness::Throttled));
    assert_eq!(silent, Answer::Unknown(Blindness::Unreadable));
}

#[test]
fn only_what_may_answer_another_time_is_sent_again() {
    let read = |code| {
        let answer = classify(Action::Decrypt, Some(code), None);
        retryable(&answer, Some(code))
    };

    let again = [
        "ThrottlingException",
        "KMSInternalException",
        "DependencyTimeoutException",
        "KeyUnavailableException",
        "TransactionConflictException",
    ];
    let never = [
        "AccessDeniedException",
        "ExpiredTokenException",
        "DisabledException",
        "NotFoundException",
        "DryRunOperationException",
        "ValidationException",
    ];
    assert!(again.into_iter().all(read));
    assert!(!never.into_iter().any(read));
    assert!(retryable(&Answer::Unknown(Blindness::NoConnection), None));
    assert!(!retryable(&Answer::Unknown(Blindness::Deadline), None));
}

const CODES: &str = "AccessDeniedException|AccessDenied|ValidationException|NotFoundException|\
                     KMSInvalidStateException|InternalServerError|[A-Za-z#:]{0,20}";

/// Texts that nearly follow the grammar, cut and mixed.
fn message() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("KMS key access denied error: ".to_owned()),
        Just("KMS key disabled error: ".to_owned()),
        Just("KMS validation error for region ".to_owned()),
        Just("com.amazonaws.services.kms.model.NotFoundException: ".to_owned()),
        Just("User: ".to_owned()),
        Just("arn:aws:sts::111122223333:assumed-role/r/s".to_owned()),
        Just(" is not authorized to perform: ".to_owned()),
        Just("kms:Decrypt".to_owned()),
        Just(" on resource: ".to_owned()),
        Just(" because no ".to_owned()),
        Just(" with an explicit deny in a ".to_owned()),
        Just("resource-based policy".to_owned()),
        Just(" allows the kms:Decrypt action".to_owned()),
        Just(" (Service: AWSKMS; Error Code: ".to_owned()),
        any::<String>(),
    ];
    proptest::collection::vec(part, 0..10).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_error_makes_the_reader_stumble(
        index in 0..Action::ALL.len(),
        code in proptest::option::of(CODES),
        message in proptest::option::of(message()),
    ) {
        let answer = classify(Action::ALL[index], code.as_deref(), message.as_deref());
        let _ = retryable(&answer, code.as_deref());
    }

    #[test]
    fn only_the_access_denied_codes_are_denials(
        index in 0..Action::ALL.len(),
        code in CODES,
        message in message(),
    ) {
        let answer = classify(Action::ALL[index], Some(&code), Some(&message));
        let family = ["AccessDenied", "AccessDeniedException"].contains(&super::code::bare(&code));
        if matches!(answer, Answer::Denied(_)) {
            prop_assert!(family, "{code}");
        }
    }

    #[test]
    fn what_follows_a_denial_never_changes_who_refused(tail in "[^A-Za-z0-9: -].*") {
        let sentence = "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: \
            User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: kms:Decrypt \
            on resource: arn:aws:kms:us-east-1:111122223333:key/k because no resource-based policy \
            allows the kms:Decrypt action";
        let code = Some("AccessDeniedException");
        let plain = classify(Action::GetItem, code, Some(sentence));
        let grown = classify(Action::GetItem, code, Some(&format!("{sentence}{tail}")));
        prop_assert_eq!(plain, grown);
    }
}
