// SPDX-License-Identifier: Apache-2.0
//! The cases, and how a plan is held against one.

use std::path::{Path, PathBuf};

use jiff::{Timestamp, civil::date};
use keyproof_check::{Circumstances, Estate, Part, Runner, check};
use keyproof_plan::Plan;
use keyproof_template::{Account, Options};
use keyproof_verdict::{Report, RunFacts};

/// A plan and the template that it is about.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) plan: Plan,
    pub(crate) account: Account,
    circumstances: Circumstances,
}

/// The user who runs the plan, where a case has one; an administrator else.
const RUNNER: &str = "proof-runner";

pub(crate) fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../check/cases");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders.iter().map(|folder| case(folder)).collect()
}

#[expect(clippy::disallowed_methods, reason = "cases are files")]
fn case(folder: &Path) -> Case {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let plan = Plan::parse(&read("plan.yaml")).unwrap();
    let options = Options::new("111122223333".parse().unwrap(), &plan.region);
    let account = keyproof_template::load(&read("template.yaml"), &options).unwrap();
    let runner = account.users.iter().find(|user| user.name == RUNNER);
    let circumstances = Circumstances {
        runner: runner.map_or_else(Runner::default, |user| Runner::Arn(user.arn.clone())),
        ..Circumstances::default()
    };
    Case {
        name: folder.file_name().unwrap().to_str().unwrap().to_owned(),
        plan,
        account,
        circumstances,
    }
}

impl Case {
    /// The template's own estate.
    pub(crate) fn estate(&self) -> Estate {
        estate(self.account.clone())
    }

    pub(crate) fn report(&self, estate: &Estate) -> Report {
        check(&self.plan, estate, &self.circumstances, facts())
    }
}

pub(crate) fn estate(account: Account) -> Estate {
    let file = Some("template.yaml".to_owned());
    Estate::new([Part { file, account }]).unwrap()
}

fn facts() -> RunFacts {
    let now: Timestamp = "2026-05-01T12:00:00Z".parse().unwrap();
    RunFacts {
        id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        trigger: "check".to_owned(),
        started_at: now,
        finished_at: now,
        account: None,
        region: None,
        endpoint: None,
        version: "0".to_owned(),
        plan_file: None,
        today: date(2026, 5, 1),
    }
}
