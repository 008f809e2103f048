// SPDX-License-Identifier: Apache-2.0
//! Writes random requests for the comparison with another simulator, one JSON object a line.
//!
//! `oracle_requests COUNT [SEED]`. The same seed gives the same requests. It keeps to what both
//! simulators mean to decide; what they see differently on purpose is in `DIFFERENCES.md`.

mod oracle_requests {
    pub(crate) mod conditions;
    pub(crate) mod dice;
    pub(crate) mod policies;
}

use std::io::{self, Write};

use oracle_requests::dice::Dice;
use oracle_requests::policies::request;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse::<u64>().ok());
    let count = arguments.next().flatten().unwrap_or(1000);
    let mut dice = Dice::new(arguments.next().flatten().unwrap_or(1));
    let mut out = io::BufWriter::new(io::stdout().lock());
    for id in 0..count {
        writeln!(out, "{}", request(&mut dice, id))?;
    }
    out.flush()
}
