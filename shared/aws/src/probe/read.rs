// SPDX-License-Identifier: Apache-2.0
//! Reads of the canary. A read counts as one only if it brings the canary back.

mod expression;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::types::{Get, KeysAndAttributes, TransactGetItem};
use keyproof_plan::Action;
use keyproof_quota::Operation;
use keyproof_verdict::{Answer, Blindness, Evidence, classify};

use super::TableTarget;
use crate::calls::{Called, CallsOf, Reply};
use crate::failure::Failure;
use crate::item::{self, Item};
use expression::{Expression, index_conditions};

pub(super) async fn get_item(
    calls: CallsOf<'_>,
    client: &Client,
    target: TableTarget<'_>,
) -> Called<Answer> {
    let key = item::key(&target.table.canary);
    calls
        .send(Operation::of(Action::GetItem), async || {
            let request = client
                .get_item()
                .table_name(target.name())
                .set_key(Some(key.clone()));
            let reply = Reply::new(
                request.consistent_read(true).send().await,
                |code, message| classify(Action::GetItem, code, message),
            );
            reply.and_then(|output| Ok(target.evidence(output.item())))
        })
        .await
}

/// Queries for the canary's key: in the table one item at most, in an index page by page until the
/// canary is among what the index holds under the same index key.
pub(super) async fn query(
    calls: CallsOf<'_>,
    client: &Client,
    target: TableTarget<'_>,
) -> Called<Answer> {
    let (condition, filter) = match target.index {
        None => (
            Expression::equals("#k", ":k", &target.table.canary.key),
            None,
        ),
        Some(index) => match index_conditions(&target.table.canary, index) {
            Ok((condition, filter)) => (condition, filter),
            Err(failure) => return Called::unsent(failure),
        },
    };
    let page = async |start: Option<Item>| {
        calls
            .send(Operation::of(Action::Query), async || {
                let request = client
                    .query()
                    .table_name(target.name())
                    .set_index_name(target.index.map(|index| index.name.clone()))
                    .consistent_read(target.consistent())
                    .key_condition_expression(&condition.text)
                    .set_filter_expression(filter.as_ref().map(|filter| filter.text.clone()))
                    .set_expression_attribute_names(Some(condition.names(filter.as_ref())))
                    .set_expression_attribute_values(Some(condition.values(filter.as_ref())))
                    .set_exclusive_start_key(start.clone());
                let reply = Reply::new(request.send().await, |code, message| {
                    classify(Action::Query, code, message)
                });
                reply.and_then(
                    |QueryOutput {
                         items,
                         last_evaluated_key,
                         ..
                     }| { Page::new(items, last_evaluated_key) },
                )
            })
            .await
    };
    pages(target, page).await
}

/// Scans until the canary is found, a page of at most 1 MB of table at a time, for no call can tell
/// where in a scan an item stands. The first page tells whether the scan is authorised; the search
/// for the canary ends after [`crate::Settings::scan_pages`], as each page costs the table's
/// throughput.
pub(super) async fn scan(
    calls: CallsOf<'_>,
    client: &Client,
    target: TableTarget<'_>,
) -> Called<Answer> {
    let filter = Expression::equals("#k", ":k", &target.table.canary.key);
    let page = async |start: Option<Item>| {
        calls
            .send(Operation::of(Action::Scan), async || {
                let request = client
                    .scan()
                    .table_name(target.name())
                    .set_index_name(target.index.map(|index| index.name.clone()))
                    .consistent_read(target.consistent())
                    .filter_expression(&filter.text)
                    .set_expression_attribute_names(Some(filter.names(None)))
                    .set_expression_attribute_values(Some(filter.values(None)))
                    .set_exclusive_start_key(start.clone());
                let reply = Reply::new(request.send().await, |code, message| {
                    classify(Action::Scan, code, message)
                });
                reply.and_then(
                    |ScanOutput {
                         items,
                         last_evaluated_key,
                         ..
                     }| { Page::new(items, last_evaluated_key) },
                )
            })
            .await
    };
    pages(target, page).await
}

pub(super) async fn batch_get_item(
    calls: CallsOf<'_>,
    client: &Client,
    target: TableTarget<'_>,
) -> Called<Answer> {
    let keys = KeysAndAttributes::builder().keys(item::key(&target.table.canary));
    let keys = match keys.consistent_read(true).build() {
        Ok(keys) => keys,
        Err(error) => return unbuilt(&error),
    };
    calls
        .send(Operation::of(Action::BatchGetItem), async || {
            let request = client
                .batch_get_item()
                .request_items(target.name(), keys.clone());
            let reply = Reply::new(request.send().await, |code, message| {
                classify(Action::BatchGetItem, code, message)
            });
            reply.and_then(|output| {
                // What a batch leaves undone it was throttled on.
                if output
                    .unprocessed_keys()
                    .is_some_and(|left| !left.is_empty())
                {
                    let message = "the batch left the key unprocessed";
                    return Err(Failure::blind(Blindness::Throttled, message));
                }
                let responses = output.responses().ok_or_else(|| unreadable("Responses"))?;
                Ok(target.evidence(responses.values().flatten()))
            })
        })
        .await
}

/// Selects the canary by its key. Values go as parameters: nothing of the plan becomes PartiQL but
/// names, and these are quoted.
pub(super) async fn partiql_select(
    calls: CallsOf<'_>,
    client: &Client,
    target: TableTarget<'_>,
) -> Called<Answer> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (names, values): (Vec<_>, Vec<_>) = target.table.canary.key.iter().unzip();
    let conditions: Vec<_> = names
        .iter()
        .map(|name| format!("{} = ?", quoted(name)))
        .collect();
    let statement = format!(
        "SELECT * FROM {} WHERE {}",
        quoted(target.name()),
        conditions.join(" AND ")
    );
    let parameters: Vec<_> = values.into_iter().map(item::to_sdk).collect();
    calls
        .send(Operation::of(Action::PartiQlSelect), async || {
            let request = client
                .execute_statement()
                .statement(&statement)
                .set_parameters(Some(parameters.clone()))
                .consistent_read(true);
            let reply = Reply::new(request.send().await, |code, message| {
                classify(Action::PartiQlSelect, code, message)
            });
            reply.and_then(|output| {
                let items = output.items.as_ref().ok_or_else(|| unreadable("Items"))?;
                Ok(target.evidence(items))
            })
        })
        .await
}

pub(super) async fn transact_get_items(
    calls: CallsOf<'_>,
    client: &Client,
    target: TableTarget<'_>,
) -> Called<Answer> {
    let get = Get::builder()
        .table_name(target.name())
        .set_key(Some(item::key(&target.table.canary)));
    let get = match get.build() {
        Ok(get) => TransactGetItem::builder().get(get).build(),
        Err(error) => return unbuilt(&error),
    };
    calls
        .send(Operation::of(Action::TransactGetItems), async || {
            let result = client
                .transact_get_items()
                .transact_items(get.clone())
                .send()
                .await;
            let reasons = result.as_ref().err().and_then(cancellation);
            let reply = Reply::new(result, |code, message| match &reasons {
                Some(answer) => answer.clone(),
                None => classify(Action::TransactGetItems, code, message),
            });
            reply.and_then(|output| {
                let responses = output
                    .responses
                    .as_ref()
                    .ok_or_else(|| unreadable("Responses"))?;
                Ok(target.evidence(responses.iter().filter_map(|response| response.item())))
            })
        })
        .await
}

/// What a cancelled transaction's reasons say: the exception itself says nothing.
fn cancellation<R>(
    error: &aws_sdk_dynamodb::error::SdkError<
        aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError,
        R,
    >,
) -> Option<Answer> {
    let aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError::TransactionCanceledException(
        cancelled,
    ) = error.as_service_error()?
    else {
        return None;
    };
    let reasons: Vec<_> = cancelled
        .cancellation_reasons()
        .iter()
        .map(|each| (each.code(), each.message()))
        .collect();
    Some(keyproof_verdict::classify_cancellation(
        Action::TransactGetItems,
        &reasons,
    ))
}

/// A page of a query or scan.
#[derive(Debug)]
struct Page {
    items: Vec<Item>,
    next: Option<Item>,
}

impl Page {
    /// AWS gives `Items` even where there are none.
    fn new(items: Option<Vec<Item>>, next: Option<Item>) -> Result<Self, Failure> {
        let items = items.ok_or_else(|| unreadable("Items"))?;
        Ok(Self {
            items,
            next: next.filter(|key| !key.is_empty()),
        })
    }
}

/// Turns pages until the canary is there. Attempts are those of all pages beyond the first try of
/// each; times and request id are the last page's.
async fn pages(
    target: TableTarget<'_>,
    page: impl AsyncFn(Option<Item>) -> Called<Page>,
) -> Called<Answer> {
    let mut start = None;
    let mut retries = 0;
    for read in 1..=target.scan_pages.max(1) {
        let mut called = page(start.take()).await;
        called.attempts += retries;
        let (next, answer) = match &mut called.outcome {
            Ok(page) => (page.next.take(), target.evidence(&page.items)),
            // Authorised on an earlier page: that the search ended in a fault doesn't undo it.
            Err(_) if read > 1 => (None, Answer::Allowed(Evidence::CanaryMissing)),
            Err(_) => return called.and_then(|_| Ok(Answer::Allowed(Evidence::CanaryMissing))),
        };
        let found = answer != Answer::Allowed(Evidence::CanaryMissing);
        if found || next.is_none() || read == target.scan_pages.max(1) {
            return Called {
                outcome: Ok(answer),
                request_id: called.request_id,
                attempts: called.attempts,
                latency_ms: called.latency_ms,
            };
        }
        start = next;
        retries = called.attempts.saturating_sub(1);
    }
    Called::unsent(Failure::blind(Blindness::Other, "no page was read"))
}

impl TableTarget<'_> {
    fn evidence<'i>(&self, items: impl IntoIterator<Item = &'i Item>) -> Answer {
        let projected = |name: &str| self.index.is_none_or(|index| index.holds(name));
        Answer::Allowed(item::evidence(&self.table.canary, items, projected))
    }

    /// Global secondary indexes have no consistent reads.
    fn consistent(&self) -> bool {
        self.index.is_none_or(|index| !index.global)
    }
}

fn unreadable(field: &str) -> Failure {
    Failure::blind(Blindness::Unreadable, format!("the reply has no `{field}`"))
}

fn unbuilt(error: &dyn std::error::Error) -> Called<Answer> {
    Called::unsent(Failure::blind(Blindness::Other, error.to_string()))
}
