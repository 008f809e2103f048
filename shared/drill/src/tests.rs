// SPDX-License-Identifier: Apache-2.0
//! Whom a plan lets be tried, and what each thing that can be seen means. A case is what was seen
//! and its finding.

use keyproof_core::Service;
use keyproof_plan::{Action, Plan};
use keyproof_verdict::{
    Answer, Blindness, Denial, Environment, Evidence, Finding, KeyState, Observation, PlanRow, Run,
    Verdict,
};

use crate::{
    Choice, DrillReport, DrillRow, NoTargetError, OpenGrant, Passage, Seen, Target, grant_name,
    is_drill, judge, targets, text,
};

const PLAN: &str = r#"
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders: { table: orders, key: alias/orders, canary: { key: { pk: { S: c } } } }
  bills: { table: bills, key: alias/bills, canary: { key: { pk: { S: c } } } }
  control: { table: control, key: aws-owned, canary: { key: { pk: { S: c } } } }
principals:
  reader: { role: "arn:aws:iam::111122223333:role/reader" }
  outsider: { role: "arn:aws:iam::111122223333:role/outsider" }
  stranger: { role: "arn:aws:iam::111122223333:role/stranger" }
expectations:
  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: reader, on: bills, actions: [dynamodb:GetItem], decision: allowed }
  - { principal: outsider, on: orders, actions: [kms:Decrypt, dynamodb:Query, dynamodb:GetItem], decision: denied, by: kms }
  - { principal: stranger, on: orders, actions: [dynamodb:Scan], decision: denied, by: kms }
  - { principal: outsider, on: bills, actions: [dynamodb:GetItem], decision: denied, by: dynamodb }
  - { principal: stranger, on: bills, actions: [dynamodb:Query], decision: denied, by: kms }
  - { principal: stranger, on: bills, actions: [dynamodb:Scan], index: by-day, decision: denied, by: kms }
  - { principal: outsider, on: control, actions: [dynamodb:GetItem], decision: allowed }
"#;

fn chosen(principals: &[&str], tables: &[&str]) -> Result<Vec<String>, NoTargetError> {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let choice = Choice {
        principals: names(principals),
        tables: names(tables),
    };
    let found = targets(&Plan::parse(PLAN).unwrap(), &choice)?;
    Ok(found
        .iter()
        .map(|one| format!("{} {} {}", one.principal, one.action, one.table))
        .collect())
}

#[test]
fn of_each_table_the_first_is_tried_whose_read_kms_must_deny() {
    assert_eq!(
        chosen(&[], &[]).unwrap(),
        [
            "outsider dynamodb:GetItem orders",
            "stranger dynamodb:Query bills"
        ]
    );
    assert_eq!(
        chosen(&["stranger", "outsider"], &["orders"]).unwrap(),
        [
            "outsider dynamodb:GetItem orders",
            "stranger dynamodb:Scan orders"
        ]
    );
    let error =
        |principals: &[&str], tables: &[&str]| chosen(principals, tables).unwrap_err().to_string();
    assert!(error(&["reader"], &["bills"]).starts_with(
        "the plan expects of nobody like `reader` that kms denies a read of `bills`;"
    ));
    assert_eq!(
        error(&[], &["invoices"]),
        "the plan has no table `invoices`; it has `orders`, `bills`, `control`"
    );
    assert!(error(&[], &["control"]).starts_with("the plan expects of nobody"));
}

#[test]
fn only_a_drills_name_is_taken_for_one() {
    let id = "01JD8Z6QK3E8T5V0W1X2Y3Z4A5".parse().unwrap();
    let name = grant_name(id, 2);

    assert_eq!(name, "keyproof-drill-01JD8Z6QK3E8T5V0W1X2Y3Z4A5-2");
    assert!(is_drill(&name));
    for other in [
        "keyproof-drill-",
        "keyproof-drill-mine-1",
        "keyproof-drill-01JD8Z6QK3E8T5V0W1X2Y3Z4A5",
        "keyproof-drill-01JD8Z6QK3E8T5V0W1X2Y3Z4A5-",
        "keyproof-drill-01JD8Z6QK3E8T5V0W1X2Y3Z4A5-x",
        "Keyproof-drill-01JD8Z6QK3E8T5V0W1X2Y3Z4A5-1",
    ] {
        assert!(!is_drill(other), "{other}");
    }
}

fn seen(answer: Answer) -> Observation {
    Observation {
        answer,
        resource: None,
        error_code: None,
        message: None,
        request_id: None,
        attempts: 1,
        latency_ms: Some(1),
    }
}

fn denied(by: Option<Service>) -> Observation {
    seen(Answer::Denied(Denial {
        by,
        ..Denial::default()
    }))
}

fn by_kms() -> Observation {
    denied(Some(Service::Kms))
}

fn canary() -> Observation {
    seen(Answer::Allowed(Evidence::Canary))
}

fn blind() -> Observation {
    seen(Answer::Unknown(Blindness::Throttled))
}

fn way(after_ms: Option<u64>, last: Observation) -> Passage {
    Passage {
        after_ms,
        last_before_ms: None,
        reads: 3,
        flickers: 0,
        blind: 0,
        limit_ms: 600_000,
        last: Some(last),
    }
}

/// Denied, allowed, denied.
fn whole() -> Seen {
    Seen {
        before: Some(by_kms()),
        appeared: Some(way(Some(1_500), canary())),
        disappeared: Some(way(Some(90), by_kms())),
        ..Seen::default()
    }
}

fn target() -> Target {
    Target {
        principal: "outsider".to_owned(),
        table: "orders".to_owned(),
        action: Action::GetItem,
    }
}

#[test]
fn denied_allowed_denied_is_the_only_pass() {
    let ended = || Some("it was interrupted".to_owned());
    let before = |before| Seen {
        before: Some(before),
        ..Seen::default()
    };
    let appeared = |last| Seen {
        appeared: Some(way(None, last)),
        disappeared: None,
        ..whole()
    };
    let gone = |last| Seen {
        disappeared: Some(way(None, last)),
        ..whole()
    };
    let odd = || seen(Answer::Allowed(Evidence::CanaryMissing));
    let unusable = || seen(Answer::KeyUnusable(KeyState::Disabled));
    let elsewhere = || denied(Some(Service::DynamoDb));
    let cases = vec![
        (whole(), None),
        (
            Seen {
                open: true,
                ..whole()
            },
            Some(Finding::Exposed),
        ),
        (Seen::default(), Some(Finding::Blind)),
        (before(canary()), Some(Finding::Exposed)),
        (before(elsewhere()), Some(Finding::Masked)),
        (before(denied(None)), Some(Finding::Masked)),
        (before(odd()), Some(Finding::Exposed)),
        (before(unusable()), Some(Finding::KeyUnusable)),
        (before(blind()), Some(Finding::Blind)),
        (before(by_kms()), Some(Finding::Blind)),
        (
            Seen {
                refused: Some("no".to_owned()),
                ..before(by_kms())
            },
            Some(Finding::Blind),
        ),
        (appeared(by_kms()), Some(Finding::LockedOut)),
        (appeared(canary()), Some(Finding::Blind)),
        (appeared(elsewhere()), Some(Finding::Masked)),
        (appeared(odd()), Some(Finding::CanaryMissing)),
        (appeared(unusable()), Some(Finding::KeyUnusable)),
        (appeared(blind()), Some(Finding::Blind)),
        (
            Seen {
                ended: ended(),
                ..appeared(by_kms())
            },
            Some(Finding::Blind),
        ),
        (
            Seen {
                disappeared: None,
                ..whole()
            },
            Some(Finding::Blind),
        ),
        (gone(canary()), Some(Finding::Exposed)),
        (gone(odd()), Some(Finding::Exposed)),
        (gone(by_kms()), Some(Finding::Blind)),
        (gone(elsewhere()), Some(Finding::Masked)),
        (gone(unusable()), Some(Finding::KeyUnusable)),
        (gone(blind()), Some(Finding::Blind)),
    ];
    for (seen, expected) in cases {
        let (finding, reason) = judge(&target(), &seen);
        assert_eq!(finding, expected, "{reason}\n{seen:#?}");
        assert!(
            reason.contains("`outsider`") && reason.contains("`orders`"),
            "{reason}"
        );
    }
    // What was seen to hold isn't unseen because something came after it.
    let (finding, _) = judge(
        &target(),
        &Seen {
            ended: ended(),
            ..whole()
        },
    );
    assert_eq!(finding, None);
    let (_, reason) = judge(&target(), &whole());
    assert_eq!(
        reason,
        "`outsider` was kept out of `orders`, was let in by the grant after 1.5 s, and was kept out \
         again without it after 90 ms"
    );
}

fn report(rows: Vec<DrillRow>, open: Vec<OpenGrant>) -> DrillReport {
    DrillReport::new(
        Run {
            id: "01JD8Z6QK3E8T5V0W1X2Y3Z4A5".to_owned(),
            trigger: "cli".to_owned(),
            started_at: "2026-11-24T02:00:00.000Z".to_owned(),
            finished_at: "2026-11-24T02:00:01.000Z".to_owned(),
            duration_ms: 1_000,
        },
        PlanRow {
            name: "orders\u{1b}[2J".to_owned(),
            digest: "sha256:00".to_owned(),
            file: None,
        },
        Environment {
            account: None,
            region: "us-east-1".to_owned(),
            endpoint: None,
            version: "0".to_owned(),
        },
        rows,
        Vec::new(),
        open,
    )
}

#[test]
fn an_open_grant_is_never_a_pass() {
    let row = || DrillRow::new(&target(), "role", Some("key"), &whole());
    let key = "arn:aws:kms:us-east-1:111122223333:key/k";
    let open = OpenGrant::new(key, "keyproof-drill-x", None, "no answer".to_owned());

    let good = report(vec![row()], Vec::new());
    let bad = report(vec![row()], vec![open]);

    assert_eq!(good.summary.verdict, Verdict::Pass);
    assert_eq!(bad.summary.verdict, Verdict::Fail);
    assert_eq!(
        bad.open[0].command,
        format!(
            "aws kms list-grants --region us-east-1 --key-id {key} --query \"Grants[?Name=='keyproof-drill-x'].GrantId\""
        )
    );
    let told = text(&bad);
    assert!(told.starts_with("✗ FAIL: 0 of 1 drill failed; 1 grant is open, or may be\n"));
    assert!(told.contains(&bad.open[0].command));
    assert!(told.contains("plan orders\\u{1b}[2J, region") && !told.contains('\u{1b}'));
}
