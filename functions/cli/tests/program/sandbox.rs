// SPDX-License-Identifier: Apache-2.0
//! `keyproof sandbox`: what it prints, and that an SDK can use it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};

use crate::support::{Program, keyproof, root};

pub(crate) struct Server {
    child: Child,
    pub(crate) exports: Vec<(String, String)>,
    _program: Program,
}

pub(crate) fn start(words: &[&str]) -> Server {
    let mut program = keyproof(["sandbox"].into_iter().chain(words.iter().copied()));
    let mut server = Server {
        child: program.start(),
        exports: Vec::new(),
        _program: program,
    };
    let lines = BufReader::new(server.child.stdout.take().unwrap()).lines();
    let mut lines = lines.map(Result::unwrap);
    for line in lines.by_ref().take_while(|line| line != "ready") {
        let export = line.strip_prefix("export ").unwrap();
        let (name, value) = export.split_once('=').unwrap();
        server.exports.push((name.to_owned(), value.to_owned()));
    }
    server
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that failed leaves no server behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn exports(&self) -> BTreeMap<&str, &str> {
        self.exports
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect()
    }

    fn credentials(&self) -> Credentials {
        let exports = self.exports();
        let (id, secret) = (
            exports["AWS_ACCESS_KEY_ID"],
            exports["AWS_SECRET_ACCESS_KEY"],
        );
        Credentials::new(id, secret, None, None, "test")
    }

    /// Ends it by a signal: its exit code.
    fn end(mut self, signal: &str) -> Option<i32> {
        let kill = Command::new("kill")
            .args(["-s", signal, &self.child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        self.child.wait().unwrap().code()
    }
}

#[test]
fn it_prints_the_variables_in_order_and_then_ready() {
    let server = start(&[]);

    let names: Vec<_> = server
        .exports
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "AWS_ENDPOINT_URL",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_REGION"
        ]
    );
    assert_eq!(server.exports()["AWS_REGION"], "us-east-1");
    assert!(server.exports()["AWS_ENDPOINT_URL"].starts_with("http://127.0.0.1:"));
    assert_eq!(server.end("TERM"), Some(0));
}

#[test]
fn an_interrupt_ends_it_with_0() {
    assert_eq!(start(&[]).end("INT"), Some(0));
}

#[tokio::test]
async fn an_sdk_talks_to_it_as_the_administrator() {
    let template = root().join("template.yaml");
    let server = start(&[
        "--template",
        template.to_str().unwrap(),
        "--region",
        "eu-central-1",
    ]);
    let exports = server.exports();
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(exports["AWS_ENDPOINT_URL"])
        .region(Region::new(exports["AWS_REGION"].to_owned()))
        .credentials_provider(server.credentials())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let caller = aws_sdk_sts::Client::from_conf(config)
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    assert_eq!(caller.account(), Some("111122223333"));

    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(exports["AWS_ENDPOINT_URL"])
        .region(Region::new(exports["AWS_REGION"].to_owned()))
        .credentials_provider(server.credentials())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let dynamodb = aws_sdk_dynamodb::Client::from_conf(config);
    let tables = dynamodb.list_tables().send().await.unwrap();
    let [control, orders, state] = tables.table_names() else {
        panic!("{tables:?}")
    };
    assert_eq!([control, orders], ["keyproof-control", "orders"]);
    assert!(state.contains("StateTable"), "{state}");
    let table = dynamodb
        .describe_table()
        .table_name("orders")
        .send()
        .await
        .unwrap();
    let arn = table.table().unwrap().table_arn().unwrap();
    assert_eq!(
        arn,
        "arn:aws:dynamodb:eu-central-1:111122223333:table/orders"
    );
    assert_eq!(server.end("TERM"), Some(0));
}

#[test]
fn keyproof_verifies_against_it() {
    let template = root().join("template.yaml");
    let plan = root().join("plans/orders.yaml");
    let server = start(&[
        "--template",
        template.to_str().unwrap(),
        "--table-key-cache",
        "0",
    ]);
    let with = |words: &[&str]| {
        let words = words
            .iter()
            .copied()
            .chain(["--plan", plan.to_str().unwrap()]);
        let program = server
            .exports
            .iter()
            .fold(keyproof(words), |program, (name, value)| {
                program.env(name, value)
            });
        let mut program = program;
        program.run()
    };

    with(&["canary", "plant"]).exits(0);
    with(&["verify"]).exits(0);
    with(&["canary", "remove"]).exits(0);
    // Without canaries nothing is proven; the outsider is still kept out.
    with(&["verify"]).exits(3);
    assert_eq!(server.end("TERM"), Some(0));
}

#[test]
fn a_port_that_is_taken_is_2() {
    let server = start(&[]);
    let port = server.exports()["AWS_ENDPOINT_URL"]
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();

    let run = keyproof(["sandbox", "--port", &port]).run();

    run.exits(2);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.starts_with(&format!(
            "error: the sandbox did not start: port {port} of 127.0.0.1: "
        )),
        "{}",
        run.stderr
    );
    assert_eq!(server.end("TERM"), Some(0));
}
