// SPDX-License-Identifier: Apache-2.0
//! Policies in answers: objects, JSON in a string, or that percent-encoded, as IAM's API gives it.

use keyproof_document::Node;
use keyproof_policy::Grammar;
use keyproof_template::{Attachment, ManagedPolicy, Note, NoteKind, PolicySource, managed};

use crate::Part;
use crate::answer::Given;
use crate::error::{AccountError, AccountProblem};

/// Reads a policy; `of` says whose it is.
pub(crate) fn read(
    given: &Given,
    node: &Node,
    grammar: Grammar,
    of: &str,
) -> Result<PolicySource, AccountError> {
    let wrong = |what: String| {
        let problem =
            AccountProblem::Policy(format!("the policy of `{of}` can't be evaluated: {what}"));
        given.error(node.place, problem)
    };
    let value = match node.as_str() {
        None => node.to_json(),
        Some(text) if text.trim_start().starts_with('%') => {
            let plain =
                decoded(text).ok_or_else(|| wrong("it is no percent-encoded text".to_owned()))?;
            serde_json::from_str(&plain).map_err(|error| wrong(error.to_string()))?
        }
        Some(text) => serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?,
    };
    let mut source = PolicySource::new(value, grammar, node.place, of)
        .map_err(|error| wrong(error.to_string()))?
        .named(of);
    // A policy in a string has one line for all of it.
    let statements = node.get("Statement").and_then(Node::as_sequence);
    for (place, statement) in source
        .statement_places
        .iter_mut()
        .zip(statements.unwrap_or_default())
    {
        *place = statement.place;
    }
    Ok(source)
}

/// The policy in a text of IAM's, percent-encoded or not; none where it is no JSON.
#[must_use]
pub fn policy(text: &str) -> Option<serde_json::Value> {
    let plain = if text.trim_start().starts_with('%') {
        decoded(text)?
    } else {
        text.to_owned()
    };
    serde_json::from_str(&plain).ok()
}

/// RFC 3986, which is how IAM encodes documents.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let value = digit(rest.next()?)? * 16 + digit(rest.next()?)?;
            bytes.push(u8::try_from(value).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// AWS's own managed policies that are attached somewhere and that the export left out.
pub(crate) fn add_aws_managed(parts: &mut [Part]) {
    let known: Vec<String> = parts
        .iter()
        .flat_map(|part| &part.account.managed_policies)
        .map(|policy| policy.arn.clone())
        .collect();
    for part in parts {
        let account = &part.account;
        let roles = account
            .roles
            .iter()
            .map(|one| (&one.managed, &one.boundary));
        let users = account
            .users
            .iter()
            .map(|one| (&one.managed, &one.boundary));
        let groups = account.groups.iter().map(|one| (&one.managed, &None));
        let mut wanted: Vec<Attachment> = roles
            .chain(users)
            .chain(groups)
            .flat_map(|(managed, boundary)| managed.iter().chain(boundary).cloned())
            .filter(|one| !known.contains(&one.arn))
            .collect();
        wanted.sort_by(|left, right| left.arn.cmp(&right.arn));
        wanted.dedup_by(|left, right| left.arn == right.arn);
        for attachment in wanted {
            match aws_managed(&attachment) {
                Some(policy) => part.account.managed_policies.push(policy),
                None => part.account.notes.push(Note {
                    place: attachment.place,
                    logical_id: None,
                    kind: NoteKind::Unknown,
                    text: format!(
                        "the managed policy `{}` is not in the account's documents",
                        attachment.arn
                    ),
                }),
            }
        }
    }
}

fn aws_managed(attachment: &Attachment) -> Option<ManagedPolicy> {
    let arn = attachment.arn.as_str();
    let policy = managed::policy(arn)?;
    let value = serde_json::from_str(&policy.document).ok()?;
    let source = PolicySource::new(value, Grammar::Identity, attachment.place, arn).ok()?;
    Some(ManagedPolicy {
        logical_id: None,
        name: policy.name,
        path: policy.path,
        arn: arn.to_owned(),
        source: source.named(arn),
        place: attachment.place,
    })
}
