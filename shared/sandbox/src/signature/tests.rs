// SPDX-License-Identifier: Apache-2.0
//! Signatures against the ones that AWS's documentation prints.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use super::{Claim, Refusal};
use crate::SandboxOptions;
use crate::caller::Caller;
use crate::credentials::{AccessKey, Owner};
use crate::http::Incoming;
use crate::protocol::Api;
use crate::secret::Secret;
use crate::world::World;

/// The account of the documentation's example key.
fn world() -> World {
    let now = "2015-08-30T12:36:00Z".parse().unwrap();
    let options = SandboxOptions::default().world();
    let mut world = World::new(options, Some(1), now);
    world
        .accounts
        .insert("111122223333".to_owned(), crate::iam::Account::default());
    let key = AccessKey {
        secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        token: Secret::new(""),
        account: "111122223333".to_owned(),
        owner: Owner::Root,
        active: true,
        created: now,
        expires: None,
        derived: HashMap::new(),
    };
    world.access_keys.insert("AKIDEXAMPLE".to_owned(), key);
    world
}

/// The example of the AWS General Reference's Signature Version 4 chapter; its signature is the one
/// printed there.
fn list_users(signature: &str) -> Incoming {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature={signature}"
    );
    let mut headers = http::HeaderMap::new();
    headers.insert(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8"
            .parse()
            .unwrap(),
    );
    headers.insert("host", "iam.amazonaws.com".parse().unwrap());
    headers.insert("x-amz-date", "20150830T123600Z".parse().unwrap());
    headers.insert("authorization", authorization.parse().unwrap());
    Incoming {
        method: http::Method::GET,
        uri: "/?Action=ListUsers&Version=2010-05-08".parse().unwrap(),
        headers,
        body: bytes::Bytes::new(),
        source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

fn authenticate(world: &mut World, incoming: &Incoming) -> Result<Caller, Refusal> {
    let claim = Claim::of(incoming, Api::Iam)?;
    world.known(&claim)?.verify(&claim, incoming, world.now)
}

#[test]
fn the_signature_in_the_documentation_is_right() {
    let request = list_users("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");

    let caller = authenticate(&mut world(), &request).unwrap();

    assert_eq!(caller.arn, "arn:aws:iam::111122223333:root");
}

#[test]
fn one_digit_less_is_wrong() {
    let request = list_users("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d");

    assert!(matches!(
        authenticate(&mut world(), &request),
        Err(Refusal::Mismatch(_))
    ));
}

#[test]
fn spaces_in_a_header_and_the_order_of_a_query_do_not_matter() {
    let mut request =
        list_users("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    request.uri = "/?Version=2010-05-08&Action=ListUsers".parse().unwrap();
    request.headers.insert(
        "content-type",
        "application/x-www-form-urlencoded;   charset=utf-8 "
            .parse()
            .unwrap(),
    );

    assert!(authenticate(&mut world(), &request).is_ok());
}

#[test]
fn a_derived_key_is_kept_for_the_next_request() {
    let mut world = world();
    let request = list_users("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");

    for _ in 0..3 {
        authenticate(&mut world, &request).unwrap();
    }

    let derived: Vec<&String> = world.access_keys["AKIDEXAMPLE"].derived.keys().collect();
    assert_eq!(derived, ["20150830/us-east-1/iam"]);
}

#[test]
fn a_date_outside_its_scope_is_refused() {
    let mut request = list_users("0");
    request
        .headers
        .insert("x-amz-date", "20150831T123600Z".parse().unwrap());

    let refusal = authenticate(&mut world(), &request).unwrap_err();

    assert_eq!(
        refusal,
        Refusal::Mismatch("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150830' != '20150831', from '20150831T123600Z'.".to_owned())
    );
}
