// SPDX-License-Identifier: Apache-2.0
//! The report as it is, `keyproof.report/v1`.

use std::io::{self, Write};

use keyproof_verdict::Report;

pub(crate) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(report.to_json()?.as_bytes())
}
