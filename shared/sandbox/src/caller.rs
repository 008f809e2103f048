// SPDX-License-Identifier: Apache-2.0
//! Who makes a call, and what else is known of the call itself.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::policy::StoredPolicy;

/// An authenticated principal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Caller {
    /// `arn:aws:iam::ACCOUNT:root`, `…:user/PATH/NAME` or `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`.
    pub(crate) arn: String,
    /// The account that the principal belongs to.
    pub(crate) account: String,
    /// `aws:userid`: the account id, `AIDA…`, or `AROA…:SESSION`.
    pub(crate) unique_id: String,
    /// The access key that signed the request. One session has one, and no two sessions share it.
    pub(crate) access_key_id: String,
    /// What kind of principal this is.
    pub(crate) kind: CallerKind,
}

impl Caller {
    /// The ARNs that name the caller where an exact principal is meant, in a grant say: its own,
    /// and the role's where it is a session.
    pub(crate) fn principal_arns(&self) -> Vec<&str> {
        match &self.kind {
            CallerKind::Role(session) => vec![&self.arn, &session.role_arn],
            CallerKind::Root | CallerKind::User(_) => vec![&self.arn],
        }
    }
}

/// The kinds of principal that can sign a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CallerKind {
    /// The account's root user.
    Root,
    /// An IAM user, by name.
    User(String),
    /// A role session.
    Role(Arc<Session>),
}

/// What STS fixed when a role was assumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The assumed role.
    pub(crate) role_arn: String,
    /// The role's name, without its path.
    pub(crate) role_name: String,
    /// The role's unique id: a role that was deleted and made again does not revive its sessions.
    pub(crate) role_id: String,
    /// `RoleSessionName`.
    pub(crate) name: String,
    /// `SourceIdentity`, set here or earlier in the chain.
    pub(crate) source_identity: Option<String>,
    /// Session tags, inherited ones included.
    pub(crate) tags: BTreeMap<String, String>,
    /// The keys of those tags that go on to the next role of a chain.
    pub(crate) transitive_tags: Vec<String>,
    /// The session policy: the inline one and those given by ARN.
    pub(crate) policies: Vec<StoredPolicy>,
    /// When the session was made.
    pub(crate) issued_at: Timestamp,
    /// When its credentials stop working.
    pub(crate) expires_at: Timestamp,
}

/// One authenticated request: the caller, and what the policy keys need of the request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Who calls.
    pub(crate) caller: Caller,
    /// The region of the credential scope, which is the region that was called.
    pub(crate) region: String,
    /// The sandbox's time when the request came.
    pub(crate) now: Timestamp,
    /// The caller's address.
    pub(crate) source_ip: IpAddr,
    /// The `User-Agent` header.
    pub(crate) user_agent: Option<String>,
}
