// SPDX-License-Identifier: Apache-2.0
//! Going through every policy once.

use keyproof_core::PolicyType;

use crate::principal_element::Naming;
use crate::statement::{Call, Effect};
use crate::truth::Truth;
use crate::{Document, Policies, PrincipalKind, StatementRef, kms};

/// How statements that hang on an unknown value are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaning {
    /// In the caller's favour: each `Allow` applies and no `Deny` does.
    For,
    /// Against it: each `Deny` applies and no `Allow` does.
    Against,
}

/// The statements that apply.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Every `Deny`, in the order in which the kinds of policies are evaluated.
    pub(super) denies: Vec<StatementRef>,
    /// The caller's own `Allow`s.
    pub(super) identity: Vec<StatementRef>,
    /// The resource's, with how they name the caller.
    pub(super) resource: Vec<(Naming, StatementRef)>,
    /// The grants.
    pub(super) grants: Vec<(Naming, StatementRef)>,
    /// Whether the boundary allows; `None` without one.
    pub(super) boundary: Option<bool>,
    /// Whether the session policies allow; `None` without any.
    pub(super) session: Option<bool>,
    /// The first kind among SCPs and VPC endpoint policies that applies and does not allow.
    pub(super) unsatisfied_guard: Option<PolicyType>,
}

/// The place of a document among those of its kind.
#[derive(Clone, Copy)]
struct Slot {
    policy: PolicyType,
    level: usize,
    document: usize,
}

struct Gatherer<'a, 'b> {
    call: &'a Call<'a>,
    leaning: Leaning,
    unknown: &'b mut Vec<String>,
    denies: Vec<StatementRef>,
}

impl Gathered {
    pub(super) fn collect(
        call: &Call<'_>,
        policies: &Policies<'_>,
        leaning: Leaning,
        unknown: &mut Vec<String>,
    ) -> Self {
        let mut gathered = Self::default();
        let mut reader = Gatherer {
            call,
            leaning,
            unknown,
            denies: Vec::new(),
        };
        let principal = &call.request.principal;
        let exempt = principal.is_service_linked_role();
        let retires = kms::retires_a_grant(&call.request.action);
        let in_organization = match principal.kind() {
            PrincipalKind::User
            | PrincipalKind::Root
            | PrincipalKind::Role
            | PrincipalKind::RoleSession
            | PrincipalKind::FederatedUser => !exempt,
            PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::Anonymous => false,
        };
        if !exempt && !retires {
            for (level, documents) in policies.rcps.iter().enumerate() {
                // RCPFullAWSAccess allows whatever they say.
                reader.allows_somewhere(PolicyType::Rcp, level, documents);
            }
        }
        if in_organization {
            for (level, documents) in policies.scps.iter().enumerate() {
                if !reader.allows_somewhere(PolicyType::Scp, level, documents) {
                    gathered.unsatisfied_guard = Some(PolicyType::Scp);
                }
            }
        }
        let endpoint = PolicyType::VpcEndpointPolicy;
        if !policies.vpc_endpoint.is_empty()
            && !reader.allows_somewhere(endpoint, 0, policies.vpc_endpoint)
        {
            gathered.unsatisfied_guard.get_or_insert(endpoint);
        }
        if let Some(document) = policies.resource.filter(|_| !retires) {
            let trust = call.request.is_for_role_trust();
            let policy = if trust {
                PolicyType::TrustPolicy
            } else {
                PolicyType::ResourcePolicy
            };
            let slot = Slot {
                policy,
                level: 0,
                document: 0,
            };
            reader.read(slot, document, |naming, statement| {
                gathered.resource.push((naming, statement));
            });
        }
        if principal.account().is_some() {
            for (index, document) in policies.identity.iter().enumerate() {
                let slot = Slot {
                    policy: PolicyType::IdentityPolicy,
                    level: 0,
                    document: index,
                };
                reader.read(slot, document, |_, statement| {
                    gathered.identity.push(statement);
                });
            }
            if !policies.boundaries.is_empty() {
                let policy = PolicyType::PermissionsBoundary;
                let allows = reader.allows_somewhere(policy, 0, policies.boundaries);
                gathered.boundary = Some(allows);
            }
            for (index, document) in policies.session_documents().enumerate() {
                let slot = Slot {
                    policy: PolicyType::SessionPolicy,
                    level: 0,
                    document: index,
                };
                let allows = gathered.session.get_or_insert(false);
                reader.read(slot, document, |_, _| *allows = true);
            }
        }
        for (index, grant) in policies.grants.iter().enumerate() {
            let before = reader.unknown.len();
            let (naming, applies) = grant.applies(call.request, reader.unknown);
            if reader.settle(applies, Effect::Allow, before) {
                let reference = StatementRef {
                    policy: PolicyType::Grant,
                    level: 0,
                    document: index,
                    index: 0,
                    sid: grant.id.clone(),
                    name: None,
                };
                gathered.grants.push((naming, reference));
            }
        }
        gathered.denies = reader.denies;
        gathered
    }

    /// The kind of the first `Deny`: AWS names one even where several apply.
    pub(super) fn first_denying(&self) -> Option<PolicyType> {
        self.denies.first().map(|statement| statement.policy)
    }
}

impl Gatherer<'_, '_> {
    /// Goes through a document; calls `allow` for each `Allow` that applies.
    fn read(
        &mut self,
        slot: Slot,
        document: &Document,
        mut allow: impl FnMut(Naming, StatementRef),
    ) {
        for (index, statement) in document.statements().iter().enumerate() {
            let before = self.unknown.len();
            let application = statement.application(self.call, self.unknown);
            if !self.settle(application.applies, statement.effect, before) {
                continue;
            }
            let reference = StatementRef {
                policy: slot.policy,
                level: slot.level,
                document: slot.document,
                index,
                sid: statement.sid.clone(),
                name: document.shared_name(),
            };
            match statement.effect {
                Effect::Allow => allow(application.naming, reference),
                Effect::Deny => self.denies.push(reference),
            }
        }
    }

    /// Goes through documents; whether any `Allow` in them applies.
    fn allows_somewhere(
        &mut self,
        policy: PolicyType,
        level: usize,
        documents: &[Document],
    ) -> bool {
        let mut allows = false;
        for (document, content) in documents.iter().enumerate() {
            self.read(
                Slot {
                    policy,
                    level,
                    document,
                },
                content,
                |_, _| allows = true,
            );
        }
        allows
    }

    /// Yes or no, whatever is unknown. Keys noted since `before` are kept only if this hangs on
    /// them.
    fn settle(&mut self, applies: Truth, effect: Effect, before: usize) -> bool {
        if applies != Truth::Unknown {
            self.unknown.truncate(before);
        }
        match (applies, effect, self.leaning) {
            (Truth::Yes, _, _)
            | (Truth::Unknown, Effect::Allow, Leaning::For)
            | (Truth::Unknown, Effect::Deny, Leaning::Against) => true,
            (Truth::No, _, _)
            | (Truth::Unknown, Effect::Allow, Leaning::Against)
            | (Truth::Unknown, Effect::Deny, Leaning::For) => false,
        }
    }
}
