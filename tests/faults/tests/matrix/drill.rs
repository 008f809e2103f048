// SPDX-License-Identifier: Apache-2.0
//! The same faults at the calls of `keyproof drill`, which opens real access for a while.
//!
//! Each is tried in a sandbox of its own. What is looked at is the sandbox itself, past the proxy: a drill
//! passes only where its grant came, worked and is gone; a grant that is there when it has ended stands in
//! the report, with its key and its id, and the next drill finds and revokes it.

mod calls;
mod judge;
mod page;

use std::time::{Duration, Instant};

use aws_sdk_kms::config::{BehaviorVersion, Region};
use aws_sdk_kms::types::{GrantListEntry, GrantOperation};
use futures_util::stream::{self, StreamExt};
use keyproof_aws::{DrillError, DrillOptions, Patience, Settings, clean_up, drill, verify};
use keyproof_drill::{DrillReport, is_drill};
use keyproof_faults::{Disturbance, Fault, Proxy, Recording};
use keyproof_plan::Plan;
use keyproof_template::Account;

use calls::{CALLS, Call};

use crate::cell::DEADLINE;
use crate::faults::{Must, ROWS, Row};
use crate::places;
use crate::world::{World, account, patient};

/// Drills under way at once.
const AT_ONCE: usize = 64;

/// A grant that a killed drill left behind.
const LEFT: &str = "keyproof-drill-01KEYPR00F0000000000000001-1";

/// What comes of a drill that nothing disturbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Access comes with the grant, and goes with it.
    Works,
    /// The outsider is let in without one.
    Open,
    /// The key's policy denies the outsider, whatever is granted.
    Stuck,
}

impl Way {
    const ALL: [Self; 3] = [Self::Works, Self::Open, Self::Stuck];

    fn account(self) -> Account {
        let reader = "[!GetAtt Reader.Arn]";
        let both = "[!GetAtt Reader.Arn, !GetAtt Outsider.Arn]";
        let deny = "\n          - { Sid: Never, Effect: Deny, Principal: { AWS: !GetAtt Outsider.Arn }, \
                    Action: \"kms:Decrypt\", Resource: \"*\" }";
        match self {
            Self::Works => account(reader, ""),
            Self::Open => account(both, ""),
            Self::Stuck => account(reader, deny),
        }
    }
}

/// A world, and the replies of its drill that nothing disturbs.
struct Undisturbed {
    account: Account,
    recording: Recording,
}

/// A fault at a call of a drill in a world.
#[derive(Clone, Copy, Debug)]
struct Cell {
    row: &'static Row,
    call: &'static Call,
    way: Way,
}

/// What came of a cell.
#[derive(Debug)]
struct Came {
    result: Result<DrillReport, DrillError>,
    /// How many calls were broken.
    broken: usize,
    took: Duration,
    /// The grants of drills that are there when it has ended.
    there: Vec<GrantListEntry>,
    /// What the next drill found and did.
    next: Result<DrillReport, DrillError>,
    /// The grants of drills that are there after that.
    after: Vec<GrantListEntry>,
}

fn plan() -> Plan {
    places::plan(
        "  - { principal: reader, on: orders, actions: [dynamodb:GetItem], decision: allowed }\n  \
         - { principal: outsider, on: orders, actions: [dynamodb:GetItem], decision: denied, by: kms }\n",
    )
}

fn cells() -> Vec<Cell> {
    let of = |row: &'static Row, call: &'static Call| {
        let ways = Way::ALL.into_iter().filter(move |way| match way {
            Way::Works => true,
            // Where another world could be taken for one that works.
            Way::Open => row.must == Must::BeSafe && call.name.ends_with("before"),
            Way::Stuck => row.must == Must::BeSafe && call.name.ends_with("granted"),
        });
        ways.map(move |way| Cell { row, call, way })
    };
    let rows = ROWS.iter();
    rows.flat_map(|row| CALLS.iter().flat_map(move |call| of(row, call)))
        .collect()
}

impl World {
    fn kms(&self) -> aws_sdk_kms::Client {
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .http_client(self.sandbox.clone())
            .credentials_provider(self.credentials.clone())
            .build();
        aws_sdk_kms::Client::from_conf(config)
    }

    async fn key(&self) -> String {
        let described = self
            .kms()
            .describe_key()
            .key_id("alias/orders")
            .send()
            .await;
        let metadata = described.unwrap().key_metadata.unwrap();
        metadata.arn.unwrap()
    }

    /// The grants of drills, as they are.
    async fn drill_grants(&self) -> Vec<GrantListEntry> {
        let listed = self.kms().list_grants().key_id(self.key().await).send();
        let grants = listed.await.unwrap().grants.unwrap_or_default();
        let of_drill = |grant: &GrantListEntry| grant.name().is_some_and(is_drill);
        grants.into_iter().filter(of_drill).collect()
    }

    async fn leave_grant(&self) {
        let make = self
            .kms()
            .create_grant()
            .key_id(self.key().await)
            .name(LEFT);
        let make = make.grantee_principal("arn:aws:iam::111122223333:role/keyproof/outsider");
        make.operations(GrantOperation::Decrypt)
            .send()
            .await
            .unwrap();
    }

    /// The replies of a run, in which the reader has its part, too.
    async fn verified(&self) -> Recording {
        let proxy = Proxy::start(&self.address, None, Recording::default()).await;
        let runner = self.runner(proxy.url()).await;
        Box::pin(verify(&plan(), &patient(), &runner)).await;
        proxy.recording()
    }

    async fn drilled(
        &self,
        disturbance: Option<Disturbance>,
        recording: Recording,
        settings: &Settings,
        options: &DrillOptions,
    ) -> (Came, Recording) {
        let proxy = Proxy::start(&self.address, disturbance, recording).await;
        let runner = self.runner(proxy.url()).await;
        let past_proxy = self.runner(&format!("http://{}", self.address)).await;
        let plan = plan();
        let started = Instant::now();
        let never = std::future::pending();
        let result = Box::pin(drill(&plan, settings, &runner, options, never)).await;
        let took = started.elapsed();
        let there = self.drill_grants().await;
        let next = Box::pin(clean_up(&plan, &patient(), &past_proxy)).await;
        let came = Came {
            result,
            broken: proxy.broken(),
            took,
            there,
            next,
            after: self.drill_grants().await,
        };
        (came, proxy.recording())
    }
}

/// What a drill is made with: all waits are short, and `patience` times as long on a busy machine.
fn options(patience: u32) -> DrillOptions {
    DrillOptions {
        within: Duration::from_millis(2_500) * patience,
        every: Duration::from_millis(200),
        confirmations: 1,
        keep: Some(Duration::from_millis(30)),
        patience: Patience {
            revocation: Duration::from_secs(5),
            refusal: Duration::from_millis(200),
            search: Duration::from_millis(600),
            pause: Duration::from_millis(250),
        },
        ..DrillOptions::default()
    }
}

impl Cell {
    /// Runs it, more patiently where the machine may be too busy for it.
    async fn run(&self, undisturbed: &Undisturbed) -> (Came, Vec<String>) {
        let mut came = self.once(undisturbed, 1).await;
        for patience in [4, 16] {
            let wrong = judge::complaints(self, &came);
            if wrong.is_empty() || wrong.iter().any(|text| text.starts_with(judge::FATAL)) {
                break;
            }
            came = self.once(undisturbed, patience).await;
        }
        let wrong = judge::complaints(self, &came);
        (came, wrong)
    }

    async fn once(&self, undisturbed: &Undisturbed, patience: u32) -> Came {
        let world = World::start(&undisturbed.account).await;
        if self.call.left {
            world.leave_grant().await;
        }
        let disturbance = Disturbance {
            operation: self.call.operation.to_owned(),
            principal: self.call.principal.to_owned(),
            fault: self.row.fault,
            skip: self.call.skip,
            times: self.row.times,
            lost: self.call.lost,
        };
        // Chunks that never come, of a reply that has no body.
        let slow = self.row.slow
            || (self.row.fault, self.call.operation) == (Fault::BadChunks, "RevokeGrant");
        let short = Duration::from_millis(700) * patience;
        let settings = Settings {
            attempt_timeout: if slow {
                short
            } else {
                patient().attempt_timeout
            },
            attempts: if slow { 2 } else { patient().attempts },
            deadline: Some(DEADLINE),
            guard: false,
            ..patient()
        };
        let options = options(patience);
        let drilled = world.drilled(
            Some(disturbance),
            undisturbed.recording.clone(),
            &settings,
            &options,
        );
        drilled.await.0
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} at {} ({:?})",
            self.row.name, self.call.name, self.way
        )
    }
}

/// Breaks every call with every fault; one of so many, unless all are asked for. The complaints.
pub(crate) async fn matrix(step: usize) -> Vec<String> {
    let mut undisturbed = Vec::new();
    for way in Way::ALL {
        let account = way.account();
        let world = World::start(&account).await;
        world.leave_grant().await;
        let settings = Settings {
            guard: false,
            ..patient()
        };
        // The last reply to each call is the same in every run.
        let options = DrillOptions {
            keep: None,
            ..options(4)
        };
        let drilled = world.drilled(None, Recording::default(), &settings, &options);
        let (came, recording) = drilled.await;
        judge::world_is(way, &came);
        let recording = recording.or(&world.verified().await);
        undisturbed.push(Undisturbed { account, recording });
    }
    let cells: Vec<Cell> = cells().into_iter().step_by(step).collect();
    let came = stream::iter(&cells).map(async |cell| {
        let (came, wrong) = cell.run(&undisturbed[cell.way as usize]).await;
        (*cell, came, wrong)
    });
    let came: Vec<_> = came.buffer_unordered(AT_ONCE).collect().await;
    let wrong = came
        .iter()
        .flat_map(|(cell, _, wrong)| wrong.iter().map(move |text| format!("{cell}: {text}")));
    let mut wrong: Vec<String> = wrong.collect();
    if std::env::var_os("UPDATE_GOLDEN").is_none() {
        wrong.extend(page::differences(&came));
    }
    if step == 1 && wrong.is_empty() {
        page::compare(&came);
    }
    wrong
}
