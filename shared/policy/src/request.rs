// SPDX-License-Identifier: Apache-2.0
//! One call to authorise.

#[cfg(test)]
mod tests;

use keyproof_core::AccountId;

use crate::arn_pattern::Fields;
use crate::{Context, Principal, PrincipalKind};

/// Who wants to do what to what.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The caller.
    pub principal: Principal,
    /// The action, such as `kms:Decrypt`. Case doesn't matter.
    pub action: String,
    /// The resource's ARN, or `*` for an action on none.
    pub resource: String,
    /// The account that owns the resource; for ARNs that name none, as S3's. `None`: the ARN's,
    /// else the caller's own.
    pub resource_account: Option<AccountId>,
    /// What else is known.
    pub context: Context,
}

impl Request {
    /// A request without context.
    #[must_use]
    pub fn new(
        principal: Principal,
        action: impl Into<String>,
        resource: impl Into<String>,
    ) -> Self {
        let resource = resource.into();
        let resource_account = Fields::new(&resource).account().parse().ok();
        Self {
            principal,
            action: action.into(),
            resource,
            resource_account,
            context: Context::new(),
        }
    }

    /// The same request with this context.
    #[must_use]
    pub fn with_context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Fills in what AWS derives from the caller and the resource, where it is not set yet:
    /// `aws:PrincipalArn`, `aws:PrincipalAccount`, `aws:PrincipalType`, `aws:username`,
    /// `aws:PrincipalIsAWSService`, `aws:PrincipalServiceName`, `aws:ViaAWSService`,
    /// `aws:ResourceAccount`, and `kms:CallerAccount` for KMS.
    ///
    /// [`evaluate`](crate::evaluate) itself never invents a key.
    #[must_use]
    pub fn with_derived_context(mut self) -> Self {
        let kind = self.principal.kind();
        let mut derived: Vec<(&str, String)> = Vec::new();
        if let Some(account) = self.principal.account() {
            derived.push(("aws:PrincipalAccount", account.to_owned()));
            if self.service().eq_ignore_ascii_case("kms") {
                derived.push(("kms:CallerAccount", account.to_owned()));
            }
        }
        let named = match kind {
            PrincipalKind::User => Some("User"),
            PrincipalKind::Root => Some("Account"),
            PrincipalKind::Role | PrincipalKind::RoleSession => Some("AssumedRole"),
            PrincipalKind::FederatedUser => Some("FederatedUser"),
            PrincipalKind::Anonymous => Some("Anonymous"),
            PrincipalKind::Service | PrincipalKind::Federated => None,
        };
        if let Some(named) = named {
            derived.push(("aws:PrincipalType", named.to_owned()));
        }
        match kind {
            PrincipalKind::Role | PrincipalKind::RoleSession => {
                if let Some(role) = self.principal.role_arn() {
                    derived.push(("aws:PrincipalArn", role.to_owned()));
                }
            }
            PrincipalKind::User | PrincipalKind::Root | PrincipalKind::FederatedUser => {
                derived.push(("aws:PrincipalArn", self.principal.arn().to_owned()));
            }
            PrincipalKind::Service => {
                derived.push(("aws:PrincipalServiceName", self.principal.arn().to_owned()));
            }
            PrincipalKind::Federated | PrincipalKind::Anonymous => {}
        }
        if kind == PrincipalKind::User
            && let Some(name) = self.principal.arn().rsplit('/').next()
        {
            derived.push(("aws:username", name.to_owned()));
        }
        if kind != PrincipalKind::Anonymous {
            let service = kind == PrincipalKind::Service;
            derived.push(("aws:PrincipalIsAWSService", service.to_string()));
        }
        derived.push(("aws:ViaAWSService", "false".to_owned()));
        if let Some(account) = &self.resource_account {
            derived.push(("aws:ResourceAccount", account.as_str().to_owned()));
        }
        for (key, value) in derived {
            if !self.context.contains(key) {
                self.context.set(key, value);
            }
        }
        self
    }

    /// The action's service prefix.
    pub(crate) fn service(&self) -> &str {
        self.action
            .split_once(':')
            .map_or("", |(service, _)| service)
    }

    /// The action without its service prefix.
    pub(crate) fn operation(&self) -> &str {
        self.action
            .split_once(':')
            .map_or(self.action.as_str(), |(_, operation)| operation)
    }

    /// Whether this asks to become a role, so that the resource's policy is a trust policy.
    pub(crate) fn is_for_role_trust(&self) -> bool {
        let fields = Fields::new(&self.resource);
        self.service().eq_ignore_ascii_case("sts")
            && fields.service() == "iam"
            && fields.resource().starts_with("role/")
    }
}
