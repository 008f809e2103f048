// SPDX-License-Identifier: Apache-2.0
//! Whether an act ended as it had to, by its report alone.

use keyproof_core::{PolicyType, Service};
use keyproof_verdict::{Finding, ProbeRow, Report, Verdict};

use super::{KEY_USERS, OUTSIDER, READER, TABLE};

/// How an act has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything passes, and KMS denies the outsider.
    KeptOut,
    /// The outsider reads, by the statement that lists the key's users.
    ExposedByKeyPolicy,
    /// The outsider reads, by a grant.
    ExposedByGrant,
}

impl Ending {
    /// The verdict that it stands for.
    pub(crate) const fn verdict(self) -> Verdict {
        match self {
            Self::KeptOut => Verdict::Pass,
            Self::ExposedByKeyPolicy | Self::ExposedByGrant => Verdict::Fail,
        }
    }

    /// What in the report is not as it has to be, a sentence each.
    pub(crate) fn departures(self, report: &Report) -> Vec<String> {
        let mut departures = Vec::new();
        let mut expect = |held: bool, sentence: String| {
            if !held {
                departures.push(sentence);
            }
        };
        let verdict = report.summary.verdict;
        let wanted = self.verdict();
        expect(
            verdict == wanted,
            format!("the verdict is {verdict} and had to be {wanted}"),
        );

        let outsider = read_by(OUTSIDER, report);
        let reader = read_by(READER, report);
        let by_reader = reader.is_some_and(|row| row.observed.decision == "allowed");
        expect(by_reader, "the reader did not read the table".to_owned());
        match self {
            Self::KeptOut => {
                let refused = outsider.is_some_and(|row| {
                    row.observed.decision == "denied" && row.observed.by == Some(Service::Kms)
                });
                expect(refused, "KMS did not deny the outsider's read".to_owned());
            }
            Self::ExposedByKeyPolicy | Self::ExposedByGrant => {
                let read = outsider.is_some_and(|row| row.finding == Some(Finding::Exposed));
                expect(
                    read,
                    "the outsider's read is not told as exposed".to_owned(),
                );
                for row in report
                    .probes
                    .iter()
                    .filter(|row| row.verdict != Verdict::Pass)
                {
                    let ours = row.principal.as_deref() == Some(OUTSIDER)
                        && row.table.as_deref() == Some(TABLE)
                        && row.finding == Some(Finding::Exposed);
                    expect(
                        ours,
                        format!("{} is {}: {}", row.id, row.verdict, row.reason),
                    );
                }
                let named = outsider.is_some_and(|row| self.explains(row));
                expect(named, "the cause of the exposure was not found".to_owned());
            }
        }
        departures
    }

    fn explains(self, row: &ProbeRow) -> bool {
        let Some(cause) = &row.cause else {
            return false;
        };
        match self {
            Self::KeptOut => false,
            Self::ExposedByKeyPolicy => {
                cause.policy == PolicyType::ResourcePolicy
                    && cause.statement.as_deref() == Some(KEY_USERS)
            }
            Self::ExposedByGrant => cause.policy == PolicyType::Grant,
        }
    }
}

/// The plainest read of the table by a principal.
pub(crate) fn read_by<'a>(principal: &str, report: &'a Report) -> Option<&'a ProbeRow> {
    read_of(principal, TABLE, report)
}

/// The plainest read of a table by a principal.
pub(crate) fn read_of<'a>(
    principal: &str,
    table: &str,
    report: &'a Report,
) -> Option<&'a ProbeRow> {
    let id = format!("{principal}/dynamodb:GetItem/{table}");
    report.probes.iter().find(|row| row.id == id)
}

#[cfg(test)]
mod tests;
