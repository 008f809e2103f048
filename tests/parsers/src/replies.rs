// SPDX-License-Identifier: Apache-2.0
//! What AWS says, or somebody in its place: errors of calls, changes of policies, requests.

use keyproof_core::Service;
use keyproof_plan::Action;
use keyproof_state::{PolicyEvent, RunRequest};
use keyproof_verdict::{Answer, classify, classify_call, classify_cancellation, retryable};

use crate::said;

/// An error of a call, its code on the first line, its message after it: what is no denial by its
/// code is none.
pub(crate) fn refusal(text: &str) -> Vec<String> {
    let (code, message) = text.split_once('\n').unwrap_or((text, ""));
    let (code, message) = (Some(code), Some(message));
    for action in Action::ALL {
        let answer = classify(action, code, message);
        let _ = retryable(&answer, code);
        if matches!(answer, Answer::Denied(_)) {
            let code = code.unwrap_or_default();
            assert!(code.contains("AccessDenied"), "`{code}` is a denial");
        }
        let _ = classify_cancellation(action, &[(code, message), (None, None)]);
    }
    for service in [Service::Sts, Service::Kms, Service::DynamoDb] {
        let _ = classify_call(service, code, message);
    }
    Vec::new()
}

/// A change of a policy, as CloudTrail tells it.
pub(crate) fn event(text: &str) -> Vec<String> {
    let read = serde_json::from_str(text).ok();
    let read = read.map(|value| PolicyEvent::read(&value));
    read.and_then(said).into_iter().collect()
}

/// A request for a run: what is taken is the same when it is read again.
pub(crate) fn request(text: &str) -> Vec<String> {
    let Ok(value) = serde_json::from_str(text) else {
        return Vec::new();
    };
    match RunRequest::read(&value, "invoke") {
        Ok(request) => {
            let written = serde_json::to_value(&request).unwrap();
            let again = RunRequest::read(&written, "invoke");
            assert_eq!(again.unwrap(), request);
            Vec::new()
        }
        Err(error) => vec![error.to_string()],
    }
}
