# SPDX-License-Identifier: Apache-2.0
"""The verify function as Lambda runs it: behind a Runtime API, fed with the files in `events/`."""

import json
import os
import subprocess

import pytest

from conftest import ROOT, bare_environment, findings, free_port, keyproof, start_sandbox, stop, wait_for_port

PLAN = ROOT / "plans/orders.yaml"
EVENTS = sorted((ROOT / "events").glob("*.json"))


def lambda_environment():
    return bare_environment() | {"PATH": os.environ["PATH"]}


@pytest.fixture(scope="module")
def function():
    """The port that invokes the function, with the sandbox as its AWS and the canaries planted."""
    # Built before it is served: the first invoke must not wait for a compiler.
    subprocess.run(["cargo", "build", "--quiet", "--package", "keyproof-verify"], cwd=ROOT, check=True)
    sandbox, aws = start_sandbox("--template", "template.yaml")
    planted = keyproof("canary", "plant", "--plan", str(PLAN), environment=aws.environment())
    assert planted.returncode == 0, planted.stderr
    port = free_port()
    environment = aws.environment() | {"KEYPROOF_PLAN": PLAN.read_text()}
    runtime = subprocess.Popen(
        ["cargo", "lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", str(port),
         "--ignore-changes"],
        cwd=ROOT / "functions/verify", env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0,
    )
    try:
        wait_for_port(port, runtime, seconds=120)
        yield port
    finally:
        stop(runtime)
        stop(sandbox)


def invoke(port, file):
    done = subprocess.run(
        ["cargo", "lambda", "invoke", "keyproof-verify", "--invoke-address", "127.0.0.1",
         "--invoke-port", str(port), "--data-file", str(file), "--output-format", "json"],
        cwd=ROOT, env=lambda_environment(), capture_output=True, text=True, timeout=300,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: path.stem)
def test_every_event_gives_a_passing_report(function, event):
    code, answer, errors = invoke(function, event)

    assert code == 0, errors
    report = json.loads(answer)
    assert report["schema"] == "keyproof.report/v1"
    assert set(findings(report).values()) == {None}, report["probes"][0]["reason"]
    assert report["summary"]["verdict"] == "pass"
    assert report["summary"]["pass"] == report["summary"]["planned"] == len(report["probes"]) > 2


def test_an_unknown_plan_is_refused_by_name(function, tmp_path):
    request = tmp_path / "unknown.json"
    request.write_text('{"plan": "invoices"}')

    code, answer, errors = invoke(function, request)

    assert code != 0
    assert "PlanNotFound" in answer + errors and "invoices" in answer + errors


def test_a_request_that_hands_in_a_role_is_refused(function, tmp_path):
    request = tmp_path / "role.json"
    request.write_text('{"plan": "orders", "role": "arn:aws:iam::111122223333:role/admin"}')

    code, answer, errors = invoke(function, request)

    assert code != 0
    assert "InvalidRequest" in answer + errors and "role" in answer + errors
