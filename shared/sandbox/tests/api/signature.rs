// SPDX-License-Identifier: Apache-2.0
//! Who is believed: signatures, sessions, time. Both protocols' words.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;

use crate::world::{World, credentials, element, session};

const TARGET: [(&str, &str); 2] = [
    ("content-type", "application/x-amz-json-1.1"),
    ("x-amz-target", "TrentService.ListKeys"),
];
const IDENTITY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

fn json(code: &str, message: &str) -> (u16, String) {
    (
        400,
        format!(r#"{{"__type":"{code}","message":"{message}"}}"#),
    )
}

/// Status, code and message of an XML error, whose request id differs every time.
fn xml(reply: &(u16, String)) -> (u16, String, String) {
    (
        reply.0,
        element(&reply.1, "Code"),
        element(&reply.1, "Message"),
    )
}

fn identity(world: &World, credentials: &Credentials) -> http::Request<String> {
    world.signed(
        credentials,
        "sts",
        &[("content-type", "application/x-www-form-urlencoded")],
        IDENTITY,
    )
}

#[tokio::test]
async fn a_right_signature_is_believed() {
    let world = World::new();

    let reply = world.send(identity(&world, &world.administrator())).await;

    assert_eq!(reply.0, 200);
    assert_eq!(
        element(&reply.1, "Arn"),
        "arn:aws:iam::111122223333:user/administrator"
    );
    assert!(reply.1.starts_with(r#"<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><UserId>AIDA"#), "{}", reply.1);
}

#[tokio::test]
async fn another_secret_is_refused() {
    let world = World::new();
    let id = world.administrator().access_key_id().to_owned();
    let forged = Credentials::new(id, "not the secret", None, None, "test");

    let kms = world
        .send(world.signed(&forged, "kms", &TARGET, "{}"))
        .await;
    let sts = world.send(identity(&world, &forged)).await;

    assert_eq!(kms, json("InvalidSignatureException", MISMATCH));
    assert_eq!(
        xml(&sts),
        (403, "SignatureDoesNotMatch".to_owned(), MISMATCH.to_owned())
    );
}

#[tokio::test]
async fn a_changed_body_path_query_or_header_is_refused() {
    let world = World::new();
    let signed = || world.signed(&world.administrator(), "kms", &TARGET, "{}");
    let mut body = signed();
    *body.body_mut() = r#"{"Limit":1}"#.to_owned();
    let mut path = signed();
    *path.uri_mut() = "http://127.0.0.1:4566/other".parse().unwrap();
    let mut query = signed();
    *query.uri_mut() = "http://127.0.0.1:4566/?a=b".parse().unwrap();
    let mut target = signed();
    target
        .headers_mut()
        .insert("x-amz-target", "TrentService.ListAliases".parse().unwrap());
    let mut host = signed();
    host.headers_mut()
        .insert("host", "elsewhere".parse().unwrap());

    for tampered in [body, path, query, target, host] {
        let shown = format!("{tampered:?}");
        assert_eq!(
            world.send(tampered).await,
            json("InvalidSignatureException", MISMATCH),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_header_of_aws_that_was_not_signed_is_refused() {
    let world = World::new();
    let mut request = world.signed(&world.administrator(), "kms", &TARGET, "{}");
    request
        .headers_mut()
        .insert("x-amz-security-token", "token".parse().unwrap());
    let mut added = world.signed(&world.administrator(), "kms", &TARGET, "{}");
    added
        .headers_mut()
        .insert("x-amz-other", "value".parse().unwrap());

    assert_eq!(
        world.send(request).await,
        json(
            "UnrecognizedClientException",
            "The security token included in the request is invalid."
        )
    );
    assert_eq!(
        world.send(added).await,
        json(
            "InvalidSignatureException",
            "'x-amz-other' must be a 'SignedHeader' in the AWS Authorization."
        )
    );
}

#[tokio::test]
async fn a_signature_for_another_service_is_refused() {
    let world = World::new();
    let request = world.signed(&world.administrator(), "dynamodb", &TARGET, "{}");

    assert_eq!(
        world.send(request).await,
        json(
            "InvalidSignatureException",
            "Credential should be scoped to correct service: 'kms'. "
        )
    );
}

#[tokio::test]
async fn an_unsigned_request_is_refused() {
    let world = World::new();
    let mut kms = world.signed(&world.administrator(), "kms", &TARGET, "{}");
    kms.headers_mut().remove("authorization");
    let mut sts = identity(&world, &world.administrator());
    sts.headers_mut().remove("authorization");

    let missing = "Request is missing Authentication Token";
    assert_eq!(
        world.send(kms).await,
        json("MissingAuthenticationTokenException", missing)
    );
    assert_eq!(
        xml(&world.send(sts).await),
        (
            403,
            "MissingAuthenticationToken".to_owned(),
            missing.to_owned()
        )
    );
}

#[tokio::test]
async fn half_a_signature_is_refused() {
    let world = World::new();
    let mut request = world.signed(&world.administrator(), "kms", &TARGET, "{}");
    request.headers_mut().insert(
        "authorization",
        "AWS4-HMAC-SHA256 Credential=a/b/c/kms/aws4_request"
            .parse()
            .unwrap(),
    );

    assert_eq!(
        world.send(request).await,
        json(
            "IncompleteSignatureException",
            "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter."
        )
    );
}

#[tokio::test]
async fn an_unknown_access_key_is_refused() {
    let world = World::new();
    let nobody = Credentials::new("AKIAAAAAAAAAAAAAAAAA", "secret", None, None, "test");

    let kms = world
        .send(world.signed(&nobody, "kms", &TARGET, "{}"))
        .await;
    let sts = world.send(identity(&world, &nobody)).await;

    let invalid = "The security token included in the request is invalid.";
    assert_eq!(kms, json("UnrecognizedClientException", invalid));
    assert_eq!(
        xml(&sts),
        (403, "InvalidClientTokenId".to_owned(), invalid.to_owned())
    );
}

#[tokio::test]
async fn dynamodb_words_it_in_its_own_namespace() {
    let world = World::new();
    let nobody = Credentials::new("AKIAAAAAAAAAAAAAAAAA", "secret", None, None, "test");
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "DynamoDB_20120810.ListTables"),
    ];

    let reply = world
        .send(world.signed(&nobody, "dynamodb", &headers, "{}"))
        .await;

    assert_eq!(
        reply,
        json(
            "com.amazon.coral.service#UnrecognizedClientException",
            "The security token included in the request is invalid."
        )
    );
}

#[tokio::test]
async fn a_session_needs_its_own_token() {
    let world = World::new();
    let reader = world.role("keyproof/reader").await;
    let outsider = world.role("outsider").await;
    let without = Credentials::new(
        reader.access_key_id(),
        reader.secret_access_key(),
        None,
        None,
        "test",
    );
    let other = outsider.session_token().map(str::to_owned);
    let with_other = Credentials::new(
        reader.access_key_id(),
        reader.secret_access_key(),
        other,
        None,
        "test",
    );

    for forged in [without, with_other] {
        let reply = world.send(identity(&world, &forged)).await;
        assert_eq!(xml(&reply).1, "InvalidClientTokenId");
    }
    assert_eq!(world.send(identity(&world, &reader)).await.0, 200);
}

#[tokio::test]
async fn a_session_ends_when_it_said_it_would() {
    let world = World::new();
    let sts = world.sts(&world.administrator());
    let assumed = sts
        .assume_role()
        .role_arn(crate::world::role_arn("outsider"))
        .role_session_name("session");
    let short = session(&assumed.duration_seconds(900).send().await.unwrap());

    world.wait(899);
    assert_eq!(world.send(identity(&world, &short)).await.0, 200);
    world.wait(1);
    let sts = world.send(identity(&world, &short)).await;
    let kms = world.send(world.signed(&short, "kms", &TARGET, "{}")).await;

    let expired = "The security token included in the request is expired";
    assert_eq!(
        xml(&sts),
        (403, "ExpiredToken".to_owned(), expired.to_owned())
    );
    assert_eq!(kms, json("ExpiredTokenException", expired));
}

#[tokio::test]
async fn a_clock_may_be_five_minutes_off() {
    let world = World::new();
    let old = || world.signed(&world.administrator(), "kms", &TARGET, "{}");
    let (within, beyond) = (old(), old());

    world.wait(300);
    assert_eq!(world.send(within).await.0, 200);
    world.wait(1);

    assert_eq!(
        world.send(beyond).await,
        json(
            "InvalidSignatureException",
            "Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z (20260101T000501Z - 5 min.)"
        )
    );
}

#[tokio::test]
async fn a_request_from_the_future_is_refused() {
    let world = World::new();
    let ahead = World::new();
    ahead.wait(301);
    let request = ahead.signed(&world.administrator(), "kms", &TARGET, "{}");

    assert_eq!(
        world.send(request).await,
        json(
            "InvalidSignatureException",
            "Signature not yet current: 20260101T000501Z is still later than 20260101T000500Z (20260101T000000Z + 5 min.)"
        )
    );
}

#[tokio::test]
async fn a_deactivated_key_is_unknown() {
    let world = World::new();
    let operator = world.operator().await;
    let parameters = [
        ("UserName", "operator"),
        ("AccessKeyId", operator.access_key_id()),
        ("Status", "Inactive"),
    ];
    assert_eq!(world.send(identity(&world, &operator)).await.0, 200);

    world
        .iam(&world.administrator(), "UpdateAccessKey", &parameters)
        .await;

    assert_eq!(
        xml(&world.send(identity(&world, &operator)).await).1,
        "InvalidClientTokenId"
    );
}

#[tokio::test]
async fn the_root_user_has_keys_of_its_own() {
    let world = World::new();
    let root = world
        .sandbox
        .root_credentials(&"111122223333".parse().unwrap())
        .unwrap();

    let reply = world.send(identity(&world, &credentials(&root))).await;

    assert_eq!(element(&reply.1, "Arn"), "arn:aws:iam::111122223333:root");
    assert_eq!(element(&reply.1, "UserId"), "111122223333");
}

#[test]
fn nothing_that_prints_a_credential_prints_its_secret() {
    let world = World::new();
    let made = world.sandbox.administrator();

    let shown = format!("{made:?} {:?}", world.sandbox);

    assert!(!shown.contains(made.secret_access_key.expose()), "{shown}");
    assert!(shown.contains("secret_access_key: [redacted]"), "{shown}");
}

#[tokio::test]
async fn a_presigned_request_is_good_until_it_expires() {
    let world = World::new();
    let request = || {
        let uri = format!("http://127.0.0.1:4566/?{IDENTITY}");
        let mut request = http::Request::builder()
            .uri(uri)
            .header("host", "127.0.0.1:4566")
            .body(String::new())
            .unwrap();
        let identity = world.administrator().into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_mins(10));
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("sts");
        let parameters = parameters
            .time(world.sandbox.clock().system_time())
            .settings(settings)
            .build()
            .unwrap();
        let uri = request.uri().to_string();
        let headers = [("host", "127.0.0.1:4566")].into_iter();
        let signable = SignableRequest::new("GET", uri, headers, SignableBody::Bytes(b"")).unwrap();
        sign(signable, &parameters.into())
            .unwrap()
            .into_parts()
            .0
            .apply_to_request_http1x(&mut request);
        request
    };
    let (now, later, tampered) = (request(), request(), request());
    let (mut parts, body) = tampered.into_parts();
    parts.uri = parts
        .uri
        .to_string()
        .replace("X-Amz-Expires=600", "X-Amz-Expires=700")
        .parse()
        .unwrap();

    let accepted = world.send(now).await;
    let tampered = world.send(http::Request::from_parts(parts, body)).await;
    world.wait(601);
    let expired = world.send(later).await;

    assert_eq!(
        element(&accepted.1, "Arn"),
        "arn:aws:iam::111122223333:user/administrator"
    );
    assert_eq!(
        xml(&tampered),
        (403, "SignatureDoesNotMatch".to_owned(), MISMATCH.to_owned())
    );
    assert_eq!(
        xml(&expired),
        (
            403,
            "SignatureDoesNotMatch".to_owned(),
            "Signature expired: 20260101T000000Z is now earlier than 20260101T000001Z (20260101T001001Z - 10 min.)".to_owned()
        )
    );
}

#[tokio::test]
async fn a_service_that_is_missing_says_so() {
    let world = World::new();
    let post = |name: &str, value: &str, body: &str| {
        let request = http::Request::builder()
            .method("POST")
            .uri("http://127.0.0.1:4566/")
            .header(name, value);
        world.send(request.body(body.to_owned()).unwrap())
    };

    let json = post("x-amz-target", "Logs_20140328.PutLogEvents", "{}").await;
    let query = post(
        "content-type",
        "application/x-www-form-urlencoded",
        "Action=Publish&Version=2010-03-31",
    )
    .await;
    let cbor = post("smithy-protocol", "rpc-v2-cbor", "").await;
    let nothing = post("content-type", "text/plain", "").await;

    assert_eq!(
        json.1,
        r#"{"__type":"com.amazon.coral.service#UnknownOperationException","message":"the sandbox knows no `Logs_20140328.PutLogEvents`; it speaks for DynamoDB (`DynamoDB_20120810.`) and KMS (`TrentService.`), and STS and IAM by awsQuery"}"#
    );
    assert_eq!(
        xml(&query),
        (400, "InvalidAction".to_owned(), "Could not find operation Publish for version 2010-03-31; the sandbox speaks for STS (2011-06-15) and IAM (2010-05-08)".to_owned())
    );
    assert_eq!(cbor.0, 400);
    assert_eq!(xml(&nothing).1, "MissingAction");
}
