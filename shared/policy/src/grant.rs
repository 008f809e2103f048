// SPDX-License-Identifier: Apache-2.0
//! KMS grants.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::context::Found;
use crate::principal_element::{Naming, PrincipalPattern};
use crate::truth::Truth;
use crate::{Request, kms};

/// A permission to use a key, given to one principal. It only ever allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The grantee: the ARN of a user, role, role session, federated user or account root, or a
    /// service's name.
    pub grantee: String,
    /// The operations that it allows, such as `Decrypt`.
    pub operations: Vec<String>,
    /// The request's encryption context has to include these pairs.
    pub encryption_context_subset: Vec<(String, String)>,
    /// The request's encryption context has to be exactly these pairs.
    pub encryption_context_equals: Vec<(String, String)>,
    /// Who may retire it, beside the grantee if `RetireGrant` is among the operations: an ARN or a
    /// service's name, like the grantee.
    pub retiring_principal: Option<String>,
    /// Its id, for the decision to name it.
    pub id: Option<Arc<str>>,
}

impl Grant {
    /// A grant without constraints.
    #[must_use]
    pub fn new(
        grantee: impl Into<String>,
        operations: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            grantee: grantee.into(),
            operations: operations.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// How the grant names the caller, if it allows this operation in this encryption context.
    pub(crate) fn applies(&self, request: &Request, unknown: &mut Vec<String>) -> (Naming, Truth) {
        let operation = request.operation();
        let allows = self
            .operations
            .iter()
            .any(|known| known.eq_ignore_ascii_case(operation));
        let mut named = Vec::new();
        if allows {
            named.extend(pattern(&self.grantee));
        }
        if kms::retires_a_grant(&request.action) {
            named.extend(self.retiring_principal.as_deref().and_then(pattern));
        }
        let naming = Naming::of(&request.principal, &named);
        if !naming.is_any() {
            return (naming, Truth::No);
        }
        // Constraints don't restrict operations that have no encryption context.
        if !kms::has_encryption_context(operation) {
            return (naming, Truth::Yes);
        }
        (naming, self.fits_encryption_context(request, unknown))
    }

    fn fits_encryption_context(&self, request: &Request, unknown: &mut Vec<String>) -> Truth {
        let prefix = "kms:encryptioncontext:";
        let named = |name: &str| Some(name.to_lowercase().strip_prefix(prefix)?.len());
        let pairs: Vec<(&str, &str)> = request
            .context
            .iter()
            .filter_map(|(name, value)| {
                let name = name.get(name.len().checked_sub(named(name)?)?..)?;
                Some((name, value.as_slice().first()?.as_str()))
            })
            .collect();
        let mut fits = Truth::Yes;
        for (name, value) in self
            .encryption_context_subset
            .iter()
            .chain(&self.encryption_context_equals)
        {
            let key = format!("{prefix}{}", name.to_lowercase());
            fits = fits.and(match request.context.find(&key) {
                Found::Unknown => {
                    unknown.push(key);
                    Truth::Unknown
                }
                Found::Absent | Found::Value(_) => {
                    Truth::from(pairs.contains(&(name.as_str(), value.as_str())))
                }
            });
        }
        if !self.encryption_context_equals.is_empty() {
            let other = |name: &str| {
                !self
                    .encryption_context_equals
                    .iter()
                    .any(|(own, _)| own == name)
            };
            fits = fits.and(Truth::from(!pairs.iter().any(|(name, _)| other(name))));
            for key in request.context.unknown_keys() {
                let lower = key.to_lowercase();
                if lower.starts_with(prefix) && fits != Truth::No {
                    unknown.push(lower);
                    fits = fits.and(Truth::Unknown);
                }
            }
        }
        fits
    }
}

/// Whom a grant names. It is never for everyone.
fn pattern(principal: &str) -> Option<PrincipalPattern> {
    PrincipalPattern::aws(principal)
        .or_else(|| PrincipalPattern::service(principal))
        .filter(|pattern| *pattern != PrincipalPattern::Everyone)
}
