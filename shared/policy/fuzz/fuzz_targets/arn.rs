// SPDX-License-Identifier: Apache-2.0
//! No text makes the parsers of ARNs and callers panic, and what they take they give back.
#![no_main]

use keyproof_core::{Arn, KeyArn, RoleArn, TableArn};
use keyproof_policy::Principal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(arn) = text.parse::<Arn>() {
        assert_eq!(arn.as_str(), text);
        let _ = (arn.partition(), arn.service(), arn.region(), arn.account(), arn.resource());
    }
    let _ = text.parse::<RoleArn>().map(|role| role.role_name().len());
    let _ = text.parse::<KeyArn>();
    let _ = text.parse::<TableArn>();
    if let Ok(principal) = text.parse::<Principal>() {
        let _ = (principal.kind(), principal.account(), principal.role_arn());
    }
});
