// SPDX-License-Identifier: Apache-2.0
//! From what a caller writes (id, ARN, alias) to a key.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/find-cmk-id-arn.html>

use super::key::{alias_arn, key_arn, missing};
use crate::caller::Call;
use crate::error::AwsError;
use crate::world::World;

/// A key, and the alias by which the caller named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The key's ARN.
    pub(super) arn: String,
    /// `alias/…`, where the request named one: `kms:RequestAlias`.
    pub(super) alias: Option<String>,
}

impl World {
    /// Finds the key that a request names, for this operation.
    pub(super) fn named_key(
        &mut self,
        call: &Call,
        reference: &str,
        operation: &str,
    ) -> Result<Named, AwsError> {
        let own = &call.caller.account;
        let (region, account, name) = if reference.starts_with("arn:") {
            let mut parts = reference.splitn(6, ':').skip(2);
            let (Some("kms"), Some(region), Some(account), Some(name)) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return Err(AwsError::client(
                    "InvalidArnException",
                    format!("{reference} is not a valid KMS ARN"),
                ));
            };
            if region != call.region {
                return Err(AwsError::client(
                    "NotFoundException",
                    format!("Invalid arn {region}"),
                ));
            }
            (region, account, name)
        } else {
            (call.region.as_str(), own.as_str(), reference)
        };
        if name.starts_with("alias/") {
            return self.aliased(call, (region, account), name, operation);
        }
        let id = match name.strip_prefix("key/") {
            Some(id) if reference.starts_with("arn:") => id,
            None if !reference.starts_with("arn:") => name,
            _ => {
                return Err(AwsError::client(
                    "InvalidArnException",
                    format!("{reference} is not a valid KMS ARN"),
                ));
            }
        };
        if !is_key_id(id) {
            return Err(AwsError::client(
                "NotFoundException",
                format!("Invalid keyId '{id}'"),
            ));
        }
        let arn = key_arn(region, account, id);
        if self.keys.contains_key(&arn) {
            Ok(Named { arn, alias: None })
        } else if account == own {
            Err(missing(&arn))
        } else {
            Err(hidden(call, operation))
        }
    }

    fn aliased(
        &mut self,
        call: &Call,
        (region, account): (&str, &str),
        name: &str,
        operation: &str,
    ) -> Result<Named, AwsError> {
        let own = account == call.caller.account;
        if own && name == "alias/aws/dynamodb" {
            // AWS makes a service's key the first time that somebody looks at its alias.
            self.dynamodb_managed_key(account, region);
        }
        let arn = alias_arn(region, account, name);
        match self.aliases.get(&arn) {
            Some(alias) => Ok(Named {
                arn: key_arn(region, account, &alias.key_id),
                alias: Some(name.to_owned()),
            }),
            None if own => Err(AwsError::client(
                "NotFoundException",
                format!("Alias {arn} is not found."),
            )),
            None => Err(hidden(call, operation)),
        }
    }

    /// The names of a key's aliases: `kms:ResourceAliases`.
    pub(super) fn aliases_of(&self, region: &str, account: &str, id: &str) -> Vec<String> {
        self.aliases
            .values()
            .filter(|alias| {
                alias.region == region && alias.account == account && alias.key_id == id
            })
            .map(|alias| alias.name.clone())
            .collect()
    }
}

/// What a caller of another account reads, whether the key exists or not.
pub(super) fn hidden(call: &Call, operation: &str) -> AwsError {
    AwsError::client(
        "AccessDeniedException",
        format!(
            "User: {} is not authorized to perform: kms:{operation} on this resource because the resource does not exist \
             in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
            call.caller.arn
        ),
    )
}

/// A UUID, or `mrk-` and 32 hexadecimal digits.
fn is_key_id(id: &str) -> bool {
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if let Some(rest) = id.strip_prefix("mrk-") {
        return hex(rest, 32);
    }
    let mut lengths = [8, 4, 4, 4, 12].into_iter();
    let parts = id
        .split('-')
        .map(|part| lengths.next().is_some_and(|length| hex(part, length)));
    parts.fold((0, true), |(count, all), one| (count + 1, all && one)) == (5, true)
}
