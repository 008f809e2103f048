// SPDX-License-Identifier: Apache-2.0
//! What expected access rests on.

use std::collections::BTreeSet;

use keyproof_plan::ProbeKind;
use keyproof_policy::StatementRef;
use keyproof_verdict::{Observations, ProbeRow, Report, Verdict};

use crate::caller::Caller;
use crate::cause::written;
use crate::observe::{Observer, Seen};
use crate::weigh::Step;

/// A statement: its document, and its number in it.
pub(crate) type At = (String, usize);

/// The statements that expected access rests on: whoever is let in by mistake may use them, too, but
/// they are not the mistake.
#[derive(Debug, Default)]
pub(crate) struct ReliedOn {
    pub(crate) places: BTreeSet<At>,
    /// The probes that are allowed as expected, by their number.
    probes: Vec<usize>,
}

impl ReliedOn {
    /// Goes through the probes that are allowed as expected.
    pub(crate) fn by(
        observer: &Observer<'_>,
        observations: &Observations,
        report: &Report,
    ) -> Self {
        let mut relied_on = Self::default();
        let allowed = report
            .probes
            .iter()
            .filter(|row| row.verdict == Verdict::Pass && row.expected.by.is_none());
        for row in allowed {
            let Some(number) = observer.number(&row.id) else {
                continue;
            };
            for (caller, step) in steps(observer, observations, number) {
                for one in &step.decision.statements {
                    let place = place(observer, caller, &step, one);
                    relied_on.places.extend(place);
                }
            }
            relied_on.probes.push(number);
        }
        relied_on
    }

    /// The decisions behind expected access to what `row` is about, or of its principal.
    pub(crate) fn beside<'o>(
        &self,
        observer: &'o Observer<'_>,
        observations: &Observations,
        row: &ProbeRow,
    ) -> Vec<(&'o Caller<'o>, Step)> {
        let is_beside = |number: &&usize| {
            let probe = observer.probes.get(**number);
            probe.is_some_and(|probe| match &probe.kind {
                ProbeKind::Encryption { .. } => false,
                ProbeKind::Access {
                    principal, table, ..
                } => {
                    Some(principal.as_str()) == row.principal.as_deref()
                        || (table.is_some() && *table == row.table)
                }
            })
        };
        let beside = self.probes.iter().filter(is_beside);
        beside
            .flat_map(|&number| steps(observer, observations, number))
            .collect()
    }
}

/// A probe's decisions, each with whom it is about.
fn steps<'o>(
    observer: &'o Observer<'_>,
    observations: &Observations,
    number: usize,
) -> Vec<(&'o Caller<'o>, Step)> {
    let found = || {
        let probe = observer.probes.get(number)?;
        let ProbeKind::Access { principal, .. } = &probe.kind else {
            return None;
        };
        let session = observer.opened(principal)?.session.as_ref().ok();
        let Seen { steps, .. } = observer.probe(probe, observations)?;
        let with_caller = steps.into_iter().filter_map(|step| {
            let caller = match step.request.action.split_once(':') {
                Some(("sts", _)) => observer.runner.as_ref(),
                Some(_) | None => session,
            };
            Some((caller?, step))
        });
        Some(with_caller.collect())
    };
    found().unwrap_or_default()
}

pub(crate) fn place(
    observer: &Observer<'_>,
    caller: &Caller<'_>,
    step: &Step,
    statement: &StatementRef,
) -> Option<At> {
    // A role's inline policies share its ARN; where they stand tells them apart.
    let written = written(observer, caller, step, statement)?;
    let path = written.source.map_or("", |source| source.path.as_str());
    let document = format!("{} {path}", written.document);
    Some((document, statement.index))
}
