// SPDX-License-Identifier: Apache-2.0
//! The state table in DynamoDB.

mod expression;

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Delete, Put, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update as SdkUpdate,
};
use keyproof_failure::why;
use keyproof_state::{Item, Key};

use self::expression::Expression;
use crate::attribute::{from_attributes, key, to_attributes};
use crate::error::refused;
use crate::{Condition, Query, Range, Table, TableError, Update, Updated, Write, Written};

/// How often a transaction is sent that meets another one, and how long the first wait is.
const CONFLICTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(20);

/// The state table in DynamoDB.
#[derive(Clone, Debug)]
pub struct DynamoTable {
    client: Client,
    name: String,
}

impl DynamoTable {
    /// The table of this name.
    #[must_use]
    pub fn new(config: &aws_types::SdkConfig, name: impl Into<String>) -> Self {
        Self {
            client: Client::new(config),
            name: name.into(),
        }
    }

    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn error<E, R>(&self, what: &'static str, error: &SdkError<E, R>) -> TableError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        if error.code() == Some("ResourceNotFoundException") {
            let region = self.client.config().region();
            return TableError::NoTable {
                table: self.name.clone(),
                region: region.map_or_else(|| "this region".to_owned(), ToString::to_string),
            };
        }
        TableError::Call {
            what,
            table: self.name.clone(),
            why: why(error),
            refused: refused(error),
        }
    }

    fn item(
        &self,
        attributes: std::collections::HashMap<String, AttributeValue>,
    ) -> Result<Item, TableError> {
        from_attributes(attributes).map_err(|what| TableError::Foreign {
            table: self.name.clone(),
            what,
        })
    }

    async fn write_once(&self, writes: &[Write]) -> Result<Written, TableError> {
        if let [Write::Put { item, conditions }] = writes {
            return self.put(item, conditions).await;
        }
        let items = writes.iter().map(|write| self.transact(write));
        let items = items.collect::<Result<Vec<_>, _>>()?;
        let call = self.client.transact_write_items();
        match call.set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(Written::Done),
            Err(error) => cancelled(&error).ok_or_else(|| self.error("write to", &error)),
        }
    }

    /// A put by itself: it is whole without a transaction, and costs half of one.
    async fn put(&self, item: &Item, conditions: &[Condition]) -> Result<Written, TableError> {
        let mut expression = Expression::default();
        let condition = expression.conditions(conditions);
        let (names, values) = expression.placeholders();
        let call = self.client.put_item().table_name(&self.name);
        let sent = call
            .set_item(Some(to_attributes(item)))
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(Written::Done);
        };
        match error.code() {
            Some("ConditionalCheckFailedException") => Ok(Written::Refused(vec![0])),
            Some("TransactionConflictException") => Ok(Written::Conflict),
            _ => Err(self.error("write to", &error)),
        }
    }

    /// A write of a transaction.
    fn transact(&self, write: &Write) -> Result<TransactWriteItem, TableError> {
        let built = match write {
            Write::Put { item, conditions } => {
                let mut expression = Expression::default();
                let condition = expression.conditions(conditions);
                let (names, values) = expression.placeholders();
                let put = Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(to_attributes(item)))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values);
                put.build()
                    .map(|put| TransactWriteItem::builder().put(put).build())
            }
            Write::Delete {
                key: at,
                conditions,
            } => {
                let mut expression = Expression::default();
                let condition = expression.conditions(conditions);
                let (names, values) = expression.placeholders();
                let delete = Delete::builder()
                    .table_name(&self.name)
                    .set_key(Some(key(at)))
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values);
                delete
                    .build()
                    .map(|delete| TransactWriteItem::builder().delete(delete).build())
            }
            Write::Update(update) => {
                let mut expression = Expression::default();
                let condition = expression.conditions(&update.conditions);
                let change = expression.update(update);
                let (names, values) = expression.placeholders();
                let update = SdkUpdate::builder()
                    .table_name(&self.name)
                    .set_key(Some(key(&update.key)))
                    .update_expression(change)
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values);
                update
                    .build()
                    .map(|update| TransactWriteItem::builder().update(update).build())
            }
        };
        // The builders ask for what is always given.
        built.map_err(|error| TableError::Call {
            what: "write to",
            table: self.name.clone(),
            why: error.to_string(),
            refused: true,
        })
    }
}

impl Table for DynamoTable {
    async fn get(&self, at: &Key) -> Result<Option<Item>, TableError> {
        let got = self
            .client
            .get_item()
            .table_name(&self.name)
            .set_key(Some(key(at)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.error("read", &error))?;
        got.item.map(|item| self.item(item)).transpose()
    }

    async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .scan_index_forward(!query.backwards)
            .expression_attribute_values(":pk", text(&query.pk));
        let request = match &query.range {
            Range::All => request.key_condition_expression("pk = :pk"),
            Range::Prefix(prefix) => request
                .key_condition_expression("pk = :pk AND begins_with(sk, :from)")
                .expression_attribute_values(":from", text(prefix)),
            Range::Between(from, to) => request
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":from", text(from))
                .expression_attribute_values(":to", text(to)),
        };
        // Many of the names are reserved words.
        let places = |fields: &Vec<String>| (0..fields.len()).map(|n| format!("#f{n}"));
        let request = match &query.fields {
            None => request,
            Some(fields) => request
                .projection_expression(places(fields).collect::<Vec<_>>().join(", "))
                .set_expression_attribute_names(Some(
                    places(fields).zip(fields.iter().cloned()).collect(),
                )),
        };
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let left = query.limit.map(|limit| limit.saturating_sub(items.len()));
            if left == Some(0) {
                return Ok(items);
            }
            let page = request
                .clone()
                .set_limit(left.and_then(|left| i32::try_from(left).ok()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| self.error("read", &error))?;
            for item in page.items.unwrap_or_default() {
                items.push(self.item(item)?);
            }
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    async fn write(&self, writes: &[Write]) -> Result<Written, TableError> {
        let mut pause = PAUSE;
        for _ in 1..CONFLICTS {
            match self.write_once(writes).await? {
                Written::Conflict => tokio::time::sleep(pause).await,
                written => return Ok(written),
            }
            pause *= 2;
        }
        self.write_once(writes).await
    }

    async fn update(&self, update: &Update) -> Result<Updated, TableError> {
        let mut expression = Expression::default();
        let condition = expression.conditions(&update.conditions);
        let change = expression.update(update);
        let (names, values) = expression.placeholders();
        let sent = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(&update.key)))
            .update_expression(change)
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match sent {
            Ok(done) => Ok(Updated::Done(
                self.item(done.attributes.unwrap_or_default())?,
            )),
            Err(SdkError::ServiceError(failed)) if is_refused(failed.err()) => {
                let item = match failed.into_err() {
                    UpdateItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                };
                Ok(Updated::Refused(
                    item.map(|item| self.item(item)).transpose()?,
                ))
            }
            Err(error) => Err(self.error("write to", &error)),
        }
    }
}

fn is_refused(error: &UpdateItemError) -> bool {
    matches!(error, UpdateItemError::ConditionalCheckFailedException(_))
}

/// What became of a transaction that was cancelled for its conditions, or for another that was under
/// way; `None` where it failed for anything else.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
fn cancelled<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Written> {
    let SdkError::ServiceError(failed) = error else {
        return None;
    };
    let reasons = match failed.err() {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            cancelled.cancellation_reasons()
        }
        TransactWriteItemsError::TransactionInProgressException(_) => {
            return Some(Written::Conflict);
        }
        other if other.code() == Some("TransactionConflictException") => {
            return Some(Written::Conflict);
        }
        _ => return None,
    };
    let with = |code: &str| {
        let indexed = reasons.iter().enumerate();
        indexed
            .filter(|(_, reason)| reason.code() == Some(code))
            .map(|(index, _)| index)
            .collect::<Vec<_>>()
    };
    let refused = with("ConditionalCheckFailed");
    let other = reasons
        .iter()
        .filter_map(|reason| reason.code())
        .any(|code| !["None", "ConditionalCheckFailed", "TransactionConflict"].contains(&code));
    if !refused.is_empty() {
        Some(Written::Refused(refused))
    } else if !other && !with("TransactionConflict").is_empty() {
        Some(Written::Conflict)
    } else {
        None
    }
}
