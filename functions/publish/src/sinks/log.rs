// SPDX-License-Identifier: Apache-2.0
//! The log: every run's metrics.

use std::cell::RefCell;
use std::io::Write;

use crate::sink::{About, Sink, Telling, Told};
use crate::{Record, metrics};

/// The sink.
#[derive(Debug)]
pub struct Log<Out> {
    out: RefCell<Out>,
}

impl<Out: Write> Log<Out> {
    /// The log that is written to `out`.
    pub const fn new(out: Out) -> Self {
        Self {
            out: RefCell::new(out),
        }
    }
}

impl<Out: Write> Sink for Log<Out> {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn tell<'a>(&'a self, about: &'a About<'a>, told: &'a mut Told<'_>) -> Telling<'a> {
        Box::pin(async move {
            let Record::Run(run) = about.record else {
                return Ok(());
            };
            if told.has("RUN") {
                return Ok(());
            }
            let report = &about.run.whole().await?.report;
            let mut lines = String::new();
            for line in metrics::of_run(run, report) {
                lines.push_str(&line.to_string());
                lines.push('\n');
            }
            {
                // At once: other lines may come from elsewhere.
                let mut out = self.out.borrow_mut();
                out.write_all(lines.as_bytes())?;
                out.flush()?;
            }
            told.mark(["RUN"]).await
        })
    }
}
