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
    long.began = Instant::now().checked_sub(PATIENCE).unwrap();
    long.count([]);
    long.count([]);
    long.end();
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    assert_eq!(
        text,
        "\r0 of 10 probes, 0.0/s, nobody knows how long yet, 0 failed\u{1b}[K\r\u{1b}[K"
    );
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
