// SPDX-License-Identifier: Apache-2.0
//! A run alone, without the program around it: quick to build, to measure and to profile.
//!
//! `run verify --plan PLAN --format jsonl --output FILE --concurrency N`: the words of `keyproof verify`
//! that `benches/scale/run` uses, in this order, so that it can be measured in its place.

use std::error::Error;
use std::fs::File;
use std::future::pending;
use std::io::{self, BufWriter, Write};

use keyproof_aws::{Rows, Runner, Settings, verify_into};
use keyproof_plan::Plan;
use keyproof_verdict::{FirstLine, Line, ProbeRow, Report};

struct Lines {
    planned: usize,
    out: BufWriter<File>,
}

impl Rows for Lines {
    fn begin(&mut self, report: &Report) -> io::Result<()> {
        let line = FirstLine::of(report, self.planned).to_line()?;
        self.out.write_all(line.as_bytes())
    }

    fn take(&mut self, rows: Vec<(usize, ProbeRow)>) -> io::Result<()> {
        for (place, row) in rows {
            self.out.write_all(row.to_line(place)?.as_bytes())?;
        }
        self.out.flush()
    }

    fn again(&mut self) -> io::Result<()> {
        self.out.write_all(Line::AGAIN.as_bytes())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().collect();
    let word = |at: usize| {
        words
            .get(at)
            .ok_or("a word is missing; see the top of this file")
    };
    let plan = std::fs::read_to_string(word(3)?)?;
    let plan = Plan::parse(&plan).map_err(|errors| format!("{errors:?}"))?;
    let settings = Settings {
        concurrency: word(9)?.parse()?,
        ..Settings::default()
    };
    let mut lines = Lines {
        planned: plan.planned(),
        out: BufWriter::with_capacity(1 << 16, File::create(word(7)?)?),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (report, written) = runtime.block_on(async {
        let runner = Runner::load(&settings, &plan.region).await?;
        let run = verify_into(&plan, &settings, &runner, None, pending(), &mut lines);
        Ok::<_, Box<dyn Error>>(run.await)
    })?;
    written?;
    lines.out.write_all(report.to_last_line()?.as_bytes())?;
    lines.out.flush()?;
    Ok(())
}
