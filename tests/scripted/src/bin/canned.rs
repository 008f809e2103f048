// SPDX-License-Identifier: Apache-2.0
//! The endpoint of the benchmarks of scale: canned replies, as fast as bytes can be copied.
//!
//! `canned [--latency-ms N]` prints its URL and serves until it is killed. A role whose name begins with
//! `o` is kept out by KMS, every other reads; every table is on the one key and holds the canary. Nothing
//! is looked at but the operation, the access key id and, for `DescribeTable`, the table's name.

#![expect(
    clippy::print_stdout,
    reason = "the URL on stdout is this program's output"
)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use keyproof_scripted::Timer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ITEM: &str = r#"{"pk":{"S":"keyproof#canary"},"proof":{"S":"c0ffee-canary"}}"#;
const DENIED: &str = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","message":"KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access. (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: 3f1b2c4d-0000-4000-8000-000000000000; Proxy: null)"}"#;
const FAILED: &str = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"The conditional request failed"}"#;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let latency = match (arguments.next().as_deref(), arguments.next()) {
        (None, None) => Some(0),
        (Some("--latency-ms"), Some(value)) => value.parse::<u64>().ok(),
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let (Some(latency), Ok(runtime)) = (latency, runtime) else {
        return ExitCode::from(2);
    };
    runtime.block_on(async {
        let Ok(listener) = TcpListener::bind(("127.0.0.1", 0)).await else {
            return ExitCode::from(2);
        };
        let Ok(address) = listener.local_addr() else {
            return ExitCode::from(2);
        };
        println!("http://{address}");
        let timer = Arc::new(Timer::start());
        let latency = Duration::from_millis(latency);
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, latency, Arc::clone(&timer)));
            }
        }
    })
}

async fn converse(mut stream: TcpStream, latency: Duration, timer: Arc<Timer>) {
    let _ = stream.set_nodelay(true);
    let mut buffer: Vec<u8> = Vec::with_capacity(4096);
    loop {
        let Some((head, end)) = whole(&buffer) else {
            match stream.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => continue,
            }
        };
        let arrived = Instant::now();
        let request = buffer.get(..end).unwrap_or_default();
        let (head, body) = request.split_at(head.min(request.len()));
        let (status, body) = answer(head, body);
        let reply = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\nx-amzn-requestid: 3f1b2c4d-0000-4000-8000-000000000000\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        buffer.drain(..end);
        if !latency.is_zero() {
            timer.sleep_until(arrived + latency).await;
        }
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Where the first request's head and body end, once both are there.
fn whole(buffer: &[u8]) -> Option<(usize, usize)> {
    let head = find(buffer, b"\r\n\r\n")? + 4;
    let length = header(buffer.get(..head)?, b"\r\ncontent-length:");
    let length = length.and_then(|text| text.parse().ok()).unwrap_or(0);
    let end = head.checked_add(length)?;
    (buffer.len() >= end).then_some((head, end))
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    let (&first, rest) = what.split_first()?;
    let mut at = 0;
    loop {
        let tail = text.get(at..)?;
        let found = tail.iter().position(|&byte| byte == first)?;
        if tail.get(found + 1..)?.starts_with(rest) {
            return Some(at + found);
        }
        at += found + 1;
    }
}

/// The value of a header, whose name is given in small letters with all around it.
fn header<'t>(head: &'t [u8], name: &[u8]) -> Option<&'t str> {
    let at = head
        .windows(name.len())
        .position(|window| window.eq_ignore_ascii_case(name))?;
    let rest = head.get(at + name.len()..)?;
    let end = rest.iter().position(|&byte| byte == b'\r')?;
    std::str::from_utf8(rest.get(..end)?).ok().map(str::trim)
}

/// What stands behind a word, up to a space, a quote or the end of the line.
fn after<'t>(text: &'t [u8], word: &[u8]) -> Option<&'t str> {
    let rest = text.get(find(text, word)? + word.len()..)?;
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'\r' | b' ' | b'"' | b'/' | b'&'));
    std::str::from_utf8(rest.get(..end.unwrap_or(rest.len()))?).ok()
}

fn answer(head: &[u8], body: &[u8]) -> (u16, String) {
    let target = header(head, b"\r\nx-amz-target:");
    let operation = target.and_then(|target| target.split_once('.'));
    let Some((_, operation)) = operation else {
        return sts(body);
    };
    let denied = find(head, b"Credential=ASIADENIED").is_some();
    match operation {
        "DescribeTable" => {
            let name = after(body, b"\"TableName\":\"").unwrap_or_default();
            let table = format!(
                r#"{{"Table":{{"TableName":"{name}","TableStatus":"ACTIVE","TableArn":"arn:aws:dynamodb:us-east-1:111122223333:table/{name}","KeySchema":[{{"AttributeName":"pk","KeyType":"HASH"}}],"AttributeDefinitions":[{{"AttributeName":"pk","AttributeType":"S"}}],"SSEDescription":{{"Status":"ENABLED","SSEType":"KMS","KMSMasterKeyArn":"{KEY}"}}}}}}"#
            );
            (200, table)
        }
        "DescribeKey" => {
            let key = format!(
                r#"{{"KeyMetadata":{{"KeyId":"1234abcd-12ab-34cd-56ef-1234567890ab","Arn":"{KEY}","KeyState":"Enabled","Enabled":true,"KeyManager":"CUSTOMER"}}}}"#
            );
            (200, key)
        }
        _ if denied => (400, DENIED.to_owned()),
        "GetItem" => (200, format!(r#"{{"Item":{ITEM}}}"#)),
        "Query" | "Scan" | "ExecuteStatement" => {
            (200, format!(r#"{{"Items":[{ITEM}],"Count":1}}"#))
        }
        "TransactGetItems" => (200, format!(r#"{{"Responses":[{{"Item":{ITEM}}}]}}"#)),
        "PutItem" | "UpdateItem" | "DeleteItem" => (400, FAILED.to_owned()),
        _ => (
            400,
            r#"{"__type":"UnknownOperationException","message":"not canned"}"#.to_owned(),
        ),
    }
}

fn sts(body: &[u8]) -> (u16, String) {
    if find(body, b"Action=GetCallerIdentity").is_some() {
        let reply = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/runner</Arn><UserId>AIDA</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
        return (200, reply.to_owned());
    }
    let role = after(body, b"role%2Fkeyproof%2F").unwrap_or_default();
    let kind = if role.starts_with('o') {
        "DENIED"
    } else {
        "READER"
    };
    let session = after(body, b"RoleSessionName=").unwrap_or_default();
    let reply = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser><AssumedRoleId>AROA:{session}</AssumedRoleId><Arn>arn:aws:sts::111122223333:assumed-role/{role}/{session}</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIA{kind}{role}</AccessKeyId><SecretAccessKey>canned/secret/0123456789abcdef0123456789a</SecretAccessKey><SessionToken>canned/token/of/{role}/0123456789abcdef</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    (200, reply)
}
