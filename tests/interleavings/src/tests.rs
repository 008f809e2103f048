// SPDX-License-Identifier: Apache-2.0
//! The search itself: it finds what two who count without looking lose, and nothing where they look.

use std::cell::Cell;
use std::rc::Rc;

use super::*;

/// Somebody who reads a number and writes it back one higher: in two steps, or in one.
fn counter(name: &'static str, number: &Rc<Cell<u64>>, steps: usize) -> Actor {
    let gate = Gate::default();
    let done = Rc::new(Cell::new(false));
    let (undone, behind, number) = (Rc::clone(&done), gate.clone(), Rc::clone(number));
    Actor {
        name,
        gate,
        wants: Box::new(move || !undone.get()),
        begin: Box::new(move || {
            let (done, gate, number) = (Rc::clone(&done), behind.clone(), Rc::clone(&number));
            Box::pin(async move {
                gate.pass().await;
                let read = number.get();
                gate.told(&read);
                if steps == 2 {
                    gate.pass().await;
                }
                number.set(read + 1);
                done.set(true);
            })
        }),
    }
}

fn play(steps: usize) -> Play {
    let number = Rc::new(Cell::new(0));
    let actors = vec![
        counter("one", &number, steps),
        counter("other", &number, steps),
    ];
    let stage = Rc::clone(&number);
    Play {
        actors,
        stage: Box::new(move || stage.get()),
        always: Box::new(|| Ok(())),
        at_the_end: Box::new(move |_| match number.get() {
            2 => Ok(()),
            other => Err(format!("two counted to {other}")),
        }),
    }
}

#[test]
fn a_lost_count_is_found_with_the_order_that_lost_it() {
    let violation = explore(&|| play(2), Faults::default()).unwrap_err();

    assert_eq!(violation.what, "two counted to 1");
    assert_eq!(violation.steps.len(), 6, "{violation}");
}

#[test]
fn who_reads_and_writes_in_one_step_loses_nothing() {
    let explored = explore(&|| play(1), Faults::default()).unwrap();

    assert!(explored.ends > 0, "{explored:?}");
}

#[test]
fn who_is_killed_begins_again() {
    let explored = explore(&|| play(1), Faults { most: 2 }).unwrap();

    assert!(explored.states > 10, "{explored:?}");
}
