// SPDX-License-Identifier: Apache-2.0
//! `Ref` and `Fn::GetAtt`: parameters, resources and their attributes.

use keyproof_document::{MAX_NODES, Place};

use super::{MAX_CHAIN, Resolver, Truth};
use crate::error::{Suggestion, TemplateProblem};
use crate::kinds::{Kind, kind};
use crate::names;
use crate::note::NoteKind;
use crate::sections::{Resource, SERVERLESS};
use crate::value::Value;

/// Resources that SAM makes for APIs that a template only implies.
const IMPLICIT_APIS: [&str; 4] = [
    "ServerlessRestApi",
    "ServerlessRestApiProdStage",
    "ServerlessHttpApi",
    "ServerlessHttpApiApiGatewayDefaultStage",
];

impl<'t> Resolver<'t> {
    /// What `Ref NAME` returns.
    pub(crate) fn reference(&mut self, function: &'static str, name: &str, place: Place) -> Value {
        if let Some(value) = self.parameters.get(name) {
            if let Value::List(items) = value {
                self.listed = self.listed.saturating_add(items.len());
                if self.listed > MAX_NODES {
                    let limit = MAX_NODES;
                    return self.fail(place, TemplateProblem::TooLarge { limit });
                }
            }
            return value.clone();
        }
        let Some(resource) = self.find(function, name, place) else {
            return Value::unknown(format!("the resource `{name}`"));
        };
        match kind(&resource.type_name) {
            Some(kind) => self.fill(kind.reference, kind, name, resource),
            None => Value::unknown(format!("the name of `{name}` ({})", resource.type_name)),
        }
    }

    /// What `Fn::GetAtt NAME.ATTRIBUTE` returns.
    pub(crate) fn attribute(
        &mut self,
        function: &'static str,
        name: &str,
        attribute: &str,
        place: Place,
    ) -> Value {
        let reason = || format!("the attribute `{attribute}` of `{name}`");
        let Some(resource) = self.find(function, name, place) else {
            return Value::unknown(reason());
        };
        let Some(kind) = kind(&resource.type_name) else {
            return Value::unknown(reason());
        };
        match kind.attributes.iter().find(|(name, _)| *name == attribute) {
            Some((_, "*")) => Value::unknown(reason()),
            Some((_, pattern)) => self.fill(pattern, kind, name, resource),
            None if kind.complete => {
                let known = kind.attributes.iter().map(|(name, _)| *name);
                let suggestion = Suggestion::nearest(attribute, known);
                let attribute = attribute.to_owned();
                let type_name = resource.type_name.clone();
                let problem = TemplateProblem::UnknownAttribute {
                    attribute,
                    type_name,
                    suggestion,
                };
                self.fail(place, problem)
            }
            None => Value::unknown(reason()),
        }
    }

    /// The resource of this name. Where it isn't there, an error is recorded or, where a transform
    /// may make it, nothing.
    fn find(
        &mut self,
        function: &'static str,
        name: &str,
        place: Place,
    ) -> Option<&'t Resource<'t>> {
        let sections = self.sections;
        let Some(resource) = sections.resources.get(name) else {
            self.missing(function, name, place);
            return None;
        };
        self.connect(name, place);
        if let Some((condition, at)) = resource.condition
            && self.named_condition(condition, at) == Truth::False
        {
            let (name, condition) = (name.to_owned(), condition.to_owned());
            self.fail(
                place,
                TemplateProblem::AbsentReference {
                    function,
                    name,
                    condition,
                },
            );
        }
        Some(resource)
    }

    pub(super) fn missing(&mut self, function: &'static str, name: &str, place: Place) {
        if self.may_be_made_elsewhere(name) {
            return;
        }
        if self.parameters.get(name).is_some() {
            let name = name.to_owned();
            self.fail(place, TemplateProblem::NotAResource { function, name });
            return;
        }
        let resources = self.sections.resources.keys().map(String::as_str);
        let known: Vec<&str> = resources.chain(self.parameters.names()).collect();
        let suggestion = Suggestion::nearest(name, known);
        let name = name.to_owned();
        self.fail(
            place,
            TemplateProblem::BrokenReference {
                function,
                name,
                suggestion,
            },
        );
    }

    /// Whether a transform may declare a resource of this name: SAM derives names from those of
    /// its own resources, a macro of the account may do anything.
    pub(super) fn may_be_made_elsewhere(&self, name: &str) -> bool {
        if self.sections.macros().next().is_some() {
            return true;
        }
        let serverless = self.sections.is_transformed_by(SERVERLESS);
        if serverless && IMPLICIT_APIS.iter().any(|api| name.starts_with(api)) {
            return true;
        }
        self.sections.resources.iter().any(|(id, resource)| {
            resource.makes_others() && name.len() > id.len() && name.starts_with(id.as_str())
        })
    }

    fn fill(&mut self, pattern: &str, kind: &Kind, name: &str, resource: &Resource<'_>) -> Value {
        let physical = self.physical(kind, name, resource);
        let Some(own_name) = physical.as_text() else {
            return physical;
        };
        let path = if pattern.contains("{path}") {
            self.path(resource)
        } else {
            String::new()
        };
        let filled = pattern
            .replace("{partition}", &self.parameters.partition)
            .replace("{region}", &self.parameters.region)
            .replace("{account}", self.parameters.account.as_str())
            .replace("{suffix}", &self.parameters.url_suffix)
            .replace("{path}", &path)
            .replace("{name}", &own_name);
        if pattern.contains('*') && !pattern.ends_with(":*") {
            return Value::partly(format!("an id that AWS gives to `{name}`"), filled);
        }
        Value::Text(filled)
    }

    /// The name or id of a resource of a known kind.
    pub(crate) fn physical(
        &mut self,
        kind: &Kind,
        logical_id: &str,
        resource: &Resource<'_>,
    ) -> Value {
        if let Some(value) = self.physical.get(logical_id) {
            return value.clone();
        }
        if !self.physical_open.insert(logical_id.to_owned()) {
            // The circle is reported from the graph of references.
            return Value::unknown("a circular reference");
        }
        if self.physical_open.len() > MAX_CHAIN {
            self.physical_open.remove(logical_id);
            let problem = TemplateProblem::ChainTooLong { limit: MAX_CHAIN };
            return self.fail(resource.place, problem);
        }
        let value = match kind.name_property {
            Some(property) => self.name_of(property, kind.longest, logical_id, resource),
            None => Value::Text(self.key_id(logical_id, resource)),
        };
        self.physical_open.remove(logical_id);
        self.physical.insert(logical_id.to_owned(), value.clone());
        value
    }

    fn name_of(
        &mut self,
        property: &'static str,
        longest: usize,
        logical_id: &str,
        resource: &Resource<'_>,
    ) -> Value {
        let mut generated = names::generated(&self.parameters.stack_name, logical_id, longest);
        if resource.type_name == "AWS::S3::Bucket" {
            generated = generated.to_lowercase();
        }
        let declared = if resource.made_for.is_some() {
            None
        } else {
            resource
                .properties
                .and_then(|properties| properties.get(property))
        };
        let Some(node) = declared else {
            return Value::Text(generated);
        };
        let resolved = self.within(logical_id, |resolver| resolver.resolve(node));
        match &resolved.value {
            Value::Unknown(unknown) => {
                let text = format!(
                    "the `{property}` of `{logical_id}` hangs on {}; `{generated}` stands for it",
                    unknown.reason
                );
                self.within(logical_id, |resolver| {
                    resolver.note(node.place, NoteKind::Unknown, text);
                });
                Value::Text(generated)
            }
            Value::Nothing | Value::Null => Value::Text(generated),
            value => {
                if let Some(text) = value.as_text() {
                    return Value::Text(text.into_owned());
                }
                let (name, expected) = (property.to_owned(), "a string");
                let found = value.kind();
                self.fail(
                    node.place,
                    TemplateProblem::WrongShape {
                        name,
                        expected,
                        found,
                    },
                )
            }
        }
    }

    fn key_id(&mut self, logical_id: &str, resource: &Resource<'_>) -> String {
        if let Some(id) = self.parameters.key_ids.get(logical_id) {
            return id.clone();
        }
        let property = |name: &str| {
            resource
                .properties
                .and_then(|properties| properties.get(name))
        };
        // A replica has the id of its primary.
        if resource.type_name == "AWS::KMS::ReplicaKey"
            && let Some(node) = property("PrimaryKeyArn")
        {
            let primary = self.within(logical_id, |resolver| resolver.resolve(node));
            let primary = primary.value.as_text().map(std::borrow::Cow::into_owned);
            if let Some((_, id)) = primary.as_deref().and_then(|arn| arn.split_once(":key/")) {
                return id.to_owned();
            }
        }
        let multi_region = resource.type_name == "AWS::KMS::ReplicaKey"
            || property("MultiRegion").is_some_and(|node| {
                let value = self
                    .within(logical_id, |resolver| resolver.resolve(node))
                    .value;
                value.as_text().as_deref() == Some("true")
            });
        names::key_id(&self.parameters.stack_name, logical_id, multi_region)
    }

    /// The path of an IAM resource, from `/` to `/`.
    pub(crate) fn path(&mut self, resource: &Resource<'_>) -> String {
        let property = if resource.made_for.is_some() {
            "RolePath"
        } else {
            "Path"
        };
        let node = resource
            .properties
            .and_then(|properties| properties.get(property));
        let value = node.map(|node| (node.place, self.resolve(node).value));
        match value {
            None | Some((_, Value::Nothing | Value::Null)) => "/".to_owned(),
            Some((place, Value::Unknown(unknown))) => {
                let text = format!("the path hangs on {}; `/` stands for it", unknown.reason);
                self.note(place, NoteKind::Unknown, text);
                "/".to_owned()
            }
            Some((place, value)) => match value.as_text() {
                Some(path) if path.starts_with('/') && path.ends_with('/') => path.into_owned(),
                Some(path) => {
                    let (name, value) = (property.to_owned(), path.into_owned());
                    let expected = "a path that begins and ends with `/`";
                    self.fail(
                        place,
                        TemplateProblem::WrongValue {
                            name,
                            value,
                            expected,
                        },
                    );
                    "/".to_owned()
                }
                None => {
                    let (name, expected) = (property.to_owned(), "a string");
                    let found = value.kind();
                    self.fail(
                        place,
                        TemplateProblem::WrongShape {
                            name,
                            expected,
                            found,
                        },
                    );
                    "/".to_owned()
                }
            },
        }
    }
}
