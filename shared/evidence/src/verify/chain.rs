// SPDX-License-Identifier: Apache-2.0
//! Whether each record of a plan follows the one before it.

use std::collections::BTreeMap;

use super::finding::{Findings, Kind};
use super::{Entry, Records};
use crate::ledger::record_file;
use crate::pack::RECORDS;

/// Follows each plan's chain.
pub(super) fn check(records: &Records, findings: &mut Findings) {
    for (directory, chain) in records {
        follow(directory, chain, findings);
    }
}

fn follow(directory: &str, chain: &BTreeMap<u64, Entry>, findings: &mut Findings) {
    let name = |commit: u64| format!("{RECORDS}/{directory}/{}", record_file(commit));
    let mut before: Option<(u64, &Entry)> = None;
    for (&commit, entry) in chain {
        if let Some((earlier, _)) = before
            && earlier + 1 < commit
        {
            let (from, to) = (earlier + 1, commit - 1);
            let sentence = if from == to {
                format!("record {from} of this plan is not there")
            } else {
                format!("records {from} to {to} of this plan are not there")
            };
            findings.add(Kind::Missing, &name(from), sentence);
        }
        if let Some(record) = &entry.record {
            match before {
                // Where the one before could not be opened, or is gone, that was told.
                Some((earlier, previous)) if earlier + 1 == commit && previous.record.is_some() => {
                    if record.previous != Some(previous.digest) {
                        let sentence = format!(
                            "it does not follow record {earlier}: it names {} as the record before it, not {}",
                            record
                                .previous
                                .map_or_else(|| "none".to_owned(), |digest| digest.to_string()),
                            previous.digest
                        );
                        findings.add(Kind::Altered, &name(commit), sentence);
                    }
                }
                None if commit == 1 && record.previous.is_some() => {
                    let sentence = "it is the plan's first record, but names one before it";
                    findings.add(Kind::Altered, &name(commit), sentence);
                }
                Some(_) | None => {}
            }
        }
        before = Some((commit, entry));
    }
}
