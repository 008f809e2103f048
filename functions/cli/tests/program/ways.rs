// SPDX-License-Identifier: Apache-2.0
//! Ways to a service that lead nowhere: no such name, nobody there, and TLS with each flaw. One
//! service at a time, in the world where everything is as planned and in the one where the outsider
//! reads: the exit code is never 0, and what is open and was seen stays `exposed`.

use keyproof_faults::{Flaw, Tls};
use keyproof_scripted::{Script, Scripted};
use serde_json::Value;

use crate::orders::{kept_out, verify, world};

const SERVICES: [&str; 3] = ["STS", "DYNAMODB", "KMS"];

/// What each of the plan's three probes comes to where a service can't be reached.
fn expected(service: &str, open: bool) -> [Option<&'static str>; 3] {
    match (service, open) {
        ("STS", _) => [None, Some("blind"), Some("blind")],
        ("DYNAMODB", _) => [Some("blind"), Some("blind"), Some("blind")],
        (_, false) => [Some("blind"), None, None],
        (_, true) => [Some("blind"), None, Some("exposed")],
    }
}

/// Runs the plan with one service elsewhere. Gives the findings, and what the first blind probe says.
async fn run(service: &str, url: &str, authority: Option<&str>, open: bool) -> (i32, Value) {
    let script = if open {
        Script::new(world())
    } else {
        kept_out()
    };
    let endpoint = Scripted::start(script).await;
    let mut program = verify(&["--format", "json", "--timeout", "0.7", "--deadline", "20"])
        .at(&endpoint)
        .env(&format!("AWS_ENDPOINT_URL_{service}"), url);
    if let Some(authority) = authority {
        let file = program.directory.path().join("authority.pem");
        program = program
            .file("authority.pem", authority)
            .env("SSL_CERT_FILE", file);
    }
    let (run, _) = program.run_beside().await;
    assert_ne!(run.stdout, "", "{service} {url}: {}", run.stderr);
    (
        run.code.unwrap(),
        serde_json::from_str(&run.stdout).unwrap(),
    )
}

fn findings(report: &Value) -> Vec<Option<&str>> {
    let rows = report["probes"].as_array().unwrap().iter();
    rows.map(|row| row["finding"].as_str()).collect()
}

/// The words of the service, or of the way to it, that the report keeps.
fn messages(report: &Value) -> String {
    let rows = report["probes"].as_array().unwrap().iter();
    let blind = rows.filter(|row| row["finding"] == "blind");
    let told = blind.map(|row| {
        format!(
            "{} {}",
            row["observed"]["message"].as_str().unwrap_or_default(),
            row["reason"]
        )
    });
    told.collect::<Vec<_>>().join("\n")
}

const BROKE: &str = "no connection to the service came about";

/// `reason` is said of each call of the service, `cause` by the way itself.
async fn leads_nowhere(url: &str, authority: Option<&str>, reason: &str, cause: &str) {
    for service in SERVICES {
        // With TLS, each flaw in one world: it is the way that is looked at.
        for open in [false, true].into_iter().skip(authority.iter().count()) {
            let (code, report) = run(service, url, authority, open).await;

            let found = findings(&report);
            assert_eq!(found, expected(service, open), "{service} {url} {open}");
            let exposed = found.contains(&Some("exposed"));
            assert_eq!(code, if exposed { 1 } else { 3 }, "{service} {url} {open}");
            // Without STS there is no session; what became of the session's call is the message.
            let reason = match service {
                "STS" => "the role could not be assumed",
                _ => reason,
            };
            let told = messages(&report);
            for word in [reason, cause] {
                assert!(
                    told.contains(word),
                    "{service} {url}: no `{word}` in {told}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_nobody_has() {
    leads_nowhere("http://keyproof.invalid:80", None, BROKE, "lookup").await;
}

#[tokio::test]
async fn a_port_that_nobody_listens_at() {
    leads_nowhere("http://127.0.0.1:9", None, BROKE, "refused").await;
}

#[tokio::test]
async fn tls_with_each_flaw() {
    let late = "no answer came within the time";
    for (flaw, reason, cause) in [
        (Flaw::UnknownAuthority, BROKE, "certificate: UnknownIssuer"),
        (Flaw::Expired, BROKE, "certificate expired"),
        (Flaw::NotYetValid, BROKE, "certificate not valid yet"),
        (Flaw::OtherHost, BROKE, "certificate not valid for name"),
        (Flaw::Plain, BROKE, ""),
        (Flaw::Closed, BROKE, ""),
        (Flaw::Hang, late, ""),
    ] {
        let tls = Tls::start("127.0.0.1:9", flaw).await;
        leads_nowhere(tls.url(), Some(tls.authority()), reason, cause).await;
    }
}

#[tokio::test]
async fn tls_without_a_flaw_leads_to_the_service() {
    for open in [false, true] {
        let script = if open {
            Script::new(world())
        } else {
            kept_out()
        };
        let endpoint = Scripted::start(script).await;
        let upstream = endpoint.url().trim_start_matches("http://");
        let tls = Tls::start(upstream, Flaw::None).await;
        let program = verify(&["--format", "json"]).at(&endpoint);
        let file = program.directory.path().join("authority.pem");
        let program = program
            .file("authority.pem", tls.authority())
            .env("SSL_CERT_FILE", file)
            .env("AWS_ENDPOINT_URL", tls.url());
        let (run, _) = program.run_beside().await;

        run.exits(i32::from(open));
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let outsider = open.then_some("exposed");
        assert_eq!(findings(&report), [None, None, outsider]);
    }
}
