// SPDX-License-Identifier: Apache-2.0
//! The report as it is, `keyproof.report/v1`, and the same in lines.

use std::io::{self, Write};

use keyproof_verdict::Report;

pub(crate) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(report.to_json()?.as_bytes())
}

pub(crate) fn render_lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(report.to_lines()?.as_bytes())
}
