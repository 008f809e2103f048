// SPDX-License-Identifier: Apache-2.0
//! A grant as a key keeps it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::secret::{self, Secret};

/// A grant on a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredGrant {
    pub(crate) id: String,
    #[serde(with = "secret::saved")]
    pub(crate) token: Secret,
    pub(crate) name: Option<String>,
    pub(crate) grantee: String,
    pub(crate) retiring: Option<String>,
    pub(crate) operations: Vec<String>,
    pub(crate) subset: Option<BTreeMap<String, String>>,
    pub(crate) equals: Option<BTreeMap<String, String>>,
    /// The root ARN of the account whose caller made the grant.
    pub(crate) issuing_account: String,
    pub(crate) created: Timestamp,
    /// When calls without the grant's token begin to see it.
    pub(crate) effective: Timestamp,
    /// When the grant was revoked or retired, if calls may still see it until `gone`.
    pub(crate) gone: Option<Timestamp>,
}

impl StoredGrant {
    /// Whether a call sees the grant.
    pub(crate) fn seen(&self, now: Timestamp, tokens: &[String]) -> bool {
        match self.gone {
            Some(gone) => now < gone,
            None => {
                self.effective <= now || tokens.iter().any(|token| token == self.token.expose())
            }
        }
    }

    /// Whether it still stands in lists.
    pub(crate) fn listed(&self) -> bool {
        self.gone.is_none()
    }

    /// The grant as the policy engine knows it.
    pub(crate) fn to_policy(&self) -> keyproof_policy::Grant {
        let pairs = |context: &BTreeMap<String, String>| {
            context
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect::<Vec<_>>()
        };
        let mut grant = keyproof_policy::Grant::new(self.grantee.clone(), self.operations.clone());
        grant.encryption_context_subset = self.subset.as_ref().map(pairs).unwrap_or_default();
        grant.encryption_context_equals = self.equals.as_ref().map(pairs).unwrap_or_default();
        grant.retiring_principal.clone_from(&self.retiring);
        grant.id = Some(self.id.as_str().into());
        grant
    }
}
