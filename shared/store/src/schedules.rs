// SPDX-License-Identifier: Apache-2.0
//! The plans' schedules, in EventBridge Scheduler.

use std::future::Future;

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::error::ProvideErrorMetadata;
use aws_sdk_scheduler::types::{
    DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, ScheduleState,
    Target,
};
use keyproof_state::{StackConfig, hex};
use serde_json::json;

use crate::StoreError;

/// What putting a schedule needs: the Scheduler is handed the role that it sends in.
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/security_iam_service-with-iam.html>
pub const PUT_ACTIONS: &[&str] = &[
    "scheduler:CreateSchedule",
    "scheduler:UpdateSchedule",
    "iam:PassRole",
];
/// What deleting one needs.
pub const DELETE_ACTIONS: &[&str] = &["scheduler:DeleteSchedule"];

/// The shortest time between two runs, in minutes.
pub const SHORTEST_INTERVAL: u32 = 6;
/// The longest: a week.
const LONGEST_INTERVAL: u32 = 7 * 24 * 60;

/// A plan's schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule<'a> {
    /// The plan.
    pub plan: &'a str,
    /// Minutes between two runs.
    pub interval_minutes: u32,
}

impl Schedule<'_> {
    /// Refuses an interval that proves nothing.
    ///
    /// # Errors
    ///
    /// Where it is under six minutes, or over a week.
    pub fn check(&self) -> Result<(), StoreError> {
        let minutes = self.interval_minutes;
        if minutes < SHORTEST_INTERVAL {
            return Err(StoreError::Invalid(format!(
                "an interval of {minutes} minutes is too short: DynamoDB answers from a cached table \
                 key until a caller has been idle for five minutes, so that a faster schedule would \
                 test the cache; choose {SHORTEST_INTERVAL} minutes or more"
            )));
        }
        if minutes > LONGEST_INTERVAL {
            return Err(StoreError::Invalid(format!(
                "an interval of {minutes} minutes is too long: choose {LONGEST_INTERVAL} minutes (a \
                 week) or less"
            )));
        }
        Ok(())
    }
}

/// Keeps the plans' schedules.
pub trait Schedules {
    /// Makes a plan's schedule, or alters it.
    fn put(&self, schedule: &Schedule<'_>) -> impl Future<Output = Result<(), StoreError>>;

    /// Deletes a plan's schedule, where it has one.
    fn delete(&self, plan: &str) -> impl Future<Output = Result<(), StoreError>>;
}

/// Schedules in EventBridge Scheduler that send to the stack's run queue.
#[derive(Clone, Debug)]
pub struct SchedulerSchedules {
    client: Client,
    stack: StackConfig,
}

impl SchedulerSchedules {
    /// The schedules of a stack.
    #[must_use]
    pub fn new(config: &aws_types::SdkConfig, stack: StackConfig) -> Self {
        Self {
            client: Client::new(config),
            stack,
        }
    }

    fn target(&self, plan: &str) -> Result<Target, StoreError> {
        let dead_letters = self.stack.scheduler_dead_letter_arn.as_ref();
        let dead_letters = dead_letters.map(|arn| DeadLetterConfig::builder().arn(arn).build());
        // A schedule that comes late is covered by the next.
        let retries = RetryPolicy::builder()
            .maximum_event_age_in_seconds(300)
            .maximum_retry_attempts(5);
        Target::builder()
            .arn(&self.stack.queue_arn)
            .role_arn(&self.stack.scheduler_role_arn)
            .input(json!({"plan": plan, "trigger": "schedule"}).to_string())
            .set_dead_letter_config(dead_letters)
            .retry_policy(retries.build())
            .build()
            .map_err(|error| StoreError::Invalid(error.to_string()))
    }
}

impl Schedules for SchedulerSchedules {
    async fn put(&self, schedule: &Schedule<'_>) -> Result<(), StoreError> {
        schedule.check()?;
        let name = schedule_name(schedule.plan);
        let rate = format!("rate({} minutes)", schedule.interval_minutes);
        let description = format!("Runs the plan `{}`.", schedule.plan);
        let at_once = FlexibleTimeWindow::builder()
            .mode(FlexibleTimeWindowMode::Off)
            .build()
            .map_err(|error| StoreError::Invalid(error.to_string()))?;
        let target = self.target(schedule.plan)?;
        let created = self
            .client
            .create_schedule()
            .name(&name)
            .group_name(&self.stack.schedule_group)
            .schedule_expression(&rate)
            .description(&description)
            .flexible_time_window(at_once.clone())
            .state(ScheduleState::Enabled)
            .target(target.clone())
            .send()
            .await;
        match created {
            Ok(output) => scheduled("cannot make the schedule", output.schedule_arn()),
            Err(error) if error.code() == Some("ConflictException") => {
                // An update replaces the whole schedule, so everything is said again.
                let what = "cannot alter the schedule";
                let altered = self
                    .client
                    .update_schedule()
                    .name(&name)
                    .group_name(&self.stack.schedule_group)
                    .schedule_expression(&rate)
                    .description(&description)
                    .flexible_time_window(at_once)
                    .state(ScheduleState::Enabled)
                    .target(target)
                    .send()
                    .await
                    .map_err(|error| StoreError::call(what, &error))?;
                scheduled(what, altered.schedule_arn())
            }
            Err(error) => Err(StoreError::call("cannot make the schedule", &error)),
        }
    }

    async fn delete(&self, plan: &str) -> Result<(), StoreError> {
        let deleted = self
            .client
            .delete_schedule()
            .name(schedule_name(plan))
            .group_name(&self.stack.schedule_group)
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(()),
            Err(error) => Err(StoreError::call("cannot delete the schedule", &error)),
        }
    }
}

/// Each schedule that the Scheduler keeps has an ARN; a success without one is somebody else's, and the plan would
/// never run.
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>
fn scheduled(what: &'static str, arn: &str) -> Result<(), StoreError> {
    if arn.is_empty() {
        return Err(StoreError::unanswered(
            what,
            "the reply has no ARN of the schedule",
        ));
    }
    Ok(())
}

/// The name of a plan's schedule: as much of the plan's name as the Scheduler's letters and length
/// allow, and a mark that keeps two plans apart.
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html>
#[must_use]
pub fn schedule_name(plan: &str) -> String {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let readable: String = plan
        .chars()
        .map(|letter| if allowed(letter) { letter } else { '-' })
        .take(40)
        .collect();
    let mark: String = hex(plan.as_bytes()).chars().take(12).collect();
    format!("{readable}-{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_made_once_it_has_an_arn_and_not_before() {
        let came =
            |arn| scheduled("cannot make the schedule", arn).map_err(|error| error.to_string());
        let arn = "arn:aws:scheduler:us-east-1:111122223333:schedule/keyproof/orders-1c168adb00d2";
        let lacking = "cannot make the schedule: the reply has no ARN of the schedule";

        assert_eq!(came(arn), Ok(()));
        assert_eq!(came(""), Err(lacking.to_owned()));
    }
}
