// SPDX-License-Identifier: Apache-2.0
//! SAM's policy templates: `DynamoDBReadPolicy: { TableName: orders }` and eighty others.
//!
//! Their statements are in `data/sam_policy_templates.json`; where they are from is in
//! `data/SOURCES.md`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use keyproof_document::{Key, Node, Place, Value as Tree};
use serde_json::Value as Json;

use crate::error::{Suggestion, TemplateProblem};
use crate::functions::call_in;
use crate::resolver::Resolver;

static DATA: &str = include_str!("../../../data/sam_policy_templates.json");

/// The policy document that a use of a policy template stands for; `None` where the node is
/// something else.
pub(super) fn expand(node: &Node, resolver: &mut Resolver<'_>) -> Option<Node> {
    let entries = node.as_mapping().filter(|_| node.tag.is_none())?;
    let [(key, arguments)] = entries else {
        return None;
    };
    if call_in(entries).is_some() || key.text == "Statement" {
        return None;
    }
    let templates = templates();
    let Some(template) = templates.get(&key.text) else {
        let suggestion = Suggestion::nearest(&key.text, templates.keys().map(String::as_str));
        let (name, type_name) = (key.text.clone(), "Policies".to_owned());
        let problem = TemplateProblem::UnknownProperty {
            name,
            type_name,
            suggestion,
        };
        resolver.fail(key.place, problem);
        return Some(empty(key.place));
    };
    let parameters: Vec<&str> = template
        .get("Parameters")
        .and_then(Json::as_array)
        .map(|names| names.iter().filter_map(Json::as_str).collect())
        .unwrap_or_default();
    let mut given: BTreeMap<&str, &Node> = BTreeMap::new();
    for (name, node) in arguments.as_mapping().unwrap_or_default() {
        if parameters.contains(&name.text.as_str()) {
            given.insert(&name.text, node);
            continue;
        }
        // SAM takes no notice of further parameters; a misspelt one is another matter.
        let suggestion = Suggestion::nearest(&name.text, parameters.iter().copied());
        if suggestion != Suggestion::default() {
            let (type_name, text) = (key.text.clone(), name.text.clone());
            let problem = TemplateProblem::UnknownProperty {
                name: text,
                type_name,
                suggestion,
            };
            resolver.fail(name.place, problem);
        }
    }
    for name in parameters {
        if !given.contains_key(name) {
            let reason = format!("needs the parameter `{name}`");
            let policy = key.text.clone();
            resolver.fail(key.place, TemplateProblem::BadPolicy { policy, reason });
            return Some(empty(key.place));
        }
    }
    let statement = node_of(
        template.get("Statement").unwrap_or(&Json::Null),
        key.place,
        &given,
    );
    let text = "Statement".to_owned();
    let value = Tree::Mapping(vec![(
        Key {
            place: key.place,
            text,
        },
        statement,
    )]);
    Some(Node {
        place: key.place,
        tag: None,
        value,
    })
}

/// What stands in for a document that could not be made; there is an error already.
const fn empty(place: Place) -> Node {
    Node {
        place,
        tag: None,
        value: Tree::Null,
    }
}

/// A template's JSON as a node, all of it at the place where the template is used, with the
/// arguments in the place of the parameters.
fn node_of(json: &Json, place: Place, given: &BTreeMap<&str, &Node>) -> Node {
    let value = match json {
        Json::Null => Tree::Null,
        Json::Bool(value) => Tree::Bool(*value),
        Json::Number(number) => Tree::Number(number.to_string()),
        Json::String(text) => Tree::String(text.clone()),
        Json::Array(items) => Tree::Sequence(
            items
                .iter()
                .map(|item| node_of(item, place, given))
                .collect(),
        ),
        Json::Object(entries) => {
            let parameter = entries
                .get("Ref")
                .and_then(Json::as_str)
                .filter(|_| entries.len() == 1);
            if let Some(argument) = parameter.and_then(|name| given.get(name)) {
                return (*argument).clone();
            }
            Tree::Mapping(
                entries
                    .iter()
                    .map(|(key, value)| {
                        (
                            Key {
                                place,
                                text: key.clone(),
                            },
                            node_of(value, place, given),
                        )
                    })
                    .collect(),
            )
        }
    };
    Node {
        place,
        tag: None,
        value,
    }
}

fn templates() -> &'static BTreeMap<String, Json> {
    static TEMPLATES: OnceLock<BTreeMap<String, Json>> = OnceLock::new();
    // The data is a constant of the program: a test reads every template in it.
    TEMPLATES.get_or_init(|| serde_json::from_str(DATA).unwrap_or_default())
}

/// Names of the service roles that functions use most, by how they begin.
const SERVICE_ROLES: [&str; 4] = [
    "AWSLambda",
    "AWSAppSync",
    "AWSCodeDeploy",
    "AmazonAPIGateway",
];

/// The path of a managed policy of AWS that SAM knows by its bare name.
pub(super) fn managed_path(name: &str) -> String {
    #[cfg(feature = "managed-policies")]
    if let Some(policy) = crate::managed::named(name) {
        return policy.path;
    }
    if SERVICE_ROLES.iter().any(|prefix| name.starts_with(prefix)) {
        return "/service-role/".to_owned();
    }
    "/".to_owned()
}
