// SPDX-License-Identifier: Apache-2.0
//! A program that holds a secret and crashes, for the tests: `crash begin|bare abort|panic|literal|future`.

use std::fmt;

/// What a reply may hold. Its `Debug` is as careless as that of any dependency.
struct Reply {
    secret: String,
}

impl fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.secret)
    }
}

/// A call that is refused, with a reply that holds the secret.
fn ask(secret: String) -> Result<(), Reply> {
    if secret.is_empty() {
        Ok(())
    } else {
        Err(Reply { secret })
    }
}

#[expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "crashing is what it is for"
)]
fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [how, what] = words.as_slice() else {
        panic!("crash begin|bare abort|panic|literal|future");
    };
    if how == "begin" {
        keyproof_process::begin().unwrap();
    }
    let secret = std::env::var("POISON").unwrap();
    let refused = ask(secret);
    match what.as_str() {
        "abort" => std::process::abort(),
        "literal" => panic!("a literal message"),
        "future" => {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                runtime
                    .unwrap()
                    .block_on(keyproof_process::without_payload(async {
                        refused.unwrap();
                    }));
            }));
            let payload = caught.unwrap_err();
            // As Lambda's runtime reads it, for the answer to its caller.
            let told = payload.downcast_ref::<&'static str>();
            panic!("{}", told.copied().unwrap_or("the payload leaked"));
        }
        _ => refused.unwrap(),
    }
}
