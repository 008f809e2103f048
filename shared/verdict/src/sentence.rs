// SPDX-License-Identifier: Apache-2.0
//! The grammar of AWS's access-denied sentence, read from left to right.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
//!
//! Nothing here searches a message for words: a role may be called `kms-key-access-denied`, and a
//! table `because`. Every part is read where the grammar puts it, and what the grammar doesn't
//! admit is unreadable. What follows the part that was read is ignored, as AWS adds to the end of
//! its messages: a policy ARN, a link, the wrapped exception's service and request id.

#[cfg(test)]
mod tests;

use keyproof_core::{Arn, PolicyType};

/// A denial sentence, taken apart. The texts are slices of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sentence<'a> {
    /// `User: … is not authorized to perform: …`
    NotAuthorized(NotAuthorized<'a>),
    /// `The ciphertext refers to a customer master key that does not exist, …`: the sentence that
    /// KMS had before denials said why.
    OldCiphertext,
}

/// The parts of `User: USER is not authorized to perform: ACTION on resource: RESOURCE REASON`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAuthorized<'a> {
    /// The caller's ARN.
    pub(crate) user: &'a str,
    /// The action, such as `kms:Decrypt`.
    pub(crate) action: &'a str,
    /// The resource's ARN, where the sentence names one.
    pub(crate) resource: Option<&'a str>,
    /// Why.
    pub(crate) reason: Reason<'a>,
}

/// Why the sentence says that the call was denied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reason<'a> {
    /// The policy type, where one is named that we know.
    pub(crate) policy: Option<PolicyType>,
    /// Whether by an explicit deny, where the sentence tells.
    pub(crate) explicit: Option<bool>,
    /// The ARN of the policy that denied, where the sentence carries it.
    pub(crate) document: Option<&'a str>,
}

/// AWS's names for the policy types. Longer names first where one begins another.
const POLICY_TYPES: [(&str, PolicyType); 10] = [
    ("identity-based policy", PolicyType::IdentityPolicy),
    ("resource-based policy", PolicyType::ResourcePolicy),
    ("permissions boundary", PolicyType::PermissionsBoundary),
    ("sessions policy", PolicyType::SessionPolicy),
    ("session policy", PolicyType::SessionPolicy),
    ("service control policy", PolicyType::Scp),
    ("resource control policy", PolicyType::Rcp),
    ("VPC endpoint policy", PolicyType::VpcEndpointPolicy),
    ("role trust policy", PolicyType::TrustPolicy),
    ("trust policy", PolicyType::TrustPolicy),
];

const OLD_CIPHERTEXT: &str = "The ciphertext refers to a customer master key that does not exist, does not exist in this \
     region, or you are not allowed to access";

const VERB: &str = " is not authorized to perform: ";

/// Reads a denial sentence that starts where `text` starts.
pub(crate) fn read(text: &str) -> Option<Sentence<'_>> {
    if text.starts_with(OLD_CIPHERTEXT) {
        return Some(Sentence::OldCiphertext);
    }
    let rest = text.strip_prefix("User: ")?;
    let (user, rest) = token(rest);
    let _: Arn = user.parse().ok()?;
    let rest = rest.strip_prefix(VERB)?;
    // IAM admits no name that could hold a second sentence. Where there is one, nobody can tell
    // which of the two is AWS's.
    (!rest.contains(VERB)).then_some(())?;
    let (action, rest) = token(rest);
    is_action(action).then_some(())?;
    let (resource, rest) = resource(rest);
    Some(Sentence::NotAuthorized(NotAuthorized {
        user,
        action,
        resource,
        reason: reason(rest),
    }))
}

/// The text up to the next space, and the rest from that space on. ARNs and actions hold no spaces:
/// IAM admits letters, digits and `+=,.@-_` in names, and no space in paths.
fn token(text: &str) -> (&str, &str) {
    text.split_at_checked(text.find(' ').unwrap_or(text.len()))
        .unwrap_or((text, ""))
}

/// `SERVICE:NAME`, both of letters and digits.
fn is_action(text: &str) -> bool {
    let name = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.split_once(':')
        .is_some_and(|(service, action)| name(service) && name(action))
}

/// ` on resource: ARN`, ` on this resource`, ` on the resource associated with this ciphertext`, or
/// nothing. Gives what follows, from its space on.
fn resource(text: &str) -> (Option<&str>, &str) {
    if let Some(rest) = text.strip_prefix(" on resource: ") {
        let (arn, rest) = token(rest);
        return (Some(arn).filter(|arn| arn.parse::<Arn>().is_ok()), rest);
    }
    let unnamed = [
        " on this resource",
        " on the resource associated with this ciphertext",
    ];
    (
        None,
        unnamed
            .iter()
            .find_map(|phrase| text.strip_prefix(phrase))
            .unwrap_or(text),
    )
}

/// ` because no X allows the ACTION action` or ` with an explicit deny in a X: POLICY-ARN`. Any
/// other reason says nothing: KMS's sentence for a key of another account names three at once.
fn reason(text: &str) -> Reason<'_> {
    if let Some(rest) = text.strip_prefix(" because no ") {
        let Some((policy, rest)) = policy_type(rest) else {
            return Reason::default();
        };
        if rest.starts_with(" allows") {
            return Reason {
                policy: Some(policy),
                explicit: Some(false),
                document: None,
            };
        }
        return Reason::default();
    }
    let Some(rest) = text.strip_prefix(" with an explicit deny in ") else {
        return Reason::default();
    };
    let articles = ["an ", "a ", "the "];
    let rest = articles
        .iter()
        .find_map(|article| rest.strip_prefix(article))
        .unwrap_or(rest);
    match policy_type(rest) {
        Some((policy, rest)) => Reason {
            policy: Some(policy),
            explicit: Some(true),
            document: rest
                .strip_prefix(": ")
                .map(|rest| token(rest).0.trim_end_matches(['.', ',', ';', ')']))
                .filter(|arn| arn.parse::<Arn>().is_ok()),
        },
        None => Reason {
            policy: None,
            explicit: Some(true),
            document: None,
        },
    }
}

/// The policy type whose name `text` starts with, and what follows the name.
fn policy_type(text: &str) -> Option<(PolicyType, &str)> {
    POLICY_TYPES.iter().find_map(|&(name, policy)| {
        let rest = text.strip_prefix(name)?;
        let ends = !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-');
        ends.then_some((policy, rest))
    })
}

/// A `com.amazonaws.services.kms.model.NotFoundException: ` at the start: the exception's own name,
/// and the text after it.
pub(crate) fn java_exception(text: &str) -> Option<(&str, &str)> {
    let (class, rest) = text.split_once(": ")?;
    let dotted = class.split('.').all(|part| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    let name = class.rsplit_once('.')?.1;
    (dotted && name.ends_with("Exception")).then_some((name, rest))
}

/// The error code in a wrapped exception's ` (Service: AWSKMS; Status Code: 400; Error Code: X; …)`.
pub(crate) fn wrapped_code(text: &str) -> Option<&str> {
    let (_, fields) = text.split_once(" (Service: ")?;
    let fields = fields.split([';', ')']);
    fields
        .map(str::trim)
        .find_map(|field| field.strip_prefix("Error Code: "))
}
