// SPDX-License-Identifier: Apache-2.0
//! Runs at the same time, their messages delivered twice, their calls failing, their process killed.

use std::rc::Rc;

use jiff::SignedDuration;
use keyproof_interleavings::{Actor, Faults, Play, explore};
use keyproof_verdict::Finding;

use crate::actors::{account, sweep, verify};
use crate::held;
use crate::truths::{Committed, of_commits};
use crate::world::{Message, World};

const ONE: &[(&str, &str)] = &[("first", "m0")];
const TWO: &[(&str, &str)] = &[("first", "m0"), ("second", "m1")];
const TWICE: &[(&str, &str)] = &[("first", "m0"), ("again", "m0")];
const THREE: &[(&str, &str)] = &[("first", "m0"), ("second", "m1"), ("third", "m2")];

type Messages = Rc<Vec<(&'static str, Rc<Message>)>>;

/// A play of messages, each with its actor's name.
struct Plot {
    messages: &'static [(&'static str, &'static str)],
    /// What the account lets a run see at first.
    sees: Option<Finding>,
    /// How it changes, one after the other.
    changes: &'static [Option<Finding>],
    faults: usize,
    /// Whether a sweep looks, an hour after the messages are carried out.
    swept: bool,
}

impl Plot {
    const fn new(messages: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            messages,
            sees: None,
            changes: &[],
            faults: 0,
            swept: false,
        }
    }

    /// Searches every order: none breaks a truth, and there are at least so many states.
    #[track_caller]
    fn holds(&self, least: usize) {
        let play = || self.play(World::new());
        let faults = Faults { most: self.faults };
        held(explore(&play, faults), least);
    }

    fn play(&self, world: Rc<World>) -> Play {
        world.sees.set(self.sees);
        let (actors, messages) = self.actors(&world);
        let (stage, always, end) = (Rc::clone(&world), Rc::clone(&world), world);
        let (delivered, told) = (Rc::clone(&messages), Rc::clone(&messages));
        let most = self.faults + 1;
        Play {
            actors,
            stage: Box::new(move || stage.state() ^ deliveries(&delivered)),
            always: Box::new(move || {
                // What comes again without a fault comes again for ever.
                let mut counts = told.iter().map(|(_, message)| message.deliveries.get());
                if counts.any(|count| count > most) {
                    return Err("a message was not carried out, and nothing was wrong".to_owned());
                }
                of_commits(&always)
            }),
            at_the_end: Box::new(move |_| each_is_committed(&end, &messages)),
        }
    }

    fn actors(&self, world: &Rc<World>) -> (Vec<Actor>, Messages) {
        let messages = self
            .messages
            .iter()
            .map(|(name, id)| (*name, Message::new(id)));
        let messages: Messages = Rc::new(messages.collect());
        let mut actors: Vec<Actor> = messages
            .iter()
            .map(|(name, message)| verify(name, world, message))
            .collect();
        if !self.changes.is_empty() {
            actors.push(account(world, self.changes));
        }
        if self.swept {
            let waiting = Rc::clone(&messages);
            let ready = move || waiting.iter().all(|(_, message)| message.done.get());
            actors.push(sweep(world, SignedDuration::from_hours(1), ready));
        }
        (actors, messages)
    }
}

/// What became of the messages, as a number.
fn deliveries(messages: &Messages) -> u64 {
    let all = messages.iter().fold(7_u64, |all, (_, message)| {
        let count = u64::try_from(message.deliveries.get()).unwrap();
        all.wrapping_mul(31) + count * 2 + u64::from(message.done.get())
    });
    all.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Every message became a run, and the same message one run.
fn each_is_committed(world: &World, messages: &Messages) -> Result<(), String> {
    let mut ids: Vec<_> = messages.iter().map(|(_, message)| message.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let committed = Committed::of(&world.store()).runs.len();
    if committed == ids.len() {
        return Ok(());
    }
    Err(format!("{} messages became {committed} runs", ids.len()))
}

/// Whether the larger plays are searched, too.
pub(crate) fn every_order() -> bool {
    std::env::var_os("EVERY_ORDER").is_some()
}

#[test]
fn a_run_outlives_any_two_faults() {
    let plot = Plot {
        sees: Some(Finding::Exposed),
        faults: 2,
        ..Plot::new(ONE)
    };

    plot.holds(200);
}

#[test]
fn two_runs_at_the_same_time_lose_and_repeat_nothing_whatever_breaks() {
    let plot = Plot {
        sees: Some(Finding::Exposed),
        faults: 1,
        ..Plot::new(TWO)
    };

    plot.holds(1000);
}

#[test]
fn a_message_that_is_delivered_twice_at_the_same_time_is_one_run() {
    let plot = Plot {
        faults: usize::from(every_order()),
        ..Plot::new(TWICE)
    };

    plot.holds(50);
}

#[test]
fn two_runs_while_the_account_changes_tell_what_each_saw() {
    let plot = Plot {
        changes: &[Some(Finding::Exposed), None],
        ..Plot::new(TWO)
    };

    plot.holds(500);
}

#[test]
fn three_runs_while_the_account_changes_tell_what_each_saw() {
    let plot = Plot {
        changes: &[Some(Finding::Exposed)],
        ..Plot::new(if every_order() { THREE } else { TWO })
    };

    plot.holds(200);
}

#[test]
fn a_lockout_is_confirmed_or_asked_after_whatever_breaks() {
    let plot = Plot {
        sees: Some(Finding::LockedOut),
        faults: 1,
        swept: true,
        ..Plot::new(ONE)
    };
    let play = || {
        let world = World::new();
        let mut play = plot.play(Rc::clone(&world));
        // A re-verification that got lost is asked for by the sweep.
        play.at_the_end = Box::new(move |_| {
            let asked = world.asked.borrow();
            let confirms = asked
                .iter()
                .any(|request| request.trigger == "confirmation");
            confirms
                .then_some(())
                .ok_or_else(|| format!("nobody asks again: {asked:?}"))
        });
        play
    };

    held(explore(&play, Faults { most: 1 }), 201);
}

/// The search would see it: a table without the conditions lets one run overwrite another.
#[test]
fn forgotten_conditions_are_found_out() {
    let plot = Plot::new(TWO);
    let play = || plot.play(World::forgetful());

    let found = explore(&play, Faults::default());

    let violation = found.unwrap_err();
    assert_eq!(violation.what, "2 messages became 1 runs", "{violation}");
}
