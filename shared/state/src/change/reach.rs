// SPDX-License-Identifier: Apache-2.0
//! What an event touches.

use std::collections::BTreeSet;

use keyproof_core::Arn;

use super::{Reach, Record, text};
use crate::Reference;

/// What the call was about, in every spelling that the record has of it.
pub(super) fn of(record: &Record) -> Reach {
    let parameter = |name: &str| text(&record.request_parameters, name);
    let touched: BTreeSet<Reference> = match record.event_source.as_str() {
        "kms.amazonaws.com" => keys(record).iter().map(|key| Reference::key(key)).collect(),
        "dynamodb.amazonaws.com" => ["tableName", "resourceArn"]
            .into_iter()
            .filter_map(parameter)
            .map(|table| Reference::table(&table))
            .collect(),
        "iam.amazonaws.com" => match (parameter("roleName"), account(record)) {
            (Some(role), Some(account)) => [Reference::role(&account, &role)].into(),
            _ if parameter("policyArn").is_some() => {
                return Reach::Every("a managed policy may be attached to any role");
            }
            _ => BTreeSet::new(),
        },
        "organizations.amazonaws.com" => {
            return Reach::Every("a policy of the organization may hold for any account");
        }
        _ => BTreeSet::new(),
    };
    if touched.is_empty() {
        return Reach::Every("the event doesn't say what it changed");
    }
    Reach::Of(touched)
}

/// The document or resource that was changed, as well as the record names it.
pub(super) fn document(record: &Record) -> Option<String> {
    let parameter = |name: &str| text(&record.request_parameters, name);
    match record.event_source.as_str() {
        "kms.amazonaws.com" => {
            let keys = keys(record);
            let arn = keys.iter().find(|key| key.parse::<Arn>().is_ok());
            arn.or_else(|| keys.first()).cloned()
        }
        "dynamodb.amazonaws.com" => resource_arn(record)
            .or_else(|| parameter("resourceArn"))
            .or_else(|| parameter("tableName")),
        "iam.amazonaws.com" => parameter("policyArn")
            .filter(|_| parameter("roleName").is_none())
            .or_else(|| parameter("roleName")),
        _ => parameter("policyId"),
    }
}

/// Keys and aliases: where the record names its resources, and where the call did. `RetireGrant` has
/// a grant token alone as its parameter, `UpdateAlias` an alias and its new key.
fn keys(record: &Record) -> Vec<String> {
    let resources = record.resources.as_array().into_iter().flatten();
    let resources = resources.filter_map(|resource| text(resource, "ARN"));
    // Other services may be named beside the key.
    let resources = resources.filter(|arn| arn.split(':').nth(2) == Some("kms"));
    let parameters = ["keyId", "aliasName", "targetKeyId", "resourceArn"]
        .into_iter()
        .filter_map(|name| text(&record.request_parameters, name));
    let answered = text(&record.response_elements, "keyId");
    let mut keys: Vec<String> = Vec::new();
    for key in resources.chain(parameters).chain(answered) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

fn resource_arn(record: &Record) -> Option<String> {
    record
        .resources
        .as_array()?
        .iter()
        .find_map(|resource| text(resource, "ARN"))
}

/// The account whose role it is: the one that the record was delivered to.
fn account(record: &Record) -> Option<String> {
    record
        .recipient_account_id
        .clone()
        .or_else(|| text(&record.user_identity, "accountId"))
}
