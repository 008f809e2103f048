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

use keyproof_scripted::{
    ACCESS_KEY_ID, KeyState, Reply, Rule, SECRET_ACCESS_KEY, Script, Scripted, Table, World,
};
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

/// The program's variables, beside those that Lambda sets.
type Variables<'v> = &'v [(&'v str, &'v str)];

/// Its streams go to files: a pipe that nobody reads yet would stop it.
fn start(
    api: &TcpListener,
    aws: &Scripted,
    variables: Variables<'_>,
    [out, errors]: [File; 2],
) -> Child {
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
        .envs(variables.iter().copied())
        .stdout(out)
        .stderr(errors)
        .spawn()
        .unwrap()
}

/// What the program answered, its log, and what it wrote to stderr.
async fn answers(
    aws: &Scripted,
    variables: Variables<'_>,
    payloads: &[Value],
) -> (Vec<Posted>, String, String) {
    let api = TcpListener::bind("127.0.0.1:0").unwrap();
    let streams = tempfile::tempdir().unwrap();
    let paths = ["out", "errors"].map(|name| streams.path().join(name));
    let files = paths.each_ref().map(|path| File::create(path).unwrap());
    let mut program = start(&api, aws, variables, files);
    let before = aws.requests().len();

    let count = payloads.len();
    let answers = serve(api, payloads.to_vec());
    let served = tokio::task::spawn_blocking(move || {
        (0..count)
            .map(|_| answers.recv_timeout(PATIENCE))
            .collect::<Result<Vec<_>, _>>()
    });
    let served = served.await.unwrap();
    program.kill().unwrap();
    program.wait().unwrap();
    let [log, errors] = paths.map(|path| std::fs::read_to_string(path).unwrap());

    assert_eq!(before, 0, "nothing is called before the first request");
    let served = served.unwrap_or_else(|error| panic!("{error}\n{log}"));
    (served, log, errors)
}

#[tokio::test]
async fn requests_are_answered_one_after_another() {
    let item = json!({"pk": {"S": "keyproof#canary"}, "proof": {"S": "c0ffee"}});
    let aws = Scripted::start(Script::new(World::of_any_table(item))).await;
    let payloads = [
        json!({"plan": "orders", "role": "arn:aws:iam::111122223333:role/admin"}),
        json!({"plan": "invoices"}),
        json!({"plan": "orders"}),
        json!({"plan": "orders", "run_id": "01KEYPR00F0000000000000000"}),
    ];

    let (served, log, errors) = answers(&aws, &[("KEYPROOF_PLAN", PLAN)], &payloads).await;

    let [
        (role, refused),
        (unknown, not_found),
        (_, first),
        (_, second),
    ] = served.as_slice()
    else {
        panic!("{served:?}\n{log}");
    };
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
        assert_eq!(report["documents"], Value::Null);
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
    assert_eq!(errors, "");
    assert!(!log.contains(SECRET_ACCESS_KEY) && !log.contains("c0ffee"));
}

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Everybody reads the table, by one statement that somebody put in place.
fn widened() -> Script {
    let roles = ["reader", "outsider"].map(|name| format!("arn:aws:iam::111122223333:role/{name}"));
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "AllowKeyUsers", "Effect": "Allow", "Principal": {"AWS": roles},
        "Action": "kms:Decrypt", "Resource": "*",
    }]});
    let event = json!({
        "eventName": "PutKeyPolicy", "eventID": "e-1", "eventTime": "2026-01-02T03:04:05Z",
        "userIdentity": {"arn": "arn:aws:iam::111122223333:user/ada"},
        "requestParameters": {"keyId": KEY, "policy": policy.to_string()},
    });
    let answers = [
        ("GetKeyPolicy", json!({"Policy": policy.to_string()})),
        ("ListGrants", json!({"Grants": [], "Truncated": false})),
        (
            "LookupEvents",
            json!({"Events": [{"EventId": "e-1", "CloudTrailEvent": event.to_string()}]}),
        ),
    ];
    let item = json!({"pk": {"S": "c"}});
    let world = World::default()
        .table("orders", Table::encrypted(item, KEY))
        .key(KEY, KeyState::Enabled);
    let rule = |(operation, answer): (&str, Value)| {
        Rule::new(Reply::body(&answer.to_string()))
            .by("runner")
            .on(operation)
    };
    answers
        .map(rule)
        .into_iter()
        .fold(Script::new(world), Script::rule)
}

#[tokio::test]
async fn a_function_that_diagnoses_names_the_statement_and_the_event_that_wrote_it() {
    let plan = json!({
        "keyproof": "plan/v1", "name": "orders", "region": "us-east-1",
        "tables": {"orders": {"table": "orders", "key": KEY, "canary": {"key": {"pk": {"S": "c"}}}}},
        "principals": {
            "reader": {"role": "arn:aws:iam::111122223333:role/reader"},
            "outsider": {"role": "arn:aws:iam::111122223333:role/outsider"},
        },
        "expectations": [
            {"principal": "reader", "on": "orders", "actions": ["dynamodb:GetItem"], "decision": "allowed"},
            {"principal": "outsider", "on": "orders", "actions": ["dynamodb:GetItem"], "decision": "denied", "by": "kms"},
        ],
    })
    .to_string();
    let with = |diagnose| {
        let plan = plan.clone();
        async move {
            let aws = Scripted::start(widened()).await;
            let variables = [("KEYPROOF_PLAN", &*plan), ("KEYPROOF_DIAGNOSE", diagnose)];
            let (mut served, log, _) =
                answers(&aws, &variables, &[json!({"plan": "orders"})]).await;
            let (_, answer) = served.remove(0);
            (answer, log, aws.requests_of("LookupEvents").len())
        }
    };

    let (on, log, looked_up) = with("on").await;
    let (off, _, not_looked_up) = with("off").await;
    let (other, _, _) = with("yes").await;

    assert_eq!((looked_up, not_looked_up), (1, 0), "{on}\n{log}");
    assert_eq!(
        on["probes"][2]["cause"],
        json!({
            "policy": "resource_policy", "statement": "AllowKeyUsers", "document": KEY,
            "source": KEY, "pointer": "/Statement/0",
            "changed": {
                "event": "PutKeyPolicy", "by": "arn:aws:iam::111122223333:user/ada",
                "at": "2026-01-02T03:04:05Z", "event_id": "e-1",
            },
        })
    );
    assert_eq!(on["documents"][0]["id"], KEY);
    // The endpoint has no IAM: that is in the log, and costs nothing.
    assert!(
        log.contains("the diagnosis lacks iam:GetRole of `outsider`: InvalidAction"),
        "{log}"
    );
    assert_eq!(off["probes"][2]["finding"], "exposed");
    assert_eq!(off["probes"][2]["cause"], Value::Null);
    assert_eq!(
        other,
        json!({"errorType": "CannotRun", "errorMessage": "`KEYPROOF_DIAGNOSE` is `yes`; expected `on` or `off`"})
    );
}
