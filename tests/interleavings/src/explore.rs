// SPDX-License-Identifier: Apache-2.0
//! The search: depth first, each order from its beginning, as a future can't be copied.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::{Fate, Gate};

/// What an actor does from its beginning to its end.
pub type Doing = Pin<Box<dyn Future<Output = ()>>>;

/// Whether all is as it must be, after these faults; what is not.
pub type Truth = Box<dyn Fn(&[Step]) -> Result<(), String>>;

/// Somebody who takes steps.
pub struct Actor {
    /// For whoever reads an order.
    pub name: &'static str,
    /// Where its calls wait.
    pub gate: Gate,
    /// Whether there is something to do for it. It is asked while it does nothing; what has been
    /// done to its end is its own to remember.
    pub wants: Box<dyn Fn() -> bool>,
    /// Begins.
    pub begin: Box<dyn Fn() -> Doing>,
}

impl fmt::Debug for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut actor = formatter.debug_struct("Actor");
        actor.field("name", &self.name).finish_non_exhaustive()
    }
}

/// One play: the actors on a new stage.
pub struct Play {
    /// Who takes part.
    pub actors: Vec<Actor>,
    /// Everything outside of the actors, as a number.
    pub stage: Box<dyn Fn() -> u64>,
    /// What must be so after every step.
    pub always: Box<dyn Fn() -> Result<(), String>>,
    /// What must be so when nobody has anything left to do.
    pub at_the_end: Truth,
}

impl fmt::Debug for Play {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut play = formatter.debug_struct("Play");
        play.field("actors", &self.actors).finish_non_exhaustive()
    }
}

/// How many faults may happen in one order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// How many, whichever they are.
    pub most: usize,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The actor begins, and comes to its first call.
    Begin(&'static str),
    /// The actor's call is carried out, and it comes to its next.
    Call(&'static str),
    /// The actor's call fails.
    Refuse(&'static str),
    /// The actor's call is carried out, and fails nevertheless.
    Lose(&'static str),
    /// The actor is killed before its call.
    Kill(&'static str),
}

impl Step {
    /// Whether it is a fault.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        match self {
            Self::Begin(_) | Self::Call(_) => false,
            Self::Refuse(_) | Self::Lose(_) | Self::Kill(_) => true,
        }
    }
}

/// An order in which something went wrong.
#[derive(Debug)]
pub struct Violation {
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// What was not as it must be.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.what)?;
        for step in &self.steps {
            writeln!(formatter, "  {step:?}")?;
        }
        Ok(())
    }
}

/// What a search has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Explored {
    /// Different states.
    pub states: usize,
    /// Orders that came to an end.
    pub ends: usize,
}

/// Tries every order of the play's steps.
///
/// # Errors
///
/// The first order in which something was not as it must be.
pub fn explore(play: &dyn Fn() -> Play, faults: Faults) -> Result<Explored, Violation> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| Violation::new(&[], error.to_string()))?;
    runtime.block_on(async {
        let mut search = Search {
            seen: HashSet::new(),
            open: vec![Vec::new()],
            explored: Explored::default(),
            faults,
        };
        while let Some(begun) = search.open.pop() {
            search.perform(play(), begun).await?;
        }
        Ok(search.explored)
    })
}

impl Violation {
    fn new(steps: &[Step], what: String) -> Self {
        Self {
            steps: steps.to_vec(),
            what,
        }
    }
}

struct Search {
    seen: HashSet<u64>,
    /// Beginnings of orders that are still to be tried.
    open: Vec<Vec<Step>>,
    explored: Explored,
    faults: Faults,
}

impl Search {
    /// Plays an order whose beginning is given to one end. What else could have happened after it
    /// is kept for later.
    async fn perform(&mut self, play: Play, begun: Vec<Step>) -> Result<(), Violation> {
        let mut stage = Stage::new(play);
        for step in &begun {
            stage.take(*step).await;
        }
        let mut steps = begun;
        loop {
            (stage.play.always)().map_err(|what| Violation::new(&steps, what))?;
            let left = self.faults.most - count(&steps);
            if !self.seen.insert(stage.state(left)) {
                return Ok(());
            }
            self.explored.states += 1;
            let mut next = stage.next(left > 0);
            let Some(first) = next.pop() else {
                self.explored.ends += 1;
                let faults: Vec<_> = faults(&steps).collect();
                return (stage.play.at_the_end)(&faults)
                    .map_err(|what| Violation::new(&steps, what));
            };
            for other in next {
                let mut order = steps.clone();
                order.push(other);
                self.open.push(order);
            }
            stage.take(first).await;
            steps.push(first);
        }
    }
}

fn faults(steps: &[Step]) -> impl Iterator<Item = Step> + '_ {
    steps.iter().copied().filter(|step| step.is_fault())
}

fn count(steps: &[Step]) -> usize {
    faults(steps).count()
}

/// A play under way.
struct Stage {
    play: Play,
    /// What each actor is doing.
    doing: Vec<Option<Doing>>,
}

impl Stage {
    fn new(play: Play) -> Self {
        let doing = play.actors.iter().map(|_| None).collect();
        Self { play, doing }
    }

    /// What may happen now. What has no fault comes last, to be taken first.
    fn next(&self, faults: bool) -> Vec<Step> {
        let mut next = Vec::new();
        for (actor, doing) in self.play.actors.iter().zip(&self.doing) {
            match doing {
                None if (actor.wants)() => next.push(Step::Begin(actor.name)),
                None => {}
                Some(_) => {
                    next.push(Step::Call(actor.name));
                    if faults {
                        next.extend([Step::Refuse(actor.name), Step::Kill(actor.name)]);
                    }
                    if faults && !actor.gate.looks() {
                        next.push(Step::Lose(actor.name));
                    }
                }
            }
        }
        next.sort_by_key(|step| !step.is_fault());
        next
    }

    async fn take(&mut self, step: Step) {
        let (name, fate) = match step {
            Step::Begin(name) | Step::Kill(name) => (name, None),
            Step::Call(name) => (name, Some(Fate::Answered)),
            Step::Refuse(name) => (name, Some(Fate::Refused)),
            Step::Lose(name) => (name, Some(Fate::Lost)),
        };
        let both = self.play.actors.iter().zip(&mut self.doing);
        for (actor, doing) in both.filter(|(actor, _)| actor.name == name) {
            match (step, fate) {
                (Step::Kill(_), _) => {
                    *doing = None;
                    actor.gate.forget();
                    return;
                }
                (_, Some(fate)) => actor.gate.open(fate),
                (_, None) => {
                    actor.gate.forget();
                    *doing = Some((actor.begin)());
                }
            }
            if let Some(future) = doing
                && until_it_waits(future, &actor.gate).await
            {
                *doing = None;
                actor.gate.forget();
            }
        }
    }

    /// The state as a number: the stage, and what each actor knows of it.
    fn state(&self, faults_left: usize) -> u64 {
        let mut hasher = DefaultHasher::new();
        faults_left.hash(&mut hasher);
        (self.play.stage)().hash(&mut hasher);
        for (actor, doing) in self.play.actors.iter().zip(&self.doing) {
            let wants = doing.is_none() && (actor.wants)();
            (doing.is_some(), wants).hash(&mut hasher);
            actor.gate.knowledge().hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// Lets an actor go on to its next call, over pauses that it makes: whether it came to its end.
async fn until_it_waits(doing: &mut Doing, gate: &Gate) -> bool {
    loop {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(()) = doing.as_mut().poll(&mut context) {
            return true;
        }
        if gate.waits() {
            return false;
        }
        tokio::time::advance(Duration::from_secs(1)).await;
    }
}
