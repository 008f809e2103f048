// SPDX-License-Identifier: Apache-2.0
//! The program `keyproof`: the process's streams, arguments and exit code around [`keyproof_cli`].

use std::panic::{AssertUnwindSafe, catch_unwind};

use keyproof_cli::{Io, Outcome, run};

fn main() -> Outcome {
    let mut io = Io::standard();
    if let Err(error) = keyproof_process::begin() {
        io.stderr.say(format_args!(
            "warning: a crash may leave credentials behind: {error}"
        ));
    }
    // A panic is a bug, and its exit code must not be taken for a verdict. The hook has said on stderr
    // where it happened.
    catch_unwind(AssertUnwindSafe(|| run(std::env::args_os(), &mut io)))
        .unwrap_or(Outcome::NotCarriedOut)
}
