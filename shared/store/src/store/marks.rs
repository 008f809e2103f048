// SPDX-License-Identifier: Apache-2.0
//! Marks that make doing something twice the same as doing it once.

use std::collections::BTreeSet;

use keyproof_state::{Item, Key, Noun, TakenRequest};
use serde_json::Value;

use super::Store;
use crate::{Query, StoreError, Table, Write, Written};

/// What came of a caller's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is new.
    New,
    /// The same was taken before; it is this run.
    Before(String),
    /// Another request was taken under the same key.
    Other,
}

impl<T: Table> Store<T> {
    /// The sinks that have been told of something: of an entry (`000000000012#3`) or of a run
    /// (`000000000012#RUN`).
    ///
    /// # Errors
    ///
    /// Where the table can't be read.
    pub async fn sinks_done(&self, plan: &str, what: &str) -> Result<BTreeSet<String>, StoreError> {
        let first = Key::published(plan, what, "");
        let items = self
            .table
            .query(&Query::prefix(first.pk, first.sk.as_str()))
            .await?;
        let sink = |item: &Item| {
            let sk = item.get("sk").and_then(Value::as_str)?;
            Some(sk.strip_prefix(&first.sk)?.to_owned())
        };
        Ok(items.iter().filter_map(sink).collect())
    }

    /// Notes that a sink has been told of something.
    ///
    /// # Errors
    ///
    /// Where the table can't be written to.
    pub async fn note_sink_done(
        &self,
        plan: &str,
        what: &str,
        sink: &str,
        expires: i64,
    ) -> Result<(), StoreError> {
        let Key { pk, sk } = Key::published(plan, what, sink);
        let mut item = Item::new();
        item.insert("pk".to_owned(), pk.into());
        item.insert("sk".to_owned(), sk.into());
        item.insert("expires".to_owned(), expires.into());
        self.table.write(&[Write::put(item)]).await?;
        Ok(())
    }

    /// Takes a caller's request under the caller's own key, once.
    ///
    /// # Errors
    ///
    /// Where the table can't be read or written to.
    pub async fn take(&self, request: &TakenRequest) -> Result<Taken, StoreError> {
        let inserted = self
            .table
            .write(&[Write::insert(request.to_item()?)])
            .await?;
        if inserted == Written::Done {
            return Ok(Taken::New);
        }
        let before: Option<TakenRequest> = self.noun(&request.key()).await?;
        Ok(match before {
            Some(before) if before.body_digest == request.body_digest => {
                Taken::Before(before.run_id)
            }
            Some(_) => Taken::Other,
            // It expired in between.
            None => Taken::New,
        })
    }
}
