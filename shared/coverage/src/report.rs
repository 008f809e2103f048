// SPDX-License-Identifier: Apache-2.0
//! What `coverage` finds: `keyproof.coverage/v1`.

use serde::Serialize;

use crate::Remedy;

/// The mutants of an estate, and what a plan makes of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coverage {
    /// Always `keyproof.coverage/v1`.
    pub schema: String,
    /// The plan.
    pub plan: PlanRow,
    /// Mutants that change something that a plan could notice: `killed` and the survivors.
    pub mutants: usize,
    /// Those that the plan notices.
    pub killed: usize,
    /// Those that change no decision for anybody; not among `mutants`.
    pub equivalent: usize,
    /// Those that the plan doesn't notice.
    pub survivors: Vec<Survivor>,
    /// Those that change something, but nothing that any plan could ask about; not among `mutants`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub out_of_reach: Vec<OutOfReach>,
}

/// The plan that was held against the mutants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanRow {
    /// Its name.
    pub name: String,
    /// `sha256:HEX` of its bytes.
    pub digest: String,
    /// The verdict of `check` with nothing broken. Where it is not `pass`, probes that don't pass
    /// as it is can notice nothing.
    pub verdict: String,
}

/// A mutant that the plan doesn't notice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Survivor {
    /// The mutant's id.
    pub id: String,
    /// What is changed, one sentence.
    pub change: String,
    /// Where: a path in the template.
    #[serde(rename = "where")]
    pub place: String,
    /// The template's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of what is changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Who gains or loses what.
    pub effect: String,
    /// An expectation that would notice it; `null` where no single one was found.
    pub add: Option<serde_json::Value>,
    /// What the expectation needs that the plan doesn't have yet.
    #[serde(flatten)]
    pub needs: Remedy,
}

/// A mutant that no plan could notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutOfReach {
    /// The mutant's id.
    pub id: String,
    /// What is changed, one sentence.
    pub change: String,
    /// Where: a path in the template.
    #[serde(rename = "where")]
    pub place: String,
    /// Who gains or loses what.
    pub effect: String,
}

impl Coverage {
    /// The schema that this version writes.
    pub const SCHEMA: &'static str = "keyproof.coverage/v1";

    /// The report as pretty JSON, with a newline at the end.
    ///
    /// # Errors
    ///
    /// Never for a report that [`cover`](crate::cover()) made.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}
