// SPDX-License-Identifier: Apache-2.0
//! `keyproof simulate` without the program around it: JSON Lines in, JSON Lines out.

use std::io::{self, BufRead, Write};

use keyproof_policy::simulate::simulate_line;

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        writeln!(out, "{}", simulate_line(&line?).line)?;
    }
    out.flush()
}
