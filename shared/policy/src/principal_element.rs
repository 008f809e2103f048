// SPDX-License-Identifier: Apache-2.0
//! The `Principal` and `NotPrincipal` elements.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

#[cfg(test)]
mod tests;

use keyproof_core::Arn;

use crate::{Principal, PrincipalKind};

/// One entry of a `Principal` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalPattern {
    /// `*`, whether by itself or under `AWS`.
    Everyone,
    /// An account, as its id or its root ARN.
    Account(String),
    /// A user's ARN. It names no session that the user federated: the session's ARN holds a name that
    /// the caller of `GetFederationToken` is free to choose, and nothing of the user's.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>
    User(String),
    /// A role's ARN.
    Role {
        /// The ARN.
        arn: String,
        /// Its account.
        account: String,
        /// Its name without the path.
        name: String,
    },
    /// The ARN of a role session or of a federated user.
    Session(String),
    /// A service's name.
    Service(String),
    /// Any service: `{"Service": "*"}`.
    AnyService,
    /// An identity provider.
    Federated(String),
    /// Any identity provider: `{"Federated": "*"}`.
    AnyFederated,
    /// A canonical user id, or the unique id that AWS shows for a deleted user or role: nobody here
    /// has one.
    Nobody,
}

/// How closely a caller is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Naming {
    /// Its account is.
    pub(crate) account: bool,
    /// The role behind its session is.
    pub(crate) behind: bool,
    /// It is, itself.
    pub(crate) itself: bool,
}

impl Naming {
    pub(crate) fn is_any(self) -> bool {
        self.account || self.behind || self.itself
    }

    fn add(&mut self, other: Self) {
        self.account |= other.account;
        self.behind |= other.behind;
        self.itself |= other.itself;
    }

    /// How a list of patterns names a caller.
    pub(crate) fn of(principal: &Principal, patterns: &[PrincipalPattern]) -> Self {
        let mut naming = Self::default();
        for pattern in patterns {
            naming.add(pattern.names(principal));
        }
        naming
    }

    /// Whether a `NotPrincipal` list with this naming leaves the caller out of a `Deny`. AWS may
    /// validate the account, then the role, then the session, so each has to be listed.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
    pub(crate) fn exempts(self, principal: &Principal) -> bool {
        match principal.kind() {
            // Of a federated user nobody knows here which user is behind it.
            PrincipalKind::User | PrincipalKind::FederatedUser => self.account && self.itself,
            PrincipalKind::Role => self.account && self.behind,
            PrincipalKind::RoleSession => self.account && self.behind && self.itself,
            PrincipalKind::Root
            | PrincipalKind::Federated
            | PrincipalKind::Service
            | PrincipalKind::Anonymous => self.itself,
        }
    }
}

impl PrincipalPattern {
    /// Reads an entry under `AWS`.
    pub(crate) fn aws(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everyone);
        }
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Account(text.to_owned()));
        }
        if is_unique_id(text) {
            return Some(Self::Nobody);
        }
        if text.contains(['*', '?', '$']) {
            return None;
        }
        let arn: Arn = text.parse().ok()?;
        let account = arn.account();
        if account.is_empty() {
            return None;
        }
        let resource = arn.resource();
        match (arn.service(), resource.split_once('/')) {
            ("iam", None) if resource == "root" => Some(Self::Account(account.to_owned())),
            ("iam", Some(("user", name))) if !name.is_empty() => Some(Self::User(text.to_owned())),
            ("iam", Some(("role", path))) if !path.is_empty() => Some(Self::Role {
                arn: text.to_owned(),
                account: account.to_owned(),
                name: path.rsplit('/').next().unwrap_or(path).to_owned(),
            }),
            ("sts", Some(("assumed-role", name))) if name.contains('/') => {
                Some(Self::Session(text.to_owned()))
            }
            ("sts", Some(("federated-user", name))) if !name.is_empty() => {
                Some(Self::Session(text.to_owned()))
            }
            _ => None,
        }
    }

    /// Reads an entry under `Service`.
    pub(crate) fn service(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::AnyService),
            name if name.contains('.') && !name.contains([' ', '*', '?', ':']) => {
                Some(Self::Service(name.to_owned()))
            }
            _ => None,
        }
    }

    /// Reads an entry under `Federated`.
    pub(crate) fn federated(text: &str) -> Option<Self> {
        match text {
            "*" => Some(Self::AnyFederated),
            name if !name.is_empty() && !name.contains([' ', '*', '?']) => {
                Some(Self::Federated(name.to_owned()))
            }
            _ => None,
        }
    }

    /// How closely this names a caller.
    fn names(&self, principal: &Principal) -> Naming {
        let kind = principal.kind();
        let none = Naming::default();
        let itself = |yes| Naming {
            itself: yes,
            ..none
        };
        match self {
            Self::Everyone => Naming {
                account: true,
                behind: true,
                itself: true,
            },
            Self::Account(account) if principal.account() == Some(account) => Naming {
                account: true,
                itself: kind == PrincipalKind::Root,
                ..none
            },
            Self::User(arn) => itself(kind == PrincipalKind::User && arn == principal.arn()),
            Self::Role { arn, account, name } => Naming {
                behind: principal.has_role(arn, account, name),
                ..none
            },
            Self::Session(arn) => itself(
                matches!(
                    kind,
                    PrincipalKind::RoleSession | PrincipalKind::FederatedUser
                ) && arn == principal.arn(),
            ),
            Self::Service(name) => {
                itself(kind == PrincipalKind::Service && name == principal.arn())
            }
            Self::AnyService => itself(kind == PrincipalKind::Service),
            Self::Federated(name) => {
                itself(kind == PrincipalKind::Federated && name == principal.arn())
            }
            Self::AnyFederated => itself(kind == PrincipalKind::Federated),
            Self::Account(_) | Self::Nobody => none,
        }
    }
}

/// `AROA…`, `AIDA…`: what AWS puts in place of the ARN of a deleted role or user.
fn is_unique_id(text: &str) -> bool {
    let known = ["AROA", "AIDA", "AGPA", "ANPA", "ASCA"];
    (16..=128).contains(&text.len())
        && known.iter().any(|prefix| text.starts_with(prefix))
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
