// SPDX-License-Identifier: Apache-2.0
//! What changed since an earlier report.

use std::io::{self, Write};

use keyproof_verdict::Report;

use super::{Paint, wrapped};
use crate::changes::{Changes, state};
use crate::escape::Visible;
use crate::words::Standing;

/// A document's lines are for the page.
pub(super) fn render(
    changes: &Changes<'_>,
    report: &Report,
    paint: Paint,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "\nCHANGED")?;
    wrapped(&format!("{}:", changes.since()), out)?;
    if changes.nothing() {
        writeln!(out, "    no probe came out another way")?;
    }
    for (_, row, before) in &changes.moved {
        let standing = Standing::of(row);
        let now = format!("{} {}", standing.symbol(), state(row));
        let (before, id) = (state(before), Visible(&row.id));
        writeln!(
            out,
            "  {}  {id} (was {before})",
            paint.plain(standing, &now)
        )?;
    }
    for (_, row) in &changes.appeared {
        writeln!(out, "  new   {}", Visible(&row.id))?;
    }
    for row in &changes.gone {
        writeln!(out, "  gone  {}", Visible(&row.id))?;
    }
    for (document, _) in &changes.documents {
        wrapped(&format!("another text: {}", document.id), out)?;
    }
    if changes.plan(report) {
        writeln!(out, "    the plan's text is another now")?;
    }
    Ok(())
}
