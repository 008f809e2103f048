// SPDX-License-Identifier: Apache-2.0
//! No text brings the plan's parser down: it gives a plan whose probes are distinct, or errors that
//! can be shown. Seeds: `../fixtures/valid` and `../fixtures/invalid`.
#![no_main]

use std::collections::BTreeSet;

use keyproof_plan::Plan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match Plan::parse(text) {
    Ok(plan) => {
        let probes = plan.probes();
        let ids: BTreeSet<&str> = probes.iter().map(|probe| probe.id.as_str()).collect();
        assert_eq!(ids.len(), probes.len());
    }
    Err(errors) => {
        assert!(!errors.is_empty());
        for error in errors {
            assert!(!error.to_string().contains('\n'));
        }
    }
});
