// SPDX-License-Identifier: Apache-2.0
//! The sections of a template, indexed and checked for their shape.

use indexmap::IndexMap;
use keyproof_document::{Node, Place};

use crate::error::{Suggestion, TemplateError, TemplateProblem};

/// The transform that AWS SAM templates declare.
pub(crate) const SERVERLESS: &str = "AWS::Serverless-2016-10-31";
/// The transform that adds `Fn::ForEach`, `Fn::Length` and `Fn::ToJsonString`.
pub(crate) const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";

const SECTIONS: [&str; 12] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Globals",
    "Resources",
    "Outputs",
    "Hooks",
];
const RESOURCE_ATTRIBUTES: [&str; 10] = [
    "Type",
    "Properties",
    "Condition",
    "DependsOn",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "CreationPolicy",
    // AWS SAM: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-resources-and-properties.html
    "Connectors",
];
/// Attributes of SAM resources that CloudFormation doesn't have.
const SERVERLESS_ATTRIBUTES: [&str; 1] = ["IgnoreGlobals"];

/// A template's sections, by name.
#[derive(Debug, Default)]
pub(crate) struct Sections<'t> {
    pub(crate) parameters: IndexMap<&'t str, &'t Node>,
    pub(crate) mappings: IndexMap<&'t str, &'t Node>,
    pub(crate) conditions: IndexMap<&'t str, &'t Node>,
    pub(crate) resources: IndexMap<String, Resource<'t>>,
    pub(crate) outputs: IndexMap<&'t str, &'t Node>,
    pub(crate) transforms: Vec<(&'t str, Place)>,
}

/// A resource as declared, or as SAM will declare it.
#[derive(Clone, Debug)]
pub(crate) struct Resource<'t> {
    pub(crate) place: Place,
    pub(crate) type_name: String,
    pub(crate) properties: Option<&'t Node>,
    pub(crate) condition: Option<(&'t str, Place)>,
    pub(crate) depends_on: Vec<&'t Node>,
    /// Whether SAM connects it to others, which grants access by policies of SAM's own.
    pub(crate) connectors: bool,
    /// The SAM resource that this one is made for, where the template doesn't declare it itself.
    pub(crate) made_for: Option<String>,
}

impl Resource<'_> {
    /// Whether a transform makes further resources of this one, with names that begin with its own.
    pub(crate) fn makes_others(&self) -> bool {
        self.connectors
            || self.type_name.starts_with("AWS::Serverless::")
            || self.type_name.ends_with("::MODULE")
    }
}

impl<'t> Sections<'t> {
    /// Indexes the template. Errors are pushed; what can be read is read.
    pub(crate) fn read(root: &'t Node, errors: &mut Vec<TemplateError>) -> Self {
        let mut sections = Self::default();
        let Some(entries) = root.as_mapping() else {
            let reason = format!("expected a mapping, found {}", root.value.kind());
            errors.push(TemplateProblem::NotATemplate { reason }.at(root.place));
            return sections;
        };
        for (key, node) in entries {
            match key.text.as_str() {
                "Parameters" => sections.parameters = index("Parameters", node, errors),
                "Mappings" => sections.mappings = index("Mappings", node, errors),
                "Conditions" => sections.conditions = index("Conditions", node, errors),
                "Outputs" => sections.outputs = index("Outputs", node, errors),
                "Transform" => sections.transforms = transforms(node),
                "Resources" => {
                    for (name, node) in index("Resources", node, errors) {
                        if let Some(resource) = resource(name, node, errors) {
                            sections.resources.insert(name.to_owned(), resource);
                        }
                    }
                }
                name if SECTIONS.contains(&name) => {}
                name => {
                    let suggestion = Suggestion::nearest(name, SECTIONS);
                    let problem = TemplateProblem::UnknownSection {
                        name: name.to_owned(),
                        suggestion,
                    };
                    errors.push(problem.at(key.place));
                }
            }
        }
        if root.get("Resources").is_none() && errors.is_empty() {
            let reason = "it has no `Resources`".to_owned();
            errors.push(TemplateProblem::NotATemplate { reason }.at(root.place));
        }
        sections
    }

    /// The sections that a loop's list may refer to, which are all but the resources.
    pub(crate) fn of_loops(root: &'t Node, errors: &mut Vec<TemplateError>) -> Self {
        let mut sections = Self::default();
        for (key, node) in root.as_mapping().unwrap_or_default() {
            match key.text.as_str() {
                "Parameters" => sections.parameters = index("Parameters", node, errors),
                "Mappings" => sections.mappings = index("Mappings", node, errors),
                "Transform" => sections.transforms = transforms(node),
                _ => {}
            }
        }
        sections
    }

    /// Whether the template is processed by this transform.
    pub(crate) fn is_transformed_by(&self, name: &str) -> bool {
        self.transforms
            .iter()
            .any(|(transform, _)| *transform == name)
    }

    /// The transforms whose work nobody can foresee: macros of the account, and includes.
    pub(crate) fn macros(&self) -> impl Iterator<Item = &(&'t str, Place)> {
        self.transforms
            .iter()
            .filter(|(name, _)| *name != SERVERLESS && *name != LANGUAGE_EXTENSIONS)
    }
}

fn transforms(node: &Node) -> Vec<(&str, Place)> {
    let items = node.as_sequence().unwrap_or(std::slice::from_ref(node));
    items
        .iter()
        .filter_map(|item| {
            let name = item
                .as_str()
                .or_else(|| item.get("Name").and_then(Node::as_str))?;
            Some((name, item.place))
        })
        .collect()
}

fn index<'t>(
    section: &str,
    node: &'t Node,
    errors: &mut Vec<TemplateError>,
) -> IndexMap<&'t str, &'t Node> {
    if let Some(entries) = node.as_mapping() {
        return entries
            .iter()
            .map(|(key, node)| (key.text.as_str(), node))
            .collect();
    }
    let problem = TemplateProblem::WrongShape {
        name: section.to_owned(),
        expected: "a mapping",
        found: node.value.kind(),
    };
    errors.push(problem.at(node.place));
    IndexMap::new()
}

fn resource<'t>(
    name: &str,
    node: &'t Node,
    errors: &mut Vec<TemplateError>,
) -> Option<Resource<'t>> {
    let Some(entries) = node.as_mapping() else {
        let problem = TemplateProblem::WrongShape {
            name: format!("Resources.{name}"),
            expected: "a mapping",
            found: node.value.kind(),
        };
        errors.push(problem.at(node.place));
        return None;
    };
    let type_name = node
        .get("Type")
        .and_then(Node::as_str)
        .unwrap_or_default()
        .to_owned();
    let serverless = type_name.starts_with("AWS::Serverless::");
    for (key, _) in entries {
        let text = key.text.as_str();
        let known = RESOURCE_ATTRIBUTES.contains(&text)
            || (serverless && SERVERLESS_ATTRIBUTES.contains(&text))
            || text.starts_with("Fn::");
        let suggestion = Suggestion::nearest(text, RESOURCE_ATTRIBUTES);
        // What resembles nothing decides nothing: CloudFormation takes a `Version` here and there.
        if !known && suggestion != Suggestion::default() {
            let problem = TemplateProblem::UnknownResourceAttribute {
                name: text.to_owned(),
                suggestion,
            };
            errors.push(problem.at(key.place));
        }
    }
    if type_name.is_empty() {
        errors.push(
            TemplateProblem::NoType {
                logical_id: name.to_owned(),
            }
            .at(node.place),
        );
        return None;
    }
    let condition = node.get("Condition").and_then(|condition| {
        let name = condition.as_str().map(|name| (name, condition.place));
        if name.is_none() {
            let problem = TemplateProblem::WrongShape {
                name: "Condition".to_owned(),
                expected: "the name of a condition",
                found: condition.value.kind(),
            };
            errors.push(problem.at(condition.place));
        }
        name
    });
    let depends_on = match node.get("DependsOn") {
        None => Vec::new(),
        Some(one) => one
            .as_sequence()
            .map_or_else(|| vec![one], |items| items.iter().collect()),
    };
    Some(Resource {
        place: node.place,
        type_name,
        properties: node
            .get("Properties")
            .filter(|properties| !properties.is_null()),
        condition,
        depends_on,
        connectors: node.get("Connectors").is_some(),
        made_for: None,
    })
}
