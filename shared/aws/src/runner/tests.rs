// SPDX-License-Identifier: Apache-2.0
//! Endpoints and credentials, as a run starts with them.

use aws_credential_types::Credentials;

use super::{Runner, RunnerError, public};

fn credentials() -> Credentials {
    Credentials::new(
        "AKIARUNNER",
        "secret-of-runner",
        Some("token-of-runner".to_owned()),
        None,
        "test",
    )
}

#[tokio::test]
async fn an_endpoint_that_is_no_url_is_refused() {
    for url in [
        "127.0.0.1:8000",
        "ftp://host",
        "http://",
        "http:// host",
        "https:///path",
    ] {
        let refused = Runner::with_credentials(credentials(), url, "us-east-1").await;
        assert!(
            matches!(refused, Err(RunnerError::Endpoint { .. })),
            "{url}"
        );
    }
}

#[tokio::test]
async fn a_runner_prints_no_secret_and_an_endpoint_no_password() {
    let url = "http://user:password@127.0.0.1:8000/base?token=x";
    let runner = Runner::with_credentials(credentials(), url, "us-east-1")
        .await
        .unwrap();

    assert_eq!(runner.endpoint(), Some("http://127.0.0.1:8000/base"));
    assert_eq!(
        format!("{runner:?}"),
        "Runner { endpoint: Some(\"http://127.0.0.1:8000/base\"), .. }"
    );
}

#[test]
fn what_is_public_of_a_url_keeps_scheme_host_and_path() {
    assert_eq!(public("http://127.0.0.1:8000"), "http://127.0.0.1:8000");
    assert_eq!(public("http://127.0.0.1:8000/"), "http://127.0.0.1:8000");
    assert_eq!(public("https://u@host/a/b#c"), "https://host/a/b");
    assert_eq!(public("nonsense"), "nonsense");
}
