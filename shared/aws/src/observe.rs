// SPDX-License-Identifier: Apache-2.0
//! A run's calls, set going together: sessions, probes and inspections, with no barrier between.
//!
//! The plan is asked unit by unit ([`keyproof_plan::Unit`]: a table with all that is asked about it),
//! a few units at a time, and what was seen of a unit is handed over once it is whole: nothing that
//! grows with the plan is kept. In a unit a principal's probes start as soon as its session is there,
//! whatever others wait for. The number of calls under way is bounded by `calls`; the futures that
//! wait for a place are bounded here.

mod examine;
mod once;

pub(crate) use examine::examine;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;

use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use futures_util::future::join4;
use futures_util::stream::{self, StreamExt};
use keyproof_core::Service;
use keyproof_plan::{
    About, Action, Expected, Principal, Probe, ProbeKind, Table, TableKey, Unit, Units,
};
use keyproof_quota::Operation;
use keyproof_verdict::{
    Answer, Blindness, Encryption, KeyState, Observation, Observations, TableObservation,
    classify_call,
};

use crate::calls::{Called, Reply};
use crate::failure::Failure;
use crate::inspect::{Index, Inspection, KeyFacts};
use crate::probe::{self, KeyTarget, TableTarget};
use crate::redact::Redactor;
use crate::run::{Run, observation, observed};
use crate::session::{self, Session};
pub(crate) use once::{Shared, no_session};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::unbounded_channel;

/// What a run saw of one unit of its plan.
pub(crate) struct Seen {
    /// The unit's probes, each with its place in plan order.
    pub(crate) probes: Vec<(usize, Probe)>,
    pub(crate) observations: Observations,
    /// Whose account it was, as far as is known by now.
    pub(crate) account: Option<String>,
}

/// A probe of a principal, as the plan asks it.
#[derive(Clone, Copy)]
struct Ask<'a> {
    id: &'a str,
    principal: &'a str,
    action: Action,
    table: Option<&'a str>,
    index: Option<&'a str>,
    /// Whether the plan wants it let in.
    let_in: bool,
}

/// A probe that can be made.
struct Ready<'a> {
    principal: &'a Principal,
    ask: Ask<'a>,
}

/// The probes of each principal, in plan order.
fn by_principal(probes: &[(usize, Probe)]) -> Vec<(&str, Vec<Ask<'_>>)> {
    let mut asks: Vec<(&str, Vec<Ask<'_>>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (_, planned) in probes {
        if let ProbeKind::Access {
            principal,
            action,
            table,
            index,
            expected,
        } = &planned.kind
        {
            let place = *places.entry(principal).or_insert_with(|| {
                asks.push((principal, Vec::new()));
                asks.len() - 1
            });
            if let Some((_, asks)) = asks.get_mut(place) {
                asks.push(Ask {
                    id: &planned.id,
                    principal,
                    action: *action,
                    table: table.as_deref(),
                    index: index.as_deref(),
                    let_in: *expected == Expected::Allowed,
                });
            }
        }
    }
    asks
}

/// For so many probes units are begun, and more at a greater concurrency: one whose session or table
/// takes long must not keep others waiting.
const BEGUN: usize = 1_024;

/// Asks unit after unit, and hands over what was seen of each once it is whole. `take` says whether
/// to go on. Returns the run's account, where it is known.
pub(crate) async fn observe(
    run: &Run<'_>,
    units: &Units<'_>,
    mut take: impl FnMut(Seen) -> ControlFlow<()>,
) -> Option<String> {
    let shared = Shared::new(run);
    shared.await_units(&units.all);
    let most = BEGUN.max(run.settings.concurrency.saturating_mul(8));
    let room = Semaphore::new(most.min(Semaphore::MAX_PERMITS));
    let (shared, room) = (&shared, &room);
    let begun = stream::unfold(units.all.iter(), async |mut rest| {
        let unit = rest.next()?;
        let size = unit.probes.clamp(1, most).try_into().unwrap_or(u32::MAX);
        let place = room.acquire_many(size).await.ok()?;
        Some(((unit, place), rest))
    });
    let seen = begun.map(async |(unit, place)| {
        let seen = shared.unit(units, unit).await;
        shared.leave(unit);
        drop(place);
        seen
    });
    let mut seen = pin!(seen.buffer_unordered(most));
    while let Some(seen) = seen.next().await {
        if take(seen).is_break() {
            break;
        }
    }
    shared.account().await
}

impl Shared<'_, '_> {
    /// All that is asked about a unit.
    async fn unit(&self, units: &Units<'_>, unit: &Unit<'_>) -> Seen {
        let probes = units.probes(unit);
        let at_once = self.run.settings.concurrency.max(1);
        // INVARIANT (polled while waiting): what waits for a place is polled whatever else is full. So
        // sessions are not made inside the stream of probes, which rests while its buffer is full.
        let (opened, ready) = unbounded_channel();
        let sessions = async {
            let opened = opened;
            stream::iter(by_principal(&probes))
                .map(|(name, asks)| self.ready(name, asks))
                .buffer_unordered(at_once.saturating_mul(4))
                .for_each(async |ready| drop(opened.send(ready)))
                .await;
        };
        // Taken from the principals in turn, so that each keeps few connections busy; from no more of them
        // than there are calls, so that what a session needs is still in the processor's caches when its
        // turn comes again. And taken late: twice as many as may be under way, as some wait for another
        // attempt.
        let access = stream::unfold(ready, async |mut ready| Some((ready.recv().await?, ready)))
            .flat_map_unordered(at_once, stream::iter)
            .map(|ready| self.probe(ready))
            .buffer_unordered(at_once.saturating_mul(2))
            .collect();
        let table = async {
            let About::Table(_, name) = unit.about else {
                return None;
            };
            let table = self.run.plan.tables.get(name)?;
            Some((name.to_owned(), self.table(name, table).await))
        };
        let (probes_seen, (), table, account) =
            join4(access, sessions, table, self.account()).await;
        Seen {
            observations: Observations {
                probes: probes_seen,
                tables: table.into_iter().collect(),
            },
            probes,
            account,
        }
    }

    /// The probes of one principal, once its session is there.
    async fn ready<'s>(
        &'s self,
        name: &'s str,
        asks: Vec<Ask<'s>>,
    ) -> impl Iterator<Item = Ready<'s>> {
        self.session(name).await;
        let principal = self.run.plan.principals.get(name);
        asks.into_iter().filter_map(move |ask| {
            Some(Ready {
                principal: principal?,
                ask,
            })
        })
    }

    async fn probe(&self, ready: Ready<'_>) -> (String, Observation) {
        let seen = self.access(ready.principal, ready.ask);
        (ready.ask.id.to_owned(), seen.await)
    }

    async fn access(&self, principal: &Principal, ask: Ask<'_>) -> Observation {
        if ask.action.service() == Service::Sts {
            let resource = Some(principal.role.to_string());
            let seen = session::probe_answer(&*self.assumed(ask.principal, ask.let_in).await);
            return observation(seen, resource, &self.run.redactor);
        }
        let named = ask
            .table
            .and_then(|name| Some((name, self.run.plan.tables.get(name)?)));
        let Some((name, table)) = named else {
            let failure = Failure::blind(Blindness::Other, "the plan has no such table");
            return observation(Called::unsent(failure), None, &self.run.redactor);
        };
        // Asked for now, and not when others were: it may have been renewed since.
        let session = self.session(ask.principal).await;
        let opened = match &session.outcome {
            Ok(session) => session,
            Err(failure) => {
                let resource = self.resource(principal, table, ask, None);
                let called = Called::unsent(no_session(failure));
                return observation(called, resource, &self.run.redactor);
            }
        };
        if ask.action.service() == Service::Kms {
            return self.key_probe(principal, opened, ask, name, table).await;
        }
        let found = match ask.index {
            Some(_) => Some(self.inspection(name, table).await),
            None => None,
        };
        let index = match index(found.as_deref(), table, ask) {
            Ok(index) => index,
            Err(failure) => {
                let resource = self.resource(principal, table, ask, None);
                return observation(Called::unsent(failure), resource, &opened.redactor);
            }
        };
        let target = TableTarget {
            table,
            index,
            scan_pages: self.run.settings.scan_pages,
        };
        let call = async |session: &Session| {
            probe::table(&self.run.calls, session, ask.action, target).await
        };
        let called = self.call(ask.principal, opened, call).await;
        let resource = self.resource(principal, table, ask, None);
        observed(called, resource)
    }

    async fn key_probe(
        &self,
        principal: &Principal,
        session: &Arc<Session>,
        ask: Ask<'_>,
        name: &str,
        table: &Table,
    ) -> Observation {
        let key = match &table.key {
            TableKey::Key(arn) => arn.to_string(),
            TableKey::Alias(alias) => {
                let found = self.inspection(name, table).await;
                let arn = found.key_arn(table);
                if arn.is_none() && !self.means_the_same(alias, table, principal).await {
                    let called = Called::unsent(found.unresolved(alias));
                    return observation(called, None, &session.redactor);
                }
                arn.unwrap_or(alias).to_owned()
            }
            TableKey::AwsOwned => {
                let failure =
                    Failure::blind(Blindness::NotFound, "the plan gives this table no key");
                return observation(Called::unsent(failure), None, &session.redactor);
            }
        };
        let account = table
            .arn
            .as_ref()
            .map_or(principal.role.account(), |arn| arn.account());
        let target = KeyTarget::new(key, &table.name, account, principal.role.as_str());
        let call = async |session: &Session| {
            probe::key(&self.run.calls, session, ask.action, &target).await
        };
        // Boxed: what waits for others' answers holds it several times over.
        let call = Box::pin(self.call(ask.principal, session, call));
        let called = self.of_key(ask.principal, ask.action, name, call).await;
        let resource = self.resource(principal, table, ask, Some(target.key));
        observed(called, resource)
    }

    async fn table(&self, name: &str, table: &Table) -> TableObservation {
        let found = self.inspection(name, table).await;
        let facts = found.table.outcome.as_ref().ok();
        let key = found.key.as_ref().and_then(|key| key.outcome.as_ref().ok());
        let table_arn = table.arn.as_ref().map(ToString::to_string);
        let table_arn = table_arn.or_else(|| facts.and_then(|facts| facts.arn.clone()));
        let redactor = self.redactor_of(table).await;
        TableObservation {
            look: observation(found.look(table), table_arn.clone(), &redactor),
            encryption: facts
                .and_then(|facts| facts.encryption.clone().ok())
                .map(|encryption| managed(encryption, key)),
            expected_key: found.key_arn(table).map(str::to_owned),
            key_state: key
                .map(|facts| facts.state)
                .or_else(|| state_by_refusal(&found)),
            table_arn,
        }
    }

    /// What keeps the secrets of whoever inspects the table out of messages.
    async fn redactor_of(&self, table: &Table) -> Redactor {
        let own = &self.run.redactor;
        match &table.inspect_as {
            Some(name) => self.redactor(name).await.unwrap_or_else(|| own.clone()),
            None => own.clone(),
        }
    }

    /// The ARN that a probe calls on.
    fn resource(
        &self,
        principal: &Principal,
        table: &Table,
        ask: Ask<'_>,
        key: Option<String>,
    ) -> Option<String> {
        if ask.action.service() == Service::Kms {
            let planned = match &table.key {
                TableKey::Key(arn) => Some(arn.to_string()),
                TableKey::Alias(_) | TableKey::AwsOwned => None,
            };
            return key.filter(|key| key.starts_with("arn:")).or(planned);
        }
        // A table that is called by name is the caller's own account's.
        let arn = match &table.arn {
            Some(arn) => arn.to_string(),
            None => format!(
                "arn:{}:dynamodb:{}:{}:table/{}",
                principal.role.as_arn().partition(),
                self.run.region,
                principal.role.account(),
                table.name
            ),
        };
        Some(match ask.index {
            Some(index) => format!("{arn}/index/{index}"),
            None => arn,
        })
    }
}

/// The index of a query or scan, as `DescribeTable` has it.
fn index<'i>(
    found: Option<&'i Inspection>,
    table: &Table,
    ask: Ask<'_>,
) -> Result<Option<&'i Index>, Failure> {
    let (Some(index), Some(found)) = (ask.index, found) else {
        return Ok(None);
    };
    let Ok(facts) = &found.table.outcome else {
        let message = format!(
            "the key attributes of index `{index}` are not known: `DescribeTable` of `{}` brought no answer",
            table.name
        );
        return Err(Failure::blind(Blindness::MayNotLook, message));
    };
    facts.indexes.get(index).map(Some).ok_or_else(|| {
        let message = format!("table `{}` has no index `{index}`", table.name);
        Failure::blind(Blindness::NotFound, message)
    })
}

/// The table's encryption, with what is known of the plan's key: a table's description says which
/// key it is, not whose.
fn managed(encryption: Encryption, key: Option<&KeyFacts>) -> Encryption {
    match encryption {
        Encryption::Key { arn } if key.is_some_and(|key| key.aws_managed && key.arn == arn) => {
            Encryption::AwsManaged { arn }
        }
        other => other,
    }
}

/// `DescribeKey` answers for a key in any state; should it be refused for the state, that is known.
fn state_by_refusal(found: &Inspection) -> Option<KeyState> {
    match found.key.as_ref()?.outcome.as_ref().err()?.answer {
        Answer::KeyUnusable(state) => Some(state),
        Answer::Allowed(_) | Answer::Denied(_) | Answer::Unknown(_) => None,
    }
}

/// The operator's account, for the report. Nothing depends on it.
async fn caller_account(run: &Run<'_>) -> Option<String> {
    let account = caller(run).await.outcome.ok()?.account?;
    account
        .parse::<keyproof_core::AccountId>()
        .ok()
        .map(|account| account.to_string())
}

/// Whose credentials the operator's are.
pub(crate) async fn caller(run: &Run<'_>) -> Called<GetCallerIdentityOutput> {
    let called = run.calls.send(Operation::GET_CALLER_IDENTITY, async || {
        Reply::new(
            run.sts.get_caller_identity().send().await,
            |code, message| classify_call(Service::Sts, code, message),
        )
    });
    called.await
}
