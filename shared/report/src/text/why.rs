// SPDX-License-Identifier: Apache-2.0
//! Why: each statement that is to blame, once, before the probes that it decides.

use std::io::{self, Write};

use super::wrapped;
use crate::causes::Causes;
use crate::words;

pub(super) fn render(causes: &Causes<'_>, out: &mut dyn Write) -> io::Result<()> {
    if causes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWHY")?;
    for (number, blamed) in (1..).zip(causes.all()) {
        writeln!(
            out,
            "  cause {number}, of {}",
            words::count(blamed.rows.len(), "probe")
        )?;
        let statement = words::capitalised(&words::statement(blamed.cause));
        let others = blamed.others();
        let others = others.iter().map(|other| format!("Or: {other}"));
        for sentence in [statement].into_iter().chain(others).chain(blamed.mends()) {
            wrapped(&sentence, out)?;
        }
    }
    Ok(())
}
