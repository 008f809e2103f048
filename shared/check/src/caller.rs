// SPDX-License-Identifier: Apache-2.0
//! Who calls, with every policy that goes with it.

use keyproof_core::RoleArn;
use keyproof_policy::{Context, Document, Grammar, Principal, PrincipalKind};
use keyproof_template::{Attachment, InlinePolicy, PolicySource, Tags};
use serde_json::json;

use crate::estate::{Estate, Part};
use crate::statement::Written;
use crate::{Circumstances, Runner};

/// Documents in two readings: the one that allows least and, where something in them is unknown, the
/// one that allows most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Documents<'a> {
    pub(crate) least: Vec<Document>,
    pub(crate) most: Vec<Document>,
    /// Where each of `least` stands.
    pub(crate) written: Vec<Written<'a>>,
    /// What is unknown in them, a clause each.
    pub(crate) unknown: Vec<String>,
}

/// A caller.
#[derive(Clone, Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) principal: Principal,
    /// Identity policies.
    pub(crate) identity: Documents<'a>,
    /// Permissions boundaries: none or one.
    pub(crate) boundaries: Documents<'a>,
    /// The condition keys that every call of this caller has.
    pub(crate) context: Context,
}

impl<'a> Documents<'a> {
    pub(crate) fn push(&mut self, written: Written<'a>, source: &'a PolicySource) {
        self.least.push(source.document.clone());
        self.most.push(source.most().clone());
        self.written.push(written);
        for unknown in &source.unknowns {
            self.unknown.push(format!(
                "{} (line {} of the template)",
                unknown.reason, unknown.place.line
            ));
        }
    }

    /// A document that no template holds.
    fn push_unwritten(
        &mut self,
        least: Option<Document>,
        most: Option<Document>,
        written: Written<'a>,
    ) {
        // Where it is not empty, each list gets one, so that the places stay in step.
        let Some(nothing) = document(&nothing(), Grammar::Identity) else {
            return;
        };
        self.least.push(least.unwrap_or_else(|| nothing.clone()));
        self.most.push(most.unwrap_or(nothing));
        self.written.push(written);
    }

    fn inline(&mut self, part: &'a Part, arn: &'a str, policies: &'a [InlinePolicy]) {
        for policy in policies {
            let written = Written {
                file: part.file.as_deref(),
                document: arn,
                source: Some(&policy.source),
                place: policy.source.place,
                aws: false,
            };
            self.push(written, &policy.source);
        }
    }

    fn attached(&mut self, estate: &'a Estate, part: &'a Part, attachments: &'a [Attachment]) {
        for attachment in attachments {
            self.managed(estate, part, attachment, false);
        }
    }

    fn managed(
        &mut self,
        estate: &'a Estate,
        part: &'a Part,
        attachment: &'a Attachment,
        bounds: bool,
    ) {
        let arn = attachment.arn.as_str();
        let aws = is_aws_managed(arn);
        let Some((home, policy)) = estate.managed_policy(arn) else {
            self.unknown.push(format!(
                "the managed policy `{arn}`, which is not in the templates"
            ));
            let written = Written {
                file: part.file.as_deref(),
                document: arn,
                source: None,
                place: attachment.place,
                aws,
            };
            // A policy of AWS's own only allows; anybody else's may deny whatever it likes.
            let least = (!bounds && !aws).then(|| document(&deny_everything(), Grammar::Identity));
            let most = document(&everything(), Grammar::Identity);
            self.push_unwritten(least.flatten(), most, written);
            return;
        };
        let (file, place) = if aws {
            (part.file.as_deref(), attachment.place)
        } else {
            (home.file.as_deref(), policy.source.place)
        };
        let written = Written {
            file,
            document: arn,
            source: Some(&policy.source),
            place,
            aws,
        };
        self.push(written, &policy.source);
    }

    fn boundary(estate: &'a Estate, part: &'a Part, boundary: Option<&'a Attachment>) -> Self {
        let mut documents = Self::default();
        if let Some(attachment) = boundary {
            documents.managed(estate, part, attachment, true);
        }
        documents
    }
}

impl<'a> Caller<'a> {
    /// A session of a role that is in the templates.
    pub(crate) fn session(
        estate: &'a Estate,
        role: &RoleArn,
        session: &str,
        tags: impl IntoIterator<Item = (&'a str, &'a str)>,
        source_identity: Option<&str>,
    ) -> Option<Self> {
        let (part, found) = estate.role(role.as_str())?;
        let principal = Principal::session(role, session);
        let mut context = of_session(&principal, role);
        tag(&mut context, &found.tags);
        // A session tag overrides the role's tag of the same key.
        for (key, value) in tags {
            context.set(&format!("aws:PrincipalTag/{key}"), value);
        }
        if let Some(identity) = source_identity {
            context.set("aws:SourceIdentity", identity);
        }
        let mut identity = Documents::default();
        identity.inline(part, &found.arn, &found.inline);
        identity.attached(estate, part, &found.managed);
        Some(Self {
            principal,
            identity,
            boundaries: Documents::boundary(estate, part, found.boundary.as_ref()),
            context,
        })
    }

    /// Whoever would run the plan.
    pub(crate) fn runner(estate: &'a Estate, circumstances: &Circumstances) -> Option<Self> {
        let account = estate.account();
        let arn = match &circumstances.runner {
            Runner::Arn(arn) => arn.clone(),
            Runner::Administrator | Runner::Anybody => {
                let mut name = "administrator".to_owned();
                let is_taken = |name: &str| {
                    estate
                        .parts()
                        .any(|part| part.account.users.iter().any(|user| user.name == name))
                };
                while is_taken(&name) {
                    name.insert_str(0, "keyproof-");
                }
                let (partition, id) = (&account.partition, &account.account);
                format!("arn:{partition}:iam::{id}:user/{name}")
            }
        };
        if let Ok(role) = arn.parse::<RoleArn>() {
            let known = Self::session(estate, &role, "keyproof", [], None);
            return known.or_else(|| {
                let principal = Principal::session(&role, "keyproof");
                let context = of_session(&principal, &role);
                Self::almighty(principal, context)
            });
        }
        let principal: Principal = arn.parse().ok()?;
        let mut context = Context::new();
        context.set("aws:PrincipalArn", arn.as_str());
        if let Some(id) = principal.account() {
            context.set("aws:PrincipalAccount", id);
        }
        context.set("aws:PrincipalIsAWSService", "false");
        if principal.kind() == PrincipalKind::User {
            context.set("aws:PrincipalType", "User");
            context.set("aws:username", arn.rsplit('/').next().unwrap_or_default());
        }
        let Some((part, user)) = estate.user(&arn) else {
            return Self::almighty(principal, context);
        };
        tag(&mut context, &user.tags);
        let mut identity = Documents::default();
        for name in &user.groups {
            if let Some((part, group)) = estate.group(name) {
                identity.inline(part, &group.arn, &group.inline);
                identity.attached(estate, part, &group.managed);
            }
        }
        identity.inline(part, &user.arn, &user.inline);
        identity.attached(estate, part, &user.managed);
        Some(Self {
            principal,
            identity,
            boundaries: Documents::boundary(estate, part, user.boundary.as_ref()),
            context,
        })
    }

    /// Somebody whom IAM allows everything.
    fn almighty(principal: Principal, context: Context) -> Option<Self> {
        let mut identity = Documents::default();
        let written = Written {
            file: None,
            document: "",
            source: None,
            place: keyproof_document::Place::START,
            aws: true,
        };
        let all = document(&everything(), Grammar::Identity)?;
        identity.push_unwritten(Some(all.clone()), Some(all), written);
        Some(Self {
            principal,
            identity,
            boundaries: Documents::default(),
            context,
        })
    }
}

fn of_session(principal: &Principal, role: &RoleArn) -> Context {
    let mut context = Context::new();
    context.set("aws:PrincipalArn", role.as_str());
    if let Some(account) = principal.account() {
        context.set("aws:PrincipalAccount", account);
    }
    context.set("aws:PrincipalIsAWSService", "false");
    context.set("aws:PrincipalType", "AssumedRole");
    context.set("aws:MultiFactorAuthPresent", "false");
    context.set("aws:AssumedRoot", "false");
    context
}

fn tag(context: &mut Context, tags: &Tags) {
    for (key, value) in tags {
        context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
    }
}

fn is_aws_managed(arn: &str) -> bool {
    arn.split(':').nth(4) == Some("aws")
}

pub(crate) fn document(value: &serde_json::Value, grammar: Grammar) -> Option<Document> {
    Document::from_value(value, grammar).ok()
}

/// Allows everything.
pub(crate) fn everything() -> serde_json::Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
}

/// Allows nothing, and denies nothing.
fn nothing() -> serde_json::Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "keyproof:Nothing", "Resource": "*"}]})
}

fn deny_everything() -> serde_json::Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
}
