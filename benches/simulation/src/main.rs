// SPDX-License-Identifier: Apache-2.0
//! Writes `docs/simulation.md` to standard output.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    io::stdout().write_all(keyproof_simulation::page().as_bytes())
}
