// SPDX-License-Identifier: Apache-2.0
//! What a run says nothing about.

use keyproof_verdict::Report;

/// What a run of this plan does not look at, whatever its verdict.
pub(crate) fn not_checked(report: &Report) -> Vec<String> {
    let mut told = vec![
        "Principals, tables and actions that the plan does not name.".to_owned(),
        format!(
            "Any other moment than this run's ({}): access may change a second later.",
            report.run.started_at
        ),
        "Copies of the data: backups, exports, streams, replicas in other regions, and caches such \
         as DAX, which does not ask KMS for each read."
            .to_owned(),
        "Whether a principal can give itself access, by writing policies or passing roles.".to_owned(),
        "Who can assume the roles under test, beyond the runner.".to_owned(),
    ];
    let kms_direct = report
        .probes
        .iter()
        .any(|row| row.action.starts_with("kms:"));
    if !kms_direct {
        told.push("Direct calls to the keys: the plan has no `kms:` action.".to_owned());
    }
    let writes = [
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
    ];
    if !report
        .probes
        .iter()
        .any(|row| writes.contains(&row.action.as_str()))
    {
        told.push("Writes: the plan has no write action.".to_owned());
    }
    if report.run.trigger == "check" {
        told.push(
            "What AWS itself would say: the policies were evaluated, and nothing was called."
                .to_owned(),
        );
    }
    told
}
