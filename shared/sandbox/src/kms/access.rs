// SPDX-License-Identifier: Apache-2.0
//! Whether a caller may use a key: its policy, the caller's policies, its grants.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>

use std::collections::BTreeMap;

use keyproof_core::PolicyType;

use super::resolve::{Named, hidden};
use super::{Key, KeyManager};
use crate::authorize::{Access, Decided};
use crate::caller::Call;
use crate::error::AwsError;
use crate::policy::StoredPolicy;
use crate::world::World;

/// A use of a key that has to be allowed.
#[derive(Debug, Default)]
pub(super) struct KeyAccess<'a> {
    /// The operation without `kms:`.
    pub(super) operation: &'a str,
    /// The alias that the request named.
    pub(super) alias: Option<&'a str>,
    /// The encryption context, for the operations that have one.
    pub(super) encryption_context: Option<&'a BTreeMap<String, String>>,
    /// Grant tokens of the request.
    pub(super) tokens: &'a [String],
    /// The grant that is to be retired: no other grant says who may.
    pub(super) retired: Option<&'a str>,
    /// The service that calls in the caller's name.
    pub(super) via: Option<&'a str>,
    /// A policy to ask in place of the key's own.
    pub(super) policy: Option<&'a StoredPolicy>,
    /// Further condition keys.
    pub(super) context: Vec<(String, Vec<String>)>,
}

impl<'a> KeyAccess<'a> {
    /// An operation on a key that was named somehow.
    pub(super) fn new(operation: &'a str, named: &'a Named) -> Self {
        Self {
            operation,
            alias: named.alias.as_deref(),
            ..Self::default()
        }
    }

    /// The same for an operation on grants that nobody calls in somebody's name.
    /// `kms:GrantIsForAWSResource` says whether an AWS service does, not whom the grant is for.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/grant-authorization.html>
    pub(super) fn on_grants(operation: &'a str, named: &'a Named) -> Self {
        Self::new(operation, named).with("kms:GrantIsForAWSResource", ["false".to_owned()])
    }

    /// Adds a condition key.
    pub(super) fn with(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.context
            .push((key.to_owned(), values.into_iter().collect()));
        self
    }
}

impl World {
    /// Decides about a key, and words a refusal as KMS does.
    pub(super) fn authorize_key(
        &self,
        call: &Call,
        key: &Key,
        access: KeyAccess<'_>,
    ) -> Result<Decided, AwsError> {
        let operation = access.operation.to_owned();
        let decided = self.decide_key(call, key, access)?;
        if decided.decision.is_allowed() {
            return Ok(decided);
        }
        // A stranger is not told whether the key exists.
        let stranger =
            key.account != call.caller.account && decided.decision.by == PolicyType::ResourcePolicy;
        if stranger {
            return Err(hidden(call, &operation));
        }
        Err(AwsError::access_denied("kms:", decided.sentence()))
    }

    /// Decides about a key.
    pub(super) fn decide_key(
        &self,
        call: &Call,
        key: &Key,
        access: KeyAccess<'_>,
    ) -> Result<Decided, AwsError> {
        let action = format!("kms:{}", access.operation);
        let mut wanted =
            Access::new(&action, &key.arn).policy(Some(access.policy.unwrap_or(&key.policy)));
        wanted.via = access.via;
        wanted.aws_managed = key.manager == KeyManager::Aws;
        wanted.grants = key
            .grants
            .iter()
            .filter(|grant| match access.retired {
                // Also while calls don't see it yet.
                Some(id) => grant.listed() && grant.id == id,
                None => grant.seen(call.now, access.tokens),
            })
            .map(super::StoredGrant::to_policy)
            .collect();
        let one = |value: &str| [value.to_owned()];
        wanted = wanted
            .with("kms:CallerAccount", one(&call.caller.account))
            .with("kms:KeySpec", one("SYMMETRIC_DEFAULT"))
            .with("kms:KeyUsage", one("ENCRYPT_DECRYPT"))
            .with("kms:KeyOrigin", one("AWS_KMS"))
            .with(
                "kms:MultiRegion",
                one(if key.multi_region { "true" } else { "false" }),
            );
        if let Some(service) = access.via {
            wanted = wanted.with(
                "kms:ViaService",
                one(&format!("{service}.{}.amazonaws.com", call.region)),
            );
        }
        if let Some(alias) = access.alias {
            wanted = wanted.with("kms:RequestAlias", one(alias));
        }
        let aliases = self.aliases_of(&key.region, &key.account, &key.id);
        if !aliases.is_empty() {
            wanted = wanted.with("kms:ResourceAliases", aliases);
        }
        if let Some(context) = access.encryption_context {
            // A grant's constraints are matched by the same keys, but nothing is encrypted yet.
            if !access.operation.ends_with("Grant") {
                wanted = wanted.with("kms:EncryptionAlgorithm", one("SYMMETRIC_DEFAULT"));
            }
            if !context.is_empty() {
                wanted = wanted.with("kms:EncryptionContextKeys", context.keys().cloned());
            }
            for (name, value) in context {
                wanted = wanted.with(format!("kms:EncryptionContext:{name}"), one(value));
            }
        }
        for (name, value) in &key.tags {
            wanted = wanted.with(format!("aws:ResourceTag/{name}"), one(value));
        }
        wanted.context.extend(access.context);
        self.decide(call, &wanted)
    }

    /// Decides about an operation on no key: `CreateKey`, `ListKeys`, `ListAliases`.
    pub(super) fn authorize_keyless(
        &self,
        call: &Call,
        action: &str,
        context: Vec<(String, Vec<String>)>,
    ) -> Result<(), AwsError> {
        let mut access = Access::new(action, "*");
        access.context = context;
        access.context.push((
            "kms:CallerAccount".to_owned(),
            vec![call.caller.account.clone()],
        ));
        self.authorize(call, &access)
    }
}
