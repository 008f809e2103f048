// SPDX-License-Identifier: Apache-2.0
//! The demo's story: five acts, each a change and a run of the plan.
//!
//! The acts are calls that anybody could make to AWS, over HTTP with the SDK; what each must come
//! to is held against the run's own report, so that the story can't be told unless it is true.

mod change;
mod hold;
pub(crate) mod tell;

use std::io;
use std::time::Duration;

use keyproof_aws::{Settings, plant, verify};
use keyproof_diagnose::{Aws, diagnose};
use keyproof_plan::Plan;
use keyproof_report::{Chapter, render_story};
use keyproof_template::Account;
use keyproof_verdict::Report;

use crate::command::canary;
use crate::error::CliError;
use crate::world::World;
use change::Administrator;
pub(crate) use hold::Ending;
use tell::Teller;

/// The names that the plan has for the cast.
pub(crate) const READER: &str = "reader";
pub(crate) const OUTSIDER: &str = "outsider";
pub(crate) const TABLE: &str = "orders";
pub(crate) const CONTROL: &str = "control";

/// The statement of the key policy that lists who may use the key.
pub(crate) const KEY_USERS: &str = "AllowKeyUsers";

/// What happened, and how the run that followed had to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    /// A line.
    pub(crate) title: &'static str,
    /// In plain words.
    pub(crate) told: &'static str,
    /// How it must end.
    pub(crate) ending: Ending,
}

/// An act that was played.
#[derive(Debug)]
pub(crate) struct Act {
    pub(crate) scene: Scene,
    pub(crate) report: Report,
    /// What was not as it had to be; empty where the story held.
    pub(crate) departures: Vec<String>,
}

/// The story as played.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) acts: Vec<Act>,
}

impl Story {
    /// Whether every act ended as it had to.
    pub(crate) fn held(&self) -> bool {
        self.acts.len() == 5 && self.acts.iter().all(|act| act.departures.is_empty())
    }

    /// The story as a page for a browser.
    pub(crate) fn page(&self) -> io::Result<Vec<u8>> {
        let chapters = self.acts.iter().map(|act| Chapter {
            title: act.scene.title.to_owned(),
            sentence: act.scene.told.to_owned(),
            expected: act.scene.ending.verdict(),
            report: act.report.clone(),
        });
        let story = keyproof_report::Story {
            title: "keyproof: who can read the orders?".to_owned(),
            introduction: INTRODUCTION.to_owned(),
            chapters: chapters.collect(),
        };
        let mut page = Vec::new();
        render_story(&story, &mut page)?;
        Ok(page)
    }
}

/// What the story is about.
pub(crate) const INTRODUCTION: &str = "A DynamoDB table can be encrypted with a KMS key of your     own. Then whoever reads it needs two permissions: DynamoDB's for the table, and KMS's for the     key. The key is a second lock, until somebody changes its policy and no one notices. keyproof     notices: it takes the place of each role, tries every call for real, and compares the answers     with a plan.";

/// Plays the story and tells it on the way.
pub(crate) async fn play(
    plan: &Plan,
    account: &Account,
    teller: &mut Teller<'_>,
) -> Result<Story, CliError> {
    let world = World::start(account).await?;
    teller.begin(&world.endpoint)?;
    let settings = Settings {
        trigger: "demo".to_owned(),
        attempt_timeout: Duration::from_secs(5),
        ..Settings::default()
    };
    let planted = plant(plan, &settings, &world.administrator).await;
    if let Some(failed) = planted.iter().find(|outcome| !outcome.state.is_success()) {
        return Err(CliError::Story(canary::sentence(failed)));
    }
    let stage = Stage {
        plan,
        settings,
        world: &world,
    };
    let mut acts = Vec::new();

    acts.push(stage.play(KEPT_OUT, teller).await?);
    let key = encryption_key(&acts)?;
    let outsider = plan
        .principals
        .get(OUTSIDER)
        .ok_or_else(|| CliError::Story(format!("the plan has no `{OUTSIDER}`")))?;
    let administrator = Administrator::new(&world.administrator, &plan.region, key);

    let policy = administrator.key_policy().await?;
    let widened = change::with_key_user(&policy, outsider.role.as_str())?;
    administrator.put_key_policy(&widened).await?;
    acts.push(stage.play(WIDENED, teller).await?);

    administrator.put_key_policy(&policy).await?;
    acts.push(stage.play(ROLLED_BACK, teller).await?);

    let grant = administrator.create_grant(outsider.role.as_str()).await?;
    acts.push(stage.play(GRANTED, teller).await?);

    administrator.revoke_grant(&grant).await?;
    acts.push(stage.play(REVOKED, teller).await?);
    Ok(Story { acts })
}

/// What every act is played with.
struct Stage<'a> {
    plan: &'a Plan,
    settings: Settings,
    world: &'a World,
}

impl Stage<'_> {
    /// Runs the plan, looks for causes, and holds the report against the ending.
    async fn play(&self, scene: Scene, teller: &mut Teller<'_>) -> Result<Act, CliError> {
        teller.open(&scene)?;
        let runner = &self.world.administrator;
        let mut report = verify(self.plan, &self.settings, runner).await;
        // The sandbox has no trail, so that no event is named: what happened is told anyhow.
        let aws = Aws::new(runner.service_config(None), &report.environment.region);
        let mut departures = diagnose(&mut report, self.plan, &aws, &aws).await;
        departures.extend(scene.ending.departures(&report));
        let act = Act {
            scene,
            report,
            departures,
        };
        teller.close(&act)?;
        Ok(act)
    }
}

/// The key that the first run found the table to be encrypted with.
fn encryption_key(acts: &[Act]) -> Result<String, CliError> {
    let id = format!("{TABLE}/encryption");
    let rows = acts.iter().flat_map(|act| &act.report.probes);
    rows.filter(|row| row.id == id)
        .find_map(|row| {
            row.observed
                .key
                .clone()
                .filter(|key| key.starts_with("arn:"))
        })
        .ok_or_else(|| CliError::Story(format!("`{id}` did not find the table's key")))
}

const KEPT_OUT: Scene = Scene {
    title: "The key keeps the outsider out",
    told: "Everything is as it was deployed. The outsider may do anything in DynamoDB, but the \
           orders are encrypted, and the key's policy doesn't know the outsider.",
    ending: Ending::KeptOut,
};

const WIDENED: Scene = Scene {
    title: "Somebody widens the key's policy",
    told: "To get something working, an administrator adds the outsider to the key's users \
           (kms:PutKeyPolicy). One line in one policy; nothing breaks, and no one is told.",
    ending: Ending::ExposedByKeyPolicy,
};

const ROLLED_BACK: Scene = Scene {
    title: "The change is rolled back",
    told: "The key gets its old policy again. That it was put back is one thing; that it works \
           again is seen by trying.",
    ending: Ending::KeptOut,
};

const GRANTED: Scene = Scene {
    title: "A temporary grant opens another door",
    told: "The policy stays as it is, but the administrator gives the outsider a grant on the key \
           (kms:CreateGrant). Whoever reviews policies alone doesn't see it.",
    ending: Ending::ExposedByGrant,
};

const REVOKED: Scene = Scene {
    title: "The grant is revoked",
    told: "The administrator takes the grant back (kms:RevokeGrant), and the outsider is outside \
           again.",
    ending: Ending::KeptOut,
};
