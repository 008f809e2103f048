// SPDX-License-Identifier: Apache-2.0
//! The documents of the managed policies that something refers to.

use keyproof_document::Place;

use super::Draft;
use crate::account::Account;
use crate::note::{Note, NoteKind};

/// Adds AWS's managed policies that are attached or bound somewhere, and notes those whose
/// document nobody knows.
pub(super) fn add(draft: &mut Draft<'_, '_>) {
    let mut wanted: Vec<(String, String, Place)> = Vec::new();
    for (arn, logical_id, place) in references(&draft.account) {
        let known = draft.account.managed_policy(&arn).is_some();
        if !known && !wanted.iter().any(|(other, ..)| *other == arn) {
            wanted.push((arn, logical_id, place));
        }
    }
    for (arn, logical_id, place) in wanted {
        let missing = match document(&arn, place) {
            Ok(policy) => {
                draft.account.managed_policies.push(policy);
                continue;
            }
            Err(missing) => missing,
        };
        let text = format!("the managed policy `{arn}` {missing}");
        let (kind, logical_id) = (NoteKind::Unknown, Some(logical_id));
        draft.resolver.notes.push(Note {
            place,
            logical_id,
            kind,
            text,
        });
    }
}

fn references(account: &Account) -> Vec<(String, String, Place)> {
    let roles = account
        .roles
        .iter()
        .map(|one| (&one.logical_id, &one.managed, &one.boundary));
    let users = account
        .users
        .iter()
        .map(|one| (&one.logical_id, &one.managed, &one.boundary));
    let groups = account
        .groups
        .iter()
        .map(|one| (&one.logical_id, &one.managed, &None));
    roles
        .chain(users)
        .chain(groups)
        .flat_map(|(logical_id, managed, boundary)| {
            let all = managed.iter().chain(boundary);
            all.map(|one| (one.arn.clone(), logical_id.clone(), one.place))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(feature = "managed-policies")]
fn document(arn: &str, place: Place) -> Result<crate::ManagedPolicy, String> {
    use keyproof_policy::Grammar;

    if !arn.contains(":iam::aws:policy/") {
        return Err("is not of this template".to_owned());
    }
    let Some(policy) = crate::managed::policy(arn) else {
        let (_, name) = arn.rsplit_once('/').unwrap_or(("", arn));
        let names = crate::managed::names();
        let names = names.iter().map(|(name, _)| name.as_str());
        let suggestion = crate::error::Suggestion::nearest(name, names);
        return Err(format!(
            "is not among those of AWS known here, as of {}{suggestion}",
            crate::managed::AS_OF
        ));
    };
    let value = serde_json::from_str(&policy.document)
        .map_err(|error| format!("cannot be read: {error}"))?;
    let source = crate::PolicySource::new(value, Grammar::Identity, place, arn)
        .map_err(|error| format!("cannot be read: {error}"))?
        .named(arn);
    Ok(crate::ManagedPolicy {
        logical_id: None,
        name: policy.name,
        path: policy.path,
        arn: arn.to_owned(),
        source,
        place,
    })
}

#[cfg(not(feature = "managed-policies"))]
fn document(arn: &str, _: Place) -> Result<crate::ManagedPolicy, String> {
    Err(if arn.contains(":iam::aws:policy/") {
        "is AWS's, and this build of keyproof does not hold its document".to_owned()
    } else {
        "is not of this template".to_owned()
    })
}
