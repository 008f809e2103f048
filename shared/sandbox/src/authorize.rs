// SPDX-License-Identifier: Apache-2.0
//! One decision: may this caller do that.

mod context;

use keyproof_core::AccountId;
use keyproof_policy::{
    Decision, Document, Grant, Policies, Principal, Request, denial_sentence, evaluate,
};

use crate::caller::{Call, Caller, CallerKind};
use crate::error::AwsError;
use crate::iam::Identity;
use crate::policy::StoredPolicy;
use crate::world::World;

/// What a caller wants to do, and to what.
#[derive(Debug)]
pub(crate) struct Access<'a> {
    /// `SERVICE:Operation`.
    pub(crate) action: &'a str,
    /// The resource's ARN, or `*`.
    pub(crate) resource: &'a str,
    /// The resource's own policy: a table's resource policy, a key policy, a trust policy.
    pub(crate) resource_policy: Option<&'a StoredPolicy>,
    /// Whether the resource is a key that AWS manages.
    pub(crate) aws_managed: bool,
    /// A key's grants.
    pub(crate) grants: Vec<Grant>,
    /// The service that makes this call in the caller's name: `dynamodb`.
    pub(crate) via: Option<&'a str>,
    /// Condition keys of the service, beside the `aws:` keys of every call.
    pub(crate) context: Vec<(String, Vec<String>)>,
}

impl<'a> Access<'a> {
    /// An action on a resource that has no policy of its own.
    pub(crate) fn new(action: &'a str, resource: &'a str) -> Self {
        Self {
            action,
            resource,
            resource_policy: None,
            aws_managed: false,
            grants: Vec::new(),
            via: None,
            context: Vec::new(),
        }
    }

    /// The resource's own policy, where it has one.
    pub(crate) fn policy(mut self, policy: Option<&'a StoredPolicy>) -> Self {
        self.resource_policy = policy;
        self
    }

    /// Adds a condition key of the service.
    pub(crate) fn with(
        mut self,
        key: impl Into<String>,
        values: impl IntoIterator<Item = String>,
    ) -> Self {
        self.context
            .push((key.into(), values.into_iter().collect()));
        self
    }
}

/// A decision with the request that it answers.
#[derive(Debug)]
pub(crate) struct Decided {
    /// What was asked.
    pub(crate) request: Request,
    /// The answer.
    pub(crate) decision: Decision,
}

impl Decided {
    /// The refusal in AWS's words.
    pub(crate) fn sentence(&self) -> String {
        denial_sentence(&self.request, &self.decision)
    }
}

impl World {
    /// Decides, and words a refusal as the action's service does.
    pub(crate) fn authorize(&self, call: &Call, access: &Access<'_>) -> Result<(), AwsError> {
        let decided = self.decide(call, access)?;
        if decided.decision.is_allowed() {
            Ok(())
        } else {
            Err(AwsError::access_denied(access.action, decided.sentence()))
        }
    }

    /// Decides.
    pub(crate) fn decide(&self, call: &Call, access: &Access<'_>) -> Result<Decided, AwsError> {
        let caller = &call.caller;
        let mut request = Request::new(principal(caller)?, access.action, access.resource);
        if request.resource_account.is_none() {
            request.resource_account = caller.account.parse::<AccountId>().ok();
        }
        let resource_account = request
            .resource_account
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let request = request
            .with_context(self.context(call, access, &resource_account))
            .with_derived_context();
        let documents = self.documents(caller);
        // RCPs are over all resources of an account but the keys that AWS manages.
        // https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html
        let rcps = self.organization.rcps.get(&resource_account);
        let rcps = levels(rcps.filter(|_| !access.aws_managed));
        let policies = Policies {
            identity: &documents.identity,
            resource: access.resource_policy.map(StoredPolicy::document),
            boundaries: &documents.boundaries,
            sessions: &documents.sessions,
            scps: &levels(self.organization.scps.get(&caller.account)),
            rcps: &rcps,
            grants: &access.grants,
            ..Policies::default()
        };
        let decision = evaluate(&request, &policies);
        Ok(Decided { request, decision })
    }

    /// Every policy that goes with the caller.
    fn documents(&self, caller: &Caller) -> Documents {
        let mut documents = Documents::default();
        let Some(account) = self.accounts.get(&caller.account) else {
            return documents;
        };
        let identity = match &caller.kind {
            CallerKind::Root => None,
            CallerKind::User(name) => account.users.get(name).map(|user| {
                for group in user
                    .groups
                    .iter()
                    .filter_map(|name| account.groups.get(name))
                {
                    self.attached(group, &mut documents.identity);
                }
                &user.identity
            }),
            CallerKind::Role(session) => {
                documents.sessions.extend(
                    session
                        .policies
                        .iter()
                        .map(|policy| policy.document().clone()),
                );
                account
                    .roles
                    .get(&session.role_name)
                    .map(|role| &role.identity)
            }
        };
        if let Some(identity) = identity {
            self.attached(identity, &mut documents.identity);
            if let Some(arn) = &identity.boundary {
                // INVARIANT (known boundaries): an attached boundary's document is always there.
                documents
                    .boundaries
                    .extend(self.managed_policy(arn).cloned());
            }
        }
        documents
    }

    fn attached(&self, identity: &Identity, documents: &mut Vec<Document>) {
        documents.extend(
            identity
                .inline
                .values()
                .map(|policy| policy.document().clone()),
        );
        documents.extend(
            identity
                .attached
                .iter()
                .filter_map(|arn| self.managed_policy(arn))
                .cloned(),
        );
    }

    fn managed_policy(&self, arn: &str) -> Option<&Document> {
        self.stored_managed_policy(arn).map(StoredPolicy::document)
    }

    /// The document that a managed policy's ARN stands for now.
    pub(crate) fn stored_managed_policy(&self, arn: &str) -> Option<&StoredPolicy> {
        self.aws_managed.get(arn).or_else(|| {
            let account = self.accounts.get(arn.split(':').nth(4)?)?;
            account.policies.get(arn)?.default_document()
        })
    }
}

/// The policies of one caller. Documents are shared, so gathering them copies no policy.
#[derive(Debug, Default)]
struct Documents {
    identity: Vec<Document>,
    boundaries: Vec<Document>,
    sessions: Vec<Document>,
}

fn principal(caller: &Caller) -> Result<Principal, AwsError> {
    match &caller.kind {
        CallerKind::Role(session) => match session.role_arn.parse() {
            Ok(role) => Ok(Principal::session(&role, &session.name)),
            Err(error) => Err(not_a_principal(caller, &error)),
        },
        CallerKind::Root | CallerKind::User(_) => caller.arn.parse().map_err(|error| {
            let error: keyproof_policy::PrincipalError = error;
            not_a_principal(caller, &error)
        }),
    }
}

/// A caller that a signed request can come from is always a principal; the error is for the type.
fn not_a_principal(caller: &Caller, error: &dyn std::fmt::Display) -> AwsError {
    AwsError::internal(format!(
        "the caller {} is no principal: {error}",
        caller.arn
    ))
}

fn levels(levels: Option<&Vec<Vec<StoredPolicy>>>) -> Vec<Vec<Document>> {
    let documents = |level: &Vec<StoredPolicy>| {
        level
            .iter()
            .map(|policy| policy.document().clone())
            .collect()
    };
    levels
        .map(|levels| levels.iter().map(documents).collect())
        .unwrap_or_default()
}
