// SPDX-License-Identifier: Apache-2.0
//! Parameters and pseudo parameters.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html>

use std::collections::{BTreeMap, HashMap};

use keyproof_core::AccountId;
use keyproof_document::{Node, Place};

use crate::error::{Suggestion, TemplateError, TemplateProblem};
use crate::sections::Sections;
use crate::value::Value;
use crate::{Options, names};

/// The pseudo parameters that a caller may give.
const PSEUDO: [&str; 6] = [
    "AWS::AccountId",
    "AWS::Region",
    "AWS::Partition",
    "AWS::URLSuffix",
    "AWS::StackName",
    "AWS::StackId",
];
/// The most bytes that CloudFormation takes for a parameter's value.
const MAX_VALUE: usize = 4096;
/// The stack's name where the caller gives none.
const STACK_NAME: &str = "stack";

/// The values of everything that `Ref` finds and that is not a resource.
#[derive(Debug)]
pub(crate) struct Parameters {
    pub(crate) account: AccountId,
    pub(crate) region: String,
    pub(crate) partition: String,
    pub(crate) url_suffix: String,
    pub(crate) stack_name: String,
    pub(crate) key_ids: BTreeMap<String, String>,
    pub(crate) imports: BTreeMap<String, String>,
    values: HashMap<String, Value>,
}

impl Parameters {
    /// Reads the parameters' declarations and gives each its value.
    pub(crate) fn read(
        sections: &Sections<'_>,
        root: Place,
        options: &Options,
        errors: &mut Vec<TemplateError>,
    ) -> Self {
        let pseudo = |name: &str| options.parameters.get(name).cloned();
        let account = match pseudo("AWS::AccountId").map(|text| text.parse::<AccountId>()) {
            None => options.account.clone(),
            Some(Ok(account)) => account,
            Some(Err(error)) => {
                let name = "AWS::AccountId".to_owned();
                let reason = format!("is refused: {error}");
                errors.push(TemplateProblem::BadParameter { name, reason }.at(root));
                options.account.clone()
            }
        };
        let region = pseudo("AWS::Region").unwrap_or_else(|| options.region.clone());
        let (partition, url_suffix) = partition_of(&region);
        let partition = pseudo("AWS::Partition").unwrap_or_else(|| partition.to_owned());
        let url_suffix = pseudo("AWS::URLSuffix").unwrap_or_else(|| url_suffix.to_owned());
        let stack_name = pseudo("AWS::StackName").unwrap_or_else(|| STACK_NAME.to_owned());
        let stack_id = pseudo("AWS::StackId").unwrap_or_else(|| {
            let id = names::uuid("stack", &stack_name);
            format!("arn:{partition}:cloudformation:{region}:{account}:stack/{stack_name}/{id}")
        });
        let values = [
            ("AWS::AccountId", Value::Text(account.to_string())),
            ("AWS::Region", Value::Text(region.clone())),
            ("AWS::Partition", Value::Text(partition.clone())),
            ("AWS::URLSuffix", Value::Text(url_suffix.clone())),
            ("AWS::StackName", Value::Text(stack_name.clone())),
            ("AWS::StackId", Value::Text(stack_id)),
            ("AWS::NotificationARNs", Value::List(Vec::new())),
            ("AWS::NoValue", Value::Nothing),
        ];
        let values = values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let (key_ids, imports) = (options.key_ids.clone(), options.imports.clone());
        let mut parameters = Self {
            account,
            region,
            partition,
            url_suffix,
            stack_name,
            key_ids,
            imports,
            values,
        };
        parameters.declare(sections, root, options, errors);
        parameters
    }

    /// The value of a parameter or pseudo parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Every name that `get` knows.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    fn declare(
        &mut self,
        sections: &Sections<'_>,
        root: Place,
        options: &Options,
        errors: &mut Vec<TemplateError>,
    ) {
        for (&name, declaration) in &sections.parameters {
            let given = options.parameters.get(name).map(String::as_str);
            let value = match value(name, declaration, given) {
                Ok(value) => value,
                Err(problem) => {
                    errors.push(problem.at(declaration.place));
                    // Known to be a parameter, so that its references aren't called broken too.
                    Value::unknown(format!("the parameter `{name}`"))
                }
            };
            self.values.insert(name.to_owned(), value);
        }
        for name in options.parameters.keys() {
            if !sections.parameters.contains_key(name.as_str()) && !PSEUDO.contains(&name.as_str())
            {
                let known = sections.parameters.keys().copied().chain(PSEUDO);
                let suggestion = Suggestion::nearest(name, known);
                let name = name.clone();
                errors.push(TemplateProblem::UnknownParameter { name, suggestion }.at(root));
            }
        }
    }
}

/// The partition that a region belongs to.
#[must_use]
pub fn partition(region: &str) -> &'static str {
    partition_of(region).0
}

/// The partition and the domain that a region belongs to.
///
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
fn partition_of(region: &str) -> (&'static str, &'static str) {
    match region {
        _ if region.starts_with("cn-") => ("aws-cn", "amazonaws.com.cn"),
        _ if region.starts_with("us-gov-") => ("aws-us-gov", "amazonaws.com"),
        _ if region.starts_with("us-iso-") => ("aws-iso", "c2s.ic.gov"),
        _ if region.starts_with("us-isob-") => ("aws-iso-b", "sc2s.sgov.gov"),
        _ if region.starts_with("eusc-") => ("aws-eusc", "amazonaws.eu"),
        _ => ("aws", "amazonaws.com"),
    }
}

fn value(name: &str, declaration: &Node, given: Option<&str>) -> Result<Value, TemplateProblem> {
    let bad = |reason: String| TemplateProblem::BadParameter {
        name: name.to_owned(),
        reason,
    };
    let type_name = declaration
        .get("Type")
        .and_then(Node::as_str)
        .ok_or_else(|| bad("has no `Type` to be read by".to_owned()))?;
    if type_name.starts_with("AWS::SSM::Parameter::Value<") {
        // What is given is the name in Parameter Store, never the value itself.
        let shown = given.map(str::to_owned).or_else(|| default(declaration));
        let shown = shown.map_or_else(String::new, |shown| format!(" (`{shown}`)"));
        let reason = format!("the Parameter Store value behind the parameter `{name}`{shown}");
        return Ok(Value::unknown(reason));
    }
    let text = match given {
        Some(given) => given.to_owned(),
        None => default(declaration).ok_or_else(|| TemplateProblem::ParameterNeeded {
            name: name.to_owned(),
        })?,
    };
    if text.len() > MAX_VALUE {
        return Err(bad(format!("has more than {MAX_VALUE} bytes")));
    }
    let is_list = type_name == "CommaDelimitedList" || type_name.starts_with("List<");
    let items: Vec<&str> = match (is_list, text.is_empty()) {
        (true, true) => Vec::new(),
        (true, false) => text.split(',').map(str::trim).collect(),
        (false, _) => vec![&text],
    };
    let is_number = matches!(type_name, "Number" | "List<Number>");
    // A list may be allowed as a whole, or item by item.
    if !(is_list && admit(declaration, &text, false).is_ok()) {
        for item in &items {
            admit(declaration, item, is_number).map_err(bad)?;
        }
    }
    if !is_list {
        return Ok(Value::text(text));
    }
    let items = items
        .into_iter()
        .map(|item| Value::text(item).at(declaration.place));
    Ok(Value::List(items.collect()))
}

fn default(declaration: &Node) -> Option<String> {
    let default = declaration.get("Default")?;
    match default.as_sequence() {
        // CloudFormation wants one string; a list is common enough, and meant the same way.
        Some(items) => {
            let items: Vec<_> = items.iter().filter_map(Node::as_text).collect();
            Some(items.join(","))
        }
        None if default.is_null() => Some(String::new()),
        None => default.as_text().map(std::borrow::Cow::into_owned),
    }
}

/// Whether a value is one that the declaration admits. `AllowedPattern` is left to CloudFormation:
/// its expressions are Java's.
fn admit(declaration: &Node, item: &str, is_number: bool) -> Result<(), String> {
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .filter(|value| value.is_finite())
    };
    let bound = |key: &str| {
        declaration
            .get(key)
            .and_then(Node::as_text)
            .and_then(|it| number(&it))
    };
    if is_number {
        let value = number(item).ok_or_else(|| "must be a number".to_owned())?;
        if let Some(least) = bound("MinValue").filter(|&least| value < least) {
            return Err(format!("must be at least {least}"));
        }
        if let Some(most) = bound("MaxValue").filter(|&most| value > most) {
            return Err(format!("must be at most {most}"));
        }
    } else {
        #[expect(
            clippy::cast_precision_loss,
            reason = "no parameter has 2^52 characters"
        )]
        let length = item.chars().count() as f64;
        if let Some(least) = bound("MinLength").filter(|&least| length < least) {
            return Err(format!("must have at least {least} characters"));
        }
        if let Some(most) = bound("MaxLength").filter(|&most| length > most) {
            return Err(format!("must have at most {most} characters"));
        }
    }
    let Some(allowed) = declaration.get("AllowedValues").and_then(Node::as_sequence) else {
        return Ok(());
    };
    let allowed: Vec<_> = allowed.iter().filter_map(Node::as_text).collect();
    let same = |one: &str| one == item || (is_number && number(one) == number(item));
    if allowed.iter().any(|one| same(one)) {
        Ok(())
    } else {
        Err(format!("must be one of `{}`", allowed.join("`, `")))
    }
}
