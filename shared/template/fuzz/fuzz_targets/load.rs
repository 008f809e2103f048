// SPDX-License-Identifier: Apache-2.0
//! Any text as a template: reading it ends with a model or with errors.
//!
//! Run: `cargo +nightly fuzz run load src/tests/fixtures` in `shared/template`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(account) = "111122223333".parse() else { return };
    let options = keyproof_template::Options::new(account, "us-east-1");
    let _ = keyproof_template::load(text, &options);
});
