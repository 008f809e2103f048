// SPDX-License-Identifier: Apache-2.0
//! A probe's past as a picture, and in words for whoever doesn't see it.

use std::fmt::Write as _;
use std::ops::Range;

use keyproof_report::Standing;

use crate::history::Segment;

/// The picture's width, in its own units.
const WIDTH: f64 = 1000.0;

/// How high a standing is drawn, and from where: a failure fills the row, a pass is a line at its foot.
const fn height(standing: Standing) -> (u8, u8) {
    match standing {
        Standing::Fail => (0, 24),
        Standing::Inconclusive => (6, 12),
        Standing::Excepted => (14, 8),
        Standing::Pass => (18, 5),
    }
}

/// The spans that lie in a range of runs.
pub(super) fn clipped<'a>(
    segments: &'a [Segment],
    runs: &Range<usize>,
) -> impl Iterator<Item = (Range<usize>, &'a Segment)> {
    let runs = runs.clone();
    segments.iter().filter_map(move |segment| {
        let range = segment.first.max(runs.start)..(segment.last + 1).min(runs.end);
        (!range.is_empty()).then_some((range, segment))
    })
}

/// The picture: each run is as wide as every other.
pub(super) fn draw(segments: &[Segment], runs: &Range<usize>) -> String {
    let total = runs.len().max(1);
    let mut out = String::new();
    let mut words = String::new();
    for (range, segment) in clipped(segments, runs) {
        let at = share(range.start - runs.start, total);
        let width = share(range.len(), total);
        let (top, height) = height(segment.standing);
        let class = segment.standing.as_str();
        // Writing to a string can't fail.
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{at:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{height}\"/>",
            width.max(1.0),
        );
        if words.len() < 400 {
            let separator = if words.is_empty() { "" } else { ", then " };
            let _ = write!(
                words,
                "{separator}{class} for {}",
                super::parts::count(range.len(), "run")
            );
        }
    }
    format!(
        "<svg viewBox=\"0 0 1000 24\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{words}\">\
         <rect class=\"ground\" width=\"1000\" height=\"24\"/>{out}</svg>"
    )
}

/// One standing alone, for the key.
pub(super) fn sample(standing: Standing) -> String {
    let (top, height) = height(standing);
    format!(
        "<svg viewBox=\"0 0 32 24\" aria-hidden=\"true\"><rect class=\"ground\" width=\"32\" height=\"24\"/>\
         <rect class=\"{}\" y=\"{top}\" width=\"32\" height=\"{height}\"/></svg>",
        standing.as_str()
    )
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture of 1,000 units needs no more than a float has"
)]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64 * WIDTH
}
