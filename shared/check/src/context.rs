// SPDX-License-Identifier: Apache-2.0
//! The `aws:` condition keys of a call: those that are known, and those that nobody can know before
//! the call is made.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use keyproof_policy::{Context, ContextValue};

/// What depends on where the call comes from, on ids that AWS gives at deployment, or on an
/// organization that no template names.
const UNKNOWN: [&str; 7] = [
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:Referer",
    "aws:UserAgent",
    "aws:userid",
];

/// The network that the call comes over. A service that calls for somebody comes over none of the
/// caller's.
const UNKNOWN_NETWORK: [&str; 4] = [
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:VpcSourceIp",
];

/// What all calls of one evaluation share.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) now: Timestamp,
    pub(crate) region: &'a str,
    /// Keys that the user tells.
    pub(crate) told: &'a BTreeMap<String, String>,
}

impl Surroundings<'_> {
    /// Adds the keys of one request. `via` is the service that makes it in the caller's name.
    pub(crate) fn describe(&self, context: &mut Context, via: Option<&str>) {
        let now = self.now.to_string();
        context.set("aws:CurrentTime", now.as_str());
        context.set("aws:EpochTime", self.now.as_second().to_string());
        if context.get("aws:PrincipalType").is_some_and(|kind| {
            kind.as_slice()
                .first()
                .is_some_and(|kind| kind == "AssumedRole")
        }) {
            context.set("aws:TokenIssueTime", now);
        }
        context.set("aws:RequestedRegion", self.region);
        context.set("aws:SecureTransport", "true");
        for key in UNKNOWN {
            context.set_unknown(key);
        }
        if let Some(service) = via {
            let service = format!("{service}.amazonaws.com");
            context.set("aws:ViaAWSService", "true");
            context.set("aws:CalledVia", vec![service.clone()]);
            context.set("aws:CalledViaFirst", service.as_str());
            context.set("aws:CalledViaLast", service);
        } else {
            context.set("aws:ViaAWSService", "false");
            for key in UNKNOWN_NETWORK {
                context.set_unknown(key);
            }
        }
        for (key, value) in self.told {
            let of_network = UNKNOWN_NETWORK
                .iter()
                .any(|one| one.eq_ignore_ascii_case(key));
            if via.is_none() || !of_network {
                put(context, key, vec![value.clone()]);
            }
        }
    }
}

/// Sets a key that has any value.
pub(crate) fn put(context: &mut Context, key: &str, values: Vec<String>) {
    if !values.is_empty() {
        context.set(key, ContextValue::of(key, values));
    }
}
