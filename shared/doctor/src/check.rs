// SPDX-License-Identifier: Apache-2.0
//! The diagnosis, `keyproof.doctor/v1`. Field names are a contract.

use keyproof_core::shell_word;
use serde::Serialize;
use serde_json::Value;

use crate::policy::RunnerPolicy;

/// What there is of what a run needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// Always `keyproof.doctor/v1`.
    pub schema: &'static str,
    /// The plan.
    pub plan: PlanRow,
    /// Where it was asked.
    pub environment: Environment,
    /// The counts.
    pub summary: Summary,
    /// One for each thing that a run needs: the runner's, then the plan's principals and tables in
    /// their order, then the plan's own.
    pub checks: Vec<Check>,
    /// The least-privilege policy of whoever runs the plan.
    pub policy: Value,
    /// Where that policy could not be exact, a sentence each.
    pub policy_notes: Vec<String>,
}

/// The plan that was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlanRow {
    /// Its name.
    pub name: String,
    /// `sha256:HEX` of its bytes.
    pub digest: String,
    /// The file it was read from, where there was one.
    pub file: Option<String>,
}

/// Where and as whom was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Environment {
    /// The runner's ARN, where STS gave it.
    pub runner: Option<String>,
    /// The runner's account.
    pub account: Option<String>,
    /// The region that was worked in.
    pub region: String,
    /// The endpoint, where it was not AWS's own.
    pub endpoint: Option<String>,
    /// keyproof's version.
    pub version: String,
    /// When, RFC 3339.
    pub at: String,
}

/// How many checks came out how. `ok + problem + unknown` is their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The worst there is: a problem, else something unknown, else all well.
    pub state: State,
    /// What is as a run needs it.
    pub ok: usize,
    /// What is missing or wrong.
    pub problem: usize,
    /// What could not be found out.
    pub unknown: usize,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As a run needs it, seen.
    Ok,
    /// Missing or wrong.
    Problem,
    /// Could not be asked.
    Unknown,
}

/// One thing that a run needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// The same from one time to the next: `principal/reader/session`.
    pub id: String,
    /// How it came out.
    pub state: State,
    /// What was found, a sentence without its full stop.
    pub finding: String,
    /// The permission that is missing, where one is.
    pub permission: Option<Permission>,
    /// What to do about it; any one of several will do, unless it says otherwise.
    pub mends: Vec<Mend>,
}

/// An action on a resource that somebody needs to be allowed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Permission {
    /// Who: an ARN, where it is known.
    pub who: Option<String>,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mend {
    /// In words.
    pub text: String,
    /// The policy statement to add, where that is it.
    pub statement: Option<Value>,
    /// The command that does it, where one does.
    pub command: Option<String>,
}

impl Check {
    pub(crate) fn ok(id: String, finding: impl Into<String>) -> Self {
        Self::new(id, State::Ok, finding)
    }

    pub(crate) fn problem(id: String, finding: impl Into<String>) -> Self {
        Self::new(id, State::Problem, finding)
    }

    pub(crate) fn unknown(id: String, finding: impl Into<String>) -> Self {
        Self::new(id, State::Unknown, finding)
    }

    fn new(id: String, state: State, finding: impl Into<String>) -> Self {
        Self {
            id,
            state,
            finding: finding.into(),
            permission: None,
            mends: Vec::new(),
        }
    }

    #[must_use]
    pub(crate) fn lacking(mut self, permission: Permission) -> Self {
        self.permission = Some(permission);
        self
    }

    #[must_use]
    pub(crate) fn mend(mut self, mend: Mend) -> Self {
        self.mends.push(mend);
        self
    }

    #[must_use]
    pub(crate) fn mends(mut self, mends: impl IntoIterator<Item = Mend>) -> Self {
        self.mends.extend(mends);
        self
    }
}

impl Mend {
    pub(crate) fn words(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            statement: None,
            command: None,
        }
    }

    #[must_use]
    pub(crate) fn statement(mut self, statement: Value) -> Self {
        self.statement = Some(statement);
        self
    }

    #[must_use]
    pub(crate) fn command(mut self, command: &str, words: &[&str]) -> Self {
        self.command = Some(shell(command, words));
        self
    }
}

/// A command with words that came from a plan or a service: each stays one word in a shell.
pub(crate) fn shell(command: &str, words: &[&str]) -> String {
    let mut line = command.to_owned();
    for word in words {
        line.push(' ');
        line.push_str(&shell_word(word));
    }
    line
}

impl Summary {
    pub(crate) fn of(checks: &[Check]) -> Self {
        let count = |state| checks.iter().filter(|check| check.state == state).count();
        let (ok, problem, unknown) = (
            count(State::Ok),
            count(State::Problem),
            count(State::Unknown),
        );
        // INVARIANT (never vacuous): no check at all is not "all well".
        let state = if problem > 0 {
            State::Problem
        } else if unknown > 0 || ok == 0 {
            State::Unknown
        } else {
            State::Ok
        };
        Self {
            state,
            ok,
            problem,
            unknown,
        }
    }
}

impl Diagnosis {
    pub(crate) fn new(
        plan: PlanRow,
        environment: Environment,
        checks: Vec<Check>,
        policy: &RunnerPolicy,
    ) -> Self {
        Self {
            schema: "keyproof.doctor/v1",
            plan,
            environment,
            summary: Summary::of(&checks),
            checks,
            policy: policy.to_json(),
            policy_notes: policy.notes.clone(),
        }
    }

    /// The diagnosis as JSON, indented, with a line's end.
    ///
    /// # Errors
    ///
    /// Never in fact: every part of it is JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}
