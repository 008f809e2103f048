// SPDX-License-Identifier: Apache-2.0
//! `docs/faults-drill.md`.

use super::{CALLS, Came, Cell, judge};
use crate::faults::ROWS;
use crate::page::{Signs, grid_of};

const FILE: &str = "faults-drill.md";

type Cells = [(Cell, Came, Vec<String>)];

fn signs(came: &Cells) -> Signs {
    let mut signs = Signs::new();
    for (cell, came, _) in came {
        let square = signs.entry((cell.row.name, cell.call.name)).or_default();
        square.insert(judge::sign(cell, came));
    }
    signs
}

/// Compares the page with all that came, or writes it.
pub(super) fn compare(came: &Cells) {
    crate::page::compare(FILE, &page(came));
}

/// Where some of the cells are not as the page says.
pub(super) fn differences(came: &Cells) -> Vec<String> {
    let page = crate::page::written(FILE);
    let column = |name: &str| CALLS.iter().position(|call| call.name == name).unwrap();
    let told = |row: &str, call: &str| {
        let mut lines = page.lines();
        let line = lines.find_map(|line| line.strip_prefix(&format!("| {row} |")));
        let squares: Vec<&str> = line.unwrap_or_default().split('|').collect();
        squares
            .get(column(call))
            .copied()
            .unwrap_or_default()
            .to_owned()
    };
    let signs = signs(came).into_iter();
    signs
        .map(|((row, call), signs)| (row, call, signs, told(row, call)))
        .filter(|(_, _, signs, told)| signs.iter().any(|sign| !told.contains(sign)))
        .map(|(row, call, signs, told)| {
            format!("{row} at {call}: {signs:?}, and docs/{FILE} says {told}")
        })
        .collect()
}

/// The matrix as a page.
fn page(came: &Cells) -> String {
    let signs = signs(came);
    let passes = came
        .iter()
        .filter(|(_, came, _)| judge::passes(came))
        .count();
    let there = came.iter().filter(|(_, came, _)| !came.there.is_empty());
    let names: Vec<&str> = CALLS.iter().map(|call| call.name).collect();
    let page = format!(
        "\
# When replies to a drill break

A drill opens real access for a while: whatever breaks, it has to end, and to be known to have ended. The test that
has written [the matrix of runs](faults.md) breaks each call of a `keyproof drill` with each fault, in a sandbox of
its own, where access comes and goes with the grant, and for faults that could mislead where it is open without one
and where a grant opens nothing. Then it looks into the sandbox itself, past what was broken.

{runs} drills: {faults} faults at {calls} calls. {passes} of them exited with 0: in each, access had been seen to come and to
go, and the grant was gone. In {left}, a grant was there when the drill had ended: it stood in the report as open, with
its key and the command for it, or was an earlier drill's, on a key whose grants could not be listed, which then was
not drilled. The next drill found and revoked every one. What was not found out was told with the call and what
became of it.

- `=` came to the same, as the call was made again or decides nothing
- `–` no drill was made, nothing was changed, and the exit code was 2
- `?` not found out, exit code 3: the grant, where there was one, was revoked
- `!` a grant is listed as open, or as one that may be, with the command: exit code 1
- `×` failed in another way, exit code 1, where an undisturbed drill passes; the grant was revoked
- two signs: it depends on the world

`lost` is a call that the service never got. Others were carried out, and only their reply broke: a revocation whose
replies are all broken is listed as open, though it was made.

",
        runs = came.len(),
        faults = ROWS.len(),
        calls = CALLS.len(),
        left = there.count(),
    );
    let page = page + &grid_of(&names, &signs);
    page.trim_end().to_owned() + "\n"
}
