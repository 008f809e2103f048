// SPDX-License-Identifier: Apache-2.0
//! No text makes the policy parser panic, whatever kind of policy it is read as.
#![no_main]

use keyproof_policy::{Document, Grammar};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for grammar in [
        Grammar::Identity,
        Grammar::Resource,
        Grammar::Trust,
        Grammar::Boundary,
        Grammar::Session,
        Grammar::Scp,
        Grammar::Rcp,
        Grammar::VpcEndpoint,
    ] {
        if let Err(error) = Document::parse(text, grammar) {
            let _ = error.to_string();
        }
    }
});
