// SPDX-License-Identifier: Apache-2.0
//! Alarms: each reaches people, and none waits for a number that nothing counts.

use keyproof_document::Node;
use keyproof_plan::Plan;

use crate::template::{Template, written};

const DASHBOARD: &str = "Dashboard";

#[test]
fn every_alarm_reaches_people_and_is_on_the_dashboard() {
    let template = Template::of_the_repository();
    let body = body(&template);
    let alarms = template.resources("AWS::CloudWatch::Alarm");
    assert_eq!(alarms.len(), 16);
    for (name, _) in alarms {
        let actions = template.property(name, "AlarmActions").unwrap();
        assert_eq!(crate::template::texts(actions), ["AlertTopic"], "{name}");
        assert!(body.contains(&format!("${{{name}.Arn}}")), "{name}");
        let treats = written(template.property(name, "TreatMissingData").unwrap());
        // Silence is what a dead man's switch waits for, and no other alarm.
        let switches = ["NoSweepAlarm", "NoSuccessAlarm", "NoInventoriesAlarm"];
        let waits = switches.contains(&name);
        assert_eq!(treats == "breaching", waits, "{name}");
    }
}

/// What the dashboard shows, and where there are inventories.
fn body(template: &Template) -> String {
    let always = template.property(DASHBOARD, "DashboardBody/0").unwrap();
    let more = template.property(DASHBOARD, "DashboardBody/1/InventoryAlarms");
    let more = more.unwrap();
    assert_eq!(written(more.pointer("/0").unwrap()), "HasInventories");
    let place = written(always);
    assert_eq!(place.matches("${InventoryAlarms}").count(), 1);
    place + &written(more.pointer("/1").unwrap())
}

/// The sweep writes `Overdue` of each plan at each time, as `functions/publish` tests: of the stack's own, too.
#[test]
fn a_sweep_that_stopped_is_heard_of_within_three_of_its_intervals() {
    let template = Template::of_the_repository();
    let alarm = |path: &str| written(template.property("NoSweepAlarm", path).unwrap());
    let schedule = template.property("SweepSchedule", "ScheduleExpression");
    assert_eq!(written(schedule.unwrap()), "rate(5 minutes)");
    let said: Vec<_> = [
        "Namespace",
        "MetricName",
        "Dimensions/0/Name",
        "Dimensions/0/Value",
        "Statistic",
        "Period",
        "EvaluationPeriods",
        "ComparisonOperator",
        "Threshold",
    ]
    .map(alarm)
    .into();
    assert_eq!(
        said,
        [
            "keyproof",
            "Overdue",
            "plan",
            "orders",
            "SampleCount",
            "300",
            "3",
            "LessThanThreshold",
            "1"
        ]
    );
    let dimensions = template.property("NoSweepAlarm", "Dimensions").unwrap();
    assert_eq!(dimensions.as_sequence().unwrap().len(), 1);
    // Who is told that it stopped is told that it goes on.
    let over = template.property("NoSweepAlarm", "OKActions").unwrap();
    assert_eq!(crate::template::texts(over), ["AlertTopic"]);
}

/// A plan's failure is over when the plan stands otherwise, and not when another plan's run is the newest.
#[test]
fn the_alarm_on_failures_looks_at_how_all_plans_stand() {
    let template = Template::of_the_repository();
    let alarm = |path: &str| written(template.property("FailAlarm", path).unwrap());
    assert_eq!(
        alarm("Metrics/0/Expression"),
        r#"SELECT MAX(Failing) FROM SCHEMA("keyproof", plan)"#
    );
    // A sweep writes each plan's within as long; it may have missed a plan, and three in a row are needed to end it.
    assert_eq!(alarm("Metrics/0/Period"), "300");
    let points = ["EvaluationPeriods", "DatapointsToAlarm", "Threshold"].map(alarm);
    assert_eq!(points, ["3", "1", "0"]);
    assert_eq!(alarm("TreatMissingData"), "ignore");
}

#[test]
fn the_alarm_on_fewer_probes_knows_how_many_the_plan_has() {
    let plan = Plan::parse(include_str!("../../../../plans/orders.yaml")).unwrap();
    let template = Template::of_the_repository();
    let expression = template
        .property("FewerProbesAlarm", "Metrics/0/Expression")
        .unwrap();

    let expected = format!("IF(planned < {}, ", plan.probes().len());
    assert!(written(expression).starts_with(&expected), "{expression:?}");
}

#[test]
fn every_function_is_watched_and_the_time_it_may_take_is_the_templates() {
    let template = Template::of_the_repository();
    let functions = template.resources("AWS::Serverless::Function");
    assert_eq!(functions.len(), 6);
    // One that is there on a condition has an alarm of its own, as an alarm knows no conditions.
    let (on_condition, functions): (Vec<_>, Vec<_>) = functions
        .into_iter()
        .partition(|(_, node)| node.get("Condition").is_some());
    assert_eq!(names(&on_condition), ["ExpandFunction"]);
    own_alarm(&template);
    for alarm in ["ErrorsAlarm", "ThrottlesAlarm", "DurationAlarm"] {
        let metrics = template
            .property(alarm, "Metrics")
            .unwrap()
            .as_sequence()
            .unwrap();
        for (name, _) in &functions {
            let watched = |metric: &Node| {
                let dimension = metric.pointer("/MetricStat/Metric/Dimensions/0/Value");
                dimension.map(written).as_deref() == Some(name)
            };
            assert_eq!(
                metrics.iter().filter(|metric| watched(metric)).count(),
                1,
                "{alarm} {name}"
            );
        }
    }
    let slow = written(
        template
            .property("DurationAlarm", "Metrics/0/Expression")
            .unwrap(),
    );
    for (name, _) in functions {
        let timeout = template
            .property(name, "Timeout")
            .unwrap()
            .as_u64()
            .unwrap();
        let id = name.trim_end_matches("Function").to_lowercase();
        let part = format!("IF(FILL({id}, 0) > {}, 1, 0)", timeout * 800);
        assert!(slow.contains(&part), "{part} is not in {slow}");
    }
}

fn names<'n>(resources: &[(&'n str, &Node)]) -> Vec<&'n str> {
    resources.iter().map(|(name, _)| *name).collect()
}

/// The expand function's: errors, throttles and its time in one.
fn own_alarm(template: &Template) {
    let metrics = template.property("InventoriesAlarm", "Metrics").unwrap();
    let metrics = metrics.as_sequence().unwrap();
    let of = |metric: &Node, path: &str| metric.pointer(path).map(written);
    let watched: Vec<_> = metrics
        .iter()
        .filter(|metric| {
            let of_whom = of(metric, "/MetricStat/Metric/Dimensions/0/Value");
            of_whom.as_deref() == Some("ExpandFunction")
        })
        .map(|metric| of(metric, "/MetricStat/Metric/MetricName").unwrap())
        .collect();
    assert_eq!(watched, ["Errors", "Throttles", "Duration"]);
    let timeout = template.property("ExpandFunction", "Timeout").unwrap();
    let expected = format!(
        "FILL(errors, 0) + FILL(throttles, 0) + IF(FILL(expand, 0) > {}, 1, 0)",
        timeout.as_u64().unwrap() * 800
    );
    assert_eq!(of(&metrics[0], "/Expression").as_deref(), Some(&*expected));
}

#[test]
fn every_dead_letter_queue_is_watched() {
    let template = Template::of_the_repository();
    let metrics = template.property("DeadLettersAlarm", "Metrics").unwrap();
    let watched: Vec<_> = metrics
        .as_sequence()
        .unwrap()
        .iter()
        .filter_map(|metric| metric.pointer("/MetricStat/Metric/Dimensions/0/Value"))
        .map(written)
        .collect();
    let queues: Vec<_> = template
        .resources("AWS::SQS::Queue")
        .into_iter()
        .filter(|(name, _)| name.ends_with("DeadLetters"))
        .map(|(name, _)| format!("{name}.QueueName"))
        .collect();

    assert_eq!(watched, queues);
}

#[test]
fn an_interval_has_its_seconds_and_no_alarm_looks_back_further_than_it_may() {
    let template = Template::of_the_repository();
    let allowed = template
        .0
        .pointer("/Parameters/IntervalMinutes/AllowedValues")
        .unwrap();
    let allowed: Vec<_> = allowed.as_sequence().unwrap().iter().map(written).collect();
    let intervals = template
        .0
        .pointer("/Mappings/Interval")
        .unwrap()
        .as_mapping()
        .unwrap();
    let mapped: Vec<_> = intervals.iter().map(|(key, _)| key.text.clone()).collect();
    assert_eq!(mapped, allowed);
    // How often inventories are looked at is one of them.
    let looks = template
        .0
        .pointer("/Parameters/InventoryMinutes/AllowedValues")
        .unwrap();
    for look in looks.as_sequence().unwrap() {
        assert!(mapped.contains(&written(look)), "{look:?}");
    }
    for (minutes, values) in intervals {
        let value = |name: &str| values.get(name).unwrap().as_u64().unwrap();
        let seconds = value("Seconds");
        assert_eq!(seconds, minutes.text.parse::<u64>().unwrap() * 60);
        let limit = if seconds < 3600 { 86_400 } else { 7 * 86_400 };
        assert!(seconds * value("Dead") <= limit, "{}", minutes.text);
    }
}
