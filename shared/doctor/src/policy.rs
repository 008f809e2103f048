// SPDX-License-Identifier: Apache-2.0
//! The policy of whoever runs a plan: what the adapters declare that they call, on the resources of
//! the plan, and nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use keyproof_aws::iam_actions::{ASSUME, INSPECT};
use keyproof_plan::{Plan, Principal, Table, TableKey};
use serde_json::{Value, json};

/// What is known beside the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The account of whoever runs the plan: tables and aliases that the plan only names are its own.
    pub account: Option<String>,
    /// The region that is worked in, where it is not the plan's.
    pub region: Option<String>,
    /// The keys behind aliases, by the alias as the plan has it.
    pub keys: BTreeMap<String, String>,
}

/// A policy that allows what a run needs.
#[derive(Clone, Debug, PartialEq)]
pub struct RunnerPolicy {
    /// The name of the plan that it is for.
    pub plan: String,
    /// What it allows.
    pub allowances: Vec<Allowance>,
    /// Where it could not be exact, a sentence each.
    pub notes: Vec<String>,
}

/// One statement: an action on resources.
#[derive(Clone, Debug, PartialEq)]
pub struct Allowance {
    /// The statement's `Sid`.
    pub sid: String,
    /// The action.
    pub action: &'static str,
    /// The ARNs, none of them twice.
    pub resources: Vec<String>,
    /// The aliases that the key must have, where its ARN is not known.
    pub aliases: Vec<String>,
}

/// The characters that IAM lets the inline policies of one role have in all, white space not counted.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const LONGEST_INLINE: usize = 10_240;

/// The least-privilege policy of whoever runs the plan.
///
/// Principals that inspect tables (`inspect_as`) need their own rights; what is left to them is not in
/// here. A key policy must let IAM policies count (or name the runner) for `kms:DescribeKey` to be
/// allowed by it.
#[must_use]
pub fn runner_policy(plan: &Plan, known: &Known) -> RunnerPolicy {
    let place = Place::of(plan, known);
    let mut policy = RunnerPolicy {
        plan: plan.name.clone(),
        allowances: Vec::new(),
        notes: Vec::new(),
    };
    for &action in ASSUME {
        let roles = needed(plan).filter(|principal| takes(action, principal));
        policy.allow(action, roles.map(|principal| principal.role.to_string()));
    }
    let own = || {
        let tables = plan.tables.values();
        tables.filter(|table| table.inspect_as.is_none())
    };
    for &action in INSPECT {
        match action.split_once(':') {
            Some(("dynamodb", _)) => policy.allow(action, own().map(|table| place.table(table))),
            Some(("kms", _)) => policy.allow_keys(action, own(), known, &place),
            Some(_) | None => policy
                .notes
                .push(format!("no resource of the plan is known for `{action}`")),
        }
    }
    let guessed = own().any(|table| {
        let bare = matches!(&table.key, TableKey::Alias(alias) if !alias.starts_with("arn:"));
        table.arn.is_none() || bare
    });
    if known.account.is_none() && guessed {
        policy.notes.push(match &place.account {
            Some(account) => format!(
                "tables and aliases that the plan only names are taken to be in account {account}, where \
                 its roles are"
            ),
            None => "the roles are in several accounts: tables and aliases that the plan only names are \
                     given for any account; name them by ARN"
                .to_owned(),
        });
    }
    let length = policy.to_json().to_string().len();
    if length > LONGEST_INLINE {
        policy.notes.push(format!(
            "the policy has {length} characters, and IAM lets the inline policies of a role have \
             {LONGEST_INLINE}: split the plan, or attach the statements as several managed policies"
        ));
    }
    policy
}

/// The principals whose roles a run assumes.
pub(crate) fn needed(plan: &Plan) -> impl Iterator<Item = &Principal> {
    let is_needed = |name: &str| {
        plan.expectations.iter().any(|one| one.principal == name)
            || plan
                .tables
                .values()
                .any(|table| table.inspect_as.as_deref() == Some(name))
    };
    plan.principals
        .iter()
        .filter(move |(name, _)| is_needed(name))
        .map(|(_, principal)| principal)
}

/// Whether making the principal's session takes the action. An action that is not known here is one
/// that every session takes.
pub(crate) fn takes(action: &str, principal: &Principal) -> bool {
    match action {
        "sts:TagSession" => !principal.tags.is_empty(),
        "sts:SetSourceIdentity" => principal.source_identity.is_some(),
        _ => true,
    }
}

/// Where things are that a plan only names.
pub(crate) struct Place {
    partition: String,
    region: String,
    account: Option<String>,
}

impl Place {
    pub(crate) fn of(plan: &Plan, known: &Known) -> Self {
        let mut roles = plan.principals.values().map(|principal| &principal.role);
        let first = plan.principals.values().next();
        let common = first
            .map(|principal| principal.role.account())
            .filter(|account| roles.all(|role| role.account() == *account));
        Self {
            partition: first
                .map_or("aws", |one| one.role.as_arn().partition())
                .to_owned(),
            region: known.region.as_ref().unwrap_or(&plan.region).clone(),
            account: known.account.clone().or_else(|| common.map(str::to_owned)),
        }
    }

    fn account(&self) -> &str {
        self.account.as_deref().unwrap_or("*")
    }

    pub(crate) fn table(&self, table: &Table) -> String {
        match &table.arn {
            Some(arn) => arn.to_string(),
            None => format!(
                "arn:{}:dynamodb:{}:{}:table/{}",
                self.partition,
                self.region,
                self.account(),
                table.name
            ),
        }
    }

    /// Every key of the account and region that an alias is in.
    fn keys(&self, alias: &str) -> String {
        match alias.split_once(":alias/") {
            Some((place, _)) => format!("{place}:key/*"),
            None => format!(
                "arn:{}:kms:{}:{}:key/*",
                self.partition,
                self.region,
                self.account()
            ),
        }
    }
}

impl RunnerPolicy {
    fn allow(&mut self, action: &'static str, resources: impl Iterator<Item = String>) {
        let mut distinct: Vec<String> = Vec::new();
        for resource in resources {
            if !distinct.contains(&resource) {
                distinct.push(resource);
            }
        }
        if !distinct.is_empty() {
            self.allowances.push(Allowance {
                sid: sid(action),
                action,
                resources: distinct,
                aliases: Vec::new(),
            });
        }
    }

    fn allow_keys<'a>(
        &mut self,
        action: &'static str,
        tables: impl Iterator<Item = &'a Table>,
        known: &Known,
        place: &Place,
    ) {
        let mut exact = Vec::new();
        let mut by_alias: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for table in tables {
            match &table.key {
                TableKey::AwsOwned => {}
                TableKey::Key(arn) => exact.push(arn.to_string()),
                TableKey::Alias(alias) => {
                    if let Some(arn) = known.keys.get(alias) {
                        exact.push(arn.clone());
                        continue;
                    }
                    let names = by_alias.entry(place.keys(alias)).or_default();
                    let name = table.key.alias_name().unwrap_or(alias).to_owned();
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
        }
        self.allow(action, exact.into_iter());
        for (number, (resource, aliases)) in by_alias.into_iter().enumerate() {
            let names: Vec<String> = aliases.iter().map(|name| format!("`{name}`")).collect();
            self.notes.push(format!(
                "the key behind {} is not known: `{action}` is given for whatever key has that alias; ask \
                 in the account, or name the key by its ARN, for an exact one",
                names.join(" and ")
            ));
            let more = if number == 0 {
                String::new()
            } else {
                (number + 1).to_string()
            };
            self.allowances.push(Allowance {
                sid: format!("{}ByAlias{more}", sid(action)),
                action,
                resources: vec![resource],
                aliases,
            });
        }
    }

    /// Every action on every resource, one by one.
    pub fn permissions(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.allowances.iter().flat_map(|one| {
            let resources = one.resources.iter();
            resources.map(|resource| (one.action, resource.as_str()))
        })
    }

    /// The policy document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let statements: Vec<Value> = self.allowances.iter().map(Allowance::to_json).collect();
        json!({"Version": "2012-10-17", "Statement": statements})
    }

    /// A CloudFormation template that gives the policy to a role.
    #[must_use]
    pub fn to_cloudformation(&self) -> String {
        let mut text = String::from("AWSTemplateFormatVersion: \"2010-09-09\"\n");
        let about = format!(
            "What running the keyproof plan {} takes, and nothing else.",
            self.plan
        );
        // Writing to a string can't fail.
        let _ = writeln!(text, "Description: {}", quoted(&about));
        for note in &self.notes {
            let _ = writeln!(text, "# {note}");
        }
        text.push_str(
            "Parameters:\n  RunnerRoleName:\n    Type: String\n    \
             Description: Name of the role that runs the plan, without its path.\n\
             Resources:\n  RunnerPolicy:\n    Type: AWS::IAM::RolePolicy\n    Properties:\n      \
             RoleName: !Ref RunnerRoleName\n      PolicyName: keyproof-runner\n      \
             PolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n",
        );
        for one in &self.allowances {
            let _ = write!(
                text,
                "          - Sid: {}\n            Effect: Allow\n            Action: {}\n            Resource:\n",
                one.sid, one.action
            );
            for resource in &one.resources {
                let _ = writeln!(text, "              - {}", quoted(resource));
            }
            if !one.aliases.is_empty() {
                text.push_str(
                    "            Condition:\n              ForAnyValue:StringEquals:\n                \
                     kms:ResourceAliases:\n",
                );
                for alias in &one.aliases {
                    let _ = writeln!(text, "                  - {}", quoted(alias));
                }
            }
        }
        text
    }
}

impl Allowance {
    /// The statement.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut statement = json!({
            "Sid": self.sid, "Effect": "Allow", "Action": self.action, "Resource": self.resources,
        });
        if let (Some(members), false) = (statement.as_object_mut(), self.aliases.is_empty()) {
            // <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
            let condition =
                json!({"ForAnyValue:StringEquals": {"kms:ResourceAliases": self.aliases}});
            members.insert("Condition".to_owned(), condition);
        }
        statement
    }
}

/// `AssumeRole` of `sts:AssumeRole`.
fn sid(action: &str) -> String {
    let (_, name) = action.split_once(':').unwrap_or(("", action));
    name.to_owned()
}

/// A text as YAML and JSON both quote it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
