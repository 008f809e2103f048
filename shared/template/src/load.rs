// SPDX-License-Identifier: Apache-2.0
//! From a template's text to the model of an account.

use std::collections::BTreeMap;

use keyproof_document::Node;

use crate::cycles;
use crate::error::{TemplateError, TemplateProblem};
use crate::globals;
use crate::loops;
use crate::note::{Note, NoteKind};
use crate::parameters::Parameters;
use crate::resolver::{Resolver, Truth};
use crate::resources::{self, serverless};
use crate::sections::Sections;
use crate::value::Resolved;
use crate::{Account, Options};

/// Reads a CloudFormation or SAM template, YAML or JSON, as it would be deployed.
///
/// What the model doesn't have is noted in [`Account::notes`]; what the template doesn't tell
/// (an import, a Parameter Store value) is unknown and noted, never guessed.
///
/// # Errors
/// Everything that is wrong with the template, in the order of its lines: what CloudFormation
/// would refuse, parameters without a value, policies that break IAM's grammar.
pub fn load(text: &str, options: &Options) -> Result<Account, Vec<TemplateError>> {
    let root = keyproof_document::parse(text).map_err(|errors| {
        let template_error = |error: keyproof_document::DocumentError| {
            TemplateProblem::Document(error.problem).at(error.place)
        };
        errors.into_iter().map(template_error).collect::<Vec<_>>()
    })?;
    let root = if loops::has_loops(&root) {
        write_out_loops(&root, options)?
    } else {
        root
    };
    let root = globals::apply(root);
    read(&root, options)
}

fn write_out_loops(root: &Node, options: &Options) -> Result<Node, Vec<TemplateError>> {
    let mut errors = Vec::new();
    let sections = Sections::of_loops(root, &mut errors);
    // Parameters are checked once, with the loops written out.
    let parameters = Parameters::read(&sections, root.place, options, &mut Vec::new());
    let mut resolver = Resolver::new(&sections, &parameters);
    let written = loops::expand(root, &mut resolver);
    errors.append(&mut resolver.errors);
    if errors.is_empty() {
        Ok(written)
    } else {
        Err(errors)
    }
}

fn read(root: &Node, options: &Options) -> Result<Account, Vec<TemplateError>> {
    let mut errors = Vec::new();
    let mut sections = Sections::read(root, &mut errors);
    serverless::declare_roles(&mut sections);
    let parameters = Parameters::read(&sections, root.place, options, &mut errors);
    let mut resolver = Resolver::new(&sections, &parameters);
    for (name, node) in &sections.conditions {
        resolver.named_condition(name, node.place);
    }
    for (name, place) in sections.macros() {
        let text = format!("the macro `{name}` can change anything in this template");
        let (logical_id, kind) = (None, NoteKind::Unseen);
        resolver.notes.push(Note {
            place: *place,
            logical_id,
            kind,
            text,
        });
    }
    let mut account = resources::read(&mut resolver);
    account.exports = read_outputs(&mut resolver);
    errors.append(&mut resolver.errors);
    errors.extend(cycles::circles(&resolver.edges));
    if errors.is_empty() {
        return Ok(account);
    }
    errors.sort_by_key(|error| error.place);
    errors.dedup();
    Err(errors)
}

/// Outputs decide nothing, but a broken reference in them stops a deployment, and other templates
/// import what they export.
fn read_outputs(resolver: &mut Resolver<'_>) -> BTreeMap<String, String> {
    let sections = resolver.sections;
    let mut exports = BTreeMap::new();
    for output in sections.outputs.values() {
        let created = match output
            .get("Condition")
            .map(|node| (node.as_str(), node.place))
        {
            Some((Some(name), place)) => resolver.named_condition(name, place),
            _ => Truth::True,
        };
        let (mut value, mut name) = (None, None);
        for (key, node) in output.as_mapping().unwrap_or_default() {
            match key.text.as_str() {
                "Condition" | "Description" => {}
                _ if created == Truth::False => resolver.check(node),
                "Value" => value = Some(resolver.resolve(node)),
                _ => name = resolver.resolve(node).get("Name").cloned(),
            }
        }
        let text = |value: &Option<Resolved>| {
            value
                .as_ref()?
                .value
                .as_text()
                .map(std::borrow::Cow::into_owned)
        };
        if let (Truth::True, Some(name), Some(value)) = (created, text(&name), text(&value)) {
            exports.insert(name, value);
        }
    }
    exports
}

/// What templates export, for those beside them to import. One that is wrong is told about when it is read
/// for good.
#[must_use]
pub fn exports<'t>(
    texts: impl IntoIterator<Item = &'t str>,
    options: &Options,
) -> BTreeMap<String, String> {
    let accounts = texts
        .into_iter()
        .filter_map(|text| load(text, options).ok());
    accounts
        .flat_map(|Account { exports, .. }| exports)
        .collect()
}
