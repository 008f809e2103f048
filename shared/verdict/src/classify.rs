// SPDX-License-Identifier: Apache-2.0
//! What an error says about authorisation.
//!
//! Decided by the service's error code, then by the grammar of its message (`sentence`); never by
//! the HTTP status, where models and services differ, and never by searching the message for
//! words. Only the access-denied codes are evidence of a denial. What isn't known is
//! [`Answer::Unknown`].
//!
//! - <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>
//! - <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
//! - <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>

mod code;

#[cfg(test)]
mod tests;

use keyproof_core::Service;
use keyproof_plan::Action;

use crate::sentence::{self, NotAuthorized, Sentence};
use crate::{Answer, Blindness, Denial, Evidence, KeyState};
use code::Meaning;

/// Reads the error that a probe's call came back with.
///
/// `code` is the service's error code, with or without its namespace; `None` where the reply held
/// none, which says nothing whatever the HTTP status was. A call that succeeded, timed out or never
/// reached the service has no error to read: its caller makes the [`Answer`].
///
/// ```
/// use keyproof_core::{PolicyType, Service};
/// use keyproof_plan::Action;
/// use keyproof_verdict::{Answer, classify};
///
/// let message = "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: \
///     User: arn:aws:sts::111122223333:assumed-role/outsider/run is not authorized to perform: \
///     kms:Decrypt on resource: arn:aws:kms:us-east-1:111122223333:key/k because no \
///     resource-based policy allows the kms:Decrypt action";
/// let Answer::Denied(denial) =
///     classify(Action::GetItem, Some("AccessDeniedException"), Some(message))
/// else {
///     panic!("a denial is read as one");
/// };
/// assert_eq!(denial.by, Some(Service::Kms));
/// assert_eq!(denial.policy, Some(PolicyType::ResourcePolicy));
/// ```
#[must_use]
pub fn classify(action: Action, code: Option<&str>, message: Option<&str>) -> Answer {
    let message = message.unwrap_or_default();
    let Some(code) = code.map(code::bare).filter(|code| !code.is_empty()) else {
        return Answer::Unknown(Blindness::Unreadable);
    };
    let meaning = code::meaning(code);
    evidence(action, meaning, message)
        .map_or_else(|| read(action.service(), meaning, message), Answer::Allowed)
}

/// The errors that only an authorised call comes back with.
fn evidence(action: Action, meaning: Meaning, message: &str) -> Option<Evidence> {
    let grant = meaning == Meaning::GrantNotFound
        || (meaning == Meaning::KmsNotFound && names_a_grant(message));
    if meaning == Meaning::DryRun && dry_run(action) {
        Some(Evidence::DryRun)
    } else if meaning == Meaning::ConditionFailed && writes(action) {
        Some(Evidence::ConditionFailed)
    } else if grant && looks_up_grant(action) {
        Some(Evidence::GrantLookedUp)
    } else {
        None
    }
}

/// Reads the error of a call that is no probe: `DescribeTable`, `DescribeKey`, `GetCallerIdentity`,
/// the `AssumeRole` that a session starts with.
#[must_use]
pub fn classify_call(service: Service, code: Option<&str>, message: Option<&str>) -> Answer {
    match code.map(code::bare).filter(|code| !code.is_empty()) {
        Some(code) => read(service, code::meaning(code), message.unwrap_or_default()),
        None => Answer::Unknown(Blindness::Unreadable),
    }
}

/// Reads the cancellation reasons of a `TransactionCanceledException`: code and message of each item.
/// The first that tells something decides; `None` as a code means that the item itself was fine.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html>
#[must_use]
pub fn classify_cancellation(action: Action, reasons: &[(Option<&str>, Option<&str>)]) -> Answer {
    let faults = reasons
        .iter()
        .filter(|(code, _)| code.is_some_and(|code| code != "None"));
    let mut answers = faults.map(|&(code, message)| classify(action, code, message));
    answers
        .next()
        .unwrap_or(Answer::Unknown(Blindness::Unreadable))
}

/// Whether the call is worth sending again: throttled, conflicting with another call, failed in the
/// service, or no answer at all. A denial is an answer; expired credentials stay expired.
#[must_use]
pub fn retryable(answer: &Answer, code: Option<&str>) -> bool {
    match answer {
        Answer::Allowed(_) | Answer::Denied(_) => false,
        // KMS: "You can retry the request".
        Answer::KeyUnusable(_) => code.map(code::bare) == Some("KeyUnavailableException"),
        Answer::Unknown(blindness) => match blindness {
            Blindness::Throttled
            | Blindness::Conflict
            | Blindness::TimedOut
            | Blindness::ServiceFailure
            | Blindness::NoConnection => true,
            Blindness::Deadline
            | Blindness::Interrupted
            | Blindness::Credentials
            | Blindness::NoSession
            | Blindness::WrongSession
            | Blindness::NotRenewed
            | Blindness::NotFound
            | Blindness::OtherCaller
            | Blindness::Guard
            | Blindness::Unreadable
            | Blindness::MayNotLook
            | Blindness::Changing
            | Blindness::Untold(_)
            | Blindness::Other => false,
        },
    }
}

fn read(service: Service, meaning: Meaning, message: &str) -> Answer {
    match meaning {
        Meaning::AccessDenied => denied(service, message),
        Meaning::KeyDisabled => Answer::KeyUnusable(KeyState::Disabled),
        Meaning::KeyUnavailable => Answer::KeyUnusable(KeyState::Unavailable),
        Meaning::KeyInvalidState => Answer::KeyUnusable(key_state(message)),
        Meaning::Validation => validation(service, message),
        Meaning::NotFound | Meaning::KmsNotFound => Answer::Unknown(Blindness::NotFound),
        Meaning::Throttled => Answer::Unknown(Blindness::Throttled),
        Meaning::Conflict => Answer::Unknown(Blindness::Conflict),
        Meaning::Credentials => Answer::Unknown(Blindness::Credentials),
        Meaning::ServiceFailure => Answer::Unknown(Blindness::ServiceFailure),
        Meaning::TimedOut => Answer::Unknown(Blindness::TimedOut),
        // Evidence only for the calls that can give it: see `classify`.
        Meaning::DryRun | Meaning::ConditionFailed | Meaning::GrantNotFound | Meaning::Other => {
            Answer::Unknown(Blindness::Other)
        }
    }
}

/// What DynamoDB puts in front of a denial that KMS gave it.
const THROUGH_DYNAMODB: &str = "KMS key access denied error: ";

fn denied(service: Service, message: &str) -> Answer {
    let through = match service {
        Service::DynamoDb => message.strip_prefix(THROUGH_DYNAMODB),
        Service::Kms | Service::Sts => None,
    };
    if let Some(wrapped) = through {
        let text = sentence::java_exception(wrapped).map_or(wrapped, |(_, text)| text);
        // KMS's own code stands at the end. Another one than a denial is another fault.
        let other = sentence::wrapped_code(text)
            .is_some_and(|code| code::meaning(code) != Meaning::AccessDenied);
        if other {
            return Answer::Unknown(Blindness::Other);
        }
        return Answer::Denied(match sentence::read(text) {
            // DynamoDB says KMS and the sentence says otherwise: nobody can tell.
            Some(Sentence::NotAuthorized(parts))
                if named_service(parts.action) != Some(Service::Kms) =>
            {
                denial(None, parts)
            }
            Some(Sentence::NotAuthorized(parts)) => denial(Some(Service::Kms), parts),
            Some(Sentence::OldCiphertext) | None => unnamed(Some(Service::Kms)),
        });
    }
    Answer::Denied(match sentence::read(message) {
        Some(Sentence::NotAuthorized(parts)) => denial(named_service(parts.action), parts),
        Some(Sentence::OldCiphertext) => unnamed(Some(Service::Kms)),
        // KMS and STS ask nobody else; DynamoDB may have been refused by either.
        None => unnamed(match service {
            Service::Kms | Service::Sts => Some(service),
            Service::DynamoDb => None,
        }),
    })
}

fn denial(by: Option<Service>, parts: NotAuthorized<'_>) -> Denial {
    Denial {
        by,
        policy: parts.reason.policy,
        explicit: parts.reason.explicit,
        user: Some(parts.user.to_owned()),
        action: Some(parts.action.to_owned()),
        resource: parts.resource.map(str::to_owned),
        document: parts.reason.document.map(str::to_owned),
    }
}

fn unnamed(by: Option<Service>) -> Denial {
    Denial {
        by,
        ..Denial::default()
    }
}

fn named_service(action: &str) -> Option<Service> {
    let (prefix, _) = action.split_once(':')?;
    Service::ALL
        .into_iter()
        .find(|service| service.as_str().eq_ignore_ascii_case(prefix))
}

/// DynamoDB reports a key that can't be used as a `ValidationException`, KMS's exception inside.
fn validation(service: Service, message: &str) -> Answer {
    if service != Service::DynamoDb {
        return Answer::Unknown(Blindness::Other);
    }
    if message.starts_with("The table does not have the specified index: ") {
        return Answer::Unknown(Blindness::NotFound);
    }
    if let Some(text) = kms_prefix(message, "KMS key disabled error") {
        return match sentence::java_exception(text) {
            Some((class, rest)) => wrapped(class, rest),
            None => Answer::KeyUnusable(KeyState::Disabled),
        };
    }
    match kms_prefix(message, "KMS validation error").and_then(sentence::java_exception) {
        Some((class, rest)) => wrapped(class, rest),
        None => Answer::Unknown(Blindness::Other),
    }
}

/// `PREFIX: ` or, for a replica, `PREFIX for region us-east-1: `.
fn kms_prefix<'a>(message: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = message.strip_prefix(prefix)?;
    rest.strip_prefix(": ").or_else(|| {
        let (region, rest) = rest.strip_prefix(" for region ")?.split_once(": ")?;
        (!region.contains(' ')).then_some(rest)
    })
}

/// A KMS exception that DynamoDB passes on. `AWSKMSException` stands for any that DynamoDB's own
/// client has no class for; nothing is known of it but that the key wasn't used.
fn wrapped(class: &str, text: &str) -> Answer {
    match code::meaning(class) {
        Meaning::KeyDisabled => Answer::KeyUnusable(KeyState::Disabled),
        Meaning::KeyUnavailable => Answer::KeyUnusable(KeyState::Unavailable),
        Meaning::KeyInvalidState => Answer::KeyUnusable(key_state(text)),
        Meaning::KmsNotFound => Answer::Unknown(Blindness::NotFound),
        Meaning::ServiceFailure => Answer::Unknown(Blindness::ServiceFailure),
        Meaning::Throttled => Answer::Unknown(Blindness::Throttled),
        Meaning::TimedOut => Answer::Unknown(Blindness::TimedOut),
        Meaning::AccessDenied
        | Meaning::Validation
        | Meaning::NotFound
        | Meaning::Conflict
        | Meaning::Credentials
        | Meaning::DryRun
        | Meaning::ConditionFailed
        | Meaning::GrantNotFound
        | Meaning::Other => Answer::Unknown(Blindness::Other),
    }
}

/// `ARN is pending deletion.`, `ARN is pending import.`, `ARN is unavailable.`
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
fn key_state(message: &str) -> KeyState {
    let state = message
        .split_once(' ')
        .and_then(|(_, rest)| rest.strip_prefix("is "));
    match state {
        Some(state) if state.starts_with("pending deletion") => KeyState::PendingDeletion,
        Some(state) if state.starts_with("pending replica deletion") => KeyState::PendingDeletion,
        Some(state) if state.starts_with("disabled") => KeyState::Disabled,
        Some(_) | None => KeyState::Unavailable,
    }
}

/// Whether a `NotFoundException` to a call that names a grant is about the grant. KMS's sentences
/// about a key begin `Key '`, `Alias `, `Invalid keyId` or `Invalid arn`; one that doesn't and that
/// names no KMS ARN is about the grant. Without a sentence nothing is known.
fn names_a_grant(message: &str) -> bool {
    let mut words = message.split_whitespace();
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    let grant = |word: &str| {
        word.get(..5)
            .is_some_and(|start| start.eq_ignore_ascii_case("grant"))
    };
    if grant(first) || (first == "Invalid" && grant(second)) {
        return true;
    }
    let key = matches!(first, "Key" | "Alias" | "Invalid")
        || message
            .split([' ', '\'', '"', '`'])
            .any(|word| word.starts_with("arn:"));
    !first.is_empty() && !key
}

const fn dry_run(action: Action) -> bool {
    matches!(
        action,
        Action::Decrypt
            | Action::Encrypt
            | Action::GenerateDataKey
            | Action::GenerateDataKeyWithoutPlaintext
            | Action::ReEncrypt
            | Action::CreateGrant
            | Action::RevokeGrant
            | Action::RetireGrant
    )
}

const fn writes(action: Action) -> bool {
    matches!(
        action,
        Action::PutItem | Action::UpdateItem | Action::DeleteItem
    )
}

const fn looks_up_grant(action: Action) -> bool {
    matches!(action, Action::RevokeGrant | Action::RetireGrant)
}
