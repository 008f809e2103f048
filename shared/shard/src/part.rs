// SPDX-License-Identifier: Apache-2.0
//! A shard as whoever carries it out gets it, `keyproof.shard/v1`: its own part of the plan, so that
//! nobody needs the whole.

use keyproof_plan::{Parts, Plan, PlanError};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::Shard;

/// A shard's part of a plan, and of which run and plan it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Always `keyproof.shard/v1`.
    pub schema: String,
    /// The id of the run that it was cut for.
    pub run_id: String,
    /// Its number in the manifest.
    pub shard: usize,
    /// The whole plan's digest.
    pub digest: String,
    /// The part, as a plan's document.
    pub plan: Value,
}

/// A part that can't be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PartError {
    /// No part at all.
    #[error("the shard can't be read: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// A document of another schema.
    #[error(
        "the shard's schema is `{0}`, not `{expected}`; a newer keyproof may be able to read it",
        expected = Part::SCHEMA
    )]
    OtherSchema(String),
    /// Another run's, or another shard's.
    #[error(
        "the document is shard {shard} of the run `{run_id}`, and not the one that was asked for"
    )]
    Another {
        /// The number that it names.
        shard: usize,
        /// The run that it names.
        run_id: String,
    },
    /// A plan that is none.
    #[error("the shard's plan is not valid: {}", told(.0))]
    Plan(Vec<PlanError>),
}

fn told(errors: &[PlanError]) -> String {
    let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
    errors.join("; ")
}

impl Part {
    /// The schema that this version writes and reads.
    pub const SCHEMA: &'static str = "keyproof.shard/v1";

    /// The plan of this shard of this run.
    ///
    /// # Errors
    ///
    /// Where the text is no part, or another's.
    pub fn read(text: &str, run_id: &str, shard: usize) -> Result<Plan, PartError> {
        let document: Value = serde_json::from_str(text)?;
        let schema = document.get("schema").and_then(Value::as_str);
        if let Some(schema) = schema.filter(|&schema| schema != Self::SCHEMA) {
            return Err(PartError::OtherSchema(schema.to_owned()));
        }
        let part: Self = serde_json::from_value(document)?;
        if part.run_id != run_id || part.shard != shard {
            let (shard, run_id) = (part.shard, part.run_id);
            return Err(PartError::Another { shard, run_id });
        }
        Plan::parse_part(&part.plan.to_string(), &part.digest).map_err(PartError::Plan)
    }
}

impl Shard {
    /// The document for whoever carries this shard out.
    #[must_use]
    pub fn part(&self, whole: &Parts<'_>, run_id: &str) -> Part {
        Part {
            schema: Part::SCHEMA.to_owned(),
            run_id: run_id.to_owned(),
            shard: self.number,
            digest: whole.whole().digest.clone(),
            plan: self.plan(whole).to_json(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;

    use super::*;
    use crate::cut;
    use crate::tests::{Drawn, RUN, plan, tables};

    fn ids(plan: &Plan) -> Vec<String> {
        plan.probes().into_iter().map(|probe| probe.id).collect()
    }

    proptest! {
        #[test]
        fn whoever_gets_a_part_runs_the_shard_and_nothing_else(tables in tables(), most in 1usize..20) {
            let whole = plan(&tables);
            let manifest = cut(&whole, NonZeroUsize::new(most).unwrap());

            for shard in &manifest.shards {
                let text = serde_json::to_string(&shard.part(&Parts::of(&whole), RUN)).unwrap();
                let read = Part::read(&text, RUN, shard.number).unwrap();

                let own = shard.plan(&Parts::of(&whole));
                prop_assert_eq!(ids(&read), ids(&own));
                prop_assert_eq!(read.to_json(), own.to_json());
                prop_assert_eq!(&read.digest, &whole.digest);
            }
        }
    }

    #[test]
    fn a_part_is_read_by_whom_it_is_for() {
        let whole = plan(&[Drawn {
            account: 0,
            reader: 0,
            outsiders: Vec::new(),
            excepted: false,
        }]);
        let manifest = cut(&whole, NonZeroUsize::MIN);
        let part = manifest.shards[0].part(&Parts::of(&whole), RUN);
        let error = |part: &Part| {
            let text = serde_json::to_string(part).unwrap();
            Part::read(&text, RUN, 0).unwrap_err().to_string()
        };

        assert_eq!(
            error(&Part {
                shard: 1,
                ..part.clone()
            }),
            "the document is shard 1 of the run `01KEYPR00F0000000000000000`, and not the one that was asked for"
        );
        assert_eq!(
            error(&Part {
                run_id: "01OTHER".to_owned(),
                ..part.clone()
            }),
            "the document is shard 0 of the run `01OTHER`, and not the one that was asked for"
        );
        assert_eq!(
            error(&Part {
                schema: "keyproof.shard/v2".to_owned(),
                ..part.clone()
            }),
            "the shard's schema is `keyproof.shard/v2`, not `keyproof.shard/v1`; a newer keyproof may be able to read it"
        );
        let mut broken = part;
        broken.plan["region"] = "nowhere".into();
        assert_eq!(
            error(&broken),
            "the shard's plan is not valid: region: `nowhere` is not a region; expected its code, such as `us-east-1`"
        );
    }
}
