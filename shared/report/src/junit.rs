// SPDX-License-Identifier: Apache-2.0
//! JUnit XML: one suite a plan, one case a probe.
//!
//! Failed is `failure`, inconclusive is `error` (nothing was tested), excepted is `skipped`, so that
//! a CI server shows the three apart. A probe that passes under an exception says so in its `system-out`. Elements and attributes are those of the Jenkins xUnit schema, and
//! `file` and `line` of the plan, which CI servers read though that schema doesn't list them.
//!
//! <https://github.com/jenkinsci/xunit-plugin>, <https://github.com/testmoapp/junitxml>

use std::io::{self, Write};

use keyproof_verdict::{ProbeRow, Report};

use crate::escape::Markup;
use crate::words::{self, Standing};

pub(crate) fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let sum = &report.summary;
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\"",
        sum.planned,
        sum.fail,
        sum.inconclusive,
        seconds(report.run.duration_ms)
    );
    // The schema's time has neither fraction nor zone.
    let started = report
        .run
        .started_at
        .split(['.', 'Z'])
        .next()
        .unwrap_or_default();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"keyproof\" {counts}>")?;
    writeln!(
        out,
        "  <testsuite name=\"{}\" timestamp=\"{}\" {counts} skipped=\"{}\">",
        Markup(&report.plan.name),
        Markup(started),
        sum.excepted
    )?;
    writeln!(out, "    <properties>")?;
    let environment = &report.environment;
    let sentinel = words::sentinel(report);
    let sentinel = sentinel.as_deref();
    for (name, value) in [
        ("keyproof.verdict", Some(sum.verdict.as_str())),
        ("keyproof.run", Some(report.run.id.as_str())),
        ("keyproof.trigger", Some(report.run.trigger.as_str())),
        ("keyproof.plan.digest", Some(report.plan.digest.as_str())),
        ("keyproof.version", Some(environment.version.as_str())),
        ("keyproof.sentinel", sentinel),
        ("aws.account", environment.account.as_deref()),
        ("aws.region", Some(environment.region.as_str())),
        ("aws.endpoint", environment.endpoint.as_deref()),
    ] {
        if let Some(value) = value {
            writeln!(
                out,
                "      <property name=\"{name}\" value=\"{}\"/>",
                Markup(value)
            )?;
        }
    }
    writeln!(out, "    </properties>")?;
    let unneeded = words::unneeded(report);
    for row in &report.probes {
        let aside = unneeded.get(row.id.as_str()).map_or(&[][..], Vec::as_slice);
        case(report, row, aside, out)?;
    }
    writeln!(out, "  </testsuite>")?;
    writeln!(out, "</testsuites>")
}

/// A probe. What is said `aside` is of one that passes.
fn case(report: &Report, row: &ProbeRow, aside: &[String], out: &mut dyn Write) -> io::Result<()> {
    // CI servers group by class, with dots for levels.
    let plan = report.plan.name.replace('.', "_");
    let group = row.table.as_deref().unwrap_or("roles").replace('.', "_");
    write!(
        out,
        "    <testcase name=\"{}\" classname=\"{}.{}\" time=\"{}\"",
        Markup(&row.id),
        Markup(&plan),
        Markup(&group),
        seconds(row.observed.latency_ms.unwrap_or(0))
    )?;
    if let Some(file) = &report.plan.file {
        write!(out, " file=\"{}\"", Markup(file))?;
        if let Some(line) = row.line {
            write!(out, " line=\"{line}\"")?;
        }
    }
    let element = match Standing::of(row) {
        Standing::Pass if aside.is_empty() => return writeln!(out, "/>"),
        Standing::Pass => {
            writeln!(out, ">")?;
            let lines: Vec<String> = aside.iter().map(|line| Markup(line).to_string()).collect();
            writeln!(out, "      <system-out>{}</system-out>", lines.join("\n"))?;
            return writeln!(out, "    </testcase>");
        }
        Standing::Fail => "failure",
        Standing::Inconclusive => "error",
        Standing::Excepted => {
            writeln!(out, ">")?;
            writeln!(out, "      <skipped message=\"{}\"/>", Markup(&row.reason))?;
            return writeln!(out, "    </testcase>");
        }
    };
    let finding = row.finding.map_or("unknown", |finding| finding.as_str());
    writeln!(out, ">")?;
    write!(
        out,
        "      <{element} type=\"{finding}\" message=\"{}\">",
        Markup(&row.reason)
    )?;
    let lines = details(row);
    let lines: Vec<String> = lines.iter().map(|line| Markup(line).to_string()).collect();
    writeln!(out, "{}</{element}>", lines.join("\n"))?;
    writeln!(out, "    </testcase>")
}

fn details(row: &ProbeRow) -> Vec<String> {
    let mut lines = vec![
        format!("expected: {}", words::expected(row)),
        format!("observed: {}", words::seen(row)),
    ];
    let seen = &row.observed;
    let named = [
        ("resource", &row.resource),
        ("error code", &seen.error_code),
        ("message", &seen.message),
        ("request id", &seen.request_id),
    ];
    let named = named
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_ref()?)));
    lines.extend(named.map(|(name, value)| format!("{name}: {value}")));
    lines.extend(
        row.cause
            .iter()
            .map(|cause| format!("cause: {}", words::cause(cause))),
    );
    lines
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}
