// SPDX-License-Identifier: Apache-2.0
//! `docs/faults-large-run.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use keyproof_verdict::Report;

use super::calls::CALLS;
use super::machine::{Came, Step, Undisturbed};
use super::{Cell, judge};
use crate::faults::ROWS;
use crate::page::{Signs, grid_of};
use crate::world::Truth;

const INTRODUCTION: &str = "\
# When replies to a large run break

A plan that is too large for one invocation is [carried out in shards](shards.md#in-the-deployed-service), in steps that
leave what they did in the state table and in the report bucket. The test that has written [the matrix of
runs](faults.md) breaks each call of each step with each fault, with the account and the state table in a sandbox and
the bucket beside it, and carries the run out as the state machine would: a step that failed is tried again, a shard that
failed for good is dead, and a run whose plan can't be cut or whose report can't be committed is abandoned.
";

const LEGEND: &str = "\
Each run that was committed was committed once, with each planned probe, in plan order; no probe passed that doesn't
pass undisturbed, and what the other shard had found out stood. Where none was committed, the run's status said
`failed` and why, and the same step, asked again when nothing was broken, brought the report of an undisturbed run.
Each step ended in its time.

- `=` the report of an undisturbed run: the call or the step was made again, or the fault changed nothing that matters
- `?` at least one probe is inconclusive, and says why
- `!` a false alarm: a probe failed that passes undisturbed, as the reply could not be told from one that only an
  authorised call gets
- `–` nothing was committed, and the run's status says why
- nothing: not tried, as whoever can forge the answer to a write that never came can say that it was made
- two signs: it depends on the world, or on whose call it was

`lost` is a call that the service never got. Others were carried out, and only their reply broke.
";

/// What came of a fault at a call of a step.
pub(super) type Squares = BTreeMap<(Step, &'static str, &'static str), BTreeSet<&'static str>>;

pub(super) fn page(
    came: &[(Cell, Came, Vec<String>)],
    whole: &BTreeMap<Truth, Undisturbed>,
    squares: &Squares,
) -> String {
    let mut page = INTRODUCTION.to_owned();
    let committed: Vec<_> = came
        .iter()
        .filter_map(|(cell, came, _)| Some((&whole[&cell.truth].report, came.report.as_ref()?)))
        .collect();
    let count = |of: fn(&Report, &Report) -> usize| -> usize {
        committed.iter().map(|(was, is)| of(was, is)).sum()
    };
    let _ = write!(
        page,
        "\n{} runs: {} faults at {} calls. {} were committed. False passes: {}. Lost probes: {}.\n\n{LEGEND}",
        came.len(),
        ROWS.len(),
        CALLS.len(),
        committed.len(),
        count(judge::false_passes),
        count(judge::lost),
    );
    for (step, words) in [
        (
            Step::Cut,
            "The plan is divided, and each shard's part laid ready.",
        ),
        (
            Step::Shard,
            "One of the two shards is carried out; the other is whole.",
        ),
        (
            Step::Collect,
            "One report is made of the shards', and committed.",
        ),
    ] {
        let mut columns: Vec<&str> = Vec::new();
        for call in CALLS.iter().filter(|call| call.step == step) {
            if !columns.contains(&call.column) {
                columns.push(call.column);
            }
        }
        let of_step = squares.iter().filter(|((of, _, _), _)| *of == step);
        let signs: Signs = of_step
            .map(|((_, row, column), signs)| ((*row, *column), signs.clone()))
            .collect();
        let _ = write!(
            page,
            "\n## {step:?}\n\n{words}\n\n{}",
            grid_of(&columns, &signs).trim_end()
        );
        page.push('\n');
    }
    page
}
