// SPDX-License-Identifier: Apache-2.0
//! The causes of a run's failures, from documents that were read when it was over.

use std::collections::BTreeMap;

use keyproof_plan::Plan;
use keyproof_verdict::{Cause, DocumentRow, ProbeRow, Report, RunFacts, Verdict, judge_unwatched};

use crate::cause;
use crate::observe::Observer;
use crate::relied_on::ReliedOn;
use crate::{Circumstances, Estate};

/// The causes that can be told, by probe: of failures whose evaluation comes to the very decision
/// that the run saw, and to the same finding. What a run saw and the documents don't explain has
/// none. With them the documents that they point into, and the policies of the tables' keys.
#[must_use]
pub fn explain(
    plan: &Plan,
    estate: &Estate,
    circumstances: &Circumstances,
    report: &Report,
) -> (BTreeMap<String, Cause>, Vec<DocumentRow>) {
    let Ok(started_at) = report.run.started_at.parse::<jiff::Timestamp>() else {
        return (BTreeMap::new(), Vec::new());
    };
    let facts = crate::facts_of(
        estate,
        RunFacts {
            id: report.run.id.clone(),
            trigger: report.run.trigger.clone(),
            started_at,
            finished_at: started_at,
            account: report.environment.account.clone(),
            region: Some(report.environment.region.clone()),
            endpoint: None,
            version: report.environment.version.clone(),
            plan_file: None,
            today: started_at.to_zoned_datetime(jiff::tz::TimeZone::UTC).date(),
        },
    );
    let observer = Observer::new(plan, estate, circumstances, &facts);
    let observations = observer.observe(|_| true);
    let evaluated = judge_unwatched(plan, &observations, facts.clone());
    let relied_on = ReliedOn::by(&observer, &observations, &evaluated);
    let mut causes = BTreeMap::new();
    let mut documents = crate::key_policies(estate, report);
    for row in &report.probes {
        if row.verdict != Verdict::Fail || row.cause.is_some() {
            continue;
        }
        let same = evaluated
            .probes
            .iter()
            .find(|other| other.id == row.id && agree(row, other));
        if let Some(other) = same
            && let Some(found) = cause::of(&observer, &observations, &relied_on, other)
        {
            causes.insert(row.id.clone(), found.cause);
            documents.extend(found.documents);
        }
    }
    (causes, crate::once(documents))
}

/// Whether the evaluation came to what was seen. Where AWS did not say who or what refused, any
/// refusal agrees with it.
fn agree(seen: &ProbeRow, evaluated: &ProbeRow) -> bool {
    let told = &seen.observed;
    let decided = &evaluated.observed;
    seen.finding == evaluated.finding
        && told.decision == decided.decision
        && told.key == decided.key
        && (told.by.is_none() || told.by == decided.by)
        && (told.policy.is_none() || told.policy == decided.policy)
        && (told.explicit.is_none() || told.explicit == decided.explicit)
}
