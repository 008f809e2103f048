// SPDX-License-Identifier: Apache-2.0
//! Which units a change concerns, in both directions.

use jiff::Timestamp;
use keyproof_verdict::{Finding, Summary};

use super::*;
use crate::{LastRun, Standing};

const KEY: [&str; 2] = [
    "arn:aws:kms:us-east-1:111122223333:key/00000000-12ab-34cd-56ef-1234567890ab",
    "arn:aws:kms:us-east-1:111122223333:key/00000001-12ab-34cd-56ef-1234567890ab",
];

/// `a` names its key, `b` goes by an alias, `c` is a control table; `reader` reads all of them, `outsider`
/// `b` alone, `looker` looks at `a`, and `retired` is about no table.
fn plan() -> Plan {
    let canary = "canary: { key: { pk: { S: c } } }";
    let text = format!(
        "keyproof: plan/v1
name: large
region: us-east-1
tables:
  a: {{ table: table-a, key: '{}', inspect_as: looker, {canary} }}
  b: {{ table: table-b, key: alias/b, {canary} }}
  c: {{ table: table-c, key: aws-owned, {canary} }}
principals:
  reader: {{ role: 'arn:aws:iam::111122223333:role/reader' }}
  outsider: {{ role: 'arn:aws:iam::111122223333:role/path/outsider' }}
  looker: {{ role: 'arn:aws:iam::111122223333:role/looker' }}
  retired: {{ role: 'arn:aws:iam::111122223333:role/retired' }}
expectations:
  - {{ principal: reader, on: [a, b, c], actions: [dynamodb:GetItem], decision: allowed }}
  - {{ principal: outsider, on: b, actions: [dynamodb:GetItem], decision: denied, by: kms }}
  - {{ principal: retired, actions: [sts:AssumeRole], decision: denied, by: sts }}
",
        KEY[0]
    );
    Plan::parse(&text).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn found(standing: Standing, key: Option<&str>) -> ProbeState {
    ProbeState {
        standing,
        since: Timestamp::UNIX_EPOCH,
        inconclusive_since: None,
        reason: None,
        cause: None,
        incident: None,
        key: key.map(str::to_owned),
        seq: None,
    }
}

/// What a run of the plan found: everything as planned, the alias leading to the second key.
fn known(plan: &Plan) -> PlanState {
    let mut state = PlanState::new("large");
    state.last_run = Some(LastRun {
        run_id: "01KEYPR00F0000000000000000".to_owned(),
        seq: 1,
        commit: 1,
        trigger: "test".to_owned(),
        summary: Summary::count([(Verdict::Pass, false)]),
        started_at: Timestamp::UNIX_EPOCH,
        finished_at: Timestamp::UNIX_EPOCH,
        plan_digest: plan.digest.clone(),
        plan_version: 1,
    });
    for (table, key) in [("a", None), ("b", Some(KEY[1])), ("c", None)] {
        let probe = found(Standing::PASS, key);
        state.probes.insert(format!("{table}/encryption"), probe);
    }
    state
}

/// What is touched, by the names of tables; `-` stands for what has none, `all` for the whole.
fn names(known: &PlanState, touches: &[Reference]) -> Vec<String> {
    let plan = plan();
    let Some(units) = touched(&plan, known, &touches.iter().cloned().collect()) else {
        return vec!["all".to_owned()];
    };
    let names = units.iter().map(|unit| match unit.about {
        About::Table(_, name) => name.to_owned(),
        About::Expectation(_) => "-".to_owned(),
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[test]
fn a_change_concerns_whatever_has_its_key_table_or_role_and_nothing_else() {
    let known = known(&plan());
    let role = |name| Reference::role("111122223333", name);
    for (touched, expected) in [
        (Reference::key(KEY[0]), vec!["a"]),
        // As the newest run found it behind the alias.
        (Reference::key(KEY[1]), vec!["b"]),
        (Reference::key("alias/b"), vec!["b"]),
        (Reference::table("table-c"), vec!["c"]),
        (
            Reference::table("arn:aws:dynamodb:us-east-1:111122223333:table/table-a"),
            vec!["a"],
        ),
        (role("outsider"), vec!["b"]),
        // By whoever looks alone, and by an expectation without a table.
        (role("looker"), vec!["a"]),
        (role("retired"), vec!["-"]),
        (role("reader"), vec!["a", "b", "c"]),
        // What nothing of the plan has, though the index led here.
        (Reference::key("alias/other"), vec!["all"]),
        (Reference::role("999988887777", "outsider"), vec!["all"]),
    ] {
        assert_eq!(
            names(&known, std::slice::from_ref(&touched)),
            expected,
            "{touched}"
        );
    }
    let both = [Reference::key(KEY[0]), role("retired")];
    assert_eq!(names(&known, &both), ["-", "a"]);
    assert_eq!(names(&known, &[]), ["all"]);
}

#[test]
fn where_a_table_s_key_is_not_known_any_key_may_be_its_own() {
    let plan = plan();
    let (blind, wrong) = [Finding::Blind, Finding::WrongKey]
        .map(|finding| Standing {
            verdict: finding.verdict(),
            finding: Some(finding),
            excepted: false,
        })
        .into();
    let other = [Reference::key("99999999-12ab-34cd-56ef-1234567890ab")];
    let mut state = known(&plan);
    let set = |state: &mut PlanState, table: &str, probe: Option<ProbeState>| {
        state.probes.remove(&format!("{table}/encryption"));
        state
            .probes
            .extend(probe.map(|probe| (format!("{table}/encryption"), probe)));
    };

    set(&mut state, "b", Some(found(Standing::PASS, None)));
    assert_eq!(names(&state, &other), ["b"]);
    set(&mut state, "b", None);
    assert_eq!(names(&state, &other), ["b"]);
    set(&mut state, "a", Some(found(blind, None)));
    assert_eq!(names(&state, &other), ["a", "b"]);
    // A key that was found is the table's, however wrong.
    set(&mut state, "a", Some(found(wrong, Some(KEY[1]))));
    set(&mut state, "b", Some(found(Standing::PASS, Some(KEY[0]))));
    assert_eq!(names(&state, &[Reference::key(KEY[1])]), ["a"]);
    assert_eq!(names(&state, &[Reference::table("table-c")]), ["c"]);
}

#[test]
fn what_no_run_of_this_version_has_seen_is_run_whole() {
    let key = [Reference::key(KEY[0])];
    assert_eq!(names(&PlanState::new("large"), &key), ["all"]);
    let mut state = known(&plan());
    if let Some(run) = &mut state.last_run {
        run.plan_digest = "sha256:0".to_owned();
    }
    assert_eq!(names(&state, &key), ["all"]);
}
