// SPDX-License-Identifier: Apache-2.0
//! The canonical form of a request: what both sides sign.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use http::HeaderName;
use sha2::{Digest, Sha256};

use super::{Claim, Refusal};
use crate::http::Incoming;
use crate::text::{hex, percent_encoded, percent_encoded_but};

/// The canonical request.
pub(super) fn request(claim: &Claim, incoming: &Incoming) -> Result<String, Refusal> {
    let mut text = String::with_capacity(512);
    text.push_str(incoming.method.as_str());
    text.push('\n');
    text.push_str(&path(incoming.uri.path()));
    text.push('\n');
    query(&mut text, incoming.uri.query().unwrap_or_default());
    text.push('\n');
    headers(&mut text, claim, incoming)?;
    text.push('\n');
    text.push_str(&claim.signed_headers.join(";"));
    text.push('\n');
    text.push_str(&hex(&Sha256::digest(&incoming.body)));
    Ok(text)
}

/// The text that the signature is made of.
pub(super) fn string_to_sign(claim: &Claim, request: &str) -> String {
    let mut text = format!(
        "AWS4-HMAC-SHA256\n{}\n{}/{}/{}/aws4_request\n",
        claim.date_time, claim.date, claim.region, claim.service
    );
    text.push_str(&hex(&Sha256::digest(request.as_bytes())));
    text
}

/// Every service but S3 encodes the path, as it came over the wire, once more.
fn path(path: &str) -> String {
    percent_encoded_but(if path.is_empty() { "/" } else { path }, b"/")
}

fn query(text: &mut String, query: &str) {
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name != "X-Amz-Signature")
        .map(|(name, value)| (percent_encoded(&name), percent_encoded(&value)))
        .collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
}

fn headers(text: &mut String, claim: &Claim, incoming: &Incoming) -> Result<(), Refusal> {
    let signed = |name: &str| claim.signed_headers.iter().any(|signed| signed == name);
    let presigned = claim.valid_for.is_some();
    let unsigned = incoming
        .headers
        .keys()
        .map(HeaderName::as_str)
        .find(|name| name.starts_with("x-amz-") && !signed(name));
    if let Some(name) = unsigned.filter(|_| !presigned) {
        return Err(Refusal::Mismatch(format!(
            "'{name}' must be a 'SignedHeader' in the AWS Authorization."
        )));
    }
    if !signed("host") {
        return Err(Refusal::Mismatch(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned(),
        ));
    }
    for name in &claim.signed_headers {
        text.push_str(name);
        text.push(':');
        let mut first = true;
        for value in incoming.headers.get_all(name) {
            if !first {
                text.push(',');
            }
            first = false;
            trimmed(text, &String::from_utf8_lossy(value.as_bytes()));
        }
        if first {
            // An SDK in the same process leaves the host to the connection, which it doesn't have.
            let Some(host) = incoming.uri.authority().filter(|_| name == "host") else {
                return Err(Refusal::Incomplete(format!(
                    "the signed header `{name}` is missing from the request"
                )));
            };
            text.push_str(host.as_str());
        }
        text.push('\n');
    }
    Ok(())
}

/// A header's value without spaces around it and with single ones inside.
fn trimmed(text: &mut String, value: &str) {
    for (index, word) in value
        .split([' ', '\t'])
        .filter(|word| !word.is_empty())
        .enumerate()
    {
        if index > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
}
