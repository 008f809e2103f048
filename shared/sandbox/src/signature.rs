// SPDX-License-Identifier: Apache-2.0
//! Signature Version 4, seen from the server.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>

mod canonical;
mod claim;
mod refusal;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use jiff::{SignedDuration, Timestamp};

pub(crate) use claim::Claim;
pub(crate) use refusal::Refusal;

use crate::caller::Caller;
use crate::http::Incoming;
use crate::secret::Secret;
use crate::world::World;

/// How far a client's clock may be off.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
const DATE_TIME: &str = "%Y%m%dT%H%M%SZ";
/// A day, a region and four services make four derived keys; more is a client that tries regions.
const MAX_DERIVED_KEYS: usize = 64;

/// What the state knows of a claimed access key, fetched under the lock and checked outside of it.
#[derive(Debug)]
pub(crate) struct Known {
    caller: Caller,
    signing_key: Arc<[u8]>,
    expires: Option<Timestamp>,
}

impl World {
    /// Looks a claim's access key up, and checks the session token that must come with it.
    pub(crate) fn known(&mut self, claim: &Claim) -> Result<Known, Refusal> {
        let key = self
            .access_keys
            .get(&claim.access_key_id)
            .filter(|key| key.active)
            .ok_or(Refusal::UnknownKey)?;
        let caller = self
            .caller(&claim.access_key_id, key)
            .ok_or(Refusal::UnknownKey)?;
        if !same(
            key.token.expose().as_bytes(),
            claim.token.as_ref().map_or("", Secret::expose).as_bytes(),
        ) {
            return Err(Refusal::UnknownKey);
        }
        let expires = key.expires;
        let key = self
            .access_keys
            .get_mut(&claim.access_key_id)
            .ok_or(Refusal::UnknownKey)?;
        let scope = format!("{}/{}/{}", claim.date, claim.region, claim.service);
        if key.derived.len() > MAX_DERIVED_KEYS {
            key.derived.clear();
        }
        let signing_key = key.derived.entry(scope).or_insert_with(|| {
            let since = Duration::from_secs(claim.time.as_second().try_into().unwrap_or_default());
            let time = SystemTime::UNIX_EPOCH
                .checked_add(since)
                .unwrap_or(SystemTime::UNIX_EPOCH);
            generate_signing_key(key.secret.expose(), time, &claim.region, &claim.service)
                .as_ref()
                .into()
        });
        Ok(Known {
            caller,
            signing_key: Arc::clone(signing_key),
            expires,
        })
    }
}

impl Known {
    /// Checks time and signature, in that order: who gets an old request back should read that it
    /// is old.
    pub(crate) fn verify(
        self,
        claim: &Claim,
        incoming: &Incoming,
        now: Timestamp,
    ) -> Result<Caller, Refusal> {
        in_time(claim, now)?;
        let request = canonical::request(claim, incoming)?;
        let text = canonical::string_to_sign(claim, &request);
        let signature = calculate_signature(&self.signing_key, text.as_bytes());
        if !same(signature.as_bytes(), claim.signature.as_bytes()) {
            return Err(Refusal::Mismatch(
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                 Access Key and signing method. Consult the service documentation for details."
                    .to_owned(),
            ));
        }
        if self.expires.is_some_and(|expires| expires <= now) {
            return Err(Refusal::Expired);
        }
        Ok(self.caller)
    }
}

fn in_time(claim: &Claim, now: Timestamp) -> Result<(), Refusal> {
    let late = claim.valid_for.map_or(SKEW, |valid_for| valid_for);
    let shown = |time: Timestamp| time.strftime(DATE_TIME).to_string();
    let earliest = now.checked_sub(late).unwrap_or(Timestamp::MIN);
    let latest = now.checked_add(SKEW).unwrap_or(Timestamp::MAX);
    if claim.time < earliest {
        let minutes = late.as_secs() / 60;
        return Err(Refusal::Mismatch(format!(
            "Signature expired: {} is now earlier than {} ({} - {minutes} min.)",
            shown(claim.time),
            shown(earliest),
            shown(now)
        )));
    }
    if claim.time > latest {
        return Err(Refusal::Mismatch(format!(
            "Signature not yet current: {} is still later than {} ({} + 5 min.)",
            shown(claim.time),
            shown(latest),
            shown(now)
        )));
    }
    Ok(())
}

/// Compares without telling by its duration where the difference is.
fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .fold(0, |sum, (left, right)| sum | (left ^ right))
            == 0
}
