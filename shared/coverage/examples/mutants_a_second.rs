// SPDX-License-Identifier: Apache-2.0
//! How many mutants a second: `cargo run --release -p keyproof-coverage --example mutants_a_second`.
#![expect(clippy::print_stdout, reason = "the measurement is the output")]
#![expect(
    clippy::disallowed_methods,
    reason = "an example reads files and the clock"
)]

use std::path::Path;
use std::time::Instant;

use jiff::{Timestamp, civil::date};
use keyproof_check::{Circumstances, Estate};
use keyproof_coverage::cover;
use keyproof_plan::Plan;
use keyproof_template::Options;
use keyproof_verdict::RunFacts;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let plan = Plan::parse(&std::fs::read_to_string(root.join("plans/orders.yaml"))?)
        .map_err(|errors| format!("{errors:?}"))?;
    let options = Options::new("111122223333".parse()?, "us-east-1");
    let template = std::fs::read_to_string(root.join("template.yaml"))?;
    let account =
        keyproof_template::load(&template, &options).map_err(|errors| format!("{errors:?}"))?;
    let estate = Estate::of(account);
    let now = Timestamp::now();
    let facts = RunFacts {
        id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        trigger: "check".to_owned(),
        started_at: now,
        finished_at: now,
        account: None,
        region: None,
        endpoint: None,
        version: "0".to_owned(),
        plan_file: None,
        today: date(2026, 5, 1),
    };
    for _ in 0..3 {
        let started = Instant::now();
        let found = cover(&plan, &estate, &Circumstances::default(), &facts);
        let all = found.mutants + found.equivalent + found.out_of_reach.len();
        let seconds = started.elapsed().as_secs_f64();
        let thousand = seconds / f64::from(u32::try_from(all)?) * 1000.0;
        println!("{all} mutants in {seconds:.3} s: 1,000 in {thousand:.3} s");
    }
    Ok(())
}
