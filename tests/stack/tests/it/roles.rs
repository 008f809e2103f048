// SPDX-License-Identifier: Apache-2.0
//! Each function's role allows what the function's code calls, on what it calls it on, and nothing
//! more.
//!
//! The code says what it calls: each function's crate declares `PERMISSIONS`, put together of what the
//! adapters declare beside themselves. The template says what a variable of the function stands for.
//! What Lambda itself does in the function's role (it takes messages, reads the stream, writes the log,
//! keeps dead letters) follows from the function's events and settings.

use std::collections::BTreeSet;

use keyproof_document::{Node, Value};
use keyproof_plan::Plan;

use crate::template::{Template, texts, written};

type Permissions = &'static [(&'static str, &'static [&'static str])];

/// Each function and what its code calls.
const FUNCTIONS: [(&str, Permissions); 5] = [
    ("Verify", keyproof_verify::PERMISSIONS),
    ("Publish", keyproof_publish::PERMISSIONS),
    ("Api", keyproof_api::PERMISSIONS),
    ("Canary", keyproof_canary::PERMISSIONS),
    ("Expand", keyproof_expand::PERMISSIONS),
];

/// Actions that take no resource.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html>
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html>
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonresourcegrouptaggingapi.html>
const WITHOUT_RESOURCE: [&str; 4] = [
    "cloudtrail:LookupEvents",
    "tag:GetResources",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// Managed policies of the account and of AWS's: which ones a role has, no template can say.
const MANAGED_POLICIES: [&str; 2] = [
    "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/*",
    "arn:${AWS::Partition}:iam::aws:policy/*",
];

/// What an organization has: nobody knows its management account before.
const OF_ORGANIZATION: [&str; 3] = [
    "arn:${AWS::Partition}:organizations::*:account/${InventoryOrganizationId}/*",
    "arn:${AWS::Partition}:organizations::*:ou/${InventoryOrganizationId}/*",
    "arn:${AWS::Partition}:organizations::*:root/${InventoryOrganizationId}/*",
];

/// An action and what it is allowed on, as the template writes it.
type Granted = (String, String);

/// What the template's policies allow a function's role.
fn granted(template: &Template, function: &str) -> BTreeSet<Granted> {
    let role = format!("{function}FunctionRole");
    let mut granted = BTreeSet::new();
    for (_, policy) in policies(template, &role) {
        for statement in statements(policy) {
            assert_eq!(written(statement.get("Effect").unwrap()), "Allow");
            for action in texts(statement.get("Action").unwrap()) {
                for resource in texts(statement.get("Resource").unwrap()) {
                    granted.insert((action.clone(), whole(resource)));
                }
            }
        }
    }
    granted
}

/// Objects under a prefix of a bucket are as good as the bucket's: less is allowed, of what is needed.
fn whole(resource: String) -> String {
    match resource.split_once(".Arn}/") {
        Some((bucket, rest)) if bucket.ends_with("Bucket") && rest.ends_with('*') => {
            format!("{bucket}.Arn}}/*")
        }
        _ => resource,
    }
}

/// The policies that are attached to a role, apart from the one for tracing.
fn policies<'t>(template: &'t Template, role: &str) -> Vec<(&'t str, &'t Node)> {
    let of_the_role = |node: &Node| node.pointer("/Properties/RoleName").map(written);
    let policies = template.resources("AWS::IAM::RolePolicy");
    policies
        .into_iter()
        .filter(|(_, node)| of_the_role(node).as_deref() == Some(role))
        .collect()
}

/// A policy's statements; of one that hangs on a condition, as if the condition held.
fn statements(policy: &Node) -> Vec<&Node> {
    let statements = policy.pointer("/Properties/PolicyDocument/Statement");
    let statements = statements.unwrap().as_sequence().unwrap();
    statements
        .iter()
        .map(|one| match one.tag.as_deref() {
            Some("If") => one.pointer("/1").unwrap(),
            _ => one,
        })
        .collect()
}

/// What a function needs: its code, and Lambda on its behalf.
fn needed(template: &Template, function: &str, permissions: Permissions) -> BTreeSet<Granted> {
    let mut needed = BTreeSet::new();
    let mut need = |actions: &[&str], resource: &str| {
        needed.extend(
            actions
                .iter()
                .map(|action| ((*action).to_owned(), resource.to_owned())),
        );
    };
    for (on, actions) in permissions {
        for (actions, resource) in resources(template, function, on, actions) {
            let own = |role: &str| !role.contains("Arns");
            // What names a session is for plans that say so; the stack's own doesn't.
            let actions = if *on == "plan roles" && own(&resource) {
                &["sts:AssumeRole"][..]
            } else {
                actions
            };
            need(actions, &resource);
        }
    }
    let logical_id = format!("{function}Function");
    let events = template.property(&logical_id, "Events");
    for (_, event) in events
        .into_iter()
        .flat_map(|events| events.as_mapping().unwrap())
    {
        let property = |name: &str| event.pointer(&format!("/Properties/{name}")).map(written);
        match written(event.get("Type").unwrap()).as_str() {
            "SQS" => need(
                &[
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:ReceiveMessage",
                ],
                &property("Queue").unwrap(),
            ),
            "DynamoDB" => {
                let stream = property("Stream").unwrap();
                let table = stream.strip_suffix(".StreamArn").unwrap();
                let actions = [
                    "DescribeStream",
                    "GetRecords",
                    "GetShardIterator",
                    "ListStreams",
                ];
                let actions = actions.map(|action| format!("dynamodb:{action}"));
                let actions = actions.each_ref().map(String::as_str);
                need(&actions, &format!("${{{table}.Arn}}/stream/*"));
                let failed = property("DestinationConfig/OnFailure/Destination").unwrap();
                need(&["sqs:SendMessage"], &failed);
            }
            "HttpApi" => {}
            other => panic!("what does an event of type {other} need?"),
        }
    }
    let letters = template.property(&logical_id, "DeadLetterQueue/TargetArn");
    need(&["sqs:SendMessage"], &written(letters.unwrap()));
    let log = template.property(&logical_id, "LoggingConfig/LogGroup");
    let log = format!("{}.Arn", written(log.unwrap()));
    need(&["logs:CreateLogStream", "logs:PutLogEvents"], &log);
    needed
}

/// What the code's name for something stands for in the template, and what is called on each.
fn resources(
    template: &Template,
    function: &str,
    on: &str,
    actions: &'static [&'static str],
) -> Vec<(&'static [&'static str], String)> {
    const HUB: &str = "arn:${AWS::Partition}:securityhub:${AWS::Region}:${AWS::AccountId}";
    let all = |names: &[&str]| {
        let names = names.iter();
        names.map(|one| (actions, (*one).to_owned())).collect()
    };
    let of = |service: &str| {
        let at = actions
            .iter()
            .position(|one| one.starts_with(service))
            .unwrap();
        &actions[at..=at]
    };
    match on {
        "plan roles" => return all(&["ReaderRole.Arn", "OutsiderRole.Arn", "TestRoleArns"]),
        "plan roles and its own" => {
            let own = format!("{function}FunctionRole.Arn");
            return all(&["ReaderRole.Arn", "OutsiderRole.Arn", "TestRoleArns", &own]);
        }
        "plan keys" => return all(&["OrdersKey.Arn", "TestKeyArns"]),
        "all plan tables" => {
            return all(&["OrdersTable.Arn", "ControlTable.Arn", "TestTableArns"]);
        }
        "attached policies" => return all(&MANAGED_POLICIES),
        "the trail" | "own tagged tables" => return all(&["*"]),
        "inventories" => {
            let bucket = "arn:${AWS::Partition}:s3:::${InventoryBucket}";
            return match actions {
                ["s3:ListBucket"] => all(&[bucket]),
                _ => all(&[&format!("{bucket}/${{InventoryPrefix}}*")]),
            };
        }
        "the inventories' key" => return all(&["InventoryKeyArn"]),
        "inventory roles" => return all(&["InventoryRoleArns"]),
        "the organization" => {
            let [account, unit, root] = OF_ORGANIZATION;
            let (tags, lists): (Vec<_>, Vec<_>) = actions
                .chunks(1)
                .partition(|action| action[0].contains("Tags"));
            let on = |actions: Vec<&'static [&'static str]>, resources: &[&str]| {
                let each = resources.iter().map(|one| (*one).to_owned());
                let pairs = each.flat_map(|one| actions.iter().map(move |all| (*all, one.clone())));
                pairs.collect::<Vec<_>>()
            };
            return [on(tags, &[account]), on(lists, &[unit, root])].concat();
        }
        "plan schedules" => {
            let group = "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/${ScheduleGroup}/*";
            let on = |action: &str| match action {
                "iam:PassRole" => "SchedulerRole.Arn".to_owned(),
                _ => group.to_owned(),
            };
            let each = actions.chunks(1);
            return each.map(|action| (action, on(action[0]))).collect();
        }
        "plan tables" => return all(&["OrdersTable.Arn", "ControlTable.Arn"]),
        "plan tables and keys" => {
            let tables = ["OrdersTable.Arn", "ControlTable.Arn", "TestTableArns"];
            let tables = tables.map(|name| (of("dynamodb:"), name.to_owned()));
            let keys = ["OrdersKey.Arn", "TestKeyArns"];
            let keys = keys.map(|name| (of("kms:"), name.to_owned()));
            return tables.into_iter().chain(keys).collect();
        }
        "security hub" => return all(&[&format!("{HUB}:hub/default")]),
        "security hub product" => {
            return all(&[&format!("{HUB}:product/${{AWS::AccountId}}/default")]);
        }
        _ => {}
    }
    let variable = template.variable(&format!("{function}Function"), on);
    let variable = variable.unwrap_or_else(|| panic!("{function} has no variable {on}"));
    let of_the_variable = |action: &str| match action.split_once(':').unwrap() {
        ("dynamodb" | "sqs", _) | ("s3", "ListBucket") => format!("{variable}.Arn"),
        ("s3", _) => format!("${{{variable}.Arn}}/*"),
        ("events", _) => format!(
            "arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:event-bus/{variable}"
        ),
        ("sns" | "kms" | "states", _) => variable.clone(),
        (other, _) => panic!("how does one name what {other} acts on?"),
    };
    let actions = actions.chunks(1);
    actions
        .map(|action| (action, of_the_variable(action[0])))
        .collect()
}

/// What is wrong with the functions' roles, a sentence each.
fn faults(template: &Template) -> Vec<String> {
    let mut faults = Vec::new();
    for (function, permissions) in FUNCTIONS {
        let granted = granted(template, function);
        let needed = needed(template, function, permissions);
        for (action, resource) in needed.difference(&granted) {
            faults.push(format!("{function} lacks {action} on {resource}"));
        }
        for (action, resource) in granted.difference(&needed) {
            faults.push(format!("{function} needs no {action} on {resource}"));
        }
    }
    faults
}

/// Statements of any role in the template that allow something on everything.
fn wildcards(template: &Template) -> Vec<String> {
    let mut found = Vec::new();
    let policies = ["AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"];
    let policies = policies.iter().flat_map(|one| template.resources(one));
    for (name, policy) in policies {
        for statement in statements(policy) {
            let resources = statement.get("Resource").map(texts);
            for action in texts(statement.get("Action").unwrap()) {
                if action.contains('*') {
                    found.push(format!("{name} allows {action}"));
                }
                for resource in resources.iter().flatten() {
                    // A star may stand for what is inside of one resource that is named.
                    let (named, rest) = resource.split_once('*').unwrap_or((resource, ""));
                    let in_resource = resource.starts_with("${") && named.ends_with('/');
                    let of_machine =
                        named.contains(":execution:${AWS::StackName}-") && named.ends_with(':');
                    let of_prefix = named.ends_with("/${InventoryPrefix}")
                        || named.ends_with(":schedule/${ScheduleGroup}/");
                    let inside = (in_resource || of_machine || of_prefix) && rest.is_empty();
                    let of_organization = OF_ORGANIZATION.contains(&&**resource)
                        && action.starts_with("organizations:");
                    let exact = !resource.contains('*');
                    let policy = MANAGED_POLICIES.contains(&&**resource)
                        && keyproof_verify::PERMISSIONS
                            .iter()
                            .any(|(on, all)| *on == "attached policies" && all.contains(&&*action));
                    let known = exact || inside || of_organization || policy;
                    if !known && !WITHOUT_RESOURCE.contains(&&*action) {
                        found.push(format!("{name} allows {action} on {resource}"));
                    }
                }
            }
        }
    }
    found
}

#[test]
fn each_functions_role_allows_what_its_code_calls_and_nothing_more() {
    let none: [String; 0] = [];
    assert_eq!(faults(&Template::of_the_repository()), none);
}

#[test]
fn no_role_is_allowed_anything_on_everything() {
    let none: [String; 0] = [];
    assert_eq!(wildcards(&Template::of_the_repository()), none);
}

/// Changes one text inside of every statement of the functions' policies, one at a time, and gives the
/// template with it and the function.
fn each_mutant(part: &str, change: impl Fn(&mut Vec<Node>)) -> Vec<(String, Template)> {
    let template = Template::of_the_repository();
    let mut mutants = Vec::new();
    for (function, _) in FUNCTIONS {
        for (policy, node) in policies(&template, &format!("{function}FunctionRole")) {
            for index in 0..statements(node).len() {
                let mut mutant = template.clone();
                let path = [
                    "Resources",
                    policy,
                    "Properties",
                    "PolicyDocument",
                    "Statement",
                ];
                let statement = path
                    .iter()
                    .fold(&mut mutant.0, |node, name| entry(node, name));
                let Value::Sequence(all) = &mut statement.value else {
                    panic!("no statements")
                };
                let statement = match all[index].tag.as_deref() {
                    Some("If") => branch(&mut all[index]),
                    _ => &mut all[index],
                };
                // What takes no resource has no wider one.
                let actions = texts(statement.get("Action").unwrap());
                let unbound = |action: &String| WITHOUT_RESOURCE.contains(&&**action);
                if part == "Resource" && actions.iter().any(unbound) {
                    continue;
                }
                let texts = entry(statement, part);
                let mut list = match std::mem::replace(&mut texts.value, Value::Null) {
                    Value::Sequence(list) => list,
                    single => vec![Node {
                        value: single,
                        ..texts.clone()
                    }],
                };
                texts.tag = None;
                change(&mut list);
                texts.value = Value::Sequence(list);
                mutants.push((format!("{policy} {index}"), mutant));
            }
        }
    }
    mutants
}

/// What holds where the condition does.
fn branch(node: &mut Node) -> &mut Node {
    let Value::Sequence(parts) = &mut node.value else {
        panic!("no condition")
    };
    &mut parts[1]
}

fn entry<'n>(node: &'n mut Node, name: &str) -> &'n mut Node {
    let Value::Mapping(entries) = &mut node.value else {
        panic!("no mapping")
    };
    let entry = entries.iter_mut().find(|(key, _)| key.text == name);
    &mut entry.unwrap().1
}

fn text(like: &Node, text: &str) -> Node {
    Node {
        tag: None,
        value: Value::String(text.to_owned()),
        ..like.clone()
    }
}

#[test]
fn a_permission_that_is_missing_is_noticed_whichever_it_is() {
    let mutants = each_mutant("Action", |actions| {
        actions.pop();
    });
    assert!(mutants.len() > 8);
    for (name, mutant) in mutants {
        let faults = faults(&mutant);
        assert!(
            faults.iter().any(|fault| fault.contains(" lacks ")),
            "{name}: {faults:?}"
        );
    }
}

#[test]
fn a_permission_too_many_is_noticed_wherever_it_is() {
    // None of them has any of these.
    for action in ["dynamodb:DeleteTable", "kms:Encrypt", "iam:PutRolePolicy"] {
        for (name, mutant) in
            each_mutant("Action", |actions| actions.push(text(&actions[0], action)))
        {
            let faults = faults(&mutant);
            let noticed = faults
                .iter()
                .any(|fault| fault.contains(&format!(" needs no {action}")));
            assert!(noticed, "{name}: {faults:?}");
        }
    }
}

#[test]
fn a_wider_resource_is_noticed_wherever_it_is() {
    for wider in ["*", "arn:aws:dynamodb:*:*:table/*"] {
        for (name, mutant) in each_mutant("Resource", |all| all[0] = text(&all[0], wider)) {
            let faults = faults(&mutant);
            assert!(
                faults.iter().any(|fault| fault.ends_with(wider)),
                "{name}: {faults:?}"
            );
            assert!(!wildcards(&mutant).is_empty(), "{name}");
        }
    }
}

#[test]
fn the_stacks_own_plan_names_no_session() {
    // Or the stack's test roles would have to let the function tag sessions.
    let plan = Plan::parse(include_str!("../../../../plans/orders.yaml")).unwrap();
    for (name, principal) in &plan.principals {
        assert!(
            principal.tags.is_empty() && principal.source_identity.is_none(),
            "{name}"
        );
    }
}
