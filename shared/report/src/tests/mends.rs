// SPDX-License-Identifier: Apache-2.0
//! What to do: as exact as the cause is known, told once for all that it decides, the worst first.

use keyproof_core::PolicyType;
use keyproof_verdict::{Finding, ProbeRow, Report, Verdict};
use serde_json::Value;

use super::{case, rendered};
use crate::{Format, words};

fn exposed() -> (Report, ProbeRow) {
    let report = case("key-policy-widened");
    let row = report.probes.iter().find(|row| row.cause.is_some());
    let row = row.unwrap().clone();
    assert_eq!(row.finding, Some(Finding::Exposed));
    (report, row)
}

#[test]
fn a_statement_that_is_known_is_named_in_what_to_do() {
    let (_, row) = exposed();

    let told = words::mend(&row).unwrap();

    assert_eq!(
        told,
        "Change statement `AllowKeyUsers` of the key policy so that it no longer lets `outsider` in. Until then \
         treat the table's data as readable by that principal."
    );
}

#[test]
fn a_grant_is_revoked_and_a_denial_taken_back() {
    let (_, mut row) = exposed();
    let cause = row.cause.as_mut().unwrap();
    cause.policy = PolicyType::Grant;
    cause.statement = Some("0f1e".to_owned());
    let grant = words::mend(&row).unwrap();

    let (_, mut row) = exposed();
    row.finding = Some(Finding::LockedOut);
    row.observed.explicit = Some(true);
    let denied = words::mend(&row).unwrap();

    assert!(grant.starts_with("Revoke the grant `0f1e`, which lets `outsider` in. "));
    assert_eq!(
        denied,
        "Change statement `AllowKeyUsers` of the key policy so that it no longer denies `outsider`."
    );
}

#[test]
fn where_the_statement_is_not_known_what_to_do_is_to_find_it() {
    let (_, row) = exposed();
    let without = |finding: Finding| {
        let mut row = row.clone();
        row.finding = Some(finding);
        row.cause = None;
        words::mend(&row).unwrap()
    };
    let mut unexplained = row.clone();
    unexplained.finding = Some(Finding::LockedOut);
    let mut passed = row.clone();
    (passed.verdict, passed.finding) = (Verdict::Pass, None);

    for finding in Finding::ALL {
        assert_eq!(without(finding), words::request(finding));
    }
    // Nothing allows it: which statement should is its owner's to say.
    assert_eq!(
        words::mend(&unexplained).unwrap(),
        words::request(Finding::LockedOut)
    );
    assert_eq!(words::mend(&passed), None);
}

#[test]
fn a_cause_is_told_once_for_everything_that_it_decides() {
    let (report, row) = exposed();
    let statement = words::statement(row.cause.as_ref().unwrap());
    let joined = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");

    let text = joined(rendered(&report, Format::Text));
    let markdown = rendered(&report, Format::Markdown);

    let document = row.cause.unwrap().document.unwrap();
    let changed = "changed with `PutKeyPolicy`";
    for told in [&text, &markdown] {
        assert_eq!(told.matches(changed).count(), 1, "{told}");
        assert!(told.contains(&document));
    }
    assert!(text.contains(&format!(
        "cause 1, of 3 probes {}",
        words::capitalised(&statement)
    )));
    assert_eq!(text.matches("cause 1, plan ").count(), 3);
    assert_eq!(markdown.matches("  - cause 1\n").count(), 3);
    assert_eq!(text.matches("no longer lets `outsider` in").count(), 1);
}

#[test]
fn the_worst_is_told_first_wherever_people_read() {
    let mut report = case("every-finding");
    report.probes.reverse();
    let order = |told: &str| {
        let mut places: Vec<(usize, Finding)> = Finding::ALL
            .into_iter()
            .filter(|finding| finding.verdict() == Verdict::Fail)
            .map(|finding| {
                let row = report
                    .probes
                    .iter()
                    .find(|row| row.finding == Some(finding));
                (
                    told.find(&row.unwrap().reason.replace('`', "")).unwrap(),
                    finding,
                )
            })
            .collect();
        places.sort_unstable();
        places
            .into_iter()
            .map(|(_, finding)| finding)
            .collect::<Vec<_>>()
    };
    let plain = |format| {
        let told = rendered(&report, format).replace(['`', '\\'], "");
        let told = told.replace("<code>", "").replace("</code>", "");
        told.split_whitespace().collect::<Vec<_>>().join(" ")
    };

    let worst = [Finding::Exposed, Finding::LockedOut, Finding::WrongKey];
    for format in [Format::Text, Format::Markdown] {
        assert_eq!(order(&plain(format)), worst, "{format}");
    }
}

#[test]
fn programs_get_the_exact_mend_too_and_code_scanning_the_cause() {
    let (report, row) = exposed();
    let mend = words::mend(&row).unwrap();
    let parsed = |format| serde_json::from_str::<Value>(&rendered(&report, format)).unwrap();
    let place = report
        .probes
        .iter()
        .position(|one| one.id == row.id)
        .unwrap();

    let ocsf = &parsed(Format::Ocsf)[place]["remediation"]["desc"];
    let asff = &parsed(Format::Asff)[place]["Remediation"]["Recommendation"]["Text"];
    let sarif = &parsed(Format::Sarif)["runs"][0]["results"][0]["message"]["text"];

    assert_eq!((ocsf, asff), (&mend.clone().into(), &mend.into()));
    let cause = words::cause(row.cause.as_ref().unwrap());
    assert_eq!(sarif, &format!("{}. Cause: {cause}", row.reason));
}
