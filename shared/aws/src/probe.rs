// SPDX-License-Identifier: Apache-2.0
//! The calls that ask: one for each action of a plan, each harmless.

mod key;
mod read;
mod write;

use keyproof_core::{PolicyType, Service};
use keyproof_plan::{Action, Table};
use keyproof_verdict::{Answer, Blindness};

use crate::calls::{Called, Calls};
use crate::failure::Failure;
use crate::inspect::Index;
use crate::session::Session;

pub(crate) use key::{KeyTarget, NO_GRANT};

/// What the probes of DynamoDB call, and so need the *principal* to be allowed; the operator needs
/// none of it. `TransactGetItems` is authorised as `dynamodb:GetItem`.
pub const DYNAMODB_ACTIONS: &[&str] = &[
    "dynamodb:BatchGetItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PartiQLSelect",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
];

/// What the probes of KMS call: dry runs, and reads of a key's metadata.
pub const KMS_ACTIONS: &[&str] = &[
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GetKeyPolicy",
    "kms:ListGrants",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:RetireGrant",
    "kms:RevokeGrant",
];

/// The table that a probe is about, as calls name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableTarget<'a> {
    pub(crate) table: &'a Table,
    /// The index to read, if any.
    pub(crate) index: Option<&'a Index>,
    /// How far a scan goes.
    pub(crate) scan_pages: u32,
}

impl TableTarget<'_> {
    /// The ARN where the plan gives one, as another account's table is named; else the name.
    fn name(&self) -> &str {
        self.table
            .arn
            .as_ref()
            .map_or(&*self.table.name, |arn| arn.as_str())
    }
}

/// Makes the call of a `dynamodb:` action and reads its answer.
pub(crate) async fn table(
    calls: &Calls,
    session: &Session,
    action: Action,
    target: TableTarget<'_>,
) -> Called<Answer> {
    let (calls, client) = (calls.of(session.account()), &session.dynamodb);
    let called = match action {
        Action::GetItem => read::get_item(calls, client, target).await,
        Action::Query => read::query(calls, client, target).await,
        Action::Scan => read::scan(calls, client, target).await,
        Action::BatchGetItem => read::batch_get_item(calls, client, target).await,
        Action::PartiQlSelect => read::partiql_select(calls, client, target).await,
        Action::TransactGetItems => read::transact_get_items(calls, client, target).await,
        Action::PutItem => write::put_item(calls, client, target).await,
        Action::UpdateItem => write::update_item(calls, client, target).await,
        Action::DeleteItem => write::delete_item(calls, client, target).await,
        Action::Decrypt
        | Action::Encrypt
        | Action::GenerateDataKey
        | Action::GenerateDataKeyWithoutPlaintext
        | Action::ReEncrypt
        | Action::CreateGrant
        | Action::RevokeGrant
        | Action::RetireGrant
        | Action::DescribeKey
        | Action::GetKeyPolicy
        | Action::ListGrants
        | Action::AssumeRole => Called::unsent(misplaced(action, Service::DynamoDb)),
    };
    own(session, called)
}

/// Makes the call of a `kms:` action and reads its answer.
pub(crate) async fn key(
    calls: &Calls,
    session: &Session,
    action: Action,
    target: &KeyTarget,
) -> Called<Answer> {
    own(
        session,
        key::call(calls.of(session.account()), &session.kms, action, target).await,
    )
}

fn misplaced(action: Action, service: Service) -> Failure {
    Failure::blind(
        Blindness::Other,
        format!("`{action}` is no call of {service}"),
    )
}

/// A refusal that names another caller is not the answer to this call; nor is one by the policy that
/// the session was given with its guard, whatever else would have refused.
fn own(session: &Session, mut called: Called<Answer>) -> Called<Answer> {
    if let Err(failure) = &mut called.outcome
        && let Answer::Denied(denial) = &failure.answer
    {
        let another = denial
            .user
            .as_deref()
            .is_some_and(|user| !session.is_caller(user));
        // INVARIANT (own guard): nobody else gives a session a policy.
        let guard = session.guarded && denial.policy == Some(PolicyType::SessionPolicy);
        if another {
            failure.answer = Answer::Unknown(Blindness::OtherCaller);
        } else if guard {
            failure.answer = Answer::Unknown(Blindness::Guard);
        }
    }
    called
}
