// SPDX-License-Identifier: Apache-2.0
//! What is found out once in a run and asked for by many: sessions and inspections.

use std::collections::HashMap;
use std::sync::Arc;

use keyproof_plan::Table;
use keyproof_verdict::{Answer, Blindness};
use tokio::sync::OnceCell;

use crate::calls::Called;
use crate::failure::Failure;
use crate::inspect::{Inspection, Inspector, inspect};
use crate::run::Run;
use crate::session::{self, Session};

/// What is found out once and asked for by many.
pub(crate) struct Shared<'r, 'a> {
    pub(crate) run: &'r Run<'a>,
    sessions: HashMap<&'r str, OnceCell<Called<Arc<Session>>>>,
    inspections: HashMap<&'r str, OnceCell<Inspection>>,
    operator: OnceCell<Inspector>,
    /// What stands in for a session or table that the plan doesn't have.
    nobody: Called<Arc<Session>>,
    unplanned: Inspection,
}

impl<'r, 'a> Shared<'r, 'a> {
    pub(crate) fn new(run: &'r Run<'a>) -> Self {
        Self {
            run,
            sessions: run
                .plan
                .principals
                .keys()
                .map(|name| (&**name, OnceCell::new()))
                .collect(),
            inspections: run
                .plan
                .tables
                .keys()
                .map(|name| (&**name, OnceCell::new()))
                .collect(),
            operator: OnceCell::new(),
            nobody: Called::unsent(Failure::silent(Blindness::NoSession)),
            unplanned: Inspection::failed(Failure::silent(Blindness::Other)),
        }
    }

    /// The principal's session, made by whoever asks first.
    pub(super) async fn session(&self, name: &str) -> &Called<Arc<Session>> {
        let planned = self
            .run
            .plan
            .principals
            .get(name)
            .zip(self.sessions.get(name));
        let Some((principal, cell)) = planned else {
            return &self.nobody;
        };
        let assumed = cell.get_or_init(async || {
            session::assume(self.run, principal, &self.run.session_name())
                .await
                .and_then(|session| Ok(Arc::new(session)))
        });
        assumed.await
    }

    /// The table's inspection, made by whoever asks first.
    pub(crate) async fn inspection(&self, name: &str, table: &Table) -> &Inspection {
        let Some(cell) = self.inspections.get(name) else {
            return &self.unplanned;
        };
        cell.get_or_init(async || match self.inspector(table).await {
            Ok(inspector) => inspect(self.run, &inspector, table).await,
            Err(failure) => Inspection::failed(failure),
        })
        .await
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

    /// The account that all assumed roles are of, if they are of one.
    pub(super) fn common_account(&self) -> Option<String> {
        let assumed = self.run.plan.principals.iter().filter(|(name, _)| {
            let called = self.sessions.get(name.as_str()).and_then(OnceCell::get);
            called.is_some_and(|called| called.outcome.is_ok())
        });
        let mut accounts = assumed.map(|(_, principal)| principal.role.account());
        let first = accounts.next()?;
        accounts
            .all(|account| account == first)
            .then(|| first.to_owned())
    }
}

/// What a probe reports whose principal has no session: the refusal's words, but no refusal of the
/// probe's own call.
pub(crate) fn no_session(failure: &Failure) -> Failure {
    let blindness = match &failure.answer {
        Answer::Unknown(
            known @ (Blindness::Deadline | Blindness::Interrupted | Blindness::WrongSession),
        ) => known.clone(),
        Answer::Unknown(_) | Answer::Allowed(_) | Answer::Denied(_) | Answer::KeyUnusable(_) => {
            Blindness::NoSession
        }
    };
    let mut failure = failure.clone();
    failure.answer = Answer::Unknown(blindness);
    failure
}
