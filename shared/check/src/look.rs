// SPDX-License-Identifier: Apache-2.0
//! What a run finds out about a table before it reads.

use keyproof_core::Service;
use keyproof_plan::{Table as Planned, TableKey};
use keyproof_template::Encryption as TemplateEncryption;
use keyproof_verdict::{
    Answer, Blindness, Encryption, Evidence, KeyState, Observation, TableObservation, classify_call,
};

use crate::Runner;
use crate::assume::NoSession;
use crate::caller::Caller;
use crate::observe::{Observer, Seen};
use crate::weigh::{Question, Step, Weighed};

impl Observer<'_> {
    /// What a run would find out about a table: `DescribeTable` and `DescribeKey`, as the runner or
    /// as the principal of `inspect_as`.
    pub(crate) fn inspect(&self, planned: &Planned) -> TableObservation {
        let unseen = |seen: Seen, arn: Option<String>| TableObservation {
            look: seen.observation,
            encryption: None,
            expected_key: match &planned.key {
                TableKey::Key(arn) => Some(arn.to_string()),
                TableKey::Alias(_) | TableKey::AwsOwned => None,
            },
            key_state: None,
            table_arn: arn,
        };
        let planned_arn = planned.arn.as_ref().map(ToString::to_string);
        let (inspector, account) = match &planned.inspect_as {
            None => {
                let account = self.estate.account();
                let own = (account.partition.as_str(), account.account.as_str());
                let anybody = self.circumstances.runner == Runner::Anybody;
                (self.runner.as_ref().filter(|_| !anybody), own)
            }
            Some(name) => {
                let (Some(principal), Some(opened)) =
                    (self.plan.principals.get(name), self.opened(name))
                else {
                    let what = format!("the plan has no principal `{name}`");
                    return unseen(Seen::untold(what, None), planned_arn);
                };
                let seen = match &opened.session {
                    Ok(caller) => {
                        let arn = principal.role.as_arn();
                        let account = (arn.partition(), arn.account());
                        return self.look(planned, Some(caller), account, &unseen);
                    }
                    Err(NoSession::Untold(what)) => Seen::untold(what.clone(), None),
                    Err(NoSession::Refused) => {
                        let refusal = &opened.seen.observation;
                        Seen::answered(
                            Answer::Unknown(Blindness::NoSession),
                            refusal.error_code.as_deref(),
                            refusal.message.clone(),
                            None,
                            Vec::new(),
                        )
                    }
                };
                return unseen(seen, planned_arn);
            }
        };
        self.look(planned, inspector, account, &unseen)
    }

    fn look(
        &self,
        planned: &Planned,
        inspector: Option<&Caller<'_>>,
        (partition, account): (&str, &str),
        unseen: &dyn Fn(Seen, Option<String>) -> TableObservation,
    ) -> TableObservation {
        let arn = self.table_arn(planned, partition, account);
        let Some((_, table)) = self.estate.table(&arn) else {
            let what = format!("the table `{arn}` is not in the templates");
            return unseen(Seen::untold(what, Some(arn.clone())), Some(arn));
        };
        let key = match &planned.key {
            TableKey::AwsOwned => None,
            key @ (TableKey::Key(_) | TableKey::Alias(_)) => {
                Some(self.describe_key(inspector, key))
            }
        };
        let mut found = unseen(
            Seen::answered(
                Answer::Allowed(Evidence::Evaluated),
                None,
                None,
                Some(arn.clone()),
                Vec::new(),
            ),
            Some(arn.clone()),
        );
        if let Some(Ok((key_arn, enabled))) = &key {
            found.expected_key = Some(key_arn.clone());
            found.key_state = Some(if *enabled {
                KeyState::Enabled
            } else {
                KeyState::Disabled
            });
        }
        let refused = inspector.and_then(|inspector| self.may_not_describe(inspector, table));
        if let Some(refused) = refused {
            found.look = refused;
            return found;
        }
        found.encryption = match &table.encryption {
            TemplateEncryption::AwsOwned => Some(Encryption::AwsOwned),
            TemplateEncryption::AwsManaged => Some(Encryption::AwsManaged {
                arn: format!(
                    "arn:{partition}:kms:{}:{account}:alias/aws/dynamodb",
                    self.surroundings.region
                ),
            }),
            TemplateEncryption::Key(arn) => Some(Encryption::Key { arn: arn.clone() }),
            TemplateEncryption::Unknown(what) => {
                found.look = Seen::untold(what.clone(), Some(arn.clone())).observation;
                None
            }
        };
        // Without the alias resolved, nobody can compare.
        if let (TableKey::Alias(_), Some(Err(failure))) = (&planned.key, key)
            && found.encryption.is_some()
        {
            found.look = Observation {
                resource: Some(arn),
                ..*failure
            };
        }
        found
    }

    fn may_not_describe(
        &self,
        inspector: &Caller<'_>,
        table: &keyproof_template::Table,
    ) -> Option<Observation> {
        let resource = Some(table.arn.clone());
        match self.describe_table(inspector, table) {
            Weighed::Certain(step) if step.is_allowed() => None,
            Weighed::Certain(step) => {
                let (code, message) = ("AccessDeniedException", step.sentence());
                let answer = classify_call(Service::DynamoDb, Some(code), Some(&message));
                let steps = Vec::new();
                let seen = Seen::answered(answer, Some(code), Some(message), resource, steps);
                Some(seen.observation)
            }
            Weighed::Hangs(what) => Some(Seen::untold(what, resource).observation),
        }
    }

    fn describe_table(&self, inspector: &Caller<'_>, table: &keyproof_template::Table) -> Weighed {
        let tags = table
            .tags
            .iter()
            .map(|(key, value)| (format!("aws:ResourceTag/{key}"), vec![value.clone()]));
        self.weigh(
            inspector,
            Question {
                action: "dynamodb:DescribeTable".to_owned(),
                resource: table.arn.clone(),
                policy: table.resource_policy.as_ref(),
                aws_managed: false,
                grants: &[],
                via: None,
                context: tags.collect(),
            },
        )
    }

    /// The decision that keeps an inspector from looking at a table or at its key.
    pub(crate) fn refused_look(
        &self,
        planned: &Planned,
        inspector: &Caller<'_>,
        arn: &str,
    ) -> Option<Step> {
        let (_, table) = self.estate.table(arn)?;
        let looks = [
            Some(self.describe_table(inspector, table)),
            self.weigh_description(inspector, &planned.key),
        ];
        looks.into_iter().flatten().find_map(|look| match look {
            Weighed::Certain(step) => (!step.is_allowed()).then_some(step),
            Weighed::Hangs(_) => None,
        })
    }
}
