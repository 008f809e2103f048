// SPDX-License-Identifier: Apache-2.0
//! Who a request says it is from: the `Authorization` header, or a presigned query.

use jiff::{SignedDuration, Timestamp};

use super::Refusal;
use crate::http::Incoming;
use crate::protocol::Api;
use crate::secret::Secret;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// A presigned request is good for a week at most.
const MAX_PRESIGNED_SECONDS: i64 = 7 * 24 * 3600;

/// The parts of a signature, nothing of it believed yet.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) access_key_id: String,
    /// `YYYYMMDD`.
    pub(crate) date: String,
    pub(crate) region: String,
    pub(crate) service: String,
    /// Lower case, in the order given.
    pub(crate) signed_headers: Vec<String>,
    pub(crate) signature: String,
    /// `YYYYMMDDTHHMMSSZ`, as written.
    pub(crate) date_time: String,
    pub(crate) time: Timestamp,
    pub(crate) token: Option<Secret>,
    /// `X-Amz-Expires` of a presigned request.
    pub(crate) valid_for: Option<SignedDuration>,
}

impl Claim {
    /// Reads the claim of a request to this service.
    pub(crate) fn of(incoming: &Incoming, api: Api) -> Result<Self, Refusal> {
        let claim = match incoming.header("authorization") {
            Some(header) => Self::from_header(header, incoming)?,
            None => Self::from_query(incoming.uri.query().unwrap_or_default())?,
        };
        claim.check(api)?;
        Ok(claim)
    }

    fn from_header(header: &str, incoming: &Incoming) -> Result<Self, Refusal> {
        let Some(rest) = header.strip_prefix(ALGORITHM) else {
            return Err(Refusal::Incomplete(format!(
                "Unsupported AWS 'algorithm': '{}'.",
                header.split(' ').next().unwrap_or(header)
            )));
        };
        let part = |name: &str| {
            rest.split(',').find_map(|part| {
                part.trim()
                    .strip_prefix(name)?
                    .strip_prefix('=')
                    .map(str::to_owned)
            })
        };
        let (Some(credential), Some(headers), Some(signature)) =
            (part("Credential"), part("SignedHeaders"), part("Signature"))
        else {
            let missing: Vec<String> = ["Credential", "Signature", "SignedHeaders"]
                .into_iter()
                .filter(|name| part(name).is_none())
                .map(|name| format!("Authorization header requires '{name}' parameter."))
                .collect();
            return Err(Refusal::Incomplete(missing.join(" ")));
        };
        let date_time = incoming.header("x-amz-date").or_else(|| incoming.header("date")).ok_or_else(|| {
            Refusal::Incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned(),
            )
        })?;
        let token = incoming.header("x-amz-security-token").map(Secret::new);
        Self::new(
            &credential,
            &headers,
            signature,
            date_time.to_owned(),
            token,
            None,
        )
    }

    fn from_query(query: &str) -> Result<Self, Refusal> {
        let value = |name: &str| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        let Some(algorithm) = value("X-Amz-Algorithm") else {
            return Err(Refusal::Missing);
        };
        if algorithm != ALGORITHM {
            return Err(Refusal::Incomplete(format!(
                "Unsupported AWS 'algorithm': '{algorithm}'."
            )));
        }
        let require = |name: &str| {
            value(name).ok_or_else(|| {
                Refusal::Incomplete(format!(
                    "AWS query-string parameters must include '{name}'."
                ))
            })
        };
        let seconds: i64 = require("X-Amz-Expires")?
            .parse()
            .ok()
            .filter(|seconds| (1..=MAX_PRESIGNED_SECONDS).contains(seconds))
            .ok_or_else(|| {
                Refusal::Incomplete("X-Amz-Expires must be between 1 and 604800 seconds".to_owned())
            })?;
        Self::new(
            &require("X-Amz-Credential")?,
            &require("X-Amz-SignedHeaders")?,
            require("X-Amz-Signature")?,
            require("X-Amz-Date")?,
            value("X-Amz-Security-Token").map(Secret::new),
            Some(SignedDuration::from_secs(seconds)),
        )
    }

    fn new(
        credential: &str,
        headers: &str,
        signature: String,
        date_time: String,
        token: Option<Secret>,
        valid_for: Option<SignedDuration>,
    ) -> Result<Self, Refusal> {
        let mut parts = credential.split('/');
        let (Some(id), Some(date), Some(region), Some(service), Some("aws4_request"), None) = (
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
            parts.next(),
        ) else {
            return Err(Refusal::Incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
            )));
        };
        let time = time(&date_time).ok_or_else(|| {
            Refusal::Incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{date_time}'. See http://en.wikipedia.org/wiki/ISO_8601"
            ))
        })?;
        Ok(Self {
            access_key_id: id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: headers.split(';').map(str::to_ascii_lowercase).collect(),
            signature,
            date_time,
            time,
            token,
            valid_for,
        })
    }

    fn check(&self, api: Api) -> Result<(), Refusal> {
        if self.service != api.name() {
            return Err(Refusal::Mismatch(format!(
                "Credential should be scoped to correct service: '{}'. ",
                api.name()
            )));
        }
        if !self.date_time.starts_with(&self.date) {
            return Err(Refusal::Mismatch(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}', from '{}'.",
                self.date,
                self.date_time.split('T').next().unwrap_or_default(),
                self.date_time
            )));
        }
        let region = self.region.as_bytes();
        if region.is_empty()
            || !region
                .iter()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
        {
            return Err(Refusal::Mismatch(
                "Credential should be scoped to a valid Region. ".to_owned(),
            ));
        }
        Ok(())
    }
}

/// Reads `YYYYMMDDTHHMMSSZ`.
fn time(text: &str) -> Option<Timestamp> {
    let digits = |from: usize, to: usize| {
        text.get(from..to)
            .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let shaped = text.len() == 16 && text.get(8..9) == Some("T") && text.ends_with('Z');
    if !shaped {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(4, 6)?, digits(6, 8)?);
    let (hour, minute, second) = (digits(9, 11)?, digits(11, 13)?, digits(13, 15)?);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")
        .parse()
        .ok()
}
