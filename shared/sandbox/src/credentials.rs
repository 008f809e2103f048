// SPDX-License-Identifier: Apache-2.0
//! Access keys: who owns them, and whether they work.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::caller::{Caller, CallerKind, Session};
use crate::secret::{self, Secret};
use crate::world::World;

/// An access key with its secret, handed out to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// `AKIA…` for a long-term key, `ASIA…` for a session's.
    pub access_key_id: String,
    /// The secret key.
    pub secret_access_key: Secret,
    /// The session token; `None` for a long-term key.
    pub session_token: Option<Secret>,
}

/// An access key as the sandbox keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AccessKey {
    #[serde(with = "secret::saved")]
    pub(crate) secret: Secret,
    /// The session token that must come with it; empty for a long-term key.
    #[serde(with = "secret::saved")]
    pub(crate) token: Secret,
    pub(crate) account: String,
    pub(crate) owner: Owner,
    pub(crate) active: bool,
    pub(crate) created: Timestamp,
    /// When a session's key stops working.
    pub(crate) expires: Option<Timestamp>,
    /// Signing keys derived from the secret, by `DATE/REGION/SERVICE`.
    #[serde(skip)]
    pub(crate) derived: HashMap<String, Arc<[u8]>>,
}

/// Whose access key it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Owner {
    /// The account's root user.
    Root,
    /// An IAM user, by name.
    User(String),
    /// A role session.
    Session(Arc<Session>),
}

impl World {
    /// Makes an access key and keeps it.
    pub(crate) fn issue(
        &mut self,
        account: &str,
        owner: Owner,
        now: Timestamp,
        expires: Option<Timestamp>,
    ) -> Credentials {
        let temporary = expires.is_some();
        self.forget_expired_keys(now);
        let access_key_id = self.unique_id(if temporary { "ASIA" } else { "AKIA" }, 20);
        let secret = Secret::new(self.random_text(40));
        let token = temporary.then(|| Secret::new(format!("keyproof{}", self.random_text(192))));
        let key = AccessKey {
            secret: secret.clone(),
            token: token.clone().unwrap_or_else(|| Secret::new("")),
            account: account.to_owned(),
            owner,
            active: true,
            created: now,
            expires,
            derived: HashMap::new(),
        };
        self.access_keys.insert(access_key_id.clone(), key);
        Credentials {
            access_key_id,
            secret_access_key: secret,
            session_token: token,
        }
    }

    /// Who a key speaks for; `None` when its user, or the role of its session, is gone.
    pub(crate) fn caller(&self, access_key_id: &str, key: &AccessKey) -> Option<Caller> {
        let account = self.accounts.get(&key.account)?;
        let id = &key.account;
        let (arn, unique_id, kind) = match &key.owner {
            Owner::Root => (
                format!("arn:aws:iam::{id}:root"),
                id.clone(),
                CallerKind::Root,
            ),
            Owner::User(name) => {
                let user = account.users.get(name)?;
                (
                    user.identity.arn.clone(),
                    user.identity.id.clone(),
                    CallerKind::User(name.clone()),
                )
            }
            Owner::Session(session) => {
                let role = account.roles.get(&session.role_name)?;
                if role.identity.id != session.role_id {
                    return None;
                }
                (
                    format!(
                        "arn:aws:sts::{id}:assumed-role/{}/{}",
                        session.role_name, session.name
                    ),
                    format!("{}:{}", session.role_id, session.name),
                    CallerKind::Role(Arc::clone(session)),
                )
            }
        };
        Some(Caller {
            arn,
            account: id.clone(),
            unique_id,
            access_key_id: access_key_id.to_owned(),
            kind,
        })
    }

    /// Sessions end by themselves: a sandbox that runs for days must not grow with every one.
    /// An expired key is kept for a day, so that its owner still reads that it expired.
    fn forget_expired_keys(&mut self, now: Timestamp) {
        const SWEEP_EVERY: usize = 256;
        if self.access_keys.len().is_multiple_of(SWEEP_EVERY) {
            let yesterday = now
                .checked_sub(jiff::SignedDuration::from_hours(24))
                .unwrap_or(Timestamp::MIN);
            self.access_keys
                .retain(|_, key| key.expires.is_none_or(|expires| expires > yesterday));
        }
    }
}
