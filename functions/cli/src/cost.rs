// SPDX-License-Identifier: Apache-2.0
//! What a plan costs in a month: what a run does, counted from the plan, times a price.
//!
//! Every line says how its number comes about, so that it can be checked against a bill. Counted on the
//! safe side: where something depends on how large a table is or how long a call takes, the assumption
//! is in the line.

mod prices;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use keyproof_core::Service;
use keyproof_plan::{Action, Expected, Plan, ProbeKind, TableKey};
use keyproof_quota::{Bound, Terms, forecast};
use serde::Serialize;

pub(crate) use prices::PriceList;

/// Minutes in a month of 730 hours, as AWS counts.
const MINUTES: f64 = 730.0 * 60.0;
/// Bytes of a report for each probe, and around them.
const BYTES_OF_PROBE: usize = 900;
const BYTES_AROUND: usize = 800;
/// Up to this size a report stays in the table.
const IN_THE_TABLE: usize = 200_000;
/// The largest page of a scan: 1 MB, of which a read unit takes 4 KB.
const UNITS_OF_PAGE: usize = 256;
/// What the functions may use, and for how long a call of a run takes on average, in seconds.
const GB: f64 = 0.25;
const CALL_SECONDS: f64 = 0.05;
/// How many calls are under way at once.
const CONCURRENCY: f64 = 32.0;

/// What something costs in a month.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    /// `run` for what each run does, `stack` for what is there anyway.
    pub(crate) of: &'static str,
    /// What is paid for.
    pub(crate) what: &'static str,
    /// How the number comes about.
    pub(crate) how: String,
    /// How many for each run; `None` of what is there anyway.
    pub(crate) each_run: Option<f64>,
    /// How many in a month.
    pub(crate) in_a_month: f64,
    /// The unit.
    pub(crate) unit: String,
    /// The price of one.
    pub(crate) price: f64,
    /// What it comes to.
    pub(crate) cost: f64,
    /// The page with the price.
    pub(crate) source: String,
}

/// A plan's cost.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Estimate {
    /// The plan.
    pub(crate) plan: String,
    /// Minutes between two runs.
    pub(crate) every_minutes: u32,
    /// Runs in a month of 730 hours.
    pub(crate) runs_in_a_month: f64,
    /// The prices' region, date and currency.
    pub(crate) region: String,
    pub(crate) prices_as_of: String,
    pub(crate) currency: String,
    /// What the prices leave out.
    pub(crate) note: String,
    /// What one run asks, and for how long.
    pub(crate) one_run: OneRun,
    /// The lines.
    pub(crate) lines: Vec<Line>,
    /// The sum of the runs' lines, and of the stack's.
    pub(crate) runs_cost: f64,
    pub(crate) stack_cost: f64,
}

/// A run before it is made.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OneRun {
    /// Calls at least.
    pub(crate) calls: u64,
    /// Seconds at least.
    pub(crate) seconds: f64,
    /// The quota that keeps it from being shorter; `None` where its calls do, so many at once.
    pub(crate) bound_by: Option<&'static str>,
    /// The share of each quota that it takes, in percent.
    pub(crate) quota_share: u8,
    /// Calls under way at once.
    pub(crate) concurrency: u16,
    /// How long a call is taken to last, in milliseconds.
    pub(crate) latency_ms: u16,
}

impl OneRun {
    pub(crate) fn of(plan: &Plan, quota_share: u8, concurrency: u16, latency_ms: u16) -> Self {
        let terms = Terms {
            region: &plan.region,
            share: quota_share,
            concurrency: concurrency.into(),
            latency: Duration::from_millis(latency_ms.into()),
        };
        let forecast = forecast(plan, &terms);
        Self {
            calls: forecast.calls,
            seconds: forecast.duration.as_secs_f64(),
            bound_by: match forecast.bound {
                Bound::Latency => None,
                Bound::Quota(name) => Some(name),
            },
            quota_share,
            concurrency,
            latency_ms,
        }
    }
}

/// What one run asks of AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Calls {
    /// Sessions.
    pub(crate) sessions: usize,
    /// Calls of DynamoDB.
    pub(crate) dynamodb: usize,
    /// Of these, what KMS is asked for, by DynamoDB.
    pub(crate) kms_behind: usize,
    /// Direct calls of KMS that are dry runs.
    pub(crate) dry_runs: usize,
    /// Direct calls of KMS that read about a key, the looks at the tables' keys among them.
    pub(crate) looks: usize,
    /// Looks at tables, which cost nothing.
    pub(crate) descriptions: usize,
    /// Read units of what comes back.
    pub(crate) reads: usize,
    /// Write units of conditional writes that reach the table.
    pub(crate) writes: usize,
}

impl Calls {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut calls = Self {
            sessions: plan.principals.len(),
            descriptions: plan.tables.len(),
            ..Self::default()
        };
        let encrypted = |table: &str| {
            plan.tables
                .get(table)
                .is_some_and(|table| table.key != TableKey::AwsOwned)
        };
        calls.looks = plan.tables.keys().filter(|table| encrypted(table)).count();
        // Who is let in asks KMS once for a session and a table; who isn't, each time.
        let mut let_in = BTreeSet::new();
        for probe in plan.each_probe() {
            let ProbeKind::Access {
                principal,
                action,
                table,
                expected,
                ..
            } = probe.kind
            else {
                continue;
            };
            let allowed = expected == Expected::Allowed;
            match action.service() {
                Service::Kms if is_dry_run(action) => calls.dry_runs += 1,
                Service::Kms => calls.looks += 1,
                Service::DynamoDb => {
                    calls.dynamodb += 1;
                    let table = table.unwrap_or_default();
                    let by_kms = matches!(
                        expected,
                        Expected::Denied {
                            by: Service::Kms,
                            ..
                        }
                    );
                    if encrypted(&table) && (by_kms || allowed && let_in.insert((principal, table)))
                    {
                        calls.kms_behind += 1;
                    }
                    if allowed {
                        let (reads, writes) = units(action);
                        calls.reads += reads;
                        calls.writes += writes;
                    }
                }
                Service::Sts => {}
            }
        }
        calls
    }

    fn all(&self) -> usize {
        self.sessions + self.dynamodb + self.dry_runs + self.looks + self.descriptions
    }
}

const fn is_dry_run(action: Action) -> bool {
    !matches!(
        action,
        Action::DescribeKey | Action::GetKeyPolicy | Action::ListGrants
    )
}

/// Read and write units of a call that is let in. The canary is one item of under 1 KB; a scan may read
/// a whole page in search of it, and a condition that fails costs what the write would.
const fn units(action: Action) -> (usize, usize) {
    match action {
        Action::Scan => (UNITS_OF_PAGE, 0),
        Action::TransactGetItems => (2, 0),
        Action::PutItem | Action::UpdateItem | Action::DeleteItem => (0, 1),
        _ => (1, 0),
    }
}

/// The plan's cost at so many minutes between two runs.
pub(crate) fn cost(
    plan: &Plan,
    every_minutes: u32,
    prices: &PriceList,
    one_run: OneRun,
) -> Estimate {
    let runs = MINUTES / f64::from(every_minutes);
    let mut bill = Bill {
        prices,
        runs,
        lines: Vec::new(),
    };
    let calls = Calls::of(plan);
    under_test(&mut bill, &calls);
    service(&mut bill, plan, &calls);
    stack(&mut bill);
    let sum = |of: &str| {
        let lines = bill.lines.iter().filter(|line| line.of == of);
        lines.map(|line| line.cost).sum()
    };
    Estimate {
        plan: plan.name.clone(),
        every_minutes,
        runs_in_a_month: runs,
        one_run,
        region: prices.region.clone(),
        prices_as_of: prices.as_of.clone(),
        currency: prices.currency.clone(),
        note: prices.note.clone(),
        runs_cost: sum("run"),
        stack_cost: sum("stack"),
        lines: bill.lines,
    }
}

struct Bill<'p> {
    prices: &'p PriceList,
    runs: f64,
    lines: Vec<Line>,
}

impl Bill<'_> {
    fn each_run(&mut self, price: &str, what: &'static str, number: f64, how: String) {
        let in_a_month = number * self.runs;
        self.line("run", price, what, Some(number), in_a_month, how);
    }

    fn each_month(&mut self, price: &str, what: &'static str, number: f64, how: String) {
        self.line("stack", price, what, None, number, how);
    }

    fn line(
        &mut self,
        of: &'static str,
        price: &str,
        what: &'static str,
        each_run: Option<f64>,
        in_a_month: f64,
        how: String,
    ) {
        // INVARIANT (whole tables): a table that was read has every price.
        let Some(price) = self.prices.of(price) else {
            return;
        };
        let one = price.price / price.per;
        self.lines.push(Line {
            of,
            what,
            how,
            each_run,
            in_a_month,
            unit: price.unit.clone(),
            price: one,
            cost: one * in_a_month,
            source: price.source.clone(),
        });
    }
}

/// What the calls under test cost.
fn under_test(bill: &mut Bill<'_>, calls: &Calls) {
    bill.each_run(
        "sts_request",
        "AssumeRole",
        number(calls.sessions),
        format!("one for each of {} principals; free", calls.sessions),
    );
    bill.each_run(
        "kms_request",
        "KMS behind DynamoDB",
        number(calls.kms_behind),
        "one for each call that the key denies, and one for each principal and table that it lets in; \
         DynamoDB keeps the key for the rest of the session"
            .to_owned(),
    );
    bill.each_run(
        "kms_request",
        "KMS dry runs",
        number(calls.dry_runs),
        "one for each `kms:` probe that is a dry run: they are billed as any request".to_owned(),
    );
    bill.each_run(
        "kms_request",
        "KMS looks",
        number(calls.looks),
        "DescribeKey, GetKeyPolicy and ListGrants probes, and a DescribeKey for each encrypted table"
            .to_owned(),
    );
    bill.each_run(
        "dynamodb_read",
        "Reads of the canaries",
        number(calls.reads),
        format!(
            "of the calls that are let in: 1 for a read of the canary, 2 in a transaction, at most \
             {UNITS_OF_PAGE} for a page of a scan"
        ),
    );
    bill.each_run(
        "dynamodb_write",
        "Conditional writes",
        number(calls.writes),
        "of the calls that are let in: 1 each, though the condition never holds".to_owned(),
    );
}

/// What the service does for a run.
fn service(bill: &mut Bill<'_>, plan: &Plan, calls: &Calls) {
    let probes = plan.planned();
    let report = BYTES_AROUND + probes * BYTES_OF_PROBE;
    let inline = report <= IN_THE_TABLE;
    let kb = |bytes: usize| number(bytes.div_ceil(1024));
    let state = kb(400 + probes * 120);
    let run = if inline { kb(report + 1000) } else { 1.0 };
    bill.each_run(
        "sqs_request",
        "Run queue",
        3.0,
        "sent, received, deleted".to_owned(),
    );
    bill.each_run(
        "scheduler_invocation",
        "Schedule",
        1.0,
        "one for each run".to_owned(),
    );
    let seconds = 1.0 + (number(calls.all()) / CONCURRENCY).ceil() * CALL_SECONDS * 2.0;
    bill.each_run(
        "lambda_gb_second",
        "Verify and publish, time",
        (seconds + 1.0) * GB,
        format!(
            "256 MB; {seconds:.2} s for {} calls at 32 at once and {:.0} ms, twice that for retries, and a \
             second around them; 1 s to publish",
            calls.all(),
            CALL_SECONDS * 1000.0
        ),
    );
    bill.each_run(
        "lambda_request",
        "Verify and publish",
        2.0,
        "one each".to_owned(),
    );
    bill.each_run(
        "dynamodb_write",
        "State: writes",
        3.0 + (state + run + 1.0) * 2.0 + 6.0,
        format!(
            "the run's start, status and sinks, and a transaction (2 for 1 KB) of the state ({state} KB), \
             the run ({run} KB, report {}) and its status",
            if inline { "inside" } else { "in S3" }
        ),
    );
    bill.each_run(
        "dynamodb_read",
        "State: reads",
        (kb(plan_bytes(plan)) / 4.0).ceil() + (state / 4.0).ceil() * 2.0 + 8.0,
        "the plan's version, the state twice, heads and marks; 1 for 4 KB".to_owned(),
    );
    bill.each_run(
        "kms_request",
        "State: keys",
        4.0,
        "the table's, the bucket's and the topic's key, at most once for each function's session"
            .to_owned(),
    );
    bill.each_run(
        "kms_signature",
        "Evidence: signature",
        1.0,
        "one for each run".to_owned(),
    );
    bill.each_run(
        "s3_put",
        "Evidence and reports",
        if inline { 1.0 } else { 2.0 },
        if inline {
            "the signed record; the report is in the table".to_owned()
        } else {
            "the signed record, and the report, which is too large for the table".to_owned()
        },
    );
    bill.each_run(
        "eventbridge_event",
        "Event",
        1.0,
        "`Run Completed`; transitions come on top".to_owned(),
    );
    bill.each_run(
        "sns_publish",
        "Alerts",
        0.0,
        "none while nothing changes; one for each page and reminder".to_owned(),
    );
    bill.each_run(
        "cloudwatch_log_gb",
        "Log",
        (number(report) + 2000.0) / 1e9,
        format!("the report, about {report} bytes, and metrics in one line each"),
    );
}

/// A count as a number to multiply; no plan has four thousand million of anything.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// About what the plan takes in the table.
fn plan_bytes(plan: &Plan) -> usize {
    500 + plan.expectations.len() * 200 + (plan.tables.len() + plan.principals.len()) * 200
}

/// What is there whether anything runs or not. Shared by all plans of the stack.
fn stack(bill: &mut Bill<'_>) {
    bill.each_month(
        "kms_key",
        "Keys",
        2.0,
        "of the state and of the evidence".to_owned(),
    );
    bill.each_month(
        "cloudwatch_alarm_metric",
        "Alarms",
        f64::from(ALARM_METRICS),
        "fourteen alarms and the metrics that they look at".to_owned(),
    );
    bill.each_month("cloudwatch_dashboard", "Dashboard", 1.0, "one".to_owned());
    bill.each_month(
        "cloudwatch_metric",
        "Metrics",
        f64::from(PLAN_METRICS),
        "of one plan; those by table and by principal come on top".to_owned(),
    );
    bill.each_month(
        "sqs_request",
        "Run queue, idle",
        5.0 * 3.0 * MINUTES,
        "Lambda asks an idle queue five times every 20 s".to_owned(),
    );
    let sweeps = MINUTES / 5.0;
    bill.each_month(
        "scheduler_invocation",
        "Sweeps",
        sweeps,
        "one every five minutes".to_owned(),
    );
    bill.each_month(
        "lambda_request",
        "Sweeps, invocations",
        sweeps,
        "one every five minutes".to_owned(),
    );
    bill.each_month(
        "lambda_gb_second",
        "Sweeps, time",
        sweeps * GB * 0.5,
        "256 MB, half a second each".to_owned(),
    );
}

/// The metrics that the alarms look at, and those of one plan. A test counts the former; the latter are those of `functions/publish`.
const ALARM_METRICS: u32 = 34;
const PLAN_METRICS: u32 = 10;
