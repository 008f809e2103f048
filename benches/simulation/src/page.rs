// SPDX-License-Identifier: Apache-2.0
//! `docs/simulation.md`, numbers and all.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use keyproof_quota::Quota;

use crate::{Cost, Outcome, Scenario, simulate};

/// An organisation of 2,000 accounts and a million probes, with nothing going wrong.
const ORGANISATION: Scenario = Scenario {
    accounts: 2_000,
    tables: 100,
    keys: 10,
    roles: 3,
    reads: 4,
    one_account: false,
    at_once: 40,
    region: "us-east-1",
    latency: 20_000,
    overhead: 250_000,
    lost_calls: 0.0,
    deaths: 0.0,
    seed: 1,
};

/// How many shards are under way at once, from one plan's worth to all that Lambda lets an account run.
const AT_ONCE: [usize; 7] = [10, 40, 100, 200, 400, 700, 1_000];

/// The page.
#[must_use]
pub fn page() -> String {
    let mut text = String::from(INTRODUCTION);
    let runs = AT_ONCE.map(|at_once| {
        run(Scenario {
            at_once,
            ..ORGANISATION
        })
    });
    text.push_str("## As many shards at once as you like\n\n");
    let named = runs.iter().map(|run| (run.0.at_once.to_string(), run));
    table(&mut text, "shards at once", named);
    breaks_first(&mut text, &runs);
    text.push_str(TEN_PLANS);
    with_faults(&mut text);
    in_one_account(&mut text);
    let usual = runs
        .iter()
        .find(|run| run.0.at_once == ORGANISATION.at_once);
    if let Some((scenario, outcome)) = usual {
        costs(&mut text, scenario, outcome);
    }
    text.push_str(QUOTAS);
    for quota in Quota::ALL {
        let here = quota.in_region(ORGANISATION.region);
        let _ = writeln!(text, "| {} | {here} | {} |", quota.name, quota.source);
    }
    text
}

fn breaks_first(text: &mut String, runs: &[(Scenario, Outcome)]) {
    let throttled = runs.iter().find(|run| !run.1.throttled.is_empty());
    let Some((scenario, outcome)) = throttled else {
        text.push_str("**Nothing breaks.**\n\n");
        return;
    };
    let names: Vec<_> = outcome.throttled.keys().copied().collect();
    let _ = write!(
        text,
        "**What breaks first: {}.** All shards assume roles as one account, the stack's; all else is\ncharged to the \
         account under test. At {} shards at once it is throttled for the first time",
        names.join(", "),
        scenario.at_once,
    );
    let _ = match runs.iter().find(|run| run.1.blind > 0) {
        Some((scenario, outcome)) => writeln!(
            text,
            "; at {} five attempts\nare no longer enough for everybody, and {} probes are blind, which the report says.\n",
            scenario.at_once, outcome.blind
        ),
        None => writeln!(
            text,
            "; five attempts\nare enough each time, and no probe is blind.\n"
        ),
    };
}

fn with_faults(text: &mut String) {
    text.push_str(FAULTS);
    let lost = [
        (0.001, 0.0),
        (0.05, 0.0),
        (0.3, 0.0),
        (0.0, 0.05),
        (0.0, 0.3),
        (0.05, 0.3),
    ];
    let runs = lost.map(|(lost_calls, deaths)| {
        run(Scenario {
            lost_calls,
            deaths,
            ..ORGANISATION
        })
    });
    let named = |run: &(Scenario, Outcome)| {
        let (calls, shards) = (run.0.lost_calls * 100.0, run.0.deaths * 100.0);
        format!("{calls:.1} % of calls, {shards:.0} % of shards")
    };
    let named = runs.iter().map(|run| (named(run), run));
    table(text, "lost", named);
}

fn in_one_account(text: &mut String) {
    text.push_str(ALONE);
    let places = [
        ("us-east-1", 10),
        ("us-east-1", 40),
        ("eu-north-1", 10),
        ("eu-north-1", 40),
    ];
    let runs = places.map(|(region, at_once)| {
        run(Scenario {
            one_account: true,
            region,
            at_once,
            ..ORGANISATION
        })
    });
    let named = |run: &(Scenario, Outcome)| format!("{}, {} at once", run.0.region, run.0.at_once);
    let named = runs.iter().map(|run| (named(run), run));
    table(text, "where", named);
}

fn costs(text: &mut String, scenario: &Scenario, outcome: &Outcome) {
    text.push_str("## What a run costs\n\nForty shards at once, nothing going wrong.\n\n| | US$ | price |\n|---|---|---|\n");
    let mut sum = 0.0;
    for line in Cost::of(scenario, outcome) {
        sum += line.dollars;
        let _ = writeln!(
            text,
            "| {} | {:.3} | {} |",
            line.what, line.dollars, line.source
        );
    }
    let _ = writeln!(text, "| together | {sum:.3} | |\n");
}

fn run(scenario: Scenario) -> (Scenario, Outcome) {
    let outcome = simulate(&scenario);
    (scenario, outcome)
}

fn table<'a>(
    text: &mut String,
    first: &str,
    runs: impl Iterator<Item = (String, &'a (Scenario, Outcome))>,
) {
    let _ = writeln!(
        text,
        "| {first} | seconds | probes a second | calls | throttled | tries of shards | blind probes |\n|---|---|---|---|---|---|---|"
    );
    for (name, (_, outcome)) in runs {
        let probes = f64::from(u32::try_from(outcome.probes).unwrap_or(u32::MAX));
        let throttled: Vec<_> = outcome
            .throttled
            .iter()
            .map(|(quota, count)| format!("{count} by {quota}"))
            .collect();
        let throttled = if throttled.is_empty() {
            "0".to_owned()
        } else {
            throttled.join(", ")
        };
        let _ = writeln!(
            text,
            "| {name} | {:.1} | {:.0} | {} | {throttled} | {} | {} |",
            outcome.seconds,
            probes / outcome.seconds,
            outcome.calls,
            outcome.tries,
            outcome.blind,
        );
    }
    text.push('\n');
}

const INTRODUCTION: &str = "<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by benches/simulation/run. -->
# An organisation, simulated

What a run of 2,000 accounts and a million probes takes, and what breaks first, before anybody has such an
organisation at hand. Nothing of it was measured at AWS: time is virtual, quotas are those that AWS publishes, and
latencies and faults are drawn from a seed, so that `benches/simulation/run` writes this page again, byte for byte.

Each account has 100 tables under ten keys, with four reads tried on each (two by a reader, two by an outsider) and a
look at its encryption: 500 probes, and a [shard](shards.md) of its own. A stored plan may have 100,000 probes, so these
are ten plans, started at the same moment. A shard's function starts, reads its part and writes its report in
about 250 ms, opens three sessions, and then has 32 calls of about 20 ms under way, as the function does. What is
throttled or lost is sent again, five times in all; a shard that dies is tried three times.

What is not in it: the time of the collector; that Lambda starts functions at a limited rate, and only as many as the
account has left of 1,000 (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>); what others in
the account ask of the same quotas; and what the service does so that none of this happens: a function keeps to a share
of each quota by itself, and [`Cut`](shards.md#in-the-deployed-service) lets no more shards be beside each other than
the share has room for, which of one account are few.

";

const TEN_PLANS: &str = "`ShardsAtOnce` is a run's, and these shards are ten runs'. With its default of 40, ten plans that are all asked for at the
same moment, as by a change whose reach nobody knows, are 400 at once. An organisation of this size sets it to 10.

";

const FAULTS: &str = "## With faults

Forty shards at once. A call that gets no answer costs time and, five times in a row, one probe (a session's, those of its
role); a shard that dies three times costs all of its own. Neither costs anything of the others, and none of it is a pass.

";

const ALONE: &str = "## All in one account

The same million probes in 200,000 tables of one account, whose quotas all shards then share.

";

const QUOTAS: &str = "## The quotas

Requests a second of an account in us-east-1, as AWS publishes them; `shared/quota` has them for every region.

| quota | requests a second | page |
|---|---|---|
";
