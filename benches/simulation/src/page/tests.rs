// SPDX-License-Identifier: Apache-2.0
//! The page in `docs/` is what the program writes now.

#[test]
fn the_page_is_what_the_program_writes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/simulation.md");
    let written = super::page();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &written).unwrap();
    }
    let there = std::fs::read_to_string(path).unwrap();
    let mut lines = written.lines().zip(there.lines());
    let other = lines.find(|(now, then)| now != then);
    assert_eq!(
        other, None,
        "`benches/simulation/run` writes docs/simulation.md again"
    );
    assert_eq!(written.len(), there.len());
}
