// SPDX-License-Identifier: Apache-2.0
//! One record: what is signed, byte for byte, and what is refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::world::{PLAN, block_on, exposed, key, public, report};
use crate::dsse::pre_authentication_encoding;
use crate::{Digest, Envelope, KeyError, PrivateKey, PublicKey, Record, RecordError, Sign, Signed};

fn signed() -> (Vec<u8>, Signed) {
    let report = report("orders", 7, exposed);
    let stored = report.to_json().unwrap().into_bytes();
    let before = Some(Digest::of(b"the record before"));
    let record = Record::of(&report, &stored, 7, before, key().public_key().id()).unwrap();
    (stored, block_on(record.sign(&key())).unwrap())
}

#[test]
fn what_is_signed_encodes_as_in_the_specification() {
    // The example of https://github.com/secure-systems-lab/dsse/blob/master/protocol.md#test-vectors.
    let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");

    assert_eq!(
        encoded,
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn a_record_says_what_was_run_and_what_came_out() {
    let (stored, signed) = signed();

    let envelope: Value = serde_json::from_slice(&signed.bytes).unwrap();
    let payload = STANDARD
        .decode(envelope["payload"].as_str().unwrap())
        .unwrap();
    let statement: Value = serde_json::from_slice(&payload).unwrap();

    assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
    assert_eq!(
        envelope["signatures"][0]["keyid"],
        key().public_key().id().to_string()
    );
    assert_eq!(
        statement,
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "report", "digest": {"sha256": Digest::of(&stored).hex()}}],
            "predicateType": "urn:keyproof:evidence:run:v1",
            "predicate": {
                "plan": {"name": "orders", "digest": Digest::of(PLAN).to_string()},
                "run": {"id": "01KEYPR00F0000000000000007", "commit": 7, "trigger": "schedule",
                    "started_at": "2026-01-01T06:00:00Z", "finished_at": "2026-01-01T06:00:02Z"},
                "outcome": {"verdict": "fail", "pass": 0, "fail": 1, "inconclusive": 0, "excepted": 0, "planned": 1},
                "previous": Digest::of(b"the record before").to_string(),
                "environment": {"account": "111122223333", "region": "us-east-1", "endpoint": null},
                "keyproof": "0.1.0",
                "key": key().public_key().id().to_string(),
            },
        })
    );
}

#[test]
fn a_record_comes_back_as_it_was_signed() {
    let (_, signed) = signed();

    let opened = Record::open(&signed.bytes, &public()).unwrap();

    assert_eq!(opened, signed.record);
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    assert_eq!(signed().1.bytes, signed().1.bytes);
}

#[test]
fn another_key_opens_nothing() {
    let (_, signed) = signed();
    let stranger = PrivateKey::generate().unwrap().public_key().clone();

    let alone = Record::open(&signed.bytes, std::slice::from_ref(&stranger)).unwrap_err();
    let beside = Record::open(&signed.bytes, &[stranger, public()[0].clone()]);
    let nobody = Record::open(&signed.bytes, &[]).unwrap_err();

    assert_eq!(
        alone.to_string(),
        format!(
            "it names the key `{}`, which was not given, so that its signature can't be checked",
            public()[0].id()
        )
    );
    assert_eq!(beside.unwrap(), signed.record);
    assert_eq!(nobody.to_string(), alone.to_string());
}

/// The same envelope with something changed in its JSON.
fn changed(bytes: &[u8], change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut envelope: Value = serde_json::from_slice(bytes).unwrap();
    change(&mut envelope);
    let mut bytes = serde_json::to_vec(&envelope).unwrap();
    bytes.push(b'\n');
    bytes
}

#[test]
fn an_envelope_that_differs_is_refused_and_told_why() {
    let (_, signed) = signed();
    let stranger = PrivateKey::generate().unwrap();
    let id = stranger.public_key().id().to_string();
    let refusal = |change: &dyn Fn(&mut Value)| {
        Record::open(&changed(&signed.bytes, change), &public())
            .unwrap_err()
            .to_string()
    };

    let same = Record::open(&changed(&signed.bytes, |_| ()), &public());
    assert_eq!(same.unwrap(), signed.record);
    assert_eq!(
        refusal(&|envelope| envelope["payloadType"] = "text/plain".into()),
        "its payload type is `text/plain`, not `application/vnd.in-toto+json`"
    );
    assert_eq!(
        refusal(&|envelope| envelope["signatures"] = json!([])),
        "it has 0 signatures, not one"
    );
    // Another's signature under the name of a key that was given.
    let other = block_on(stranger.sign(Digest::of(b"something else"))).unwrap();
    assert_eq!(
        refusal(&|envelope| envelope["signatures"][0]["sig"] = STANDARD.encode(&other).into()),
        "the key that it names did not make its signature: it was altered"
    );
    assert_eq!(
        refusal(&|envelope| envelope["signatures"][0]["keyid"] = id.clone().into()),
        format!(
            "it names the key `{id}`, but `{}` signed it",
            key().public_key().id()
        )
    );
    assert!(
        refusal(&|envelope| envelope["extra"] = 1.into())
            .starts_with("it is no DSSE envelope: unknown field `extra`")
    );
    let blanks = [signed.bytes.as_slice(), b" "].concat();
    assert_eq!(
        Record::open(&blanks, &public()).unwrap_err().to_string(),
        "it is not written as keyproof writes it: bytes were changed around what is signed"
    );
}

#[test]
fn a_signed_statement_of_another_kind_is_no_record() {
    let payload = br#"{"_type":"https://in-toto.io/Statement/v1","subject":[],"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}"#;
    let envelope = block_on(Envelope::sign(payload.to_vec(), &key())).unwrap();

    let refused = Record::open(&envelope.to_bytes().unwrap(), &public()).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "its predicate type is `https://slsa.dev/provenance/v1`, not `urn:keyproof:evidence:run:v1`"
    );
}

#[test]
fn a_record_is_signed_by_the_key_that_it_names() {
    let (_, signed) = signed();
    let stranger = PrivateKey::generate().unwrap();

    let refused = block_on(signed.record.sign(&stranger)).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "the signing key and its public key don't belong together"
    );
}

#[test]
fn a_report_without_usable_digest_or_time_has_no_record() {
    let of = |change: &dyn Fn(&mut Value)| {
        let report = report("orders", 1, change);
        Record::of(&report, b"", 1, None, key().public_key().id())
    };

    let digest = of(&|report| report["plan"]["digest"] = "sha256:00".into()).unwrap_err();
    let time = of(&|report| report["run"]["started_at"] = "yesterday".into()).unwrap_err();

    assert!(matches!(digest, RecordError::PlanDigest(_)), "{digest}");
    assert!(matches!(time, RecordError::Time { .. }), "{time}");
}

#[test]
fn keys_are_read_by_half_and_never_shown() {
    let pem = String::from_utf8(key().to_pem().unwrap().as_ref().to_vec()).unwrap();
    let public_pem = public()[0].to_pem().unwrap();

    assert_eq!(
        PrivateKey::from_pem(&pem).unwrap().public_key(),
        &public()[0]
    );
    assert_eq!(PublicKey::from_pem(&public_pem).unwrap(), public()[0]);
    assert_eq!(
        PublicKey::from_pem(&pem).unwrap_err(),
        KeyError::PrivateForPublic
    );
    assert_eq!(
        PrivateKey::from_pem(&public_pem).unwrap_err(),
        KeyError::Private
    );
    assert_eq!(PublicKey::from_pem("").unwrap_err(), KeyError::Public);
    assert_eq!(
        format!("{:?}", key()),
        format!("PrivateKey([redacted] of {})", key().public_key().id())
    );
}
