// SPDX-License-Identifier: Apache-2.0
//! STS: `AssumeRole` and `GetCallerIdentity`.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

mod assume_role;
mod session;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::caller::Call;
use crate::error::AwsError;
use crate::protocol::{Api, parameters};
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Answers one STS operation.
pub(crate) fn handle(
    world: &mut World,
    call: &Call,
    operation: &str,
    input: &Value,
) -> Result<Value, AwsError> {
    match operation {
        "AssumeRole" => {
            assume_role::assume(world, call, &parameters::read(Api::Sts, operation, input)?)
        }
        "GetCallerIdentity" => {
            let Nothing {} = parameters::read(Api::Sts, operation, input)?;
            // No policy can deny this one.
            let caller = &call.caller;
            Ok(json!({ "UserId": caller.unique_id, "Account": caller.account, "Arn": caller.arn }))
        }
        _ => Err(AwsError::client(
            "InvalidAction",
            format!(
                "Could not find operation {operation} for version 2011-06-15: the sandbox doesn't simulate sts:{operation}"
            ),
        )),
    }
}
