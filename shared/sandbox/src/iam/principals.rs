// SPDX-License-Identifier: Apache-2.0
//! Whether the principals that a policy or grant names exist, which AWS asks when it is written.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use serde_json::Value;

use crate::world::World;

impl World {
    /// Whether an ARN names a principal: one of the sandbox's accounts, if the account is one of
    /// its own. Nothing is known of other accounts, so anything well-formed there exists.
    pub(crate) fn is_principal(&self, arn: &str) -> bool {
        let mut parts = arn.splitn(6, ':');
        let (Some("arn"), Some("aws"), Some(service), Some(""), Some(id), Some(resource)) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return false;
        };
        if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        let (kind, rest) = resource.split_once('/').unwrap_or((resource, ""));
        let name = rest.rsplit('/').next().unwrap_or_default();
        let account = self.accounts.get(id);
        match (service, kind) {
            ("iam", "root") => rest.is_empty(),
            ("iam", "role") => account.map_or(!name.is_empty(), |account| {
                account
                    .roles
                    .get(name)
                    .is_some_and(|role| role.identity.arn == arn)
            }),
            ("iam", "user") => account.map_or(!name.is_empty(), |account| {
                account
                    .users
                    .get(name)
                    .is_some_and(|user| user.identity.arn == arn)
            }),
            ("sts", "assumed-role") => rest.split_once('/').is_some_and(|(role, session)| {
                !session.is_empty()
                    && account.is_none_or(|account| account.roles.contains_key(role))
            }),
            ("sts", "federated-user") => !rest.is_empty(),
            _ => false,
        }
    }

    /// The first `AWS` principal of a policy that doesn't exist.
    pub(crate) fn missing_principal(&self, policy: &str) -> Option<String> {
        let policy: Value = serde_json::from_str(policy).ok()?;
        let statements = one_or_many(policy.get("Statement")?);
        let elements = statements
            .flat_map(|statement| [statement.get("Principal"), statement.get("NotPrincipal")])
            .flatten();
        let mut named = elements
            .filter_map(|principal| principal.get("AWS"))
            .flat_map(one_or_many)
            .filter_map(Value::as_str);
        named
            .find(|principal| !self.is_named(principal))
            .map(str::to_owned)
    }

    /// In a policy, `*`, an account id and a unique id stand for principals too.
    fn is_named(&self, principal: &str) -> bool {
        let account = principal.len() == 12 && principal.bytes().all(|byte| byte.is_ascii_digit());
        let unique = (principal.starts_with("AROA") || principal.starts_with("AIDA"))
            && !principal.contains(':');
        principal == "*" || account || unique || self.is_principal(principal)
    }
}

fn one_or_many(value: &Value) -> impl Iterator<Item = &Value> {
    value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice)
        .iter()
}
