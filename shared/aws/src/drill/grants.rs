// SPDX-License-Identifier: Apache-2.0
//! Grants made, listed and revoked, as the operator.
//!
//! The token of a grant is a secret: it is dropped with the reply.

use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{GrantConstraints, GrantListEntry, GrantOperation};
use keyproof_core::Service;
use keyproof_drill::is_drill;
use keyproof_plan::Action;
use keyproof_quota::Operation;
use keyproof_verdict::{Answer, Blindness, classify_call};
use tokio::time::{Instant, sleep};

use super::prepare::{Key, words};
use crate::Settings;
use crate::calls::{Calls, Reply};
use crate::failure::Failure;
use crate::run::Run;

/// For how long a revocation is tried. A run's deadline does not end it.
const PATIENCE: Duration = Duration::from_mins(1);

/// For how long a refusal is tried again: it may be that a policy has not arrived everywhere.
const PATIENCE_WITH_REFUSALS: Duration = Duration::from_secs(5);

/// The wait between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// For how long a grant whose making brought no answer is looked for before it is taken for never
/// made. Lists of grants are eventually consistent.
const SEARCH: Duration = Duration::from_secs(15);

/// More grants than this can't be listed in reasonable time: KMS allows 50,000 a key.
const MOST_PAGES: usize = 1_000;

/// A grant that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) key: String,
    pub(super) name: String,
    /// `None` where nobody told.
    pub(super) id: Option<String>,
}

impl Made {
    /// A grant of which nobody told whether it was made.
    pub(super) fn unknown(key: &Key, name: &str) -> Self {
        Self {
            key: key.arn.clone(),
            name: name.to_owned(),
            id: None,
        }
    }
}

/// Why there is no grant.
#[derive(Debug)]
pub(super) enum NotMade {
    /// The service refused.
    Refused(String),
    /// No answer that could be read: the grant may have been made.
    Unknown(String),
}

/// What came of a revocation.
#[derive(Debug)]
pub(super) enum Revoked {
    /// There is no such grant any more.
    Gone {
        /// Its id, as far as it is known.
        id: Option<String>,
    },
    /// It is there, or may be.
    Open {
        /// Its id, as far as it is known.
        id: Option<String>,
        /// Why.
        why: String,
    },
}

/// The operator's hold on grants.
#[derive(Debug)]
pub(super) struct Grants<'r, 'a> {
    run: &'r Run<'a>,
    kms: Client,
    /// Without the run's deadline.
    calls: Calls,
}

impl<'r, 'a> Grants<'r, 'a> {
    pub(super) fn new(run: &'r Run<'a>) -> Self {
        let settings = Settings {
            deadline: None,
            ..run.settings.clone()
        };
        Self {
            run,
            kms: Client::new(&run.config),
            calls: Calls::new(&settings),
        }
    }

    /// Makes a grant that is good for reading this one table.
    pub(super) async fn create(&self, key: &Key, name: &str) -> Result<Made, NotMade> {
        let constraints = GrantConstraints::builder()
            .set_encryption_context_subset(Some(key.context.clone()))
            .build();
        let called = self
            .calls
            .send(Operation::of(Action::CreateGrant), async || {
                let request = self
                    .kms
                    .create_grant()
                    .key_id(&key.arn)
                    .grantee_principal(&key.role)
                    .operations(GrantOperation::Decrypt)
                    .constraints(constraints.clone())
                    .name(name);
                Reply::new(request.send().await, read).and_then(|output| {
                    // The token goes no further.
                    let id = output.grant_id.filter(|id| !id.is_empty());
                    id.ok_or_else(|| {
                        Failure::blind(Blindness::Unreadable, "the reply names no grant")
                    })
                })
            })
            .await;
        match called.outcome {
            Ok(id) => Ok(Made {
                key: key.arn.clone(),
                name: name.to_owned(),
                id: Some(id),
            }),
            Err(failure) => {
                let why = words(self.run, &failure);
                // A code is the service's own word that it did not do it, unless it broke.
                let told = failure.code.is_some()
                    && failure.answer != Answer::Unknown(Blindness::ServiceFailure);
                Err(if told && called.attempts == 1 {
                    NotMade::Refused(why)
                } else {
                    NotMade::Unknown(why)
                })
            }
        }
    }

    /// The grants of drills on a key: key, name and id.
    pub(super) async fn of_drills(
        &self,
        key: &str,
    ) -> Result<Vec<(String, String, String)>, String> {
        let grants = self.list(key, None).await?;
        let of_drills = grants.into_iter().filter_map(|grant| {
            let name = grant.name.filter(|name| is_drill(name))?;
            Some((key.to_owned(), name, grant.grant_id?))
        });
        Ok(of_drills.collect())
    }

    /// Revokes a grant, and looks whether it is gone.
    pub(super) async fn revoke(&self, made: &Made) -> Revoked {
        let id = match &made.id {
            Some(id) => id.clone(),
            None => match self.find(made).await {
                Ok(Some(id)) => id,
                Ok(None) => return Revoked::Gone { id: None },
                Err(why) => return Revoked::Open { id: None, why },
            },
        };
        let began = Instant::now();
        loop {
            let mut patience = PATIENCE;
            let why = match self.revoke_once(&made.key, &id).await {
                Ok(()) => match self.is_listed(&made.key, &id).await {
                    // A list that may not be seen says nothing against the revocation's own answer.
                    Ok(false) | Err(_) => return Revoked::Gone { id: Some(id) },
                    Ok(true) => {
                        "kms:RevokeGrant succeeded, but the grant is still listed".to_owned()
                    }
                },
                Err(failure) => {
                    if let Answer::Denied(_) = failure.answer {
                        patience = PATIENCE_WITH_REFUSALS;
                    }
                    format!("kms:RevokeGrant: {}", words(self.run, &failure))
                }
            };
            if began.elapsed() + PAUSE >= patience {
                return Revoked::Open { id: Some(id), why };
            }
            tracing::warn!(grant = made.name, why, "the grant is not revoked yet");
            sleep(PAUSE).await;
        }
    }

    async fn revoke_once(&self, key: &str, id: &str) -> Result<(), Failure> {
        let called = self
            .calls
            .send(Operation::of(Action::RevokeGrant), async || {
                let request = self.kms.revoke_grant().key_id(key).grant_id(id);
                Reply::new(request.send().await, read)
            })
            .await;
        match called.outcome {
            Ok(_) => Ok(()),
            Err(failure) if failure.code.as_deref() == Some("NotFoundException") => {
                // The key's own absence has the same code; then there is no grant on it either.
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }

    async fn is_listed(&self, key: &str, id: &str) -> Result<bool, String> {
        let grants = self.list(key, Some(id)).await?;
        Ok(grants
            .iter()
            .any(|grant| grant.grant_id.as_deref() == Some(id)))
    }

    /// Looks for a grant by its name.
    async fn find(&self, made: &Made) -> Result<Option<String>, String> {
        let end = Instant::now() + SEARCH;
        loop {
            let grants = self
                .list(&made.key, None)
                .await
                .map_err(|why| format!("whether the grant was made was not found out: {why}"))?;
            let found = grants
                .into_iter()
                .find(|grant| grant.name.as_deref() == Some(&made.name));
            match found.and_then(|grant| grant.grant_id) {
                Some(id) => return Ok(Some(id)),
                None if Instant::now() + PAUSE >= end => return Ok(None),
                None => sleep(PAUSE).await,
            }
        }
    }

    async fn list(&self, key: &str, id: Option<&str>) -> Result<Vec<GrantListEntry>, String> {
        let mut grants = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let called = self
                .calls
                .send(Operation::of(Action::ListGrants), async || {
                    let request = self
                        .kms
                        .list_grants()
                        .key_id(key)
                        .set_grant_id(id.map(str::to_owned))
                        .set_marker(marker.clone());
                    Reply::new(request.send().await, read)
                })
                .await;
            let page = match called.outcome {
                Ok(page) => page,
                // No grant of that id.
                Err(failure)
                    if id.is_some() && failure.code.as_deref() == Some("NotFoundException") =>
                {
                    return Ok(grants);
                }
                Err(failure) => {
                    let why = words(self.run, &failure);
                    return Err(format!("the grants on `{key}` can't be listed: {why}"));
                }
            };
            grants.extend(page.grants.unwrap_or_default());
            match page.next_marker {
                Some(next) if page.truncated => marker = Some(next),
                Some(_) | None => return Ok(grants),
            }
        }
        Err(format!("`{key}` has too many grants to look through"))
    }
}

fn read(code: Option<&str>, message: Option<&str>) -> Answer {
    classify_call(Service::Kms, code, message)
}
