// SPDX-License-Identifier: Apache-2.0
//! Whether two plans are one, but for where their parts stand.

use keyproof_plan::{Expectation, Plan, Principal, Table};

pub(super) fn same(one: &Plan, other: &Plan) -> bool {
    one.name == other.name
        && one.region == other.region
        && one.tables.len() == other.tables.len()
        && one.tables.iter().zip(&other.tables).all(|(one, other)| {
            let Table {
                name,
                arn,
                key,
                canary,
                inspect_as,
                place: _,
            } = one.1;
            let other_is = &other.1;
            one.0 == other.0
                && (name, arn, key) == (&other_is.name, &other_is.arn, &other_is.key)
                && (canary, inspect_as) == (&other_is.canary, &other_is.inspect_as)
        })
        && one.principals.len() == other.principals.len()
        && one
            .principals
            .iter()
            .zip(&other.principals)
            .all(|(one, other)| {
                let Principal {
                    role,
                    external_id,
                    tags,
                    duration,
                    source_identity,
                    place: _,
                } = one.1;
                let is = other.1;
                one.0 == other.0
                    && (role, external_id, tags) == (&is.role, &is.external_id, &is.tags)
                    && (duration, source_identity) == (&is.duration, &is.source_identity)
            })
        && one.expectations.len() == other.expectations.len()
        && one
            .expectations
            .iter()
            .zip(&other.expectations)
            .all(|(one, other)| {
                let Expectation {
                    principal,
                    on,
                    actions,
                    index,
                    expected,
                    place: _,
                } = one;
                (principal, on, actions) == (&other.principal, &other.on, &other.actions)
                    && (index, expected) == (&other.index, &other.expected)
            })
        && one.exceptions.len() == other.exceptions.len()
        && one
            .exceptions
            .iter()
            .zip(&other.exceptions)
            .all(|(one, other)| {
                (&one.probe, &one.reason) == (&other.probe, &other.reason)
                    && (&one.owner, one.expires) == (&other.owner, other.expires)
            })
}
