// SPDX-License-Identifier: Apache-2.0
//! What is found out once in a run and asked for by many: sessions and inspections.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyproof_plan::{About, Action, Principal, Table, Unit};
use keyproof_quota::{asks_of_key_alone, key_asked};
use keyproof_verdict::{Answer, Blindness};
use tokio::sync::OnceCell;

use super::caller_account;
use crate::calls::Called;
use crate::failure::Failure;
use crate::inspect::{Inspection, Inspector, inspect};
use crate::redact::Redactor;
use crate::run::{Run, clean};
use crate::session::{self, Held, Opened, Session};

/// What is found out once and asked for by many.
pub(crate) struct Shared<'r, 'a> {
    pub(crate) run: &'r Run<'a>,
    sessions: Mutex<HashMap<&'r str, Arc<Held>>>,
    inspections: Cells<'r, Arc<Inspection>>,
    /// What principals found out about keys that several tables have.
    of_keys: Mutex<HashMap<OfKey<'r>, Arc<OnceCell<Called<Answer>>>>>,
    /// The keys that several tables have.
    common_keys: HashSet<Key<'r>>,
    /// For how many units that are not done each principal is assumed.
    awaited: Mutex<HashMap<&'r str, usize>>,
    operator: OnceCell<Inspector>,
    account: OnceCell<Option<String>>,
    /// The accounts of the roles that could be assumed.
    assumed: Mutex<BTreeSet<&'r str>>,
}

/// A key as the plan names it, and who says which one an alias is of ([`key_asked`]).
type Key<'r> = (Option<&'r str>, &'r str);

/// A question about a key alone: principal, action and key.
type OfKey<'r> = (&'r str, Action, Key<'r>);

/// Cells by the plan's name. The lock is held to find one, never while a call is under way.
struct Cells<'r, T>(Mutex<HashMap<&'r str, Arc<OnceCell<T>>>>);

impl<T> Default for Cells<'_, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<'r, T> Cells<'r, T> {
    fn of(&self, name: &'r str) -> Arc<OnceCell<T>> {
        Arc::clone(locked(&self.0).entry(name).or_default())
    }

    fn forget(&self, name: &str) {
        locked(&self.0).remove(name);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'r, 'a> Shared<'r, 'a> {
    pub(crate) fn new(run: &'r Run<'a>) -> Self {
        let mut seen = HashSet::new();
        let keys = run.plan.tables.values().filter_map(key_asked);
        Self {
            run,
            sessions: Mutex::default(),
            inspections: Cells::default(),
            of_keys: Mutex::default(),
            common_keys: keys.filter(|&key| !seen.insert(key)).collect(),
            awaited: Mutex::default(),
            operator: OnceCell::new(),
            account: OnceCell::new(),
            assumed: Mutex::default(),
        }
    }

    /// Says for which units principals are going to be asked.
    pub(super) fn await_units(&self, units: &[Unit<'r>]) {
        let mut awaited = locked(&self.awaited);
        for &name in units.iter().flat_map(|unit| &unit.principals) {
            *awaited.entry(name).or_default() += 1;
        }
    }

    /// Lets go of what no other unit asks for: the look at its table, and sessions that it was the
    /// last to use, with their connections.
    pub(super) fn leave(&self, unit: &Unit<'_>) {
        if let About::Table(_, name) = unit.about {
            self.inspections.forget(name);
        }
        let mut awaited = locked(&self.awaited);
        for &name in &unit.principals {
            if let Some(left) = awaited.get_mut(name) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    locked(&self.sessions).remove(name);
                }
            }
        }
    }

    /// The principal's session, made by whoever asks first, and again before it ends.
    pub(super) async fn session(&self, name: &str) -> Opened {
        let Some((held, principal)) = self.held(name) else {
            return Arc::new(Called::unsent(Failure::silent(Blindness::NoSession)));
        };
        held.get(async || self.assume(principal).await).await
    }

    /// What the run knows of the principal's role being assumed, which the plan wants let in or kept
    /// out.
    pub(super) async fn assumed(&self, name: &str, let_in: bool) -> Opened {
        let Some((held, principal)) = self.held(name) else {
            return Arc::new(Called::unsent(Failure::silent(Blindness::NoSession)));
        };
        held.answer(let_in, async || self.assume(principal).await)
            .await
    }

    /// What keeps the secrets of all sessions of a principal out of messages, whether it has one now or
    /// not.
    pub(super) async fn redactor(&self, name: &str) -> Option<Redactor> {
        self.held(name)?.0.redactor().await
    }

    fn held(&self, name: &str) -> Option<(Arc<Held>, &'r Principal)> {
        let (name, principal) = self.run.plan.principals.get_key_value(name)?;
        let held = Arc::clone(locked(&self.sessions).entry(name).or_default());
        Some((held, principal))
    }

    async fn assume(&self, principal: &'r Principal) -> Called<Session> {
        let name = self.run.session_name();
        // Boxed: one probe of a principal does so, and the futures of all would be as large.
        let called = Box::pin(session::assume(self.run, principal, &name)).await;
        if called.outcome.is_ok() {
            locked(&self.assumed).insert(principal.role.account());
        }
        called
    }

    /// Calls as the principal. A call that had to wait its turn until the session it began with was over is
    /// made once more, by the session that is in force then: one answer is never of two sessions. What the
    /// answer holds of either's secrets is kept out of it here.
    pub(super) async fn call(
        &self,
        name: &str,
        session: &Arc<Session>,
        ask: impl AsyncFn(&Session) -> Called<Answer>,
    ) -> Called<Answer> {
        let called = ask(session).await;
        let expired = |failure: &Failure| failure.answer == Answer::Unknown(Blindness::Credentials);
        if called.outcome.as_ref().is_err_and(expired)
            && let Ok(renewed) = &self.session(name).await.outcome
            && !Arc::ptr_eq(session, renewed)
        {
            return clean(ask(renewed).await, &renewed.redactor);
        }
        clean(called, &session.redactor)
    }

    /// The table's inspection, made by whoever asks first.
    pub(crate) async fn inspection(&self, name: &str, table: &Table) -> Arc<Inspection> {
        let Some((name, _)) = self.run.plan.tables.get_key_value(name) else {
            return Arc::new(Inspection::failed(Failure::silent(Blindness::Other)));
        };
        let cell = self.inspections.of(name);
        let inspected = cell.get_or_init(async || {
            Arc::new(match self.inspector(table).await {
                // Boxed, as what assumes a role is.
                Ok(inspector) => Box::pin(inspect(self.run, &inspector, table)).await,
                Err(failure) => Inspection::failed(failure),
            })
        });
        Arc::clone(inspected.await)
    }

    /// What a principal finds out about a key, asked once where several tables have the key and the
    /// question is about nothing else.
    pub(super) async fn of_key(
        &self,
        principal: &str,
        action: Action,
        table: &str,
        ask: impl Future<Output = Called<Answer>>,
    ) -> Called<Answer> {
        let table = self.run.plan.tables.get(table);
        let key = table.and_then(key_asked);
        let common = key.filter(|key| asks_of_key_alone(action) && self.common_keys.contains(key));
        let principal = self.run.plan.principals.get_key_value(principal);
        let (Some(key), Some((principal, _))) = (common, principal) else {
            return ask.await;
        };
        let place = (principal.as_str(), action, key);
        let cell = Arc::clone(locked(&self.of_keys).entry(place).or_default());
        cell.get_or_init(|| ask).await.clone()
    }

    async fn operators_account(&self) -> &Option<String> {
        self.account
            .get_or_init(async || caller_account(self.run).await)
            .await
    }

    /// Whether an alias that nobody could resolve is of the same key for the principal as for whoever was to
    /// resolve it: the same alias may be of another key in another account.
    pub(super) async fn means_the_same(
        &self,
        alias: &str,
        table: &Table,
        principal: &Principal,
    ) -> bool {
        let of_both = match &table.inspect_as {
            Some(name) => {
                let inspector = self.run.plan.principals.get(name);
                inspector.is_some_and(|it| it.role.account() == principal.role.account())
            }
            None => self.operators_account().await.as_deref() == Some(principal.role.account()),
        };
        // An alias by its ARN is in the account that it names.
        alias.starts_with("arn:") || of_both
    }

    /// The account of the run: the operator's, or that of all roles that were assumed.
    pub(super) async fn account(&self) -> Option<String> {
        self.operators_account().await.clone().or_else(|| {
            let assumed = locked(&self.assumed);
            let mut accounts = assumed.iter();
            let only = accounts.next().filter(|_| accounts.next().is_none());
            only.map(|&account| account.to_owned())
        })
    }

    async fn inspector(&self, table: &Table) -> Result<Inspector, Failure> {
        let Some(name) = &table.inspect_as else {
            let operator = self.operator.get_or_init(async || Inspector {
                dynamodb: aws_sdk_dynamodb::Client::new(&self.run.config),
                kms: aws_sdk_kms::Client::new(&self.run.config),
            });
            return Ok(operator.await.clone());
        };
        match &self.session(name).await.outcome {
            Ok(session) => Ok(Inspector {
                dynamodb: session.dynamodb.clone(),
                kms: session.kms.clone(),
            }),
            Err(failure) => Err(no_session(failure)),
        }
    }
}

/// What a probe reports whose principal has no session: the refusal's words, but no refusal of the
/// probe's own call.
pub(crate) fn no_session(failure: &Failure) -> Failure {
    let blindness = match &failure.answer {
        Answer::Unknown(
            known @ (Blindness::Deadline
            | Blindness::Interrupted
            | Blindness::WrongSession
            | Blindness::NotRenewed),
        ) => known.clone(),
        Answer::Unknown(_) | Answer::Allowed(_) | Answer::Denied(_) | Answer::KeyUnusable(_) => {
            Blindness::NoSession
        }
    };
    let mut failure = failure.clone();
    failure.answer = Answer::Unknown(blindness);
    failure
}
