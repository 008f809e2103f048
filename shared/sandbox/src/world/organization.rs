// SPDX-License-Identifier: Apache-2.0
//! The organization that the sandbox's accounts are in, if any.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::policy::StoredPolicy;

/// Service and resource control policies. Without any, the accounts are in no organization.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Organization {
    /// The organization's id: `aws:PrincipalOrgID`, `aws:ResourceOrgID`.
    pub(crate) id: Option<String>,
    /// SCPs of an account by level, root first.
    pub(crate) scps: BTreeMap<String, Vec<Vec<StoredPolicy>>>,
    /// RCPs of an account by level, root first.
    pub(crate) rcps: BTreeMap<String, Vec<Vec<StoredPolicy>>>,
}
