// SPDX-License-Identifier: Apache-2.0
//! Objects under a prefix, page by page. A new case: the replies, in order.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread::{JoinHandle, spawn};

use aws_credential_types::Credentials;
use keyproof_aws::Runner;

use super::REGION;
use crate::{Survey, SurveyError};

/// An S3 that gives these replies, a connection each, and tells the lines that asked for them.
fn s3(replies: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = spawn(move || {
        let answer = |body: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let asked = lines.next().unwrap().unwrap();
            while !lines.next().unwrap().unwrap().is_empty() {}
            let length = body.len();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nConnection: close";
            write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
            asked
        };
        replies.into_iter().map(answer).collect()
    });
    (url, asked)
}

fn page(keys: &[&str], rest: &str) -> String {
    use std::fmt::Write as _;
    let mut contents = String::new();
    for key in keys {
        write!(contents, "<Contents><Key>{key}</Key></Contents>").unwrap();
    }
    format!("<ListBucketResult>{contents}{rest}</ListBucketResult>")
}

async fn list(replies: Vec<String>) -> (Result<Vec<String>, SurveyError>, Vec<String>) {
    let (url, asked) = s3(replies);
    let credentials = Credentials::new("AKID", "secret", None, None, "test");
    let runner = Runner::with_credentials(credentials, &url, REGION).await;
    let survey = Survey::new(&runner.unwrap().service_config(None));
    let listed = survey.objects("docs", "i/").await;
    (listed, asked.join().unwrap())
}

const MORE: &str = "<IsTruncated>true</IsTruncated>";

#[tokio::test]
async fn objects_are_listed_to_the_last_page_without_folders() {
    let more = format!("{MORE}<NextContinuationToken>t1</NextContinuationToken>");
    let pages = vec![page(&["i/", "i/a.yaml"], &more), page(&["i/b.yaml"], "")];

    let (listed, asked) = list(pages).await;

    assert_eq!(listed.unwrap(), ["i/a.yaml", "i/b.yaml"]);
    let first = &asked[0];
    assert!(first.contains("delimiter=%2F") && first.contains("prefix=i%2F"));
    assert!(asked[1].contains("continuation-token=t1"), "{asked:?}");
}

#[tokio::test]
async fn a_list_without_an_end_is_none() {
    let again = format!("{MORE}<NextContinuationToken>t1</NextContinuationToken>");
    let same = page(&["i/a.yaml"], &again);
    for (pages, why) in [
        (
            vec![same.clone(), same],
            "the same page came twice, so that there is no way to the rest",
        ),
        (
            vec![page(&["i/a.yaml"], MORE)],
            "the reply says that there is more, and no way to it",
        ),
        (
            vec![page(&[], "<Contents><Size>1</Size></Contents>")],
            "the reply has an object without a key",
        ),
    ] {
        let (listed, _) = list(pages).await;
        let error = SurveyError {
            what: "s3:ListBucket of `s3://docs/i/`".to_owned(),
            why: why.to_owned(),
        };
        assert_eq!(listed, Err(error));
    }
}
