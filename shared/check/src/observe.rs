// SPDX-License-Identifier: Apache-2.0
//! The plan's probes, answered from the templates.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

use keyproof_core::Service;
use keyproof_plan::{Plan, Probe, ProbeKind, Table as Planned};
use keyproof_verdict::{Answer, Blindness, Observation, Observations, RunFacts};

use crate::Circumstances;
use crate::assume::{NoSession, Opened};
use crate::caller::Caller;
use crate::context::Surroundings;
use crate::estate::Estate;
use crate::weigh::{self, Guards, Question, Step, Weighed};

/// An answer, with the decisions that led to it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) observation: Observation,
    pub(crate) steps: Vec<Step>,
}

impl Seen {
    pub(crate) fn answered(
        answer: Answer,
        code: Option<&str>,
        message: Option<String>,
        resource: Option<String>,
        steps: Vec<Step>,
    ) -> Self {
        Self {
            observation: Observation {
                answer,
                resource,
                error_code: code.map(str::to_owned),
                message,
                request_id: None,
                attempts: 0,
                latency_ms: None,
            },
            steps,
        }
    }

    /// No service would say that: a run would not even call.
    pub(crate) fn silent(
        answer: Answer,
        message: impl Into<String>,
        resource: Option<String>,
    ) -> Self {
        Self::answered(answer, None, Some(message.into()), resource, Vec::new())
    }

    /// The templates don't tell.
    pub(crate) fn untold(what: String, resource: Option<String>) -> Self {
        let answer = Answer::Unknown(Blindness::Untold(what));
        Self::answered(answer, None, None, resource, Vec::new())
    }
}

/// Answers a plan's probes.
#[derive(Debug)]
pub(crate) struct Observer<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) estate: &'a Estate,
    pub(crate) circumstances: &'a Circumstances,
    pub(crate) surroundings: Surroundings<'a>,
    pub(crate) guards: Guards<'a>,
    pub(crate) session_name: String,
    pub(crate) runner: Option<Caller<'a>>,
    pub(crate) probes: Cow<'a, [Probe]>,
    /// The numbers of the probes, in the order of their ids.
    by_id: OnceCell<Vec<usize>>,
    /// Whether the runner calls in its own name.
    pub(crate) own_name: bool,
    sessions: BTreeMap<&'a str, OnceCell<Opened<'a>>>,
}

impl<'a> Observer<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        estate: &'a Estate,
        circumstances: &'a Circumstances,
        facts: &'a RunFacts,
    ) -> Self {
        let probes = plan.probes();
        Self::asking((plan, probes.into()), estate, circumstances, facts)
    }

    /// The same with the plan's probes.
    pub(crate) fn asking(
        (plan, probes): (&'a Plan, Cow<'a, [Probe]>),
        estate: &'a Estate,
        circumstances: &'a Circumstances,
        facts: &'a RunFacts,
    ) -> Self {
        let region = facts.region.as_deref().unwrap_or(&plan.region);
        Self {
            plan,
            estate,
            circumstances,
            surroundings: Surroundings {
                now: facts.started_at,
                region,
                told: &circumstances.context,
            },
            guards: Guards::of(estate),
            session_name: format!("keyproof-{}", facts.id),
            runner: Caller::runner(estate, circumstances),
            probes,
            by_id: OnceCell::new(),
            own_name: false,
            sessions: plan
                .principals
                .keys()
                .map(|name| (name.as_str(), OnceCell::new()))
                .collect(),
        }
    }

    /// The runner takes no role's place.
    pub(crate) fn in_the_runners_name(mut self) -> Self {
        self.own_name = true;
        self
    }

    /// What a run would see.
    pub(crate) fn observe(&self, wanted: impl Fn(&Probe) -> bool) -> Observations {
        let mut observations = Observations::default();
        for (name, table) in &self.plan.tables {
            let seen = self.inspect(table);
            observations.tables.insert(name.clone(), seen);
        }
        for probe in self.probes.iter().filter(|probe| wanted(probe)) {
            if let Some(seen) = self.probe(probe, &observations) {
                observations
                    .probes
                    .insert(probe.id.clone(), seen.observation);
            }
        }
        observations
    }

    /// A probe's number in the plan.
    pub(crate) fn number(&self, id: &str) -> Option<usize> {
        let id_of = |number: &usize| self.probes.get(*number).map(|probe| probe.id.as_str());
        let by_id = self.by_id.get_or_init(|| {
            let mut all: Vec<usize> = (0..self.probes.len()).collect();
            all.sort_unstable_by_key(id_of);
            all
        });
        let place = by_id.binary_search_by_key(&Some(id), id_of).ok()?;
        by_id.get(place).copied()
    }

    /// The probe of this id.
    pub(crate) fn planned(&self, id: &str) -> Option<&Probe> {
        self.probes.get(self.number(id)?)
    }

    /// The answer to an access probe. `observations` has the tables.
    pub(crate) fn probe(&self, probe: &Probe, observations: &Observations) -> Option<Seen> {
        let ProbeKind::Access {
            principal: name,
            action,
            table,
            index,
            ..
        } = &probe.kind
        else {
            return None;
        };
        let principal = self.plan.principals.get(name)?;
        let opened = self.opened(name)?;
        if action.service() == Service::Sts {
            return Some(opened.seen.clone());
        }
        let table_name = table.as_deref()?;
        let planned = self.plan.tables.get(table_name)?;
        let arn = self.table_arn(
            planned,
            principal.role.as_arn().partition(),
            principal.role.account(),
        );
        let resource = || {
            Some(match (action.service(), index) {
                (Service::Kms, _) => {
                    return planned
                        .key
                        .key_id()
                        .filter(|id| id.starts_with("arn:") && id.contains(":key/"))
                        .map(str::to_owned);
                }
                (_, Some(index)) => format!("{arn}/index/{index}"),
                (_, None) => arn.clone(),
            })
        };
        let caller = match &opened.session {
            Ok(caller) => caller,
            Err(NoSession::Untold(what)) => return Some(Seen::untold(what.clone(), resource())),
            Err(NoSession::Refused) => {
                let refusal = &opened.seen.observation;
                return Some(Seen::answered(
                    Answer::Unknown(Blindness::NoSession),
                    refusal.error_code.as_deref(),
                    refusal.message.clone(),
                    resource(),
                    Vec::new(),
                ));
            }
        };
        if action.service() == Service::Kms {
            let resolved = observations
                .tables
                .get(table_name)
                .and_then(|seen| seen.expected_key.as_deref());
            return Some(self.key_probe(caller, principal, *action, planned, resolved));
        }
        // A query of an index has to know its key attributes first.
        if index.is_some()
            && let Some(seen) = observations.tables.get(table_name)
            && seen.encryption.is_none()
            && let Answer::Denied(_) = seen.look.answer
        {
            let message = format!(
                "the key attributes of index `{}` are not known: whoever inspects `{}` may not look at it",
                index.as_deref().unwrap_or_default(),
                planned.name
            );
            let answer = Answer::Unknown(Blindness::MayNotLook);
            return Some(Seen::silent(answer, message, resource()));
        }
        Some(self.table_probe(caller, *action, planned, &arn, index.as_deref()))
    }

    pub(crate) fn opened(&self, principal: &str) -> Option<&Opened<'a>> {
        let (name, cell) = self.sessions.get_key_value(principal)?;
        let principal = self.plan.principals.get(*name)?;
        Some(cell.get_or_init(|| self.open(principal)))
    }

    /// The table that a call names.
    pub(crate) fn table_arn(&self, planned: &Planned, partition: &str, account: &str) -> String {
        match &planned.arn {
            Some(arn) => arn.to_string(),
            None => format!(
                "arn:{partition}:dynamodb:{}:{account}:table/{}",
                self.surroundings.region, planned.name
            ),
        }
    }

    pub(crate) fn weigh(&self, caller: &Caller<'_>, question: Question<'_>) -> Weighed {
        let account = &self.estate.account().account;
        weigh::weigh(caller, &self.guards, account, &self.surroundings, question)
    }
}
