// SPDX-License-Identifier: Apache-2.0
//! The program as Lambda starts it: it polls a Runtime API, answers, and outlives bad requests.
//!
//! The Runtime API is a few lines here (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>);
//! AWS is the scripted endpoint, at which everybody may read everything.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test helpers fail by panicking"
)]

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use keyproof_scripted::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, Script, Scripted, World};
use serde_json::{Value, json};

const PLAN: &str = include_str!("../../../plans/orders.yaml");

/// How long an answer may take on a machine with much to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the program posted to `…/{id}/response` or `…/{id}/error`.
type Posted = (String, Value);

/// Serves one payload after another, its index being Lambda's id of the request, and sends on what
/// the program answers. The client opens connections as it likes; each has a thread.
fn serve(listener: TcpListener, payloads: Vec<Value>) -> Receiver<Posted> {
    let left = Arc::new(Mutex::new(
        payloads.into_iter().enumerate().collect::<VecDeque<_>>(),
    ));
    let (posted, answers) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (left, posted) = (Arc::clone(&left), posted.clone());
            std::thread::spawn(move || connection(stream.unwrap(), &left, &posted));
        }
    });
    answers
}

fn connection(stream: TcpStream, left: &Mutex<VecDeque<(usize, Value)>>, posted: &Sender<Posted>) {
    let mut reader = BufReader::new(stream);
    while let Some((line, body)) = request(&mut reader) {
        if line.starts_with("GET /2018-06-01/runtime/invocation/next ") {
            let next = left.lock().unwrap().pop_front();
            // Without a request Lambda lets the program wait.
            let Some((id, payload)) = next else { continue };
            invoke(reader.get_mut(), id, &payload);
        } else {
            let path = line.split(' ').nth(1).unwrap();
            let path = path
                .strip_prefix("/2018-06-01/runtime/invocation/")
                .unwrap();
            reply(reader.get_mut(), "202 Accepted", "", "");
            posted
                .send((path.to_owned(), serde_json::from_slice(&body).unwrap()))
                .unwrap();
        }
    }
}

fn invoke(stream: &mut TcpStream, id: usize, payload: &Value) {
    let in_a_minute = SystemTime::now() + Duration::from_mins(1);
    let deadline = in_a_minute
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    let headers = format!(
        "lambda-runtime-aws-request-id: {id}\r\nlambda-runtime-deadline-ms: {deadline}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:111122223333:function:v\r\n"
    );
    reply(stream, "200 OK", &headers, &payload.to_string());
}

fn reply(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
}

/// A request's first line and body; `None` where the connection ends, as it does with the program.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return None;
    }
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').unwrap();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap(),
            "transfer-encoding" => panic!("a buffered answer has a length"),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Some((line, body))
}

/// Its streams go to files: a pipe that nobody reads yet would stop it.
fn start(api: &TcpListener, aws: &Scripted, out: File, errors: File) -> Child {
    Command::new(env!("CARGO_BIN_EXE_keyproof-verify"))
        .env_clear()
        .env(
            "AWS_LAMBDA_RUNTIME_API",
            api.local_addr().unwrap().to_string(),
        )
        .env("AWS_LAMBDA_FUNCTION_NAME", "verify")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_ENDPOINT_URL", aws.url())
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("KEYPROOF_PLAN", PLAN)
        .stdout(out)
        .stderr(errors)
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn requests_are_answered_one_after_another() {
    let item = json!({"pk": {"S": "keyproof#canary"}, "proof": {"S": "c0ffee"}});
    let aws = Scripted::start(Script::new(World::of_any_table(item))).await;
    let api = TcpListener::bind("127.0.0.1:0").unwrap();
    let streams = tempfile::tempdir().unwrap();
    let [out, errors] = ["out", "errors"].map(|name| streams.path().join(name));
    let create = |path| File::create(path).unwrap();
    let mut program = start(&api, &aws, create(&out), create(&errors));
    let before = aws.requests().len();
    let payloads = [
        json!({"plan": "orders", "role": "arn:aws:iam::111122223333:role/admin"}),
        json!({"plan": "invoices"}),
        json!({"plan": "orders"}),
        json!({"plan": "orders", "run_id": "01KEYPR00F0000000000000000"}),
    ];

    let count = payloads.len();
    let answers = serve(api, payloads.to_vec());
    let served = tokio::task::spawn_blocking(move || {
        (0..count)
            .map(|_| answers.recv_timeout(PATIENCE))
            .collect::<Vec<_>>()
    });
    let served = served.await.unwrap();
    program.kill().unwrap();
    program.wait().unwrap();
    let log = std::fs::read_to_string(out).unwrap();

    let [
        Ok((role, refused)),
        Ok((unknown, not_found)),
        Ok((_, first)),
        Ok((_, second)),
    ] = served.as_slice()
    else {
        panic!("{served:?}\n{log}");
    };
    assert_eq!(before, 0, "nothing is called before the first request");
    assert_eq!(
        (&**role, &refused["errorType"]),
        ("0/error", &json!("InvalidRequest"))
    );
    assert_eq!(
        (&**unknown, not_found),
        (
            "1/error",
            &json!({"errorType": "PlanNotFound",
                "errorMessage": "there is no plan `invoices`; the function has `orders`"})
        )
    );
    for report in [first, second] {
        assert_eq!(report["schema"], "keyproof.report/v1");
        assert_eq!(report["summary"]["verdict"], "fail");
    }
    assert_ne!(first["run"]["id"], second["run"]["id"]);
    assert_eq!(second["run"]["id"], "01KEYPR00F0000000000000000");

    // The counts of two runs, and of two requests that were not carried out.
    assert_eq!(log.matches(r#""_aws":"#).count(), 4, "{log}");
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{log}"
    );
    assert_eq!(std::fs::read_to_string(errors).unwrap(), "");
    assert!(!log.contains(SECRET_ACCESS_KEY) && !log.contains("c0ffee"));
}
