// SPDX-License-Identifier: Apache-2.0
//! Evaluation of one request.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>

mod gathering;

#[cfg(test)]
mod tests;

use keyproof_core::PolicyType;

use crate::arn_pattern::Fields;
use crate::evaluator::gathering::{Gathered, Leaning};
use crate::principal_element::Naming;
use crate::statement::Call;
use crate::{Decision, Outcome, Policies, PrincipalKind, Request, StatementRef, kms};

/// Decides a request.
///
/// Keys that the caller declared unknown are given every benefit and then every doubt; where both
/// lead to the same outcome, that is certain. A request without unknown keys is evaluated once.
#[must_use]
pub fn evaluate(request: &Request, policies: &Policies<'_>) -> Decision {
    let call = Call {
        request,
        resource: Fields::new(&request.resource),
        bounded: !policies.boundaries.is_empty(),
    };
    let mut unknown = Vec::new();
    let doubted = decide(&call, policies, Leaning::Against, &mut unknown);
    if unknown.is_empty() || doubted.is_allowed() {
        return doubted;
    }
    let favoured = decide(&call, policies, Leaning::For, &mut Vec::new());
    if favoured.is_allowed() {
        unknown.sort_unstable();
        unknown.dedup();
        return Decision { unknown, ..doubted };
    }
    // Denied whatever the values: what denies even now is what surely denies.
    favoured
}

/// Whether caller and resource are of different accounts.
pub(crate) fn is_cross_account(request: &Request) -> bool {
    match (request.principal.account(), &request.resource_account) {
        (Some(caller), Some(owner)) => caller != owner.as_str(),
        (None | Some(_), None) | (None, Some(_)) => false,
    }
}

fn decide(
    call: &Call<'_>,
    policies: &Policies<'_>,
    leaning: Leaning,
    unknown: &mut Vec<String>,
) -> Decision {
    let request = call.request;
    // No permission is needed, and none can be taken away.
    // https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    if request.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
        return allowed(PolicyType::IdentityPolicy, Vec::new());
    }
    let gathered = Gathered::collect(call, policies, leaning, unknown);
    if let Some(by) = gathered.first_denying() {
        return Decision {
            outcome: Outcome::Denied,
            explicit: true,
            by,
            statements: gathered.denies,
            unknown: Vec::new(),
        };
    }
    if let Some(by) = gathered.unsatisfied_guard {
        return denied(by);
    }
    match Sides::new(request, policies, gathered).weigh() {
        Ok((by, statements)) => allowed(by, statements),
        Err(by) => denied(by),
    }
}

fn allowed(by: PolicyType, statements: Vec<StatementRef>) -> Decision {
    Decision {
        outcome: Outcome::Allowed,
        explicit: false,
        by,
        statements,
        unknown: Vec::new(),
    }
}

fn denied(by: PolicyType) -> Decision {
    Decision {
        outcome: Outcome::Denied,
        explicit: false,
        by,
        statements: Vec::new(),
        unknown: Vec::new(),
    }
}

/// What the caller's side and the resource's side each contribute, once nothing denies.
struct Sides<'a> {
    request: &'a Request,
    gathered: Gathered,
    /// The kind of the policy on the resource.
    resource: PolicyType,
    /// Whether the resource's policy has to take part: a KMS key's, a role's.
    resource_is_gatekeeper: bool,
    /// What in the caller's session or boundary is missing, if anything: it limits whatever is
    /// granted to the caller's role.
    limit: Option<PolicyType>,
}

impl<'a> Sides<'a> {
    fn new(request: &'a Request, policies: &Policies<'_>, gathered: Gathered) -> Self {
        let trust = request.is_for_role_trust();
        let key = is_kms_key(request);
        let limit = if gathered.boundary == Some(false) {
            Some(PolicyType::PermissionsBoundary)
        } else if gathered.session == Some(false) {
            Some(PolicyType::SessionPolicy)
        } else {
            None
        };
        Self {
            request,
            resource: if trust {
                PolicyType::TrustPolicy
            } else {
                PolicyType::ResourcePolicy
            },
            resource_is_gatekeeper: key || (trust && policies.resource.is_some()),
            limit,
            gathered,
        }
    }

    /// The kind of policy that completes the permission, with every statement that grants it; or
    /// the kind that lacks an `Allow`.
    fn weigh(self) -> Result<(PolicyType, Vec<StatementRef>), PolicyType> {
        match self.request.principal.kind() {
            // They have no policies of their own.
            PrincipalKind::Service | PrincipalKind::Federated | PrincipalKind::Anonymous => {
                self.weigh_resource_side_alone()
            }
            PrincipalKind::User
            | PrincipalKind::Root
            | PrincipalKind::Role
            | PrincipalKind::RoleSession
            | PrincipalKind::FederatedUser => {
                if kms::retires_a_grant(&self.request.action) {
                    self.weigh_retirement()
                } else if is_cross_account(self.request) {
                    self.weigh_across_accounts()
                } else {
                    self.weigh_in_one_account()
                }
            }
        }
    }

    fn weigh_resource_side_alone(self) -> Result<(PolicyType, Vec<StatementRef>), PolicyType> {
        let resource = self.resource;
        let granting = self
            .gathered
            .resource
            .into_iter()
            .map(|(_, statement)| statement);
        let statements: Vec<_> = granting
            .chain(self.gathered.grants.into_iter().map(|(_, grant)| grant))
            .collect();
        match statements.first().map(|statement| statement.policy) {
            Some(by) => Ok((by, statements)),
            None => Err(resource),
        }
    }

    /// Either side is enough, except where the resource's policy is the gatekeeper: then the
    /// caller's policies count only if it delegates to the account.
    fn weigh_in_one_account(self) -> Result<(PolicyType, Vec<StatementRef>), PolicyType> {
        let (resource, caller, gatekeeper) =
            (self.resource, self.caller(), self.resource_is_gatekeeper);
        let limit = self.limit;
        let reaches = |naming: Naming| naming.itself || (naming.behind && limit.is_none());
        let limited = |(naming, _): &(Naming, StatementRef)| naming.behind && !naming.itself;
        let some_are_limited = limit.is_some()
            && (self.gathered.resource.iter().any(limited)
                || self.gathered.grants.iter().any(limited));
        let mut delegating = Vec::new();
        let mut statements = Vec::new();
        for (naming, statement) in self.gathered.resource {
            if reaches(naming) {
                statements.push(statement);
            } else if naming.account {
                delegating.push(statement);
            }
        }
        // A grant to the account lets in its root user alone.
        let grants = self
            .gathered
            .grants
            .into_iter()
            .filter(|(naming, _)| reaches(*naming));
        statements.extend(grants.map(|(_, grant)| grant));
        let by = statements.first().map(|statement| statement.policy);
        let delegated = !gatekeeper || !delegating.is_empty();
        if delegated && caller.is_ok() {
            if gatekeeper {
                statements.extend(delegating);
            }
            statements.extend(self.gathered.identity);
        }
        match (by, caller) {
            (Some(by), _) => Ok((by, statements)),
            (None, Ok(())) if delegated => Ok((PolicyType::IdentityPolicy, statements)),
            (None, Err(_)) if some_are_limited => Err(limit.unwrap_or(resource)),
            (None, Err(wanting)) if delegated => Err(wanting),
            (None, Ok(()) | Err(_)) => Err(resource),
        }
    }

    /// Both sides have to allow; a grant is both at once.
    fn weigh_across_accounts(self) -> Result<(PolicyType, Vec<StatementRef>), PolicyType> {
        let (resource, limit) = (self.resource, self.limit);
        if self.request.service().eq_ignore_ascii_case("kms")
            && is_kms_key(self.request)
            && !kms::works_across_accounts(self.request.operation())
        {
            return Err(resource);
        }
        // A grant needs no second permission in the grantee's account: that is how service-linked
        // roles there, whose policies nobody can change, use a key.
        // https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
        let reaches = |naming: Naming| naming.itself || (naming.behind && limit.is_none());
        let caller = self.caller();
        let grants: Vec<_> = self
            .gathered
            .grants
            .into_iter()
            .filter(|(naming, _)| reaches(*naming))
            .map(|(_, grant)| grant)
            .collect();
        let by_policies = match caller {
            Err(wanting) => Err(wanting),
            Ok(()) if self.gathered.resource.is_empty() => Err(resource),
            Ok(()) => Ok(()),
        };
        match (by_policies, grants.is_empty()) {
            (Err(wanting), true) => Err(wanting),
            (Err(_), false) => Ok((PolicyType::Grant, grants)),
            (Ok(()), _) => {
                let mut statements: Vec<_> = self
                    .gathered
                    .resource
                    .into_iter()
                    .map(|(_, statement)| statement)
                    .collect();
                statements.extend(grants);
                statements.extend(self.gathered.identity);
                Ok((PolicyType::IdentityPolicy, statements))
            }
        }
    }

    /// The grant says who may retire it, whichever account it is in. What an account may (the key's,
    /// or one that the grant names), its identity policies delegate, and the key policy need not.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
    fn weigh_retirement(self) -> Result<(PolicyType, Vec<StatementRef>), PolicyType> {
        let (caller, limit, resource) = (self.caller(), self.limit, self.resource);
        let mut named = !is_cross_account(self.request);
        let mut limited = false;
        let mut statements = Vec::new();
        for (naming, grant) in self.gathered.grants {
            if naming.itself || (naming.behind && limit.is_none()) {
                statements.push(grant);
            } else {
                named |= naming.account;
                limited |= naming.behind;
            }
        }
        let by = statements.first().map(|statement| statement.policy);
        if named && caller.is_ok() {
            statements.extend(self.gathered.identity);
        }
        match (by, caller) {
            (Some(by), _) => Ok((by, statements)),
            (None, Ok(())) if named => Ok((PolicyType::IdentityPolicy, statements)),
            (None, _) if limited => Err(limit.unwrap_or(resource)),
            (None, Err(wanting)) if named => Err(wanting),
            (None, Ok(()) | Err(_)) => Err(resource),
        }
    }

    /// Whether the caller's own policies allow, and if not, which kind is wanting.
    fn caller(&self) -> Result<(), PolicyType> {
        // Nobody can take an action away from the root user but by SCPs and the resource's policy.
        let root = self.request.principal.kind() == PrincipalKind::Root;
        if self.gathered.identity.is_empty() && !root {
            return Err(PolicyType::IdentityPolicy);
        }
        self.limit.map_or(Ok(()), Err)
    }
}

/// Whether the resource is a KMS key, which nobody reaches but through its key policy.
fn is_kms_key(request: &Request) -> bool {
    let fields = Fields::new(&request.resource);
    fields.service() == "kms" && fields.resource().starts_with("key/")
}
