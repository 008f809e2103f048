// SPDX-License-Identifier: Apache-2.0
//! Who calls.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use keyproof_core::{Arn, RoleArn};
use thiserror::Error;

/// What kind of caller it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// An IAM user.
    User,
    /// An account's root user.
    Root,
    /// A role, no particular session of it.
    Role,
    /// A session of a role.
    RoleSession,
    /// A session made by `GetFederationToken`.
    FederatedUser,
    /// A web identity or SAML provider's user who has no AWS credentials yet.
    Federated,
    /// An AWS service by its own name.
    Service,
    /// Nobody in particular: an unsigned request.
    Anonymous,
}

/// The caller of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    kind: PrincipalKind,
    arn: Arc<str>,
    account: Option<Arc<str>>,
    role: Option<Role>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Role {
    name: Arc<str>,
    /// With the path if it is known; else as if there were none.
    arn: Arc<str>,
    path_known: bool,
}

/// A text that names no caller.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` names no caller; expected the ARN of a user, role, role session, federated user, account root or identity provider, a service such as `lambda.amazonaws.com`, or `*` for an unsigned request"
)]
pub struct PrincipalError {
    text: String,
}

impl Principal {
    /// Nobody: the caller of an unsigned request.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            kind: PrincipalKind::Anonymous,
            arn: "*".into(),
            account: None,
            role: None,
        }
    }

    /// An AWS service: `lambda.amazonaws.com`.
    #[must_use]
    pub fn service(name: &str) -> Self {
        Self {
            kind: PrincipalKind::Service,
            arn: name.into(),
            account: None,
            role: None,
        }
    }

    /// A session of a role whose path is known. Session ARNs don't carry it.
    #[must_use]
    pub fn session(role: &RoleArn, session: &str) -> Self {
        let arn = format!(
            "arn:{}:sts::{}:assumed-role/{}/{session}",
            role.as_arn().partition(),
            role.account(),
            role.role_name()
        );
        Self {
            kind: PrincipalKind::RoleSession,
            arn: arn.into(),
            account: Some(role.account().into()),
            role: Some(Role {
                name: role.role_name().into(),
                arn: role.as_str().into(),
                path_known: true,
            }),
        }
    }

    /// What kind of caller this is.
    #[must_use]
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The caller as AWS's messages name it: its ARN, a service's name, `*` for nobody.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The caller's account, where it has one.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The role of a role or role session. Without its path if only the session's ARN was given.
    #[must_use]
    pub fn role_arn(&self) -> Option<&str> {
        self.role.as_ref().map(|role| &*role.arn)
    }

    /// Whether this caller is a service-linked role, which no SCP or RCP restricts.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    #[must_use]
    pub fn is_service_linked_role(&self) -> bool {
        self.role.as_ref().is_some_and(|role| {
            role.arn.contains(":role/aws-service-role/")
                || (!role.path_known && role.name.starts_with("AWSServiceRoleFor"))
        })
    }

    /// Whether `arn`, of a role with this name in this account, is this caller's role.
    pub(crate) fn has_role(&self, arn: &str, account: &str, name: &str) -> bool {
        // Role names are unique in an account, whatever their path.
        self.role.as_ref().is_some_and(|role| {
            if role.path_known {
                *role.arn == *arn
            } else {
                *role.name == *name && self.account() == Some(account)
            }
        })
    }

    fn of_arn(arn: &Arn) -> Option<Self> {
        let resource = arn.resource();
        let (kind, name) = match (arn.service(), resource.split_once('/')) {
            ("iam", None) if resource == "root" => (PrincipalKind::Root, resource),
            ("iam", Some(("user", name))) => (PrincipalKind::User, name),
            ("iam", Some(("role", name))) => (PrincipalKind::Role, name),
            ("iam", Some(("oidc-provider" | "saml-provider", name))) => {
                (PrincipalKind::Federated, name)
            }
            ("sts", Some(("assumed-role", name))) => (PrincipalKind::RoleSession, name),
            ("sts", Some(("federated-user", name))) => (PrincipalKind::FederatedUser, name),
            _ => return None,
        };
        let account = arn.account();
        if name.is_empty() || account.is_empty() {
            return None;
        }
        let role = match kind {
            PrincipalKind::Role => Some(Role {
                name: name.rsplit('/').next().unwrap_or(name).into(),
                arn: arn.as_str().into(),
                path_known: true,
            }),
            PrincipalKind::RoleSession => {
                let (name, _session) = name.split_once('/')?;
                Some(Role {
                    name: name.into(),
                    arn: format!("arn:{}:iam::{account}:role/{name}", arn.partition()).into(),
                    path_known: false,
                })
            }
            PrincipalKind::User
            | PrincipalKind::Root
            | PrincipalKind::FederatedUser
            | PrincipalKind::Federated
            | PrincipalKind::Service
            | PrincipalKind::Anonymous => None,
        };
        // A provider's user is of no account until it has credentials.
        let account = (kind != PrincipalKind::Federated).then(|| account.into());
        Some(Self {
            kind,
            arn: arn.as_str().into(),
            account,
            role,
        })
    }
}

impl FromStr for Principal {
    type Err = PrincipalError;

    fn from_str(text: &str) -> Result<Self, PrincipalError> {
        let wrong = || PrincipalError {
            text: text.to_owned(),
        };
        if text == "*" || text.eq_ignore_ascii_case("anonymous") {
            return Ok(Self::anonymous());
        }
        if text.starts_with("arn:") {
            let arn: Arn = text.parse().map_err(|_| wrong())?;
            return Self::of_arn(&arn).ok_or_else(wrong);
        }
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let arn = format!("arn:aws:iam::{text}:root");
            return arn
                .parse::<Arn>()
                .ok()
                .and_then(|arn| Self::of_arn(&arn))
                .ok_or_else(wrong);
        }
        if !text.contains('.') || text.contains(char::is_whitespace) {
            return Err(wrong());
        }
        let service = text.ends_with(".amazonaws.com") || text.ends_with(".amazonaws.com.cn");
        let identity = text == "cognito-identity.amazonaws.com";
        let kind = if service && !identity {
            PrincipalKind::Service
        } else {
            PrincipalKind::Federated
        };
        Ok(Self {
            kind,
            arn: text.into(),
            account: None,
            role: None,
        })
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.arn)
    }
}
