// SPDX-License-Identifier: Apache-2.0
//! The manifest, `keyproof.shards/v1`: which part of a plan each shard is.

use std::borrow::Cow;
use std::collections::BTreeSet;

use keyproof_plan::{Parts, Plan};
use keyproof_verdict::PartRow;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How a plan was cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always `keyproof.shards/v1`.
    pub schema: String,
    /// The plan's name.
    pub plan: String,
    /// The plan's digest: shards of one plan are no shards of its next version.
    pub digest: String,
    /// How many probes a shard was to have at most; a table with more is a shard of its own.
    pub most: usize,
    /// Which part of the plan the shards are, where they are not the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<PartRow>,
    /// The shards, numbered from 0.
    pub shards: Vec<Shard>,
}

/// A part of a plan that can be carried out on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Its place in the manifest, from 0.
    pub number: usize,
    /// The account that its tables are in; `null` where the plan doesn't say.
    pub account: Option<String>,
    /// Its tables, whole, in plan order.
    pub tables: Vec<String>,
    /// Its expectations that are about no table, by their index in the plan, from 0.
    pub expectations: Vec<usize>,
    /// How many principals it assumes.
    pub principals: usize,
    /// How many probes it has.
    pub probes: usize,
}

/// A manifest that can't be used, or is not this plan's.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Not a manifest.
    #[error("the manifest can't be read: {source}")]
    Unreadable {
        /// What the parser says.
        #[from]
        source: serde_json::Error,
    },
    /// A document of another schema.
    #[error(
        "the document's schema is `{schema}`, and keyproof {} reads `{}`; upgrade keyproof, if a newer one wrote \
         it",
        env!("CARGO_PKG_VERSION"),
        Manifest::SCHEMA
    )]
    OtherSchema {
        /// The schema that it names.
        schema: String,
    },
    /// A manifest of another plan, or of another version of it.
    #[error(
        "the manifest is of plan `{plan}` with digest `{digest}`, not of this one (`{given}`); cut the plan again"
    )]
    OtherPlan {
        /// The plan that it names.
        plan: String,
        /// The digest that it names.
        digest: String,
        /// The digest of the plan at hand.
        given: String,
    },
    /// Its shards are not the plan, each part once.
    #[error("the manifest's shards are not the whole plan: {what}; cut the plan again")]
    NotThePlan {
        /// What is missing, unknown or there twice.
        what: String,
    },
    /// A shard that the manifest doesn't have.
    #[error("there is no shard {number}; the manifest has {count}, numbered from 0")]
    NoSuchShard {
        /// The number asked for.
        number: usize,
        /// How many there are.
        count: usize,
    },
}

impl Manifest {
    /// The schema that this version writes and reads.
    pub const SCHEMA: &'static str = "keyproof.shards/v1";

    /// Reads a manifest and holds it against its plan.
    ///
    /// # Errors
    ///
    /// Where it is none, is another plan's, or would leave a part of the plan out or do it twice.
    pub fn read(text: &str, plan: &Plan) -> Result<Self, ManifestError> {
        let document: serde_json::Value = serde_json::from_str(text)?;
        let schema = document.get("schema").and_then(serde_json::Value::as_str);
        if let Some(schema) = schema.filter(|&schema| schema != Self::SCHEMA) {
            let schema = schema.to_owned();
            return Err(ManifestError::OtherSchema { schema });
        }
        // From the text again, so that an error has its line and column.
        let manifest: Self = serde_json::from_str(text)?;
        manifest.check(&Parts::of(plan))?;
        Ok(manifest)
    }

    /// Holds the manifest against a plan.
    ///
    /// # Errors
    ///
    /// As [`Manifest::read`] has them.
    pub fn check(&self, parts: &Parts<'_>) -> Result<(), ManifestError> {
        let plan = parts.whole();
        if self.digest != plan.digest {
            return Err(ManifestError::OtherPlan {
                plan: self.plan.clone(),
                digest: self.digest.clone(),
                given: plan.digest.clone(),
            });
        }
        // INVARIANT (the whole plan once): what a manifest leaves out, nobody would miss.
        let not_the_plan = |what: String| Err(ManifestError::NotThePlan { what });
        let (mut tables, mut loose) = (BTreeSet::new(), BTreeSet::new());
        for (number, shard) in self.shards.iter().enumerate() {
            if shard.number != number {
                return not_the_plan(format!("shard {number} is numbered {}", shard.number));
            }
            for table in &shard.tables {
                if !plan.tables.contains_key(table) {
                    return not_the_plan(format!("the plan has no table `{table}`"));
                }
                if !tables.insert(table.as_str()) {
                    return not_the_plan(format!("table `{table}` is in two shards"));
                }
            }
            for &index in &shard.expectations {
                let loose_one = plan.expectations.get(index).filter(|it| it.on.is_none());
                if loose_one.is_none() {
                    return not_the_plan(format!("expectation {index} is none without a table"));
                }
                if !loose.insert(index) {
                    return not_the_plan(format!("expectation {index} is in two shards"));
                }
            }
            let probes = shard.plan(parts).planned();
            if probes != shard.probes {
                return not_the_plan(format!(
                    "shard {number} has {probes} probes, and not {}",
                    shard.probes
                ));
            }
        }
        if let Some(part) = &self.part {
            let planned = plan.planned();
            if part.of != planned {
                let of = part.of;
                return not_the_plan(format!(
                    "they are a part of {of} probes, and the plan has {planned}"
                ));
            }
            return Ok(());
        }
        let mut left_out = plan.tables.keys().filter(|&name| !tables.contains(&**name));
        if let Some(table) = left_out.next() {
            return not_the_plan(format!("table `{table}` is in no shard"));
        }
        let without_table = plan.expectations.iter().enumerate();
        let mut left_out = without_table
            .filter(|(index, expectation)| expectation.on.is_none() && !loose.contains(index));
        match left_out.next() {
            Some((index, _)) => not_the_plan(format!("expectation {index} is in no shard")),
            None => Ok(()),
        }
    }

    /// The plan that all shards together are: the whole, or the part of it that was cut.
    #[must_use]
    pub fn plan_of<'p>(&self, whole: &Parts<'p>) -> Cow<'p, Plan> {
        if self.part.is_none() {
            return Cow::Borrowed(whole.whole());
        }
        let tables = self.shards.iter().flat_map(|shard| &shard.tables);
        let loose = self.shards.iter().flat_map(|shard| &shard.expectations);
        Cow::Owned(whole.only(tables.map(String::as_str), loose.copied()))
    }

    /// What a report of the shard alone is of the plan; `None` where it is all of it.
    #[must_use]
    pub fn part_row(&self, shard: &Shard, whole: &Plan) -> Option<PartRow> {
        let of = whole.planned();
        (shard.probes < of).then(|| PartRow {
            of,
            touching: (self.part.as_ref()).map_or_else(Vec::new, |part| part.touching.clone()),
        })
    }

    /// The shard of this number.
    ///
    /// # Errors
    ///
    /// Where there is none.
    pub fn shard(&self, number: usize) -> Result<&Shard, ManifestError> {
        let count = self.shards.len();
        let found = self.shards.get(number);
        found.ok_or(ManifestError::NoSuchShard { number, count })
    }
}

impl Shard {
    /// The shard as a plan of its own: same name, same digest, same places in the document, and
    /// nothing of the other shards.
    #[must_use]
    pub fn plan(&self, whole: &Parts<'_>) -> Plan {
        let tables = self.tables.iter().map(String::as_str);
        whole.only(tables, self.expectations.iter().copied())
    }
}
