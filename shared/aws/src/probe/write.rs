// SPDX-License-Identifier: Apache-2.0
//! Writes that can never happen.
//!
//! Each is aimed at the canary under a condition that no item and no absence of one can fulfil, so
//! an authorised write ends in `ConditionalCheckFailedException`. Should an endpoint disregard
//! conditions, the put writes what the canary is, and the update removes what isn't there.

use aws_sdk_dynamodb::Client;
use keyproof_plan::Action;
use keyproof_quota::Operation;
use keyproof_verdict::{Answer, Evidence, classify};

use super::TableTarget;
use crate::calls::{Called, CallsOf, Reply};
use crate::item;

// INVARIANT (no write holds): every write of this module carries this condition.
const NEVER: &str = "attribute_exists(#key) AND attribute_not_exists(#key)";
/// An attribute that no canary has.
const NO_ATTRIBUTE: &str = "keyproof#never";

pub(super) async fn put_item(
    calls: CallsOf<'_>,
    client: &Client,
    target: TableTarget<'_>,
) -> Called<Answer> {
    let whole = item::whole(&target.table.canary);
    calls
        .send(Operation::of(Action::PutItem), async || {
            let request = client
                .put_item()
                .table_name(target.name())
                .set_item(Some(whole.clone()))
                .condition_expression(NEVER)
                .expression_attribute_names("#key", target.key_name());
            let reply = Reply::new(request.send().await, |code, message| {
                classify(Action::PutItem, code, message)
            });
            // No condition that can't hold is met: this is no answer of DynamoDB's own.
            reply.and_then(|_| Ok(Answer::Allowed(Evidence::Unproven)))
        })
        .await
}

pub(super) async fn update_item(
    calls: CallsOf<'_>,
    client: &Client,
    target: TableTarget<'_>,
) -> Called<Answer> {
    let key = item::key(&target.table.canary);
    calls
        .send(Operation::of(Action::UpdateItem), async || {
            let request = client
                .update_item()
                .table_name(target.name())
                .set_key(Some(key.clone()))
                .update_expression("REMOVE #never")
                .expression_attribute_names("#never", NO_ATTRIBUTE)
                .condition_expression(NEVER)
                .expression_attribute_names("#key", target.key_name());
            let reply = Reply::new(request.send().await, |code, message| {
                classify(Action::UpdateItem, code, message)
            });
            // No condition that can't hold is met: this is no answer of DynamoDB's own.
            reply.and_then(|_| Ok(Answer::Allowed(Evidence::Unproven)))
        })
        .await
}

pub(super) async fn delete_item(
    calls: CallsOf<'_>,
    client: &Client,
    target: TableTarget<'_>,
) -> Called<Answer> {
    let key = item::key(&target.table.canary);
    calls
        .send(Operation::of(Action::DeleteItem), async || {
            let request = client
                .delete_item()
                .table_name(target.name())
                .set_key(Some(key.clone()))
                .condition_expression(NEVER)
                .expression_attribute_names("#key", target.key_name());
            let reply = Reply::new(request.send().await, |code, message| {
                classify(Action::DeleteItem, code, message)
            });
            // No condition that can't hold is met: this is no answer of DynamoDB's own.
            reply.and_then(|_| Ok(Answer::Allowed(Evidence::Unproven)))
        })
        .await
}

impl TableTarget<'_> {
    /// The name of one key attribute.
    fn key_name(&self) -> &str {
        self.table
            .canary
            .key
            .keys()
            .next()
            .map_or("pk", String::as_str)
    }
}
