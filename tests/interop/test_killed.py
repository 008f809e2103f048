# SPDX-License-Identifier: Apache-2.0
"""The programs as built, killed: by SIGKILL at each call of a run to the state table, and by a lack of memory.

Whatever was under way, the next delivery completes it, once; and a process that gets too little memory never says
that all is well.
"""

import json
import subprocess

import pytest

from conftest import KEYPROOF, REGION, ROOT, keyproof
from flaky import Flaky
from soak import PLAN
from test_functions import TABLE, stack, start  # noqa: F401  (a fixture)


def batch(message_id):
    """One message of the run queue."""
    return {
        "Records": [{
            "messageId": message_id, "receiptHandle": "r", "eventSource": "aws:sqs",
            "body": json.dumps({"plan": "orders", "trigger": "schedule"}),
            "attributes": {"SentTimestamp": "1768446245000", "ApproximateReceiveCount": "1"},
            "messageAttributes": {}, "md5OfBody": "0", "awsRegion": REGION,
            "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:keyproof-runs",
        }]
    }  # fmt: skip


def committed(moto):
    """The committed runs: their commits and run ids, in order; and the commit that the state says."""
    table = moto.client("dynamodb")
    pages = table.get_paginator("query").paginate(
        TableName=TABLE, KeyConditionExpression="pk = :plan", ExpressionAttributeValues={":plan": {"S": "PLAN#orders"}}
    )
    items = [item for page in pages for item in page["Items"]]
    runs = [item for item in items if item["sk"]["S"].startswith("RUN#")]
    state = [int(item["commit"]["N"]) for item in items if item["sk"]["S"] == "STATE"]
    return [(int(run["commit"]["N"]), run["run_id"]["S"]) for run in runs], state[0] if state else 0


@pytest.fixture
def plan(stack, template_sandbox):  # noqa: F811
    """A stack with a plan of the sandbox: (moto, the queue's URL, the sandbox's administrator)."""
    moto, queue_url = stack
    state = {"KEYPROOF_STATE_TABLE": TABLE, "KEYPROOF_STATE_ENDPOINT_URL": moto.endpoint}
    environment = template_sandbox.environment()
    pushed = keyproof("plan", "push", "-", environment=environment | state, stdin=PLAN)
    assert pushed.returncode == 0, pushed.stderr
    planted = keyproof("canary", "plant", "--plan", "-", environment=environment, stdin=PLAN)
    assert planted.returncode == 0, planted.stderr
    return moto, queue_url, template_sandbox


class Killer:
    """Kills a process at its nth call: before anybody sees it, or before its answer."""

    def __init__(self, proxy, nth, place):
        self.left, self.function = nth, None
        proxy.before = proxy.after = lambda _: None
        setattr(proxy, place, self.call)

    def call(self, _):
        self.left -= 1
        if self.left == 0:
            self.function.process.kill()
            self.function.process.wait()
        return self.left == 0


def test_whichever_call_it_is_killed_at_the_next_delivery_completes_the_run(plan):
    moto, queue_url, aws = plan
    proxy = Flaky(moto.endpoint)
    environment = aws.environment() | {"KEYPROOF_STATE_ENDPOINT_URL": proxy.endpoint}
    try:
        messages, killed = 0, {"before": 0, "after": 0}
        for place in killed:
            while True:
                message, nth = batch(f"{place}-{killed[place]}"), killed[place] + 1
                killer = Killer(proxy, nth, place)
                function = killer.function = start("keyproof-verify", environment, queue_url)
                try:
                    ended = function.invoke(message)
                    assert ended == {"batchItemFailures": []}
                except RuntimeError:
                    ended = None
                finally:
                    function.stop()
                proxy.before = proxy.after = lambda _: None
                messages += 1
                if ended is None:
                    killed[place] += 1
                    again = start("keyproof-verify", environment, queue_url)
                    try:
                        assert again.invoke(message) == {"batchItemFailures": []}
                    finally:
                        again.stop()
                runs, state = committed(moto)
                assert [commit for commit, _ in runs] == list(range(1, messages + 1)), (place, nth)
                assert len({run_id for _, run_id in runs}) == messages and state == messages, (place, nth)
                if ended is not None:
                    break
        # Start, claim, plan, state and commit: each was met.
        assert min(killed.values()) >= 6, killed
    finally:
        proxy.stop()


@pytest.mark.parametrize("open_door", [False, True], ids=["kept", "exposed"])
def test_a_process_without_memory_never_says_that_all_is_well(template_sandbox, tmp_path, open_door):
    """Less and less memory, down to none: a pass is one that was found, and an open door never passes."""
    plan = tmp_path / "plan.yaml"
    # The other way round: what passes in the first plan must fail in the second.
    plan.write_text(PLAN.replace("decision: denied, by: kms", "decision: allowed") if open_door else PLAN)
    environment = template_sandbox.environment()
    planted = keyproof("canary", "plant", "--plan", str(plan), environment=environment)
    assert planted.returncode == 0, planted.stderr
    codes = []
    for mebibytes in [4096, 512, 256, *range(160, 16, -16), 12, 8, 4, 1]:
        report = tmp_path / f"{mebibytes}.json"
        done = subprocess.run(
            ["sh", "-c", f'ulimit -v {mebibytes * 1024} && exec "$@"', "sh", KEYPROOF, "verify", "--plan", str(plan),
             "--format", "json", "--output", str(report)],
            env=environment, capture_output=True, text=True, timeout=120, cwd=ROOT,
        )  # fmt: skip
        codes.append(done.returncode)
        written = json.loads(report.read_text()) if report.exists() and report.read_text() else None
        if done.returncode == 0:
            assert not open_door, mebibytes
            assert written["summary"]["verdict"] == "pass" and len(written["probes"]) == 5, mebibytes
        elif written:
            # Half a report is none, and what stands in one agrees with the code.
            assert done.returncode == {"fail": 1, "inconclusive": 3, "pass": 0}[written["summary"]["verdict"]]
    # With enough it works, and with less it is ended by a signal or says that it can't start.
    assert codes[0] == (1 if open_door else 0), codes
    assert codes[-1] not in (0, 1, 3), codes
