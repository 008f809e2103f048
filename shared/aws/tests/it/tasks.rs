// SPDX-License-Identifier: Apache-2.0
//! A run leaves no task behind in a process that goes on, nor does one whose calls all break.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use aws_credential_types::Credentials;
use keyproof_aws::{Runner, verify};
use keyproof_scripted::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, Script, Scripted};
use tokio::runtime::Handle;

use crate::world::{plan, settings, world};

/// An endpoint on a thread of its own, whose tasks are not counted; its address.
fn elsewhere() -> String {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let endpoint = Scripted::start(Script::new(world())).await;
            tell.send(endpoint.url().to_owned()).unwrap();
            std::future::pending::<()>().await;
        });
    });
    told.recv().unwrap()
}

/// The tasks that are left some time after a run, in a process that has made so many.
async fn left_after(runs: usize, endpoint: &str) -> usize {
    let plan = plan(
        "  - { principal: reader, on: orders, actions: [dynamodb:GetItem, dynamodb:Scan], decision: allowed }",
    );
    let credentials = Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "test");
    let runner = Runner::with_credentials(credentials, endpoint, "us-east-1");
    let runner = runner.await.unwrap();
    for _ in 0..runs {
        Box::pin(verify(&plan, &settings(), &runner)).await;
    }
    // Connections are closed by tasks, which need a moment.
    tokio::time::sleep(Duration::from_millis(300)).await;
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test]
async fn runs_leave_no_task_behind() {
    let endpoint = elsewhere();
    let after_one = left_after(1, &endpoint).await;

    let after_many = left_after(25, &endpoint).await;

    // A pool of the runner's own may keep a connection.
    assert!(after_many <= after_one + 1, "{after_one}, {after_many}");
}

#[tokio::test]
async fn runs_that_reach_nobody_leave_no_task_behind() {
    // A port that nobody listens at: it was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);

    let after_one = left_after(1, &nobody).await;
    let after_few = left_after(3, &nobody).await;

    assert!(after_few <= after_one, "{after_one}, {after_few}");
}
