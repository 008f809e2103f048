// SPDX-License-Identifier: Apache-2.0
//! KMS: what is called as a dry run would have succeeded; the rest is refused.

use serde_json::{Value, json};

use super::Refusal;
use crate::server::State;
use crate::{KeyState, Request};

pub(super) fn answer(state: &State, request: &Request) -> Result<Value, Refusal> {
    let world = &state.script.world;
    let called = &request.resource;
    let arn = world.aliases.get(called).unwrap_or(called);
    if arn.starts_with("alias/") {
        let message = format!("Alias {arn} is not found.");
        return Err(Refusal::new("NotFoundException", message));
    }
    let key = world
        .keys
        .get(arn)
        .map_or(KeyState::Enabled, |key| key.state);
    match &*request.operation {
        "DescribeKey" => Ok(json!({ "KeyMetadata": {
            "KeyId": arn.rsplit('/').next(),
            "Arn": arn,
            "KeyState": key.as_str(),
            "Enabled": key == KeyState::Enabled,
            "KeyManager": "CUSTOMER",
        }})),
        "GetKeyPolicy" => Ok(json!({
            "PolicyName": "default",
            "Policy": "{\"Version\":\"2012-10-17\",\"Id\":\"content-of-the-key-policy\",\"Statement\":[]}",
        })),
        "ListGrants" => Ok(json!({ "Truncated": false, "Grants": [{
            "GrantId": "0".repeat(64),
            "KeyId": arn,
            "GranteePrincipal": "arn:aws:iam::111122223333:role/content-of-a-grant",
            "Operations": ["Decrypt"],
        }]})),
        "Decrypt"
        | "Encrypt"
        | "GenerateDataKey"
        | "GenerateDataKeyWithoutPlaintext"
        | "ReEncrypt"
        | "CreateGrant"
        | "RevokeGrant"
        | "RetireGrant"
            if request.body["DryRun"] == true =>
        {
            Err(Refusal::new(
                "DryRunOperationException",
                "The request would have succeeded, but the DryRun option is set.",
            ))
        }
        operation => Err(Refusal::new(
            "UnsupportedOperationException",
            format!("`{operation}` without DryRun is not scripted"),
        )),
    }
}
