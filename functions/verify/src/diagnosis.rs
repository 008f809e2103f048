// SPDX-License-Identifier: Apache-2.0
//! What lies behind a run's failures, where the function may look.
//!
//! It comes after the verdicts and changes none: what can't be read is told in the log, and the run is
//! committed all the same.

use std::time::Duration;

use keyproof_aws::Runner;
use keyproof_plan::Plan;
use keyproof_verdict::Report;

use crate::HandlerError;

/// How long it may take, where there is time.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whether the environment asks for it.
pub(crate) fn is_wanted(environment: &[(String, String)]) -> Result<bool, HandlerError> {
    const VARIABLE: &str = "KEYPROOF_DIAGNOSE";
    let found = environment.iter().find(|(name, _)| name == VARIABLE);
    match found.map(|(_, value)| value.as_str()) {
        Some("on") => Ok(true),
        None | Some("" | "off") => Ok(false),
        Some(other) => Err(HandlerError::CannotRun(format!(
            "`{VARIABLE}` is `{other}`; expected `on` or `off`"
        ))),
    }
}

/// Fills in the causes, as far as they are found in the time that is left.
pub(crate) async fn diagnose(
    report: &mut Report,
    plan: &Plan,
    runner: &Runner,
    left: Option<Duration>,
) {
    let aws = keyproof_diagnose::Aws::new(runner.service_config(None), &report.environment.region);
    let run_id = report.run.id.clone();
    let patience = left.map_or(PATIENCE, |left| left.min(PATIENCE));
    let diagnosis = keyproof_diagnose::diagnose(report, plan, &aws, &aws);
    let Ok(notes) = tokio::time::timeout(patience, diagnosis).await else {
        // A cause that was found by then is whole.
        tracing::warn!(run_id, "there was no time to finish the diagnosis");
        return;
    };
    for note in notes {
        tracing::warn!(run_id, note, "not all could be diagnosed");
    }
}

#[cfg(test)]
mod tests {
    use super::is_wanted;

    fn wanted(value: &str) -> Result<bool, String> {
        let environment = [("KEYPROOF_DIAGNOSE".to_owned(), value.to_owned())];
        is_wanted(&environment).map_err(|error| error.to_string())
    }

    #[test]
    fn it_is_asked_for_by_one_word() {
        assert_eq!((wanted("on"), wanted("off")), (Ok(true), Ok(false)));
        assert_eq!(wanted(""), Ok(false));
        assert!(!is_wanted(&[]).unwrap());
        assert_eq!(
            wanted("yes"),
            Err("`KEYPROOF_DIAGNOSE` is `yes`; expected `on` or `off`".to_owned())
        );
    }
}
