// SPDX-License-Identifier: Apache-2.0
//! What a terminal is told.

use std::io::Write;

use super::*;

#[test]
fn the_line_says_how_far_how_fast_how_long_and_how_badly() {
    let seconds = Duration::from_secs;

    assert_eq!(
        line(123_456, 1_000_000, 123_456, 3, seconds(30)),
        "123,456 of 1,000,000 probes, 4115/s, 4 min left, 3 failed"
    );
    // What was kept of an earlier part took no time of this one.
    assert_eq!(
        line(900, 1_000, 10, 0, seconds(5)),
        "900 of 1,000 probes, 2.0/s, 50 s left, 0 failed"
    );
    assert_eq!(
        line(0, 10, 0, 0, seconds(2)),
        "0 of 10 probes, 0.0/s, nobody knows how long yet, 0 failed"
    );
}

#[test]
fn times_and_numbers_are_put_as_people_put_them() {
    let said: Vec<_> = [0.2, 89.0, 91.0, 5_399.0, 12_000.0]
        .map(duration)
        .into_iter()
        .collect();
    assert_eq!(said, ["1 s", "89 s", "2 min", "90 min", "3 h 20 min"]);

    let said: Vec<_> = [0, 999, 1_000, 65_536, 1_000_000].map(grouped).into();
    assert_eq!(said, ["0", "999", "1,000", "65,536", "1,000,000"]);
}

#[test]
fn nothing_is_said_where_nobody_looks_or_the_run_is_short() {
    let written = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let terminal = Messages::new(Shared(std::sync::Arc::clone(&written)));
    let mut short = Progress::new(Some(terminal.clone()), 10, 0);
    short.count([]);
    short.end();
    assert_eq!(*written.lock().unwrap(), b"");

    let mut long = Progress::new(Some(terminal), 10, 0);
    long.line.began = Instant::now().checked_sub(PATIENCE).unwrap();
    long.count([]);
    long.count([]);
    long.end();
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    assert_eq!(
        text,
        "\r0 of 10 probes, 0.0/s, nobody knows how long yet, 0 failed\u{1b}[K\r\u{1b}[K"
    );
}

#[test]
fn a_survey_says_what_it_asks_how_far_it_is_and_what_was_not_read() {
    let seconds = Duration::from_secs;
    let searched = Step::Searched {
        done: 312,
        of: 2_000,
        tables: 1_204,
        unread: 2,
    };
    let tags = Step::Tags { done: 3, of: 4 };

    assert_eq!(
        step_line(searched, 310, seconds(100)),
        "312 of 2,000 accounts searched, 3.1/s, 10 min left, 1,204 tables, 2 not read"
    );
    assert_eq!(
        step_line(tags, 2, seconds(1)),
        "tags of 3 of 4 accounts, 2.0/s, 1 s left"
    );
    assert_eq!(
        step_line(Step::Members(1_999), 1_000, seconds(9)),
        "1,999 accounts found"
    );
}

#[test]
fn a_surveys_rate_begins_anew_with_each_source() {
    let searched = |done| Step::Searched {
        done,
        of: 10,
        tables: 0,
        unread: 0,
    };
    let mut surveyed = Surveyed::new(None);
    let long_ago = || Instant::now().checked_sub(Duration::from_mins(1)).unwrap();
    let mut was_new = |step| {
        surveyed.since.0 = long_ago();
        surveyed.step(step);
        surveyed.since.0.elapsed() < Duration::from_secs(30)
    };

    assert!(was_new(Step::Members(3)));
    assert!(!was_new(Step::Members(7)));
    assert!(was_new(searched(8)));
    assert!(!was_new(searched(9)));
    assert!(was_new(searched(1)));
}

struct Shared(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
