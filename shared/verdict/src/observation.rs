// SPDX-License-Identifier: Apache-2.0
//! What a run saw, before anybody judges it.

use std::collections::BTreeMap;

use keyproof_core::{PolicyType, Service};

/// Everything that a run saw. What is absent was not seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observations {
    /// By probe id, for access probes.
    pub probes: BTreeMap<String, Observation>,
    /// By the table's name in the plan.
    pub tables: BTreeMap<String, TableObservation>,
}

/// One call and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The answer, read.
    pub answer: Answer,
    /// The ARN that was called on, where the run knows it.
    pub resource: Option<String>,
    /// The service's error code.
    pub error_code: Option<String>,
    /// The service's message, secrets removed.
    pub message: Option<String>,
    /// The service's id of the last attempt.
    pub request_id: Option<String>,
    /// How many times the call was sent; 0 where it never was.
    pub attempts: u32,
    /// How long the last attempt took, in milliseconds.
    pub latency_ms: Option<u64>,
}

/// What an answer says about authorisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The call was authorised.
    Allowed(Evidence),
    /// The call was refused for want of permission.
    Denied(Denial),
    /// The key can be used by nobody.
    KeyUnusable(KeyState),
    /// The answer says nothing about authorisation.
    Unknown(Blindness),
}

/// How it is known that a call was authorised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The read brought the canary back, whole.
    Canary,
    /// The read came back without the canary.
    CanaryMissing,
    /// The canary came back, but this attribute of it is missing or has another value.
    CanaryAltered {
        /// The attribute's name; never its value.
        attribute: String,
    },
    /// `DryRunOperationException`: the call would have succeeded.
    DryRun,
    /// The condition that can't hold was evaluated, so the write was authorised.
    ConditionFailed,
    /// The call succeeded.
    Succeeded,
    /// The policies allow the call: they were evaluated, and nothing was called (`check`). Counts as
    /// a witness among other evaluated answers.
    Evaluated,
    /// KMS went on to look for the grant that the dry run named: past authorisation as far as can
    /// be told. Enough to fail a denied expectation, not enough to pass an allowed one.
    GrantLookedUp,
    /// The call came back with success and with nothing that only the service could have put there:
    /// an empty reply, or a write under a condition that can't hold. Enough to fail a denied
    /// expectation, not enough to pass an allowed one.
    Unproven,
}

/// A refusal, as its sentence tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Denial {
    /// The service that refused; `None` where the sentence doesn't tell.
    pub by: Option<Service>,
    /// The policy type that refused; `None` where the sentence doesn't tell.
    pub policy: Option<PolicyType>,
    /// Whether it was an explicit deny; `None` where the sentence doesn't tell.
    pub explicit: Option<bool>,
    /// The caller that the sentence names.
    pub user: Option<String>,
    /// The action that the sentence names.
    pub action: Option<String>,
    /// The resource that the sentence names.
    pub resource: Option<String>,
    /// The ARN of the policy that denied, where the sentence carries it.
    pub document: Option<String>,
}

/// Why an answer says nothing. The text of each is one clause for the report's reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blindness {
    /// Throttled to the last attempt.
    Throttled,
    /// Another request held the item or the key to the last attempt.
    Conflict,
    /// No answer within the time for an attempt, or before the run's deadline.
    TimedOut,
    /// The run's deadline passed before the call was sent.
    Deadline,
    /// Somebody ended the run before the answer.
    Interrupted,
    /// The service failed (5xx, internal error).
    ServiceFailure,
    /// No connection.
    NoConnection,
    /// Expired, invalid or skewed credentials.
    Credentials,
    /// The role of the session could not be assumed.
    NoSession,
    /// The session that came back is another role's.
    WrongSession,
    /// The principal's session came to its end, and there was no new one.
    NotRenewed,
    /// The table, index, key or grant was not found.
    NotFound,
    /// The refusal names another caller than the probe's.
    OtherCaller,
    /// The session policy refused that the run itself gave the session.
    Guard,
    /// A reply that can't be read.
    Unreadable,
    /// The runner, or the principal that inspects, may not look (table observations).
    MayNotLook,
    /// The table's encryption is being changed at this moment.
    Changing,
    /// Nothing was called, and the documents that were evaluated don't tell (`check`). The text is
    /// what it hangs on.
    Untold(String),
    /// Any other answer, error code kept beside it.
    Other,
}

/// A key's state, as far as it decides anything here.
///
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Usable.
    Enabled,
    /// Disabled.
    Disabled,
    /// Waiting to be deleted.
    PendingDeletion,
    /// Unusable for another reason: unavailable, pending import, deleted.
    Unavailable,
}

/// What was seen of a table, apart from reading it.
#[derive(Clone, Debug, PartialEq)]
pub struct TableObservation {
    /// The call on the table, `DescribeTable` (or the `DescribeKey` that failed to resolve an
    /// alias): `Answer::Allowed(Succeeded)` where `encryption` was found out.
    pub look: Observation,
    /// What the table is encrypted with; `None` where that could not be found out.
    pub encryption: Option<Encryption>,
    /// The key that the plan names, resolved to an ARN; `None` where that could not be done, or
    /// where the plan names none.
    pub expected_key: Option<String>,
    /// The state of the plan's key; `None` where nobody could look.
    pub key_state: Option<KeyState>,
    /// The table's ARN.
    pub table_arn: Option<String>,
}

/// What a table is encrypted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// A key that AWS owns: no `SSEDescription`.
    AwsOwned,
    /// The AWS managed key `aws/dynamodb`: its fixed policy keeps nobody of the account out.
    AwsManaged {
        /// Its ARN.
        arn: String,
    },
    /// Another KMS key: customer managed, as far as anybody could see.
    Key {
        /// Its ARN.
        arn: String,
    },
}
