// SPDX-License-Identifier: Apache-2.0
//! The text of a first plan, with what a person must decide.

use std::fmt::Write as _;

use keyproof_check::Estate;
use keyproof_core::{Service, Visible};
use keyproof_plan::{Action, Expectation, Expected};
use serde_json::{Value, json};

use super::Source;
use super::choose::{Chosen, Part};
use crate::amend::{flow, key};
use crate::remedy::canary_json;

/// The most characters of a line, as far as words allow.
const WIDTH: usize = 100;

pub(super) fn plan(
    chosen: &Chosen,
    expectations: &[Expectation],
    source: &Source,
    notes: &[String],
    missing: Option<&str>,
) -> String {
    let mut text = String::new();
    comment(
        &mut text,
        "",
        &format!(
            "A first plan, drafted by `keyproof plan init` from {}. It says how things are, not how they should be: \
         read it as somebody who knows who must read what, and change what must not stay. DECIDE marks what \
         only a person can tell.",
            source.from
        ),
    );
    if !notes.is_empty() {
        text.push_str("#\n");
        comment(&mut text, "", "Left out, or to be seen to:");
        for note in notes {
            comment(&mut text, "- ", note);
        }
    }
    let plan = &chosen.plan;
    // Writing to a string can't fail.
    let _ = write!(
        text,
        "keyproof: plan/v1\nname: {}\nregion: {}\n\ntables:\n",
        flow(&json!(plan.name)),
        plan.region
    );
    for (name, table) in &plan.tables {
        match chosen.keys.get(name) {
            Some(place) => indented(&mut text, &format!("Its key is {place}.")),
            None => indented(
                &mut text,
                "The control table: no key keeps anybody out of it. What an outsider can do here and can't do elsewhere is the key's doing.",
            ),
        }
        let _ = writeln!(
            text,
            "  {}:\n    table: {}\n    key: {}",
            key(name),
            flow(&json!(table.name)),
            // An ARN or an alias: nothing in it could be read as something else.
            table.key
        );
        let canary = canary_json(&table.canary);
        text.push_str("    canary:\n");
        for (field, value) in canary.as_object().into_iter().flatten() {
            let _ = writeln!(text, "      {field}: {}", flow(value));
        }
    }
    text.push_str("\nprincipals:\n");
    for (name, principal) in &plan.principals {
        if let Some(part) = chosen.parts.get(name) {
            indented(&mut text, &about(part));
        }
        let role = json!({"role": principal.role.as_str()});
        let _ = writeln!(text, "  {}: {}", key(name), flow(&role));
    }
    text.push_str("\nexpectations:\n");
    for one in expectations {
        indented(&mut text, &question(one, chosen));
        expectation(&mut text, one);
    }
    if let Some(missing) = missing {
        text.push_str("\n# What the plan lacks to prove anything more, as a CloudFormation template (--with-roles writes it):\n#\n");
        for line in missing.lines() {
            let _ = writeln!(text, "# {line}");
        }
    }
    text
}

fn about(part: &Part) -> String {
    let mut clauses = Vec::new();
    if !part.witness_of.is_empty() {
        clauses.push(format!(
            "Reads {}, and so is the witness that it can be read.",
            list(&part.witness_of)
        ));
    }
    let named: Vec<String> = part
        .named_for
        .iter()
        .filter(|table| !part.witness_of.contains(table))
        .cloned()
        .collect();
    if !named.is_empty() {
        clauses.push(format!("Named for the key of {}.", list(&named)));
    }
    if !part.outsider_of.is_empty() {
        clauses.push(format!(
            "Kept out of {} by the key. DECIDE: does it stand for everybody who must be?",
            list(&part.outsider_of)
        ));
    }
    if part.nameless {
        clauses.push("DECIDE: its name is made at deployment; put the real ARN here.".to_owned());
    }
    clauses.join(" ")
}

fn list(tables: &[String]) -> String {
    let all: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
    all.join(", ")
}

fn question(one: &Expectation, chosen: &Chosen) -> String {
    let table = one.on.as_deref().unwrap_or_default();
    let control = chosen.control.as_deref() == Some(table);
    let writes = one.actions.iter().all(|action| {
        matches!(
            action,
            Action::PutItem | Action::UpdateItem | Action::DeleteItem
        )
    });
    match one.expected {
        Expected::Allowed if control => "No key stands in the way here.".to_owned(),
        Expected::Allowed if writes => format!(
            "DECIDE: must `{}` be able to write to `{table}`?",
            one.principal
        ),
        Expected::Allowed => format!("DECIDE: must `{}` be let in to `{table}`?", one.principal),
        Expected::Denied {
            by: Service::Kms, ..
        } => "Refused by the key.".to_owned(),
        Expected::Denied { .. } => "Refused before the key is asked.".to_owned(),
    }
}

fn expectation(text: &mut String, one: &Expectation) {
    let _ = writeln!(text, "  - principal: {}", flow(&json!(one.principal)));
    if let Some(table) = &one.on {
        let _ = writeln!(text, "    on: {}", flow(&json!(table)));
    }
    if let Some(index) = &one.index {
        let _ = writeln!(text, "    index: {}", flow(&json!(index)));
    }
    match one.expected {
        Expected::Allowed => text.push_str("    decision: allowed\n"),
        Expected::Denied { by, .. } => {
            let _ = writeln!(text, "    decision: denied\n    by: {}", by.as_str());
        }
    }
    text.push_str("    actions:\n");
    for action in one.actions.iter() {
        let _ = writeln!(text, "      - {action}");
    }
}

fn indented(text: &mut String, words: &str) {
    wrapped(text, "  # ", "  # ", words);
}

fn comment(text: &mut String, bullet: &str, words: &str) {
    let rest = " ".repeat(bullet.len());
    wrapped(text, &format!("# {bullet}"), &format!("# {rest}"), words);
}

/// A comment in lines. No word of it can end one and begin something else.
fn wrapped(text: &mut String, first: &str, rest: &str, words: &str) {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in words.split_whitespace() {
        let word = Visible(word).to_string();
        if !is_empty && line.chars().count() + word.chars().count() >= WIDTH {
            text.push_str(line.trim_end());
            text.push('\n');
            rest.clone_into(&mut line);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&word);
        is_empty = false;
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

/// A template with an outsider who may read these tables in DynamoDB and may use no key, and with a
/// control table unless there is one.
pub(super) fn missing(tables: &[String], estate: &Estate, control: Option<&str>) -> String {
    let taken = |name: &str| {
        estate
            .parts()
            .any(|part| part.account.table(name).is_some())
    };
    let mut new = "keyproof-control".to_owned();
    while control.is_none() && taken(&new) {
        new.push_str("-2");
    }
    let mut text = String::from("AWSTemplateFormatVersion: \"2010-09-09\"\nResources:\n");
    if control.is_none() {
        let _ = write!(
            text,
            "  KeyproofControl:\n    Type: AWS::DynamoDB::Table\n    Properties:\n      TableName: {new}\n      \
             BillingMode: PAY_PER_REQUEST\n      AttributeDefinitions:\n        - {{ AttributeName: pk, AttributeType: S }}\n      \
             KeySchema:\n        - {{ AttributeName: pk, KeyType: HASH }}\n"
        );
    }
    if tables.is_empty() {
        return text;
    }
    text.push_str(
        "  KeyproofOutsider:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: keyproof-outsider\n      \
         Description: May read these tables as far as DynamoDB is asked, and may use no key.\n      \
         AssumeRolePolicyDocument:\n        Version: \"2012-10-17\"\n        Statement:\n          \
         - Effect: Allow\n            Principal:\n              AWS: !Sub arn:${AWS::Partition}:iam::${AWS::AccountId}:root\n            \
         Action: sts:AssumeRole\n      Policies:\n        - PolicyName: read\n          PolicyDocument:\n            \
         Version: \"2012-10-17\"\n            Statement:\n              - Effect: Allow\n                Action:\n                  \
         - dynamodb:BatchGetItem\n                  - dynamodb:GetItem\n                  - dynamodb:PartiQLSelect\n                  \
         - dynamodb:Query\n                  - dynamodb:Scan\n                Resource:\n",
    );
    for table in tables
        .iter()
        .map(String::as_str)
        .chain([control.unwrap_or(&new)])
    {
        for tail in ["", "/index/*"] {
            let arn = format!(
                "arn:${{AWS::Partition}}:dynamodb:${{AWS::Region}}:${{AWS::AccountId}}:table/{table}{tail}"
            );
            let _ = writeln!(text, "                  - !Sub {}", Value::from(arn));
        }
    }
    text
}
