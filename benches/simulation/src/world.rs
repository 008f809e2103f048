// SPDX-License-Identifier: Apache-2.0
//! What happens, event by event.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use keyproof_core::Service;
use keyproof_quota::{Operation, Quota};

use crate::dice::{Dice, microseconds, seconds};

/// Calls under way at once in a shard, as the function has them.
const IN_SHARD: usize = 32;
/// How often a call is sent at most.
const ATTEMPTS: u8 = 5;
/// How often a shard is tried at most.
const TRIES: u8 = 3;

/// An organisation, and how its run is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scenario {
    /// Accounts, each a shard.
    pub accounts: usize,
    /// Tables of each.
    pub tables: usize,
    /// Keys of each.
    pub keys: usize,
    /// Roles assumed in each: a reader, an outsider, and whoever looks at tables.
    pub roles: usize,
    /// Reads that are tried on each table.
    pub reads: usize,
    /// Whether all of them are one account after all, with one account's quotas.
    pub one_account: bool,
    /// Shards under way at once.
    pub at_once: usize,
    /// The region.
    pub region: &'static str,
    /// The usual length of a call, in microseconds.
    pub latency: u64,
    /// How long a shard takes beside its calls: its start, its part and its report.
    pub overhead: u64,
    /// The chance that a call has no answer, or one that says nothing.
    pub lost_calls: f64,
    /// The chance that a shard dies at a try.
    pub deaths: f64,
    /// Where chance begins.
    pub seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// How many probes there are.
    pub probes: usize,
    /// How many of them are blind in the report.
    pub blind: usize,
    /// Of these, how many in shards that died.
    pub dead: usize,
    /// Calls that were sent, attempts all counted.
    pub calls: u64,
    /// Calls that were throttled, by the quota.
    pub throttled: BTreeMap<&'static str, u64>,
    /// How long the shards take together, in seconds.
    pub seconds: f64,
    /// Seconds of functions, all together.
    pub function_seconds: f64,
    /// Tries of shards.
    pub tries: u64,
}

/// What a quota still admits.
struct Bucket {
    tokens: f64,
    per_second: f64,
    at: u64,
}

impl Bucket {
    fn new(quota: &Quota, region: &str) -> Self {
        let per_second = f64::from(quota.in_region(region));
        Self {
            tokens: per_second,
            per_second,
            at: 0,
        }
    }

    fn admits(&mut self, now: u64) -> bool {
        let gained = seconds(now - self.at) * self.per_second;
        self.tokens = (self.tokens + gained).min(self.per_second);
        self.at = now;
        let admits = self.tokens >= 1.0;
        if admits {
            self.tokens -= 1.0;
        }
        admits
    }
}

/// What a shard has to do, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    Session,
    Look,
    Key,
    Read,
}

impl Work {
    const fn operation(self) -> Operation {
        match self {
            Self::Session => Operation::ASSUME_ROLE,
            Self::Look => Operation::DESCRIBE_TABLE,
            Self::Key => Operation::DESCRIBE_KEY,
            Self::Read => Operation::new(Service::DynamoDb, "GetItem"),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A shard's function is ready.
    Started,
    /// A call of this shard is to be sent, for the so-maniest time.
    Send(Work, u8),
    /// It was answered, or given up.
    Answered(Work, bool),
}

/// A shard under way.
#[derive(Clone, Copy, Default)]
struct Shard {
    tries: u8,
    since: u64,
    left: [usize; 4],
    under_way: usize,
    /// Probes that this try learnt nothing about.
    blind: usize,
    /// Sessions that this try has not got.
    without: usize,
    dies: bool,
}

struct World<'a> {
    scenario: &'a Scenario,
    dice: Dice,
    sts: Bucket,
    /// The quotas of each account, looks, keys and reads.
    own: Vec<[Bucket; 3]>,
    shards: Vec<Shard>,
    waiting: usize,
    heap: BinaryHeap<Reverse<(u64, u64, usize, Event)>>,
    order: u64,
    outcome: Outcome,
}

/// Plays a run.
#[must_use]
pub fn simulate(scenario: &Scenario) -> Outcome {
    let bucket =
        |work: Work| Quota::of(work.operation()).map(|quota| Bucket::new(quota, scenario.region));
    let unbounded = || Bucket {
        tokens: f64::MAX,
        per_second: f64::MAX,
        at: 0,
    };
    let of = |work: Work| bucket(work).unwrap_or_else(unbounded);
    let mut world = World {
        scenario,
        dice: Dice::new(scenario.seed),
        sts: of(Work::Session),
        own: (0..scenario.accounts)
            .map(|_| [of(Work::Look), of(Work::Key), of(Work::Read)])
            .collect(),
        shards: vec![Shard::default(); scenario.accounts],
        waiting: 0,
        heap: BinaryHeap::new(),
        order: 0,
        outcome: Outcome {
            probes: scenario.accounts * scenario.probes(),
            ..Outcome::default()
        },
    };
    for _ in 0..scenario.at_once.min(scenario.accounts) {
        world.next_shard(0);
    }
    while let Some(Reverse((now, _, shard, event))) = world.heap.pop() {
        world.happen(now, shard, event);
    }
    world.outcome
}

impl Scenario {
    /// Probes of an account.
    #[must_use]
    pub const fn probes(&self) -> usize {
        self.tables * (1 + self.reads)
    }
}

impl World<'_> {
    fn at(&mut self, when: u64, shard: usize, event: Event) {
        self.order += 1;
        self.heap.push(Reverse((when, self.order, shard, event)));
    }

    fn next_shard(&mut self, now: u64) {
        if self.waiting < self.scenario.accounts {
            let shard = self.waiting;
            self.waiting += 1;
            self.begin(now, shard);
        }
    }

    /// A try of a shard.
    fn begin(&mut self, now: u64, number: usize) {
        let scenario = self.scenario;
        let dies = self.dice.happens(scenario.deaths);
        let ready = now + self.dice.about(scenario.overhead);
        if let Some(shard) = self.shards.get_mut(number) {
            *shard = Shard {
                tries: shard.tries + 1,
                since: now,
                left: [
                    scenario.roles,
                    scenario.tables,
                    scenario.keys,
                    scenario.tables * scenario.reads,
                ],
                dies,
                ..Shard::default()
            };
        }
        self.outcome.tries += 1;
        self.at(ready, number, Event::Started);
    }

    fn happen(&mut self, now: u64, number: usize, event: Event) {
        match event {
            Event::Started => self.fill(now, number),
            Event::Send(work, attempt) => self.send(now, number, work, attempt),
            Event::Answered(work, told) => {
                let scenario = self.scenario;
                if let Some(shard) = self.shards.get_mut(number) {
                    shard.under_way -= 1;
                    if !told {
                        match work {
                            // Whoever has no session learns nothing.
                            Work::Session => shard.without += 1,
                            Work::Look | Work::Read => shard.blind += 1,
                            Work::Key => shard.blind += scenario.tables / scenario.keys.max(1),
                        }
                    }
                }
                self.fill(now, number);
            }
        }
    }

    /// Sends what there is room for: sessions first, and all else when they are there.
    fn fill(&mut self, now: u64, number: usize) {
        loop {
            let Some(shard) = self.shards.get_mut(number) else {
                return;
            };
            let [sessions, looks, keys, reads] = &mut shard.left;
            let next = if *sessions > 0 {
                Some((sessions, Work::Session))
            } else if shard.under_way > 0 && *looks == self.scenario.tables {
                // The sessions are under way still.
                None
            } else if *looks > 0 {
                Some((looks, Work::Look))
            } else if *keys > 0 {
                Some((keys, Work::Key))
            } else if *reads > 0 {
                Some((reads, Work::Read))
            } else {
                None
            };
            let Some((left, work)) = next.filter(|_| shard.under_way < IN_SHARD) else {
                break;
            };
            *left -= 1;
            shard.under_way += 1;
            self.at(now, number, Event::Send(work, 1));
        }
        let done = self.shards.get(number).copied();
        if let Some(shard) = done.filter(|shard| shard.under_way == 0 && shard.left == [0; 4]) {
            self.end(now, number, shard);
        }
    }

    fn send(&mut self, now: u64, number: usize, work: Work, attempt: u8) {
        self.outcome.calls += 1;
        let length = self.dice.about(self.scenario.latency);
        let account = if self.scenario.one_account { 0 } else { number };
        let bucket = match (work, self.own.get_mut(account)) {
            (Work::Session, _) | (_, None) => &mut self.sts,
            (Work::Look, Some([look, _, _])) => look,
            (Work::Key, Some([_, key, _])) => key,
            (Work::Read, Some([_, _, read])) => read,
        };
        let admitted = bucket.admits(now);
        if !admitted {
            let name = Quota::of(work.operation()).map_or("", |quota| quota.name);
            *self.outcome.throttled.entry(name).or_default() += 1;
        }
        let answered = admitted && !self.dice.happens(self.scenario.lost_calls);
        if answered || attempt >= ATTEMPTS {
            self.at(now + length, number, Event::Answered(work, answered));
            return;
        }
        // As the function waits: up to a quarter of a second, doubled each time.
        let longest = microseconds(0.25 * f64::from(1_u32 << u32::from(attempt - 1)));
        let pause = microseconds(seconds(longest) * self.dice.unit());
        self.at(now + length + pause, number, Event::Send(work, attempt + 1));
    }

    fn end(&mut self, now: u64, number: usize, shard: Shard) {
        self.outcome.function_seconds += seconds(now - shard.since);
        self.outcome.seconds = self.outcome.seconds.max(seconds(now));
        if shard.dies && shard.tries < TRIES {
            let pause = self.dice.about(1_000_000);
            self.begin(now + pause, number);
            return;
        }
        let probes = self.scenario.probes();
        let per_role = probes / self.scenario.roles.max(1);
        let blind = if shard.dies {
            self.outcome.dead += probes;
            probes
        } else {
            (shard.blind + shard.without * per_role).min(probes)
        };
        self.outcome.blind += blind;
        self.next_shard(now);
    }
}
