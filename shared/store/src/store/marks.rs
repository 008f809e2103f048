// SPDX-License-Identifier: Apache-2.0
//! Marks that make doing something twice the same as doing it once.

use keyproof_state::{Noun, TakenRequest};

use super::Store;
use crate::{StoreError, Table, Write, Written};

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
