// SPDX-License-Identifier: Apache-2.0
//! No line makes the simulator panic, and every answer is one line of JSON.
#![no_main]

use keyproof_policy::simulate::simulate_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let outcome = simulate_line(text);
    assert!(!outcome.line.contains('\n'));
});
