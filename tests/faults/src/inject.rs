// SPDX-License-Identifier: Apache-2.0
//! What goes over the wire for each fault.

use std::future::pending;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::message::{Message, head, response};
use crate::{Call, Fault, Recording, Service};

/// What becomes of the connection.
pub(crate) enum After {
    GoOn,
    Close,
}

const JSON: &str = "application/x-amz-json-1.0";

/// Answers with the reply as the fault leaves it.
pub(crate) async fn inject(
    fault: Fault,
    call: &Call,
    reply: &Message,
    recording: &Recording,
    stream: &mut TcpStream,
) -> After {
    let bytes = reply.bytes();
    let head_end = reply.head.len();
    let middle = head_end + reply.body.len() / 2;
    match fault {
        Fault::Closed => After::Close,
        Fault::Reset => reset(stream),
        Fault::ClosedInHead => {
            send(stream, &bytes[..head_end / 2]).await;
            After::Close
        }
        Fault::ClosedInBody => {
            send(stream, &bytes[..middle]).await;
            After::Close
        }
        Fault::ResetInBody => {
            send(stream, &bytes[..middle]).await;
            // What was sent is to arrive before the reset does.
            sleep(Duration::from_millis(20)).await;
            reset(stream)
        }
        Fault::Hang => pending().await,
        Fault::HangInBody => {
            send(stream, &bytes[..middle]).await;
            pending().await
        }
        Fault::Drip => drip(stream, &bytes, 1, Duration::from_millis(50)).await,
        Fault::Trickle => {
            let step = bytes.len().div_ceil(10);
            drip(stream, &bytes, step, Duration::from_millis(10)).await
        }
        Fault::LengthTooLong => {
            send(
                stream,
                &relabelled(reply, reply.body.len() * 2, &reply.body),
            )
            .await;
            pending().await
        }
        Fault::LengthTooShort => {
            send(
                stream,
                &relabelled(reply, reply.body.len() / 2, &reply.body),
            )
            .await;
            After::GoOn
        }
        Fault::NoLength => {
            send(stream, &without_length(reply, "connection: close\r\n")).await;
            After::Close
        }
        Fault::Endless => {
            send(stream, &head(200, JSON, "", usize::MAX / 4)).await;
            let blanks = vec![b' '; 64 * 1024];
            while send(stream, &blanks).await {}
            After::Close
        }
        _ => {
            let mut whole = whole(fault, call, reply, recording);
            if call.operation == "HeadObject" {
                let end = whole.windows(4).position(|end| end == b"\r\n\r\n");
                whole.truncate(end.map_or(whole.len(), |end| end + 4));
            }
            send(stream, &whole).await;
            After::GoOn
        }
    }
}

async fn send(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).await.is_ok()
}

fn reset(stream: &TcpStream) -> After {
    let _ = stream.set_zero_linger();
    After::Close
}

async fn drip(stream: &mut TcpStream, bytes: &[u8], step: usize, pause: Duration) -> After {
    for piece in bytes.chunks(step) {
        if !send(stream, piece).await {
            return After::Close;
        }
        sleep(pause).await;
    }
    After::GoOn
}

/// The faults that are a whole message.
fn whole(fault: Fault, call: &Call, reply: &Message, recording: &Recording) -> Vec<u8> {
    let body = &reply.body;
    let of = |found: Option<&Message>| found.unwrap_or(reply).bytes();
    match fault {
        Fault::Truncated => relabelled(reply, body.len() / 2, &body[..body.len() / 2]),
        Fault::Doubled => {
            let twice = body.repeat(2);
            relabelled(reply, twice.len(), &twice)
        }
        Fault::ContentType => without(reply, "content-type", "content-type: text/html\r\n"),
        Fault::Encoding => without(reply, "content-encoding", "content-encoding: gzip\r\n"),
        Fault::BadChunks => {
            let mut bytes = without_length(reply, "transfer-encoding: chunked\r\n");
            if body.is_empty() {
                bytes.extend_from_slice(b"no chunk\r\n");
            }
            bytes
        }
        Fault::NotHttp => b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n".to_vec(),
        Fault::Page(status) => response(
            status,
            "text/html",
            b"<!DOCTYPE html><html><head><title>Proxy</title></head>\
              <body><h1>AccessDenied</h1><p>AccessDeniedException by policy</p></body></html>",
        ),
        Fault::Redirect(status) => {
            let elsewhere = "location: http://127.0.0.1:9/elsewhere\r\n";
            head(status, "text/html", elsewhere, 0)
        }
        Fault::OtherOperation => of(recording
            .find(|other| other.service == call.service && other.operation != call.operation)),
        Fault::OtherService => of(recording.find(|other| other.service != call.service)),
        Fault::Recorded => of(recording.reply(call)),
        Fault::OtherPrincipal => of(other_principal(call, recording)),
        Fault::Huge => {
            let padding = " ".repeat(9 << 20);
            let body = [body, padding.as_bytes()].concat();
            relabelled(reply, body.len(), &body)
        }
        Fault::Garbage => response(200, JSON, &[0xff, 0xfe, 0, 1, 0xc3, 0x28, 0x80]),
        Fault::BrokenText => {
            let mut broken = body.clone();
            let middle = broken.len() / 2;
            broken.insert(middle, 0xff);
            relabelled(reply, broken.len(), &broken)
        }
        Fault::Altered => {
            let altered: Vec<u8> = body
                .iter()
                .map(|byte| if *byte == b'e' { b'x' } else { *byte })
                .collect();
            relabelled(reply, altered.len(), &altered)
        }
        Fault::Deep => {
            let (open, close) = match call.service {
                Service::Sts => ("<a>", "</a>"),
                Service::CloudTrail | Service::DynamoDb | Service::Kms | Service::S3 => ("[", "]"),
            };
            let nest = format!("{}{}", open.repeat(10_000), close.repeat(10_000));
            let nest = match call.service {
                Service::Sts | Service::S3 => nest,
                // Where an error's code and an item's attribute would stand.
                Service::CloudTrail | Service::DynamoDb | Service::Kms => {
                    format!("{{\"__type\":{nest},\"Item\":{{\"a\":{{\"L\":{nest}}}}}}}")
                }
            };
            response(200, JSON, nest.as_bytes())
        }
        Fault::EntityBomb => response(200, "text/xml", entity_bomb().as_bytes()),
        Fault::Empty => response(200, JSON, b""),
        Fault::NoContent => b"HTTP/1.1 204 X\r\n\r\n".to_vec(),
        Fault::EmptyDocument => match call.service {
            Service::Sts => {
                let name = &call.operation;
                let body = format!("<{name}Response><{name}Result/></{name}Response>");
                response(200, "text/xml", body.as_bytes())
            }
            Service::CloudTrail | Service::DynamoDb | Service::Kms | Service::S3 => {
                response(200, JSON, b"{}")
            }
        },
        Fault::ErrorInside => response(
            200,
            JSON,
            &service_error(call, "Throttling", "ThrottlingException", "Rate exceeded"),
        ),
        _ => error(fault, call),
    }
}

/// Errors of the service's own.
fn error(fault: Fault, call: &Call) -> Vec<u8> {
    let expired = "The security token included in the request is expired";
    let invalid = "The security token included in the request is invalid.";
    let early = "Signature not yet current: 20990101T000000Z is still later than 20260101T000500Z \
                 (20260101T000000Z + 5 min.)";
    let late = "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z \
                (20260101T001000Z - 5 min.)";
    if call.service == Service::S3 {
        return s3_error(fault, call);
    }
    let throttle = match call.service {
        Service::DynamoDb => "ProvisionedThroughputExceededException",
        Service::CloudTrail | Service::Kms | Service::Sts | Service::S3 => "ThrottlingException",
    };
    let (status, of_query, of_json, message) = match fault {
        Fault::Throttled => (400, "Throttling", throttle, "Rate exceeded"),
        Fault::ServerError => (
            500,
            "InternalFailure",
            "InternalServerError",
            "Internal error",
        ),
        Fault::Unavailable => (503, "ServiceUnavailable", "ServiceUnavailable", "Try again"),
        Fault::Expired => (400, "ExpiredToken", "ExpiredTokenException", expired),
        Fault::NotYetValid => (
            400,
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            early,
        ),
        Fault::Skewed => (400, "RequestExpired", "InvalidSignatureException", late),
        _ => (
            400,
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            invalid,
        ),
    };
    let body = service_error(call, of_query, of_json, message);
    response(status, content_type(call), &body)
}

/// The same of S3, which has words of its own:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
fn s3_error(fault: Fault, call: &Call) -> Vec<u8> {
    let (status, code, message) = match fault {
        Fault::Throttled => (503, "SlowDown", "Please reduce your request rate."),
        Fault::ServerError => (500, "InternalError", "We encountered an internal error."),
        Fault::Unavailable => (
            503,
            "ServiceUnavailable",
            "Service is unable to handle request.",
        ),
        Fault::Expired => (400, "ExpiredToken", "The provided token has expired."),
        Fault::NotYetValid | Fault::Skewed => (
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        _ => (
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
    };
    let body = service_error(call, code, code, message);
    response(status, content_type(call), &body)
}

fn service_error(call: &Call, of_query: &str, of_json: &str, message: &str) -> Vec<u8> {
    let text = match call.service {
        Service::Sts => format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
             <Type>Sender</Type><Code>{of_query}</Code><Message>{message}</Message></Error>\
             <RequestId>00000000-0000-4000-8000-0keyprooffault</RequestId></ErrorResponse>"
        ),
        Service::DynamoDb => format!(
            "{{\"__type\":\"com.amazonaws.dynamodb.v20120810#{of_json}\",\"message\":\"{message}\"}}"
        ),
        Service::CloudTrail | Service::Kms => {
            format!("{{\"__type\":\"{of_json}\",\"message\":\"{message}\"}}")
        }
        Service::S3 => format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{of_query}</Code><Message>{message}</Message>\
             <RequestId>KEYPROOFFAULT</RequestId></Error>"
        ),
    };
    text.into_bytes()
}

const fn content_type(call: &Call) -> &'static str {
    match call.service {
        Service::Sts => "text/xml",
        Service::S3 => "application/xml",
        Service::CloudTrail | Service::DynamoDb | Service::Kms => JSON,
    }
}

/// The reply to the same call of the other role; about another thing, where roles don't make it.
fn other_principal<'a>(call: &Call, recording: &'a Recording) -> Option<&'a Message> {
    if !call.subject.is_empty() {
        return recording.find(|other| {
            let same = (other.service, &other.operation) == (call.service, &call.operation);
            same && !other.subject.is_empty() && other.subject != call.subject
        });
    }
    let other = match &*call.principal {
        "reader" => "outsider",
        _ => "reader",
    };
    recording.reply(&Call {
        principal: other.to_owned(),
        ..call.clone()
    })
}

/// The reply's head with another length, before this body.
fn relabelled(reply: &Message, length: usize, body: &[u8]) -> Vec<u8> {
    let length = format!("content-length: {length}\r\n");
    let mut bytes = head_without(reply, "content-length", &length);
    bytes.extend_from_slice(body);
    bytes
}

fn without_length(reply: &Message, more: &str) -> Vec<u8> {
    without(reply, "content-length", more)
}

/// The reply with these header lines in place of one of its own.
fn without(reply: &Message, header: &str, more: &str) -> Vec<u8> {
    let mut bytes = head_without(reply, header, more);
    bytes.extend_from_slice(&reply.body);
    bytes
}

fn head_without(reply: &Message, header: &str, more: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(&reply.head);
    let kept = text.split_inclusive("\r\n").filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        !name.eq_ignore_ascii_case(header)
    });
    let mut head: String = kept.collect();
    head.truncate(head.len() - 2);
    format!("{head}{more}\r\n").into_bytes()
}

/// "Billion laughs": <https://en.wikipedia.org/wiki/Billion_laughs_attack>.
fn entity_bomb() -> String {
    let entities: Vec<String> = (1..10)
        .map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10)))
        .collect();
    let entities = entities.concat();
    format!(
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY e0 \"keyproof\">{entities}]>\
         <AssumeRoleResponse><AssumeRoleResult>&e9;</AssumeRoleResult></AssumeRoleResponse>"
    )
}
