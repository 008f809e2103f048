// SPDX-License-Identifier: Apache-2.0
//! What can be said of a plan without asking anybody.

use jiff::civil::Date;
use keyproof_plan::Plan;

use crate::check::{Check, Mend};
use crate::diagnose::{Circumstances, checked};

/// DynamoDB keeps a table's key for a caller until five minutes have passed without a request.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html>
const TABLE_KEY_CACHE_MINUTES: u32 = 5;

pub(crate) fn checks(plan: &Plan, circumstances: &Circumstances, today: Date) -> Vec<Check> {
    let interval = circumstances.interval_minutes.map(interval);
    let exceptions = plan.exceptions.iter().map(|exception| {
        let id = format!("plan/exception/{}", exception.probe);
        let (expires, owner) = (exception.expires, &exception.owner);
        let problem = (expires < today).then(|| {
            Check::problem(
                id.clone(),
                format!(
                    "the exception for `{}` ended on {expires}: its failure counts again",
                    exception.probe
                ),
            )
            .mend(Mend::words(format!(
                "take it out of the plan (line {}), or let {owner} set a new date",
                exception.place.line
            )))
        });
        let well = format!(
            "the exception for `{}` holds until {expires}",
            exception.probe
        );
        checked(id, problem, well)
    });
    interval.into_iter().chain(exceptions).collect()
}

fn interval(minutes: u32) -> Check {
    let id = "plan/interval".to_owned();
    let problem = (minutes <= TABLE_KEY_CACHE_MINUTES).then(|| {
        Check::problem(
            id.clone(),
            format!(
                "a run every {minutes} min: DynamoDB keeps a table's key for a caller until \
                 {TABLE_KEY_CACHE_MINUTES} idle minutes have passed, so that a run could be answered \
                 without the key's being asked"
            ),
        )
        .mend(Mend::words(format!(
            "leave at least {} minutes between two runs",
            TABLE_KEY_CACHE_MINUTES + 1
        )))
    });
    checked(
        id,
        problem,
        format!(
            "{minutes} min between two runs are more than the {TABLE_KEY_CACHE_MINUTES} idle minutes that DynamoDB keeps a table's key"
        ),
    )
}
