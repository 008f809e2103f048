// SPDX-License-Identifier: Apache-2.0
//! Grants made, listed and revoked, as the operator.
//!
//! The token of a grant is a secret: it is dropped with the reply.

use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::operation::list_grants::ListGrantsOutput;
use aws_sdk_kms::types::{GrantConstraints, GrantListEntry, GrantOperation};
use keyproof_core::Service;
use keyproof_drill::{OpenGrant, is_drill};
use keyproof_plan::Action;
use keyproof_quota::Operation;
use keyproof_verdict::{Answer, Blindness, classify_call};
use tokio::time::{Instant, sleep};

use super::Patience;
use super::prepare::{Key, words};
use crate::Settings;
use crate::calls::{Calls, Reply};
use crate::failure::Failure;
use crate::run::Run;

/// More grants than this can't be listed in reasonable time: KMS allows 50,000 a key.
const MOST_PAGES: usize = 1_000;

/// A grant that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) key: String,
    pub(super) name: String,
    /// `None` where nobody told.
    pub(super) id: Option<String>,
    /// For how long it is looked for where nobody told.
    search: Duration,
}

impl Made {
    /// A grant that is known to be there.
    pub(super) fn known(key: String, name: String, id: String) -> Self {
        Self {
            key,
            name,
            id: Some(id),
            search: Duration::ZERO,
        }
    }

    /// A grant of which nobody told whether it was made.
    pub(super) fn unknown(key: &Key, name: &str, search: Duration) -> Self {
        Self {
            key: key.arn.clone(),
            name: name.to_owned(),
            id: None,
            search,
        }
    }
}

/// Why there is no grant, or none that is known of.
#[derive(Debug)]
pub(super) struct NotMade {
    pub(super) why: String,
    /// What has to be looked for all the same. Once, where the service itself refused: nothing ties a reply
    /// to its request, and a look costs little.
    pub(super) perhaps: Made,
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
    patience: &'r Patience,
}

impl<'r, 'a> Grants<'r, 'a> {
    pub(super) fn new(run: &'r Run<'a>, patience: &'r Patience) -> Self {
        let settings = Settings {
            deadline: None,
            ..run.settings.clone()
        };
        Self {
            run,
            kms: Client::new(&run.config),
            calls: Calls::new(&settings),
            patience,
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
            Ok(id) => Ok(Made::known(key.arn.clone(), name.to_owned(), id)),
            Err(failure) => {
                let why = words(self.run, &failure);
                // A code is the service's own word that it did not do it, unless it broke.
                let told = failure.code.is_some()
                    && failure.answer != Answer::Unknown(Blindness::ServiceFailure);
                let search = if told && called.attempts == 1 {
                    Duration::ZERO
                } else {
                    self.patience.search
                };
                Err(NotMade {
                    why: format!("kms:CreateGrant: {why}"),
                    perhaps: Made::unknown(key, name, search),
                })
            }
        }
    }

    /// The grants of drills on a key: key, name and id.
    pub(super) async fn of_drills(
        &self,
        key: &str,
    ) -> Result<Vec<(String, String, String)>, String> {
        let grants = self.list(key).await?;
        let of_drills = grants.into_iter().filter_map(|grant| {
            let name = grant.name.filter(|name| is_drill(name))?;
            Some((key.to_owned(), name, grant.grant_id?))
        });
        Ok(of_drills.collect())
    }

    /// Revokes a grant that nobody meant to make, if it was; what to say about it.
    pub(super) async fn undo(&self, key: &Key, name: &str) -> String {
        let made = Made::unknown(key, name, self.patience.search);
        match self.revoke(&made).await {
            Revoked::Gone { id: None } => String::new(),
            Revoked::Gone { id: Some(id) } => {
                format!("; it made the grant {id}, which was revoked")
            }
            Revoked::Open { id, why } => {
                let open = OpenGrant::new(&made.key, name, id.as_deref(), why);
                format!(
                    "; it may have made a grant, which is not known to be revoked: {}; {}",
                    open.command, open.reason
                )
            }
        }
    }

    /// Revokes a grant, and looks whether it is gone: by its name, too, as the id may not be what KMS said.
    pub(super) async fn revoke(&self, made: &Made) -> Revoked {
        let mut id = match &made.id {
            Some(id) => id.clone(),
            None => match self.find(made).await {
                Ok(Some(id)) => id,
                Ok(None) => return Revoked::Gone { id: None },
                Err(why) => return Revoked::Open { id: None, why },
            },
        };
        let began = Instant::now();
        loop {
            let mut patience = self.patience.revocation;
            let why = match self.revoke_once(&made.key, &id).await {
                Ok(known) => match self.is_listed(made, &id).await {
                    Ok(None) => return Revoked::Gone { id: Some(id) },
                    Ok(Some(listed)) => {
                        id = listed;
                        "kms:RevokeGrant succeeded, but the grant is still listed".to_owned()
                    }
                    // A list that may not be seen says nothing against the revocation's own answer.
                    Err(_) if known => return Revoked::Gone { id: Some(id) },
                    Err(why) => format!("kms:RevokeGrant found no grant {id}, and {why}"),
                },
                Err(failure) => {
                    if let Answer::Denied(_) = failure.answer {
                        patience = self.patience.refusal;
                    }
                    format!("kms:RevokeGrant: {}", words(self.run, &failure))
                }
            };
            if began.elapsed() + self.patience.pause >= patience {
                return Revoked::Open { id: Some(id), why };
            }
            tracing::warn!(grant = made.name, why, "the grant is not revoked yet");
            sleep(self.patience.pause).await;
        }
    }

    /// Whether the grant was there to be revoked.
    async fn revoke_once(&self, key: &str, id: &str) -> Result<bool, Failure> {
        let called = self
            .calls
            .send(Operation::of(Action::RevokeGrant), async || {
                let request = self.kms.revoke_grant().key_id(key).grant_id(id);
                Reply::new(request.send().await, read)
            })
            .await;
        match called.outcome {
            Ok(_) => Ok(true),
            // The key's own absence has the same code; then there is no grant on it either.
            Err(failure) if failure.code.as_deref() == Some("NotFoundException") => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// The id of the grant, if it is listed by its name or this id.
    async fn is_listed(&self, made: &Made, id: &str) -> Result<Option<String>, String> {
        let grants = self.list(&made.key).await?;
        let mut listed = grants.into_iter().filter(|grant| {
            grant.grant_id.as_deref() == Some(id) || grant.name.as_deref() == Some(&made.name)
        });
        Ok(listed.find_map(|grant| grant.grant_id))
    }

    /// Looks for a grant by its name.
    async fn find(&self, made: &Made) -> Result<Option<String>, String> {
        let end = Instant::now() + made.search;
        loop {
            let grants = self
                .list(&made.key)
                .await
                .map_err(|why| format!("whether the grant was made was not found out: {why}"))?;
            let found = grants
                .into_iter()
                .find(|grant| grant.name.as_deref() == Some(&made.name));
            match found.and_then(|grant| grant.grant_id) {
                Some(id) => return Ok(Some(id)),
                None if Instant::now() + self.patience.pause >= end => return Ok(None),
                None => sleep(self.patience.pause).await,
            }
        }
    }

    async fn list(&self, key: &str) -> Result<Vec<GrantListEntry>, String> {
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
                        .set_marker(marker.clone());
                    Reply::new(request.send().await, read).and_then(whole)
                })
                .await;
            let page = match called.outcome {
                Ok(page) => page,
                Err(failure) => {
                    let why = words(self.run, &failure);
                    return Err(format!(
                        "the grants on `{key}` can't be listed: kms:ListGrants: {why}"
                    ));
                }
            };
            grants.extend(page.0);
            match page.1 {
                Some(next) => marker = Some(next),
                None => return Ok(grants),
            }
        }
        Err(format!("`{key}` has too many grants to look through"))
    }
}

/// The grants of a page, and the marker of the next. KMS never leaves the list out, nor the marker of a page
/// that isn't the last: what does is no list that something could be missing from.
///
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html>
fn whole(page: ListGrantsOutput) -> Result<(Vec<GrantListEntry>, Option<String>), Failure> {
    let next = page.next_marker.filter(|_| page.truncated);
    match page.grants {
        Some(grants) if next.is_some() || !page.truncated => Ok((grants, next)),
        Some(_) | None => Err(Failure::blind(
            Blindness::Unreadable,
            "the reply is no whole list of grants",
        )),
    }
}

fn read(code: Option<&str>, message: Option<&str>) -> Answer {
    classify_call(Service::Kms, code, message)
}
