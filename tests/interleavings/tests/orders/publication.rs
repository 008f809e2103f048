// SPDX-License-Identifier: Apache-2.0
//! What was committed, told to everybody: once, in order, whatever breaks.

use std::rc::Rc;

use jiff::SignedDuration;
use keyproof_interleavings::{Faults, Play, explore};
use keyproof_state::{Observed, Rules};
use keyproof_verdict::Finding;

use crate::actors::{stream, sweep, verify};
use crate::held;
use crate::runs::every_order;
use crate::truths::of_publication;
use crate::world::{Message, World, at_once};

/// A stack in which runs saw these, one after the other.
fn committed(sees: &[Option<Finding>]) -> Rc<World> {
    let world = World::new();
    let store = world.store();
    let head = at_once(store.head("orders")).unwrap().unwrap();
    let version = at_once(store.version("orders", head.version)).unwrap();
    let plan = keyproof_plan::Plan::parse(&version.unwrap().text).unwrap();
    for (seq, finding) in (1..).zip(sees) {
        world.sees.set(*finding);
        let id = format!("01KEYPR00F{seq:016}");
        let report = world.report(&plan, id, "schedule".to_owned());
        let observed = Observed {
            seq,
            plan_version: 1,
            change: None,
            confirms: None,
        };
        let rules = Rules::default();
        at_once(store.commit(&report, &observed, &rules, &world.reports)).unwrap();
    }
    world
}

/// A play about a world, at whose end everybody was told everything, a thing at most so many times.
fn play(world: Rc<World>, most: impl Fn(usize) -> usize + 'static) -> Play {
    let stage = Rc::clone(&world);
    Play {
        actors: vec![stream(&world)],
        stage: Box::new(move || stage.state()),
        always: Box::new(|| Ok(())),
        at_the_end: Box::new(move |faults| of_publication(&world, most(faults.len()))),
    }
}

#[test]
fn everybody_is_told_once_and_for_each_fault_at_most_once_more() {
    let sees = [None, Some(Finding::Exposed), None];
    let told = || play(committed(&sees), |faults| 1 + faults);

    let most = if every_order() { 2 } else { 1 };
    held(explore(&told, Faults { most }), 101);
}

#[test]
fn a_sweep_beside_a_stream_on_time_tells_nothing_twice() {
    let told = || {
        let world = committed(&[Some(Finding::Exposed), None]);
        let mut play = play(Rc::clone(&world), |faults| 1 + faults);
        play.actors
            .push(sweep(&world, SignedDuration::from_mins(1), || true));
        play
    };

    held(explore(&told, Faults { most: 0 }), 101);
}

/// A stream that is a quarter of an hour late meets the sweep that stands in for it. Both may tell
/// the same thing then, by whose id the second is dropped; neither leaves anything out.
#[test]
fn a_sweep_beside_a_stream_that_is_late_leaves_nothing_out() {
    let told = || {
        let world = committed(&[Some(Finding::Exposed)]);
        let mut play = play(Rc::clone(&world), |faults| 2 + faults);
        play.actors
            .push(sweep(&world, SignedDuration::from_hours(1), || true));
        play
    };

    held(explore(&told, Faults { most: 0 }), 101);
}

#[test]
fn a_run_and_its_publication_at_the_same_time_end_with_everybody_told() {
    let told = || {
        let world = World::new();
        world.sees.set(Some(Finding::Exposed));
        let message = Message::new("m0");
        let mut play = play(Rc::clone(&world), |faults| 1 + faults);
        play.actors.push(verify("first", &world, &message));
        let (stage, end) = (Rc::clone(&world), play.at_the_end);
        let delivered = Rc::clone(&message);
        play.stage = Box::new(move || {
            let count = u64::try_from(delivered.deliveries.get()).unwrap();
            stage.state() ^ (count * 2 + u64::from(delivered.done.get()))
        });
        play.at_the_end = Box::new(move |faults| {
            if world.heard.borrow().is_empty() {
                return Err("nobody was told anything".to_owned());
            }
            end(faults)
        });
        play
    };

    held(explore(&told, Faults { most: 1 }), 301);
}
