# SPDX-License-Identifier: Apache-2.0
"""The state table against moto's DynamoDB: the same operations as in memory, and commits at the same time."""

import json
import re
import subprocess
import sys

import pytest

from conftest import (
    ACCOUNT, KEYPROOF, REGION, ROOT, bare_environment, free_port, keyproof, stop, wait_for_port
)

TABLE = "keyproof-state"
GROUP = "keyproof"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/keyproof-scheduler"
PLAN = (ROOT / "plans/orders.yaml").read_bytes()


# A failed transaction of moto's puts the whole table back to what it was at its beginning, and with it what
# others wrote in between. One request at a time, its transactions are as DynamoDB's.
SERIAL_MOTO = """
import sys
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=False)
"""


@pytest.fixture
def serial_moto():
    """The endpoint of a moto that answers one request after another."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-c", SERIAL_MOTO, str(port)],
        env=bare_environment() | {"MOTO_ACCOUNT_ID": ACCOUNT}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(server)


def test_operations_and_commits_are_as_in_memory(serial_moto):
    done = subprocess.run(
        # The whole workspace's features: nothing that the other tests built is built again.
        ["cargo", "nextest", "run", "--workspace", "--run-ignored", "only", "-E", "package(keyproof-store) & test(dynamo::)"],
        cwd=ROOT, env=bare_environment() | {"KEYPROOF_TEST_ENDPOINT": serial_moto},
        capture_output=True, text=True, timeout=600,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 tests run: 3 passed" in done.stderr, done.stderr


@pytest.fixture
def stack(moto):
    """A state table whose stack has a queue and a schedule group."""
    moto.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    queue = moto.client("sqs").create_queue(QueueName="keyproof-runs")["QueueUrl"]
    moto.client("scheduler").create_schedule_group(Name=GROUP)
    config = {
        "pk": "CONFIG", "sk": "STACK", "schema": 1, "stack": "keyproof", "version": "0.1.0", "queue_url": queue,
        "queue_arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:keyproof-runs", "report_bucket": "keyproof-reports",
        "schedule_group": GROUP, "scheduler_role_arn": ROLE,
        "scheduler_dead_letter_arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:keyproof-schedules-dlq",
    }
    item = {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in config.items()}
    moto.client("dynamodb").put_item(TableName=TABLE, Item=item)
    return moto


def plan(aws, *words, stdin=None, expect=0):
    """One `keyproof plan` command against the stack: its standard output and error."""
    done = keyproof("plan", *words, environment=aws.environment() | {"KEYPROOF_STATE_TABLE": TABLE}, stdin=stdin)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout, done.stderr


def schedules(aws):
    client = aws.client("scheduler")
    names = [schedule["Name"] for schedule in client.list_schedules(GroupName=GROUP)["Schedules"]]
    return {name: client.get_schedule(GroupName=GROUP, Name=name) for name in names}


def test_a_plan_comes_back_byte_for_byte(stack, tmp_path):
    odd = PLAN + "# Größe: 1 µm \t \r\n\n".encode()
    path = tmp_path / "plan.yaml"
    path.write_bytes(odd)

    said, _ = plan(stack, "push", str(path))
    digest = said.splitlines()[1]
    assert said == f"orders: version 1 stored, no schedule\n{digest}\n"
    sums = subprocess.run(["sha256sum", str(path)], capture_output=True, text=True, check=True)
    assert digest == "sha256:" + sums.stdout.split()[0]

    pulled = subprocess.run(
        [KEYPROOF, "plan", "pull", "orders", "--state-table", TABLE],
        env=stack.environment(), capture_output=True, check=True,
    )
    assert pulled.stdout == odd


def test_versions_are_made_by_other_bytes_alone(stack):
    text = PLAN.decode()
    first, _ = plan(stack, "push", "-", stdin=text)
    again, _ = plan(stack, "push", "-", stdin=text)
    second, _ = plan(stack, "push", "-", stdin=text + "# changed\n")

    assert first.startswith("orders: version 1 stored, ")
    assert again.startswith("orders: version 1 is in force already, ")
    assert second.startswith("orders: version 2 stored, ")
    assert plan(stack, "pull", "orders") == (text + "# changed\n", "")
    assert plan(stack, "pull", "orders", "--version", "1") == (text, "")
    assert plan(stack, "pull", "orders", "--version", "3", expect=2) == (
        "", "error: the plan `orders` has no version 3; the last is 2\n"
    )
    assert plan(stack, "pull", "invoices", expect=2) == (
        "", "error: the stack has no plan `invoices`; `keyproof plan list` shows those that it has\n"
    )


def test_a_schedule_is_made_altered_and_deleted(stack):
    text = PLAN.decode()
    plan(stack, "push", "-", "--every", "15", stdin=text)

    (name, schedule), = schedules(stack).items()
    assert name.startswith("orders-")
    assert schedule["ScheduleExpression"] == "rate(15 minutes)"
    assert schedule["State"] == "ENABLED"
    target = schedule["Target"]
    assert (target["Arn"], target["RoleArn"]) == (f"arn:aws:sqs:{REGION}:{ACCOUNT}:keyproof-runs", ROLE)
    assert json.loads(target["Input"]) == {"plan": "orders", "trigger": "schedule"}
    assert target["DeadLetterConfig"]["Arn"].endswith(":keyproof-schedules-dlq")

    said, _ = plan(stack, "push", "-", "--every", "60", stdin=text)
    assert said.startswith("orders: version 1 is in force already, every 60 minutes\n")
    assert [schedule["ScheduleExpression"] for schedule in schedules(stack).values()] == ["rate(60 minutes)"]

    plan(stack, "push", "-", stdin=text + "# as before\n")
    assert plan(stack, "list")[0] == "orders: version 2, every 60 minutes, not run yet\n"

    plan(stack, "push", "-", "--every", "never", stdin=text)
    assert schedules(stack) == {}
    assert plan(stack, "list")[0] == "orders: version 3, no schedule, not run yet\n"


def test_a_plan_that_was_removed_is_gone_and_goes_on(stack):
    text = PLAN.decode()
    plan(stack, "push", "-", "--every", "15", stdin=text)

    assert plan(stack, "remove", "orders") == ("orders: removed, its last version is 1\n", "")

    assert schedules(stack) == {}
    assert plan(stack, "list") == ("", "")
    assert plan(stack, "remove", "orders", expect=2)[1].startswith("error: the stack has no plan `orders`; ")
    assert "was removed; its last version was 1" in plan(stack, "pull", "orders", expect=2)[1]
    assert plan(stack, "pull", "orders", "--version", "1") == (text, "")
    assert plan(stack, "push", "-", stdin=text)[0].startswith("orders: version 2 stored, no schedule\n")


def test_a_stack_that_is_not_there_is_said_so(moto):
    assert plan(moto, "list", expect=2)[1] == (
        f"error: there is no state table `{TABLE}` in {REGION}; is the stack deployed there, and is this its table?\n"
    )


def test_a_stack_that_was_not_deployed_to_its_end_has_no_schedules(stack):
    stack.client("dynamodb").delete_item(TableName=TABLE, Key={"pk": {"S": "CONFIG"}, "sk": {"S": "STACK"}})

    _, errors = plan(stack, "push", "-", "--every", "15", stdin=PLAN.decode(), expect=2)

    assert "doesn't say what its stack is made of" in errors
    assert plan(stack, "list") == ("", ""), "half a push is none"


def test_an_item_of_a_newer_version_is_refused(stack):
    plan(stack, "push", "-", stdin=PLAN.decode())
    stack.client("dynamodb").update_item(
        TableName=TABLE, Key={"pk": {"S": "PLAN#orders"}, "sk": {"S": "HEAD"}},
        UpdateExpression="SET #s = :two", ExpressionAttributeNames={"#s": "schema"},
        ExpressionAttributeValues={":two": {"N": "2"}},
    )

    told = plan(stack, "list", expect=2)[1]
    assert re.search(r"has schema 2, and keyproof \S+ knows 1; a newer keyproof wrote it: upgrade this one", told)


@pytest.mark.parametrize("version, what", [("99.0.0", "upgrade: install keyproof 99.0.0"), ("0.0.9", "upgrade: deploy the")])
def test_a_stack_of_another_version_is_not_written_to(stack, version, what):
    """An older command line than the stack's, and a newer one."""
    plan(stack, "push", "-", stdin=PLAN.decode())
    stack.client("dynamodb").update_item(
        TableName=TABLE, Key={"pk": {"S": "CONFIG"}, "sk": {"S": "STACK"}},
        UpdateExpression="SET #v = :v", ExpressionAttributeNames={"#v": "version"},
        ExpressionAttributeValues={":v": {"S": version}},
    )

    for words, given in [(("push", "-"), PLAN.decode() + "\n"), (("remove", "orders"), None)]:
        told = plan(stack, *words, stdin=given, expect=2)[1]
        assert told.startswith(f"error: the stack `keyproof` runs keyproof {version}, and this is ") and what in told
    assert plan(stack, "list")[0] == "orders: version 1, no schedule, not run yet\n"


def test_a_stack_is_found_by_its_name_and_never_guessed(moto):
    def table(name):
        keys = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
        moto.client("dynamodb").create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST", AttributeDefinitions=keys,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )  # fmt: skip
        item = {"pk": {"S": "PLANS"}, "sk": {"S": "orders"}}
        moto.client("dynamodb").put_item(TableName=name, Item=item)

    def listed(*words, **environment):
        return keyproof("plan", "list", *words, environment=moto.environment() | environment)

    nothing = listed()
    assert nothing.returncode == 2
    assert "there is no state table of a stack `keyproof` in us-east-1; `--stack` names another" in nothing.stderr
    # More than a page of ListTables has, on both sides.
    for number in range(60):
        table(f"a{number}")
        table(f"z{number}")
    table("keyproof-StateTable-1A2B3C")
    table("blue-StateTable-1A2B3C")
    assert listed().returncode == 0, listed().stderr
    assert listed("--stack", "blue").returncode == 0
    assert listed(KEYPROOF_STACK="blue").returncode == 0
    assert listed("--state-table", "blue-StateTable-1A2B3C").returncode == 0
    assert "of a stack `green`" in listed("--stack", "green", KEYPROOF_STACK="blue").stderr
    assert listed("--stack", "blue", "--state-table", "t").returncode == 2
    # A stack that was taken away and deployed anew.
    table("keyproof-StateTable-4D5E6F")
    several = listed()
    assert several.returncode == 2
    assert "`keyproof-StateTable-1A2B3C`, `keyproof-StateTable-4D5E6F`; `--state-table` names" in several.stderr
