// SPDX-License-Identifier: Apache-2.0
//! What starts runs: the rule for policy changes, the forwarder's, the schedules.

use keyproof_store::schedule_name;

use crate::template::{Template, texts, written};

/// The services of a rule's pattern and the events of each.
fn events(template: &Template) -> Vec<(String, Vec<String>)> {
    let services = template.property("PolicyChanges", "EventPattern/detail/$or");
    let services = services.unwrap().as_sequence().unwrap();
    services
        .iter()
        .map(|service| {
            let names = texts(service.get("eventName").unwrap());
            let [source] = texts(service.get("eventSource").unwrap())
                .try_into()
                .unwrap();
            (source, names)
        })
        .collect()
}

/// What the service understands, of the services that the predicate takes.
fn understood(of: impl Fn(&str) -> bool) -> Vec<(String, Vec<String>)> {
    let services = keyproof_state::PolicyEvent::EVENTS.iter();
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    services
        .filter(|(source, _)| of(source))
        .map(|(source, names)| ((*source).to_owned(), owned(names)))
        .collect()
}

#[test]
fn the_rule_sends_what_the_service_understands() {
    assert_eq!(events(&Template::of_the_repository()), understood(|_| true));
}

#[test]
fn the_forwarder_sends_what_arrives_elsewhere() {
    let forwarder = Template::read("templates/iam-events-forwarder.yaml");
    let elsewhere = ["iam.amazonaws.com", "organizations.amazonaws.com"];

    assert_eq!(
        events(&forwarder),
        understood(|source| elsewhere.contains(&source))
    );
}

#[test]
fn keyproofs_own_refused_calls_and_dry_runs_start_nothing() {
    for name in ["template.yaml", "templates/iam-events-forwarder.yaml"] {
        let template = Template::read(name);
        let code = template
            .property("PolicyChanges", "EventPattern/detail/errorCode")
            .unwrap();
        let [only] = code.as_sequence().unwrap() else {
            panic!("{code:?}")
        };
        assert_eq!(only.get("exists").unwrap().as_bool(), Some(false));
    }
}

#[test]
fn the_stacks_own_schedule_is_the_one_that_a_push_would_alter() {
    let template = Template::of_the_repository();
    let property = |name: &str| written(template.property("PlanSchedule", name).unwrap());

    assert_eq!(property("Name"), schedule_name("orders"));
    assert_eq!(property("GroupName"), "ScheduleGroup");
    assert_eq!(
        property("Target/Input"),
        r#"{"plan": "orders", "trigger": "schedule"}"#
    );
}

#[test]
fn everything_that_could_be_lost_has_a_dead_letter_queue() {
    let template = Template::of_the_repository();
    let queues = ["RunDeadLetters", "PublishDeadLetters", "OtherDeadLetters"];
    let mut kept = Vec::new();
    for (type_name, path) in [
        ("AWS::Serverless::Function", "DeadLetterQueue/TargetArn"),
        ("AWS::Scheduler::Schedule", "Target/DeadLetterConfig/Arn"),
        ("AWS::Events::Rule", "Targets/0/DeadLetterConfig/Arn"),
        ("AWS::SQS::Queue", "RedrivePolicy/deadLetterTargetArn"),
    ] {
        for (name, _) in template.resources(type_name) {
            if queues.contains(&name) {
                continue;
            }
            let queue = template.property(name, path).map(written);
            let queue = queue.unwrap_or_else(|| panic!("{name} has no dead-letter queue"));
            assert!(
                queues.contains(&queue.trim_end_matches(".Arn")),
                "{name}: {queue}"
            );
            kept.push(name.to_owned());
        }
    }
    kept.sort();
    assert_eq!(
        kept,
        [
            "ApiFunction",
            "CanaryFunction",
            "ExpandFunction",
            "InventorySchedule",
            "PlanSchedule",
            "PolicyChanges",
            "PublishFunction",
            "RunQueue",
            "ShardFunction",
            "SweepSchedule",
            "VerifyFunction"
        ]
    );
}

#[test]
fn every_queue_has_a_policy_that_speaks_of_it_alone() {
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-creating-custom-policies-architecture.html
    for name in ["template.yaml", "templates/iam-events-forwarder.yaml"] {
        let template = Template::read(name);
        let mut with_policy = Vec::new();
        for (policy, _) in template.resources("AWS::SQS::QueuePolicy") {
            let queues = texts(template.property(policy, "Queues").unwrap());
            let [queue] = queues.try_into().unwrap();
            let statements = template
                .property(policy, "PolicyDocument/Statement")
                .unwrap();
            let mut sids = Vec::new();
            for statement in statements.as_sequence().unwrap() {
                let resource = written(statement.get("Resource").unwrap());
                assert_eq!(resource, format!("{queue}.Arn"), "{policy}");
                sids.push(written(statement.get("Sid").unwrap()));
            }
            assert!(sids.contains(&"DenyPlainText".to_owned()), "{policy}");
            with_policy.push(queue);
        }
        let queues = template.resources("AWS::SQS::Queue");
        let queues: Vec<_> = queues.into_iter().map(|(queue, _)| queue).collect();
        assert_eq!(with_policy, queues, "{name}");
    }
}
