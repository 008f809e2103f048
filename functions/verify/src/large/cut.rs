// SPDX-License-Identifier: Apache-2.0
//! The first step: the plan is divided, and each shard's part laid ready.

use futures_util::{StreamExt, TryStreamExt, stream};
use keyproof_store::Reports;
use serde::Serialize;
use serde_json::json;

use super::{LargeRun, StepAnswer};
use crate::stored::StoredRun;
use crate::{HandlerError, Ports};

/// How many objects of the report bucket are written or read at once.
pub(super) const AT_ONCE: usize = 32;

impl<P: Ports> StoredRun<'_, P> {
    /// Divides the plan, or the part of it that is enough. Done twice, it writes the same objects again: the
    /// same is always cut alike.
    pub(super) async fn cut(&self, run: &LargeRun) -> Result<StepAnswer, HandlerError> {
        let plan = self.plan(&run.plan, run.version, &run.digest).await?;
        let limits = self.stack.limits;
        let change = run.change.as_ref().filter(|_| run.part);
        let manifest = match self.part(&plan, change).await? {
            Some(part) => keyproof_shard::cut_part(&plan, part.units, limits.probes, part.row),
            None => keyproof_shard::cut(&plan, limits.probes),
        };
        let reports = &self.stack.reports;
        stream::iter(&manifest.shards)
            .map(|shard| {
                let part = text(&shard.part(&plan, &run.run_id));
                async move {
                    reports.put(&run.part(shard.number), &part?).await?;
                    Ok::<_, HandlerError>(())
                }
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
        reports.put(&run.manifest(), &text(&manifest)?).await?;
        // Last, as the state machine reads it: what it lists is there.
        let shards = manifest.shards.iter();
        let items: Vec<_> = shards.map(|shard| json!({"shard": shard.number})).collect();
        let items_key = run.object("items.json");
        reports.put(&items_key, &text(&items)?).await?;
        let shards = manifest.shards.len();
        tracing::info!(
            run_id = run.run_id,
            plan = run.plan,
            shards,
            "the plan is cut"
        );
        Ok(StepAnswer::Cut {
            shards,
            at_once: limits.shards_at_once.get(),
            items: items_key,
        })
    }
}

pub(super) fn text(document: &impl Serialize) -> Result<String, HandlerError> {
    serde_json::to_string(document)
        .map_err(|error| HandlerError::CannotRun(format!("a document can't be written: {error}")))
}
