// SPDX-License-Identifier: Apache-2.0
//! The `aws:` condition keys that every call has.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use keyproof_policy::{Context, ContextValue};

use super::Access;
use crate::caller::{Call, CallerKind};
use crate::world::World;

impl World {
    /// What a policy's conditions see of this call. Keys that a caller doesn't have are left out,
    /// as AWS leaves them out.
    pub(super) fn context(
        &self,
        call: &Call,
        access: &Access<'_>,
        resource_account: &str,
    ) -> Context {
        let mut context = Context::new();
        self.of_principal(call, &mut context);
        of_request(call, access, &mut context);
        if let Some(id) = self.organization.id.as_deref()
            && self.accounts.contains_key(resource_account)
        {
            context.set("aws:ResourceOrgID", id);
        }
        for (key, values) in &access.context {
            context.set(key, ContextValue::of(key, values.clone()));
        }
        context
    }

    fn of_principal(&self, call: &Call, context: &mut Context) {
        let caller = &call.caller;
        context.set("aws:PrincipalAccount", caller.account.as_str());
        context.set("aws:userid", caller.unique_id.as_str());
        context.set("aws:PrincipalIsAWSService", "false");
        if let Some(id) = self.organization.id.as_deref() {
            context.set("aws:PrincipalOrgID", id);
        }
        let account = self.accounts.get(&caller.account);
        match &caller.kind {
            CallerKind::Root => {
                context.set("aws:PrincipalArn", caller.arn.as_str());
                context.set("aws:PrincipalType", "Account");
            }
            CallerKind::User(name) => {
                context.set("aws:PrincipalArn", caller.arn.as_str());
                context.set("aws:PrincipalType", "User");
                context.set("aws:username", name.as_str());
                if let Some(user) = account.and_then(|account| account.users.get(name)) {
                    for (key, value) in &user.identity.tags {
                        context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
                    }
                }
            }
            CallerKind::Role(session) => {
                context.set("aws:PrincipalArn", session.role_arn.as_str());
                context.set("aws:PrincipalType", "AssumedRole");
                context.set("aws:TokenIssueTime", session.issued_at.to_string());
                context.set("aws:MultiFactorAuthPresent", "false");
                context.set("aws:AssumedRoot", "false");
                if let Some(identity) = &session.source_identity {
                    context.set("aws:SourceIdentity", identity.as_str());
                }
                // A session tag overrides the role's tag of the same key.
                if let Some(role) =
                    account.and_then(|account| account.roles.get(&session.role_name))
                {
                    for (key, value) in &role.identity.tags {
                        context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
                    }
                }
                for (key, value) in &session.tags {
                    context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
                }
            }
        }
    }
}

fn of_request(call: &Call, access: &Access<'_>, context: &mut Context) {
    context.set("aws:CurrentTime", call.now.to_string());
    context.set("aws:EpochTime", call.now.as_second().to_string());
    context.set("aws:RequestedRegion", call.region.as_str());
    // AWS's endpoints speak TLS; the loopback port stands for one of them.
    context.set("aws:SecureTransport", "true");
    if let Some(agent) = &call.user_agent {
        context.set("aws:UserAgent", agent.as_str());
    }
    if let Some(service) = access.via {
        let service = format!("{service}.amazonaws.com");
        context.set("aws:ViaAWSService", "true");
        context.set("aws:CalledVia", vec![service.clone()]);
        context.set("aws:CalledViaFirst", service.as_str());
        context.set("aws:CalledViaLast", service);
    } else {
        context.set("aws:ViaAWSService", "false");
        // A service that calls for somebody does so from addresses of its own.
        context.set("aws:SourceIp", call.source_ip.to_string());
    }
}
