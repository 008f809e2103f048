# SPDX-License-Identifier: Apache-2.0
"""The verify function as built, run after run in one warm process, against the sandbox: what grows.

    target/tools/python/bin/python tests/interop/soak.py --runs 10000

writes `docs/soak.csv` and `docs/soak.svg`, and fails where memory, descriptors or threads have grown from the second
fifth of the runs to the last. What the first fifth takes is pools and caches being filled.
"""

import argparse
import csv
import os
import pathlib
import statistics
import sys
import time

from conftest import KEYPROOF, ROOT, start_sandbox, stop, keyproof
from lambda_runtime import Function

PLAN = """
keyproof: plan/v1
name: orders
region: us-east-1
tables:
  orders:
    table: orders
    key: alias/orders
    canary: { key: { pk: { S: "keyproof#canary" } } }
principals:
  reader: { role: "arn:aws:iam::111122223333:role/keyproof/reader" }
  outsider: { role: "arn:aws:iam::111122223333:role/keyproof/outsider" }
expectations:
  - { principal: reader, on: orders, actions: ["dynamodb:GetItem", "dynamodb:Scan"], decision: allowed }
  - { principal: outsider, on: orders, actions: ["dynamodb:GetItem", "kms:Decrypt"], decision: denied, by: kms }
"""
PAGE = os.sysconf("SC_PAGE_SIZE")
# What a process may have grown by from the second fifth to the last: the allocator's own unrest.
MOST_MEMORY_KIB = 1024


def sample(pid):
    """Resident memory in KiB, open descriptors, threads."""
    process = pathlib.Path(f"/proc/{pid}")
    pages = int((process / "statm").read_text().split()[1])
    return pages * PAGE // 1024, len(os.listdir(process / "fd")), len(os.listdir(process / "task"))


def soak(runs, binary, every=None, until=lambda: False):
    """The samples of `runs` runs: (run, memory, descriptors, threads, seconds). It ends early where `until`."""
    every = every or max(1, runs // 400)
    process, aws = start_sandbox("--template", "template.yaml")
    try:
        planted = keyproof("canary", "plant", "--plan", "-", environment=aws.environment(), stdin=PLAN)
        assert planted.returncode == 0, planted.stdout + planted.stderr
        function = Function("keyproof-verify", binary, aws.environment() | {"KEYPROOF_PLAN": PLAN})
        samples, began = [], time.monotonic()
        try:
            for run in range(1, runs + 1):
                report = function.invoke({"plan": "orders"})
                assert report["summary"]["verdict"] == "pass", report["summary"]
                # The lines that the function logs are this process's to keep, and not its own.
                function.log.clear()
                if run % every == 0:
                    samples.append((run, *sample(function.process.pid), round(time.monotonic() - began, 1)))
                    if until():
                        break
        finally:
            function.stop()
    finally:
        stop(process)
    return samples


def grown(samples):
    """What has grown from the second fifth to the last, a sentence each."""
    fifth = len(samples) // 5
    before, after = samples[fifth : 2 * fifth], samples[-fifth:]
    found = []
    for column, what, most in ((1, "memory in KiB", MOST_MEMORY_KIB), (2, "descriptors", 0), (3, "threads", 0)):
        first, last = (statistics.median(row[column] for row in rows) for rows in (before, after))
        if last > first + most:
            found.append(f"{what}: {first:g}, and {last:g} in the end")
    return found


def drawing(samples):
    """The memory over the runs, as SVG."""
    width, height, left, bottom = 720, 260, 70, 40
    runs, memory = [row[0] for row in samples], [row[1] / 1024 for row in samples]
    top = max(memory) * 1.15
    across = lambda run: left + (width - left - 20) * run / runs[-1]
    up = lambda mebibytes: height - bottom - (height - bottom - 20) * mebibytes / top
    line = " ".join(f"{across(run):.1f},{up(value):.1f}" for run, value in zip(runs, memory))
    marks = []
    for part in range(5):
        value = top * part / 4
        marks.append(f'<line x1="{left}" x2="{width - 20}" y1="{up(value):.1f}" y2="{up(value):.1f}" class="g"/>')
        marks.append(f'<text x="{left - 8}" y="{up(value) + 4:.1f}" text-anchor="end">{value:.1f} MiB</text>')
        run = round(runs[-1] * part / 4)
        marks.append(f'<text x="{across(run):.1f}" y="{height - 14}" text-anchor="middle">{run:,}</text>')
    descriptors, threads = max(row[2] for row in samples), max(row[3] for row in samples)
    title = f"Resident memory over {runs[-1]:,} runs in one process; at most {descriptors} descriptors, {threads} threads"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + 24}" role="img" aria-label="{title}">',
        "<style>text{font:12px sans-serif;fill:#57606a}.g{stroke:#8c959f;stroke-opacity:.3}"
        ".l{fill:none;stroke:#0969da;stroke-width:2}</style>",
        f'<g transform="translate(0 24)">{"".join(marks)}<polyline class="l" points="{line}"/></g>',
        f'<text x="{left}" y="16">{title}</text>',
        "</svg>\n",
    ])


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=10_000)
    options.add_argument("--minutes", type=float, default=24 * 60, help="how long at most")
    options.add_argument("--output", type=pathlib.Path, default=ROOT / "docs", help="the folder to write to")
    given = options.parse_args()
    end = time.monotonic() + given.minutes * 60
    binary = pathlib.Path(KEYPROOF).with_name("keyproof-verify")
    samples = soak(given.runs, binary, until=lambda: time.monotonic() > end)
    with open(given.output / "soak.csv", "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["run", "memory_kib", "descriptors", "threads", "seconds"])
        table.writerows(samples)
    (given.output / "soak.svg").write_text(drawing(samples))
    print(f"first {samples[0]}, last {samples[-1]}")
    if found := grown(samples):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
