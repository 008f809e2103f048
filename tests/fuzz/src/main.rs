// SPDX-License-Identifier: Apache-2.0
//! One parser under libFuzzer: the one that `KEYPROOF_PARSER` names. What must be so of it is said
//! in `keyproof-parsers`.
#![no_main]

use std::sync::LazyLock;

use keyproof_parsers::{PARSERS, Parser};
use libfuzzer_sys::fuzz_target;

static PARSER: LazyLock<Parser> = LazyLock::new(|| {
    let name = std::env::var("KEYPROOF_PARSER").unwrap_or_default();
    let named = PARSERS.iter().find(|(known, _)| *known == name);
    named.unwrap_or_else(|| panic!("no parser `{name}`")).1
});

fuzz_target!(|text: &str| {
    PARSER(text);
});
