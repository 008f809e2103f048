// SPDX-License-Identifier: Apache-2.0
//! One run: what all of its calls share.

use std::sync::atomic::AtomicBool;

use aws_config::{AppName, SdkConfig};
use jiff::Timestamp;
use keyproof_plan::Plan;
use keyproof_verdict::{Answer, Observation};
use ulid::Ulid;

use crate::calls::{Called, Calls};
use crate::inspect::Keys;
use crate::redact::Redactor;
use crate::session::guard;
use crate::{Runner, Settings};

/// A run's context. Made at its start, when the deadline begins to count.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) id: Ulid,
    pub(crate) started_at: Timestamp,
    pub(crate) plan: &'a Plan,
    pub(crate) settings: &'a Settings,
    pub(crate) runner: &'a Runner,
    pub(crate) region: &'a str,
    pub(crate) calls: Calls,
    pub(crate) redactor: Redactor,
    /// The operator's configuration for this run's region, its name in the user agent.
    pub(crate) config: SdkConfig,
    pub(crate) sts: aws_sdk_sts::Client,
    pub(crate) keys: Keys,
    /// The session policy of every session, where they get one.
    pub(crate) guard: Option<String>,
    /// Whether STS would not take a session's guard.
    pub(crate) guard_refused: AtomicBool,
}

impl<'a> Run<'a> {
    pub(crate) async fn start(plan: &'a Plan, settings: &'a Settings, runner: &'a Runner) -> Self {
        let started_at = Timestamp::now();
        let id = settings.run_id.unwrap_or_else(Ulid::generate);
        let region = settings.region.as_deref().unwrap_or(&plan.region);
        let mut calls = Calls::new(settings);
        if let Some(share) = settings.share(runner) {
            calls = calls.within(region, share);
        }
        // A ULID is letters and digits, which every name may hold.
        let config = runner.config(region, AppName::new(name(id)).ok());
        Self {
            id,
            started_at,
            plan,
            settings,
            runner,
            region,
            calls,
            redactor: Redactor::new(plan, runner.credentials().await),
            sts: aws_sdk_sts::Client::new(&config),
            config,
            keys: Keys::default(),
            guard: settings.guard.then(|| guard(plan)).flatten(),
            guard_refused: AtomicBool::new(false),
        }
    }

    /// The name of every session of this run, by which one CloudTrail search finds them all.
    pub(crate) fn session_name(&self) -> String {
        name(self.id)
    }
}

fn name(id: Ulid) -> String {
    format!("keyproof-{id}")
}

/// A call as the judge sees it, free of secrets.
pub(crate) fn observation(
    called: Called<Answer>,
    resource: Option<String>,
    redactor: &Redactor,
) -> Observation {
    observed(clean(called, redactor), resource)
}

/// What a call brought, free of secrets.
pub(crate) fn clean(mut called: Called<Answer>, redactor: &Redactor) -> Called<Answer> {
    let word = |part: &mut Option<String>| *part = part.take().map(|text| redactor.word(&text));
    if let Err(failure) = &mut called.outcome {
        if let Answer::Denied(denial) = &mut failure.answer {
            for part in [&mut denial.user, &mut denial.action] {
                *part = part.take().map(|text| redactor.name(&text));
            }
            word(&mut denial.resource);
            word(&mut denial.document);
        }
        word(&mut failure.code);
        word(&mut failure.request_id);
        failure.message = failure.message.take().map(|text| redactor.message(&text));
    }
    word(&mut called.request_id);
    called
}

/// A call as the judge sees it, of which secrets were kept out before.
pub(crate) fn observed(called: Called<Answer>, resource: Option<String>) -> Observation {
    let (answer, code, message, failed_id) = match called.outcome {
        Ok(answer) => (answer, None, None, None),
        Err(failure) => {
            let fault = failure.into_fault();
            (fault.answer, fault.code, fault.message, fault.request_id)
        }
    };
    Observation {
        answer,
        resource,
        error_code: code,
        message,
        request_id: failed_id.or(called.request_id),
        attempts: called.attempts,
        latency_ms: called.latency_ms,
    }
}
