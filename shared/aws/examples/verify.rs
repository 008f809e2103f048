//! x
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "x"
)]
fn main() {
    let t0 = std::time::Instant::now();
    let args: Vec<String> = std::env::args().collect();
    let plan = args
        .iter()
        .position(|a| a == "--plan")
        .map(|i| args[i + 1].clone())
        .unwrap();
    let plan = keyproof_plan::Plan::parse(&std::fs::read_to_string(plan).unwrap()).unwrap();
    let t1 = t0.elapsed();
    let rt = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    rt.block_on(async {
        let settings = keyproof_aws::Settings::default();
        let runner = keyproof_aws::Runner::load(&settings, "us-east-1")
            .await
            .unwrap();
        let t2 = t0.elapsed();
        let report = keyproof_aws::verify(&plan, &settings, &runner).await;
        let t3 = t0.elapsed();
        println!("{}", serde_json::to_string(&report).unwrap());
        eprintln!(
            "parsed {t1:?} runner {t2:?} verified {t3:?} printed {:?}",
            t0.elapsed()
        );
    });
}
