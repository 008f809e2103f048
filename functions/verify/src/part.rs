// SPDX-License-Identifier: Apache-2.0
//! Of a large plan, the part that a change may concern.
//!
//! Up to the probes of one invocation a plan is always run whole: that costs next to nothing. Of a larger one a
//! change runs the tables that its key, table or role has to do with, and everybody's probes of them. What
//! came of it is committed as a run of that part, which says nothing of the rest.

use keyproof_plan::{Plan, Unit};
use keyproof_state::{PolicyChange, part_row, touched};
use keyproof_verdict::{PartRow, Report};

use crate::stored::StoredRun;
use crate::{HandlerError, Ports};

/// A part of a plan.
pub(crate) struct Part<'p> {
    pub(crate) units: Vec<Unit<'p>>,
    pub(crate) row: PartRow,
}

impl Part<'_> {
    /// The part as a plan of its own.
    pub(crate) fn of(&self, whole: &Plan) -> Plan {
        whole.only_units(&self.units)
    }

    /// Says in the report what it is of.
    pub(crate) fn mark(&self, report: &mut Report) {
        let asked = report.probes.len();
        self.row.clone().mark(report, asked);
    }
}

impl<P: Ports> StoredRun<'_, P> {
    /// The part that is enough for the change; `None` where the whole is to be run.
    pub(crate) async fn part<'p>(
        &self,
        plan: &'p Plan,
        change: Option<&PolicyChange>,
    ) -> Result<Option<Part<'p>>, HandlerError> {
        let most = self.stack.limits.probes.get();
        let Some(change) = change.filter(|_| plan.planned() > most) else {
            return Ok(None);
        };
        let known = self.stack.store.state(&plan.name).await?;
        let units = touched(plan, &known, &change.touches);
        Ok(units.map(|units| Part {
            units,
            row: part_row(plan, &change.touches),
        }))
    }
}
