// SPDX-License-Identifier: Apache-2.0
//! The first step: the plan is divided, and each shard's part laid ready.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use keyproof_aws::Settings;
use keyproof_plan::Parts;
use keyproof_quota::{DEFAULT_SHARE, Terms};
use keyproof_shard::Manifest;
use keyproof_store::Reports;
use serde::Serialize;
use serde_json::json;

use super::{LargeRun, StepAnswer};
use crate::stored::StoredRun;
use crate::{HandlerError, Ports};

/// How many objects of the report bucket are written or read at once.
pub(super) const AT_ONCE: usize = 32;
/// How long a call takes, as a rule.
const USUAL_LATENCY: Duration = Duration::from_millis(20);

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
        let parts = Parts::of(&plan);
        stream::iter(&manifest.shards)
            .map(|shard| {
                let part = text(&shard.part(&parts, &run.run_id));
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
        let most = limits.shards_at_once.get();
        let at_once = at_once(&parts, &manifest).map_or(most, |bound| bound.min(most));
        tracing::info!(
            run_id = run.run_id,
            plan = run.plan,
            shards,
            at_once,
            "the plan is cut"
        );
        Ok(StepAnswer::Cut {
            shards,
            at_once,
            items: items_key,
        })
    }
}

/// How many of the shards may be under way at once, so that they keep to the share of AWS's quotas that a
/// run takes: each keeps to it by itself, and knows nothing of the others.
fn at_once(whole: &Parts<'_>, manifest: &Manifest) -> Option<usize> {
    let concurrency = Settings::default().concurrency;
    let terms = Terms {
        region: &whole.whole().region,
        share: DEFAULT_SHARE,
        concurrency: u32::try_from(concurrency).unwrap_or(u32::MAX),
        latency: USUAL_LATENCY,
    };
    let parts = manifest.shards.iter().map(|shard| shard.plan(whole));
    keyproof_quota::at_once(parts, &terms)
}

pub(super) fn text(document: &impl Serialize) -> Result<String, HandlerError> {
    serde_json::to_string(document)
        .map_err(|error| HandlerError::CannotRun(format!("a document can't be written: {error}")))
}
