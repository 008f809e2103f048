// SPDX-License-Identifier: Apache-2.0
//! Holding a plan against every mutant, on all processors.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use keyproof_check::{Circumstances, Estate, observations_of};
use keyproof_plan::{Plan, Probe};
use keyproof_verdict::{Finding, Observations, Report, RunFacts, Verdict, judge, judge_unwatched};

use crate::mutant::{Edit, Mutant};
use crate::remedy;
use crate::report::{Coverage, OutOfReach, PlanRow, Survivor};
use crate::scope::{About, Scope, Subjects};
use crate::universe::{Difference, Universe, effect};

/// What became of a mutant.
enum Fate {
    Killed,
    Equivalent,
    OutOfReach(OutOfReach),
    Survived(Box<Survivor>),
}

/// Holds the plan against every mutant of the estate.
#[must_use]
pub fn cover(
    plan: &Plan,
    estate: &Estate,
    circumstances: &Circumstances,
    facts: &RunFacts,
) -> Coverage {
    let mut estate = estate.clone();
    let mutants = crate::mutants(&mut estate);
    let probes = plan.probes();
    let seen = observations_of((plan, &probes), &estate, circumstances, facts, |_| true);
    let whole = judge(plan, &seen, facts.clone());
    let bench = Bench {
        plan,
        probes,
        estate: &estate,
        circumstances,
        facts,
        seen,
        baseline: outcomes(&whole),
        subjects: Subjects::of(plan, &estate),
        universe: Universe::new(plan, &estate, circumstances, facts),
    };
    let mut coverage = Coverage {
        schema: Coverage::SCHEMA.to_owned(),
        plan: PlanRow {
            name: plan.name.clone(),
            digest: plan.digest.clone(),
            verdict: whole.summary.verdict.as_str().to_owned(),
        },
        mutants: 0,
        killed: 0,
        equivalent: 0,
        survivors: Vec::new(),
        out_of_reach: Vec::new(),
    };
    for fate in bench.all(&mutants) {
        match fate {
            Fate::Killed => coverage.killed += 1,
            Fate::Equivalent => coverage.equivalent += 1,
            Fate::OutOfReach(row) => coverage.out_of_reach.push(row),
            Fate::Survived(row) => coverage.survivors.push(*row),
        }
    }
    coverage.mutants = coverage.killed + coverage.survivors.len();
    coverage
}

/// What mutants are tried on.
struct Bench<'b> {
    plan: &'b Plan,
    probes: Vec<Probe>,
    estate: &'b Estate,
    circumstances: &'b Circumstances,
    facts: &'b RunFacts,
    /// What is seen while nothing is broken.
    seen: Observations,
    baseline: Vec<(Verdict, Option<Finding>)>,
    subjects: Subjects,
    universe: Universe,
}

fn outcomes(report: &Report) -> Vec<(Verdict, Option<Finding>)> {
    report
        .probes
        .iter()
        .map(|row| (row.verdict, row.finding))
        .collect()
}

impl Bench<'_> {
    /// The fates, in the mutants' order.
    fn all(&self, mutants: &[Mutant]) -> Vec<Fate> {
        let workers = thread::available_parallelism().map_or(1, NonZero::get);
        let next = AtomicUsize::new(0);
        let work = || {
            // A mutant is put in and taken out again: the estate is copied once.
            let mut estate = self.estate.clone();
            let mut fates = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(mutant) = mutants.get(number) else {
                    return fates;
                };
                let mut edit = mutant.edit.clone();
                edit.exchange(&mut estate);
                let fate = self.fate(mutant, &edit, &estate);
                edit.exchange(&mut estate);
                fates.push((number, fate));
            }
        };
        let mut fates: Vec<(usize, Fate)> = thread::scope(|scope| {
            let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
            let mut fates = work();
            for other in others {
                match other.join() {
                    Ok(more) => fates.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            fates
        });
        fates.sort_by_key(|(number, _)| *number);
        fates.into_iter().map(|(_, fate)| fate).collect()
    }

    /// The plan's report on a broken estate. What the mutant can't change is as it was.
    fn report(&self, broken: &Estate, scope: &Scope) -> Report {
        let concerned = |probe: &Probe| self.subjects.concerns(scope, probe);
        let (plan, facts) = (self.plan, self.facts);
        let asked = (plan, &*self.probes);
        let mut seen = observations_of(asked, broken, self.circumstances, facts, concerned);
        for (id, observation) in &self.seen.probes {
            seen.probes
                .entry(id.clone())
                .or_insert_with(|| observation.clone());
        }
        judge_unwatched(plan, &seen, facts.clone())
    }

    /// `before` is what the mutant took the place of.
    fn fate(&self, mutant: &Mutant, before: &Edit, broken: &Estate) -> Fate {
        let about = About::of(before, &mutant.edit);
        if !about.anything {
            return Fate::Equivalent;
        }
        let scope = Scope::of(&mutant.edit, broken, self.circumstances);
        let report = self.report(broken, &scope);
        let noticed = outcomes(&report)
            .iter()
            .zip(&self.baseline)
            .any(|(now, before)| now != before && now.0 != Verdict::Pass);
        if noticed {
            return Fate::Killed;
        }
        let (probes, tables) =
            match self
                .universe
                .difference(broken, self.circumstances, self.facts, &scope, about)
            {
                Difference::None => return Fate::Equivalent,
                Difference::OutOfReach(effect) => {
                    return Fate::OutOfReach(OutOfReach {
                        id: mutant.id.clone(),
                        change: mutant.change.clone(),
                        place: mutant.place.clone(),
                        effect,
                    });
                }
                Difference::Reachable { probes, tables } => (probes, tables),
            };
        let found = remedy::find(
            self.plan,
            &self.universe,
            &probes,
            (self.estate, broken),
            (self.circumstances, self.facts),
        );
        let effect = match (probes.first(), tables.first()) {
            (Some((id, before, after)), _) => effect(id, *before, *after, probes.len() - 1),
            (None, Some(table)) => format!("what `{table}` is encrypted with changes"),
            (None, None) => String::new(),
        };
        let (add, needs) = match found {
            Some(found) => (Some(found.add), found.needs),
            None => match remedy::tables(self.plan, &self.universe, &tables) {
                Some(needs) => (None, needs),
                // Every expectation that the change concerns was tried: what is refused on a table
                // that nobody may read can't be proven, for one.
                None => {
                    return Fate::OutOfReach(OutOfReach {
                        id: mutant.id.clone(),
                        change: mutant.change.clone(),
                        place: mutant.place.clone(),
                        effect: format!("{effect}, which no expectation could prove"),
                    });
                }
            },
        };
        Fate::Survived(Box::new(Survivor {
            id: mutant.id.clone(),
            change: mutant.change.clone(),
            place: mutant.place.clone(),
            file: mutant.file.clone(),
            line: mutant.file.as_ref().map(|_| mutant.line),
            effect,
            add,
            needs,
        }))
    }
}
