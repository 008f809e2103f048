// SPDX-License-Identifier: Apache-2.0
//! Calls on a table: the right to the action, then the table's key in the caller's name.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keyproof_plan::{Action, Attribute, Canary, Table as Planned};
use keyproof_template::{Encryption, Index, Table};
use keyproof_verdict::{Answer, Blindness, Evidence, classify};

use crate::caller::Caller;
use crate::key::{Use, table_context};
use crate::observe::{Observer, Seen};
use crate::weigh::{Question, Step, Weighed};

/// An attribute that no canary has; a run's update is about it.
const NO_ATTRIBUTE: &str = "keyproof#never";

impl Observer<'_> {
    /// The probe of a `dynamodb:` action.
    pub(crate) fn table_probe(
        &self,
        caller: &Caller<'_>,
        action: Action,
        planned: &Planned,
        arn: &str,
        index: Option<&str>,
    ) -> Seen {
        let resource = match index {
            Some(index) => format!("{arn}/index/{index}"),
            None => arn.to_owned(),
        };
        let Some((_, table)) = self.estate.table(arn) else {
            let what = format!("the table `{arn}` is not in the templates");
            return Seen::untold(what, Some(resource));
        };
        let index = match index.map(|name| (name, find_index(table, name))) {
            None => None,
            Some((_, Some(index))) => Some(index),
            Some((name, None)) => {
                let message = format!("table `{}` has no index `{name}`", planned.name);
                let answer = Answer::Unknown(Blindness::NotFound);
                return Seen::silent(answer, message, Some(resource));
            }
        };
        let canary = &planned.canary;
        if let (Action::Query, Some(index)) = (action, index)
            && let Some(hash) = index.key_schema.first()
            && value(canary, hash).is_none()
        {
            let message = format!(
                "the canary has no `{hash}`, the partition key of index `{}`; give its value among the canary's attributes",
                index.name
            );
            return Seen::silent(Answer::Unknown(Blindness::Other), message, Some(resource));
        }
        let name = match action {
            // Each of its parts is authorised as itself.
            Action::TransactGetItems => "dynamodb:GetItem",
            action => action.as_str(),
        };
        let tags = table
            .tags
            .iter()
            .map(|(key, value)| (format!("aws:ResourceTag/{key}"), vec![value.clone()]));
        let mut context = deed(action, canary, table, index);
        context.extend(tags);
        let weighed = self.weigh(
            caller,
            Question {
                action: name.to_owned(),
                resource: resource.clone(),
                policy: table.resource_policy.as_ref(),
                aws_managed: false,
                grants: &[],
                via: None,
                context,
            },
        );
        let mut steps = match weighed {
            Weighed::Hangs(what) => return Seen::untold(what, Some(resource)),
            Weighed::Certain(step) if step.is_allowed() => vec![step],
            Weighed::Certain(step) => {
                let (code, message) = ("AccessDeniedException", step.sentence());
                let answer = classify(action, Some(code), Some(&message));
                let steps = vec![step];
                return Seen::answered(answer, Some(code), Some(message), Some(resource), steps);
            }
        };
        if !fits(canary, table) {
            let code = "ValidationException";
            let message = "The provided key element does not match the schema";
            let answer = classify(action, Some(code), Some(message));
            let message = Some(message.to_owned());
            return Seen::answered(answer, Some(code), message, Some(resource), steps);
        }
        if let Some(refused) = self.unlock(caller, action, table, &resource, &mut steps) {
            return refused;
        }
        let evidence = match index {
            Some(index) if !is_in(canary, index, table) => Evidence::CanaryMissing,
            Some(_) | None => Evidence::Evaluated,
        };
        Seen::answered(Answer::Allowed(evidence), None, None, Some(resource), steps)
    }

    /// What stands between an authorised call and the table's items, if anything does.
    fn unlock(
        &self,
        caller: &Caller<'_>,
        action: Action,
        table: &Table,
        resource: &str,
        steps: &mut Vec<Step>,
    ) -> Option<Seen> {
        let resource = || Some(resource.to_owned());
        let (weighed, disabled) = match &table.encryption {
            Encryption::AwsOwned => return None,
            Encryption::AwsManaged => {
                let weighed = self.weigh_aws_managed(caller, &table.name)?;
                (weighed, None)
            }
            Encryption::Unknown(what) => return Some(Seen::untold(what.clone(), resource())),
            Encryption::Key(arn) => {
                let Some((_, key)) = self.estate.key(arn) else {
                    return Some(Seen::untold(self.missing_key(arn, None), resource()));
                };
                let account = table.arn.split(':').nth(4).unwrap_or_default();
                let context = table_context(&table.name, account);
                let mut wanted = Use::new("Decrypt");
                wanted.through_dynamodb = true;
                wanted.encryption_context = Some(&context);
                let disabled = (!key.enabled).then(|| key.arn.clone());
                (self.weigh_key(caller, key, &wanted), disabled)
            }
        };
        let step = match weighed {
            Weighed::Hangs(what) => return Some(Seen::untold(what, resource())),
            Weighed::Certain(step) => step,
        };
        let refusal = if step.is_allowed() {
            disabled.map(|arn| {
                (
                    "ValidationException",
                    format!(
                        "KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: \
                         {arn} is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException)"
                    ),
                )
            })
        } else {
            Some((
                "AccessDeniedException",
                format!(
                    "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: {} \
                     (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException)",
                    step.sentence()
                ),
            ))
        };
        steps.push(step);
        let (code, message) = refusal?;
        let answer = classify(action, Some(code), Some(&message));
        let steps = std::mem::take(steps);
        Some(Seen::answered(
            answer,
            Some(code),
            Some(message),
            resource(),
            steps,
        ))
    }
}

pub(crate) fn find_index<'t>(table: &'t Table, name: &str) -> Option<&'t Index> {
    table.indexes.iter().find(|index| index.name == name)
}

/// What a call does, in the words of DynamoDB's condition keys.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>
fn deed(
    action: Action,
    canary: &Canary,
    table: &Table,
    index: Option<&Index>,
) -> Vec<(String, Vec<String>)> {
    let schema = index.map_or(&table.key_schema, |index| &index.key_schema);
    let mut attributes: BTreeSet<String> = canary.key.keys().cloned().collect();
    let select = match index {
        Some(_) => "ALL_PROJECTED_ATTRIBUTES",
        None => "ALL_ATTRIBUTES",
    };
    let one = |key: &str, value: &str| (key.to_owned(), vec![value.to_owned()]);
    let mut context = Vec::new();
    match action {
        Action::Query | Action::Scan => context.push(one("dynamodb:Select", select)),
        Action::PartiQlSelect => {
            context.push(one("dynamodb:Select", select));
            context.push(one("dynamodb:FullTableScan", "false"));
            // It names no attribute but in its condition on the key.
        }
        Action::TransactGetItems => {
            context.push(one("dynamodb:EnclosingOperation", "TransactGetItems"));
        }
        Action::PutItem => attributes.extend(canary.attributes.keys().cloned()),
        Action::UpdateItem => {
            attributes.insert(NO_ATTRIBUTE.to_owned());
        }
        _ => {}
    }
    if matches!(
        action,
        Action::PutItem | Action::UpdateItem | Action::DeleteItem
    ) {
        context.push(one("dynamodb:ReturnValues", "NONE"));
    }
    if action == Action::Query {
        attributes.extend(
            schema
                .iter()
                .filter(|name| value(canary, name).is_some())
                .cloned(),
        );
    }
    // A scan names no partition.
    let leading = schema
        .first()
        .filter(|_| action != Action::Scan)
        .and_then(|name| text(value(canary, name)?));
    context.push((
        "dynamodb:Attributes".to_owned(),
        attributes.into_iter().collect(),
    ));
    context.extend(leading.map(|leading| ("dynamodb:LeadingKeys".to_owned(), vec![leading])));
    context
}

fn value<'c>(canary: &'c Canary, name: &str) -> Option<&'c Attribute> {
    canary.key.get(name).or_else(|| canary.attributes.get(name))
}

fn text(attribute: &Attribute) -> Option<String> {
    match attribute {
        Attribute::S(text) | Attribute::N(text) => Some(text.clone()),
        Attribute::B(bytes) => Some(STANDARD.encode(bytes)),
        Attribute::Bool(_)
        | Attribute::Null
        | Attribute::M(_)
        | Attribute::L(_)
        | Attribute::Ss(_)
        | Attribute::Ns(_)
        | Attribute::Bs(_) => None,
    }
}

/// Whether the canary's key is one of the table's.
fn fits(canary: &Canary, table: &Table) -> bool {
    canary.key.len() == table.key_schema.len()
        && table.key_schema.iter().all(|name| {
            canary
                .key
                .get(name)
                .is_some_and(|value| is_of_kind(value, table, name))
        })
}

/// Whether the canary is among what the index holds.
fn is_in(canary: &Canary, index: &Index, table: &Table) -> bool {
    index
        .key_schema
        .iter()
        .all(|name| value(canary, name).is_some_and(|value| is_of_kind(value, table, name)))
}

fn is_of_kind(value: &Attribute, table: &Table, name: &str) -> bool {
    let kind = match value {
        Attribute::S(_) => "S",
        Attribute::N(_) => "N",
        Attribute::B(_) => "B",
        Attribute::Bool(_)
        | Attribute::Null
        | Attribute::M(_)
        | Attribute::L(_)
        | Attribute::Ss(_)
        | Attribute::Ns(_)
        | Attribute::Bs(_) => return false,
    };
    table
        .attributes
        .get(name)
        .is_some_and(|known| known == kind)
}
