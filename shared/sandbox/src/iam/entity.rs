// SPDX-License-Identifier: Apache-2.0
//! Roles, users and groups where an operation treats them alike.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::model::{Account, Identity};
use super::{no_such_entity, read};
use crate::authorize::Access;
use crate::caller::Call;
use crate::error::AwsError;
use crate::protocol::{Api, parameters};
use crate::world::World;

/// The kinds of identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Role,
    User,
    Group,
}

/// An operation and the kind of identity that it is about.
pub(super) type Operation<'a> = (Kind, &'a str);

impl Kind {
    /// As it stands in ARNs and messages.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        }
    }

    const fn parameter(self) -> &'static str {
        match self {
            Self::Role => "RoleName",
            Self::User => "UserName",
            Self::Group => "GroupName",
        }
    }

    /// An identity's ARN.
    pub(super) fn arn(self, account: &str, path: &str, name: &str) -> String {
        format!("arn:aws:iam::{account}:{}{path}{name}", self.noun())
    }

    /// Separates the identity's name from the other parameters.
    pub(super) fn read<T: DeserializeOwned>(
        self,
        operation: &str,
        input: &Value,
    ) -> Result<(String, T), AwsError> {
        let mut rest = input.as_object().cloned().unwrap_or_default();
        let name = rest
            .shift_remove(self.parameter())
            .and_then(|name| name.as_str().map(str::to_owned));
        let name = name.ok_or_else(|| parameters::missing(Api::Iam, self.parameter()))?;
        Ok((name, read(operation, &Value::Object(rest))?))
    }
}

impl Account {
    /// The identity with this name.
    pub(super) fn identity(&self, kind: Kind, name: &str) -> Option<&Identity> {
        match kind {
            Kind::Role => self.roles.get(name).map(|role| &role.identity),
            Kind::User => self.users.get(name).map(|user| &user.identity),
            Kind::Group => self.groups.get(name),
        }
    }

    fn identity_mut(&mut self, kind: Kind, name: &str) -> Option<&mut Identity> {
        match kind {
            Kind::Role => self.roles.get_mut(name).map(|role| &mut role.identity),
            Kind::User => self.users.get_mut(name).map(|user| &mut user.identity),
            Kind::Group => self.groups.get_mut(name),
        }
    }

    /// Every identity, for looking where a policy is attached.
    pub(super) fn identities(&self) -> impl Iterator<Item = (Kind, &Identity)> {
        let roles = self.roles.values().map(|role| (Kind::Role, &role.identity));
        let users = self.users.values().map(|user| (Kind::User, &user.identity));
        let groups = self.groups.values().map(|group| (Kind::Group, group));
        roles.chain(users).chain(groups)
    }
}

impl World {
    /// The caller's own account.
    pub(super) fn account(&mut self, call: &Call) -> &mut Account {
        self.accounts
            .entry(call.caller.account.clone())
            .or_default()
    }

    /// Authorises an operation on an identity, and says if there is none.
    pub(super) fn allowed_on(
        &mut self,
        call: &Call,
        (kind, operation): Operation<'_>,
        name: &str,
        context: Vec<(String, Vec<String>)>,
    ) -> Result<&mut Identity, AwsError> {
        let found = self
            .accounts
            .get(&call.caller.account)
            .and_then(|account| account.identity(kind, name));
        let arn = found.map_or_else(
            || kind.arn(&call.caller.account, "/", name),
            |identity| identity.arn.clone(),
        );
        let action = format!("iam:{operation}");
        let mut access = Access::new(&action, &arn);
        access.context = context;
        for (key, value) in found.into_iter().flat_map(|identity| &identity.tags) {
            access = access
                .with(format!("aws:ResourceTag/{key}"), [value.clone()])
                .with(format!("iam:ResourceTag/{key}"), [value.clone()]);
        }
        let boundary = found.and_then(|identity| identity.boundary.clone());
        if let Some(boundary) = boundary.filter(|_| !operation.ends_with("PermissionsBoundary")) {
            access = access.with("iam:PermissionsBoundary", [boundary]);
        }
        self.authorize(call, &access)?;
        self.account(call).identity_mut(kind, name).ok_or_else(|| {
            no_such_entity(format!(
                "The {} with name {name} cannot be found.",
                kind.noun()
            ))
        })
    }

    /// Authorises an operation on any ARN or `*`.
    pub(super) fn allowed(&self, call: &Call, operation: &str, arn: &str) -> Result<(), AwsError> {
        self.authorize(call, &Access::new(&format!("iam:{operation}"), arn))
    }
}
