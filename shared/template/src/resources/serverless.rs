// SPDX-License-Identifier: Apache-2.0
//! The execution roles that SAM makes for functions and state machines.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html>

use keyproof_document::{Node, Place, Value as Tree};
use keyproof_policy::Grammar;
use serde_json::json;

use super::{Draft, Item, iam};
use crate::PolicySource;
use crate::account::{Attachment, InlinePolicy, Role, Tags};
use crate::functions::{call_in, long_name};
use crate::note::NoteKind;
use crate::policies;
use crate::properties::Properties;
use crate::resolver::Truth;
use crate::sections::{Resource, Sections};
use crate::value::{Resolved, Value};

pub(crate) mod templates;

const FUNCTION: &str = "AWS::Serverless::Function";
const STATE_MACHINE: &str = "AWS::Serverless::StateMachine";

/// Declares the roles that SAM will make: for each function and state machine that names none.
pub(crate) fn declare_roles(sections: &mut Sections<'_>) {
    let made: Vec<(String, Resource<'_>)> = sections
        .resources
        .iter()
        .filter(|(_, resource)| makes_role(&resource.type_name))
        .filter(|(_, resource)| {
            resource
                .properties
                .is_none_or(|properties| properties.get("Role").is_none())
        })
        .map(|(logical_id, resource)| {
            let role = Resource {
                type_name: "AWS::IAM::Role".to_owned(),
                depends_on: Vec::new(),
                made_for: Some(logical_id.clone()),
                ..resource.clone()
            };
            (format!("{logical_id}Role"), role)
        })
        .collect();
    for (logical_id, role) in made {
        sections.resources.entry(logical_id).or_insert(role);
    }
}

/// Whether SAM makes a role for this type.
pub(super) fn makes_role(type_name: &str) -> bool {
    matches!(type_name, FUNCTION | STATE_MACHINE)
}

/// The properties of a function or state machine matter for their references only; those of its
/// role are read with the role.
pub(super) fn maker(draft: &mut Draft<'_, '_>, item: &Item) {
    let Some(resource) = draft.declared(item) else {
        return;
    };
    let Item {
        logical_id,
        type_name,
        ..
    } = item;
    let role = format!("{logical_id}Role");
    let makes_role = draft
        .resolver
        .sections
        .resources
        .get(&role)
        .is_some_and(|role| role.made_for.is_some());
    let text = if makes_role {
        draft.resolver.connect(&role, item.place);
        format!("`{logical_id}` ({type_name}) is left out but for its execution role")
    } else {
        format!("`{logical_id}` ({type_name}) is left out")
    };
    draft.note(item, NoteKind::LeftOut, text);
    draft.quietly(item, |resolver| {
        resolver.depend_on(resource);
        let entries = resource
            .properties
            .and_then(Node::as_mapping)
            .unwrap_or_default();
        for (key, node) in entries {
            match key.text.as_str() {
                // An event source refers to the function at least as much as the function to it.
                "Events" => resolver.check(node),
                // Read with the role, where there is one.
                "Policies" | "AssumeRolePolicyDocument" if makes_role => {}
                _ => {
                    resolver.resolve(node);
                }
            }
        }
    });
}

/// The role that SAM makes.
pub(super) fn role<'t>(draft: &mut Draft<'_, 't>, item: &Item, resource: &'t Resource<'t>) {
    let Some(maker) = &resource.made_for else {
        return;
    };
    let function = draft
        .resolver
        .sections
        .resources
        .get(maker)
        .is_some_and(|maker| maker.type_name == FUNCTION);
    let (name, path, arn) = (
        draft.name(item),
        draft.path(item),
        draft.attribute(item, "Arn"),
    );
    let at = format!("Resources.{maker}.Properties");
    let mut making = Making {
        draft,
        resource,
        path: at,
        role: item.logical_id.clone(),
        place: item.place,
    };
    let trust = making.trust(if function { "lambda" } else { "states" });
    let mut managed = if function {
        making.standard_policies()
    } else {
        Vec::new()
    };
    if !function && making.says("Tracing", "Enabled", "true") {
        managed.push(making.aws("AWSXrayWriteOnlyAccess"));
    }
    let mut inline = Vec::new();
    making.dead_letters(&mut inline);
    let entries = making.policy_entries();
    for (index, entry) in entries {
        making.entry(index, &entry, &mut managed, &mut inline);
    }
    let (boundary, mut tags) = making.boundary_and_tags();
    let mark = if function {
        "lambda:createdBy"
    } else {
        "stateMachine:createdBy"
    };
    tags.insert(mark.to_owned(), "SAM".to_owned());
    let Some(trust) = trust else { return };
    let trust = trust.named(&arn);
    draft.account.roles.push(Role {
        logical_id: item.logical_id.clone(),
        name,
        path,
        arn,
        trust,
        inline,
        managed,
        boundary,
        max_session_duration: 3600,
        tags,
        place: item.place,
    });
}

/// A role in the making.
struct Making<'a, 'r, 't> {
    draft: &'a mut Draft<'r, 't>,
    resource: &'t Resource<'t>,
    /// `Resources.Function.Properties`.
    path: String,
    /// The role's logical id.
    role: String,
    place: Place,
}

impl<'t> Making<'_, '_, 't> {
    fn node(&self, name: &str) -> Option<&'t Node> {
        self.resource.properties?.get(name)
    }

    fn value(&mut self, name: &str) -> Option<Resolved> {
        let node = self.node(name)?;
        Some(self.draft.resolver.resolve(node)).filter(|value| !value.is_absent())
    }

    fn trust(&mut self, service: &str) -> Option<PolicySource> {
        let path = format!("{}.AssumeRolePolicyDocument", self.path);
        if let Some(value) = self.value("AssumeRolePolicyDocument") {
            return policies::read(self.draft.resolver, &value, Grammar::Trust, path);
        }
        let trust = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Action": ["sts:AssumeRole"],
                "Effect": "Allow",
                "Principal": {"Service": [format!("{service}.amazonaws.com")]},
            }],
        });
        PolicySource::new(trust, Grammar::Trust, self.place, path).ok()
    }

    fn aws(&self, path_and_name: &str) -> Attachment {
        let partition = &self.draft.account.partition;
        let arn = format!("arn:{partition}:iam::aws:policy/{path_and_name}");
        Attachment {
            arn,
            place: self.place,
        }
    }

    /// Whether a property, or the entry `key` of it, has this value.
    fn says(&mut self, name: &str, key: &str, text: &str) -> bool {
        let Some(value) = self.value(name) else {
            return false;
        };
        let value = value.get(key).unwrap_or(&value);
        value.value.as_text().as_deref() == Some(text)
    }

    /// What SAM attaches unasked: for logs, tracing, the network, and what the function polls.
    fn standard_policies(&mut self) -> Vec<Attachment> {
        let basic = if self.node("DurableConfig").is_some() {
            "service-role/AWSLambdaBasicDurableExecutionRolePolicy"
        } else {
            "service-role/AWSLambdaBasicExecutionRole"
        };
        let mut managed = vec![self.aws(basic)];
        let tracing = self.value("Tracing");
        if tracing.is_some_and(|value| value.value.as_text().as_deref() != Some("Disabled")) {
            managed.push(self.aws("AWSXrayWriteOnlyAccess"));
        }
        if self.value("VpcConfig").is_some() {
            managed.push(self.aws("service-role/AWSLambdaVPCAccessExecutionRole"));
        }
        let events = self
            .node("Events")
            .and_then(Node::as_mapping)
            .unwrap_or_default();
        for (_, event) in events {
            let policy = match event.get("Type").and_then(Node::as_str) {
                Some("SQS") => "service-role/AWSLambdaSQSQueueExecutionRole",
                Some("DynamoDB") => "service-role/AWSLambdaDynamoDBExecutionRole",
                Some("Kinesis") => "service-role/AWSLambdaKinesisExecutionRole",
                Some("MSK") => "service-role/AWSLambdaMSKExecutionRole",
                _ => continue,
            };
            let policy = self.aws(policy);
            if !managed.contains(&policy) {
                managed.push(policy);
            }
        }
        managed
    }

    fn dead_letters(&mut self, inline: &mut Vec<InlinePolicy>) {
        let Some(queue) = self.value("DeadLetterQueue") else {
            return;
        };
        let action = match queue
            .get("Type")
            .and_then(|kind| kind.value.as_text())
            .as_deref()
        {
            Some("SNS") => "sns:Publish",
            _ => "sqs:SendMessage",
        };
        let target = queue
            .get("TargetArn")
            .and_then(|target| target.value.as_text());
        let target = target.map_or_else(|| "*".to_owned(), std::borrow::Cow::into_owned);
        let document = json!({
            "Version": "2012-10-17",
            "Statement": [{"Action": action, "Effect": "Allow", "Resource": target}],
        });
        let path = format!("{}.DeadLetterQueue", self.path);
        if let Ok(source) = PolicySource::new(document, Grammar::Identity, queue.place, path) {
            let (name, logical_id) = ("DeadLetterQueuePolicy".to_owned(), self.role.clone());
            inline.push(InlinePolicy {
                source: source.named(&name),
                name,
                logical_id,
            });
        }
    }

    /// What stands under `Policies`, conditions decided, each with its index as written.
    fn policy_entries(&mut self) -> Vec<(usize, Node)> {
        let Some(node) = self.node("Policies") else {
            return Vec::new();
        };
        let Some(node) = self.decide(node) else {
            return Vec::new();
        };
        match &node.value {
            Tree::Sequence(items) if node.tag.is_none() => {
                let items = items.iter().enumerate();
                items
                    .filter_map(|(at, item)| Some((at, self.decide(item)?)))
                    .collect()
            }
            _ => vec![(0, node)],
        }
    }

    /// The branch that `Fn::If` takes here; the node itself where it is something else.
    fn decide(&mut self, node: &Node) -> Option<Node> {
        let parts = match (&node.tag, &node.value) {
            (Some(tag), Tree::Sequence(parts)) if long_name(tag) == "Fn::If" => parts,
            (None, Tree::Mapping(entries)) => match call_in(entries) {
                Some((
                    key,
                    Node {
                        value: Tree::Sequence(parts),
                        ..
                    },
                )) if key.text == "Fn::If" => parts,
                _ => return Some(node.clone()),
            },
            _ => return Some(node.clone()),
        };
        let [condition, then, otherwise] = parts.as_slice() else {
            return Some(node.clone());
        };
        let truth = match (&condition.tag, condition.as_str()) {
            (None, Some(name)) => self.draft.resolver.named_condition(name, condition.place),
            _ => self.draft.resolver.condition(condition),
        };
        let branch = match truth {
            Truth::True => then,
            Truth::False => otherwise,
            // An unknown document: the reading of policies knows what to do with it.
            Truth::Unknown(_) => return Some(node.clone()),
        };
        let nothing = match (&branch.tag, &branch.value) {
            (Some(tag), Tree::String(name)) => tag == "Ref" && name == "AWS::NoValue",
            (None, Tree::Mapping(_)) => {
                branch.get("Ref").and_then(Node::as_str) == Some("AWS::NoValue")
            }
            _ => false,
        };
        if nothing { None } else { self.decide(branch) }
    }

    fn entry(
        &mut self,
        index: usize,
        entry: &Node,
        managed: &mut Vec<Attachment>,
        inline: &mut Vec<InlinePolicy>,
    ) {
        let path = format!("{}.Policies.{index}", self.path);
        let name = format!("{}Policy{index}", self.role);
        let expanded = templates::expand(entry, self.draft.resolver);
        let value = match &expanded {
            Some(document) => self.draft.resolver.resolve(document),
            None => self.draft.resolver.resolve(entry),
        };
        match &value.value {
            Value::Nothing | Value::Null => {}
            Value::Text(text) => {
                let arn = self.managed_arn(text);
                let attachment = Attachment {
                    arn,
                    place: value.place,
                };
                if !managed.iter().any(|other| other.arn == attachment.arn) {
                    managed.push(attachment);
                }
            }
            _ => {
                let source = policies::read(self.draft.resolver, &value, Grammar::Identity, path);
                if let Some(source) = source {
                    let logical_id = self.role.clone();
                    inline.push(InlinePolicy {
                        source: source.named(&name),
                        name,
                        logical_id,
                    });
                }
            }
        }
    }

    /// The ARN of a managed policy that SAM's `Policies` names.
    fn managed_arn(&self, name: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        let partition = &self.draft.account.partition;
        let path = templates::managed_path(name);
        format!("arn:{partition}:iam::aws:policy{path}{name}")
    }

    fn boundary_and_tags(&mut self) -> (Option<Attachment>, Tags) {
        let entries = ["PermissionsBoundary", "Tags"]
            .into_iter()
            .filter_map(|name| {
                let properties = self.resource.properties?;
                let (key, node) = properties.entry(name)?;
                Some((key.clone(), node))
            });
        let entries: Vec<_> = entries
            .map(|(key, node)| (key, self.draft.resolver.resolve(node)))
            .collect();
        let value = Value::Map(entries).at(self.place);
        let path = self.path.clone();
        let mut properties = Properties::new(self.draft.resolver, value, FUNCTION, path);
        (iam::boundary(&mut properties), properties.tags("Tags"))
    }
}
