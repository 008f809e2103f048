# SPDX-License-Identifier: Apache-2.0
"""The expand function as built, behind a Runtime API: inventories in moto's S3, an organization and its tables in moto,
and what is stored in moto's DynamoDB and Scheduler. What it stored is run by the verify function, and is what the
command line would have pushed.
"""

import json
import subprocess

import pytest

from conftest import REGION, ROOT, keyproof
from inventories import ROLE, TAGGING, expand, inventory, of_account, table
from inventories import moto, organization, server, tagging  # noqa: F401
from lambda_runtime import Function, FunctionError

TABLE, BUCKET, GROUP = "state", "docs", "plans"
REQUEST = {"expand": "2026-01-15T00:00:00Z"}
# What the deployment writes down of the stack.
STACK = {
    "pk": "CONFIG", "sk": "STACK", "stack": "keyproof", "version": "0.1.0", "queue_url": "https://sqs/runs",
    "queue_arn": "arn:aws:sqs:us-east-1:123456789012:runs", "report_bucket": BUCKET, "schedule_group": GROUP,
    "scheduler_role_arn": "arn:aws:iam::123456789012:role/scheduler",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def binaries():
    packages = ["-p", "keyproof-expand", "-p", "keyproof-verify"]
    subprocess.run(["cargo", "build", "--quiet", *packages], cwd=ROOT, check=True)


def build(aws, table_name=TABLE, bucket=BUCKET, group=GROUP, **stack):
    """The parts of a deployed stack that the function knows."""
    dynamodb, s3 = aws.client("dynamodb"), aws.client("s3")
    dynamodb.create_table(
        TableName=table_name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    item = {name: {"S": value} for name, value in (STACK | {"schedule_group": group} | stack).items()}
    dynamodb.put_item(TableName=table_name, Item=item | {"schema": {"N": "1"}})
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    aws.client("scheduler").create_schedule_group(Name=group)


def environment(table_name=TABLE, bucket=BUCKET):
    return {
        "KEYPROOF_STATE_TABLE": table_name, "KEYPROOF_INVENTORY_BUCKET": bucket,
        "KEYPROOF_INVENTORY_PREFIX": "inventories/", "KEYPROOF_INVENTORY_INTERVAL_MINUTES": "60",
    }  # fmt: skip


@pytest.fixture
def stack(moto, tagging):
    """(moto, the function, the variables of both)."""
    build(moto)
    variables = moto.environment() | {TAGGING: f"http://127.0.0.1:{tagging.server_port}"}
    function = Function("keyproof-expand", ROOT / "target/debug/keyproof-expand", variables | environment())
    try:
        yield moto, function, variables
    finally:
        function.stop()


def put(moto, name, document):
    body = document if isinstance(document, str) else json.dumps(document)
    return moto.client("s3").put_object(Bucket=BUCKET, Key=f"inventories/{name}", Body=body.encode())["VersionId"]


def items(moto):
    scanned = moto.client("dynamodb").scan(TableName=TABLE)["Items"]
    return sorted(scanned, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def stored(moto, variables, plan="bank"):
    """The plan in force, as the command line brings it."""
    done = keyproof("plan", "pull", plan, environment=variables | {"KEYPROOF_STATE_TABLE": TABLE})
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(moto, variables, plan="bank"):
    """A run of a stored plan: the report of the verify function."""
    queue = moto.client("sqs").create_queue(QueueName="runs")["QueueUrl"]
    parts = {"KEYPROOF_STATE_TABLE": TABLE, "KEYPROOF_REPORT_BUCKET": BUCKET, "KEYPROOF_QUEUE_URL": queue}
    verify = Function("keyproof-verify", ROOT / "target/debug/keyproof-verify", variables | parts)
    try:
        return verify.invoke({"plan": plan})
    finally:
        verify.stop()


def answer(**expected):
    return {"inventories": 1, "plans": 1, "stored": [], "kept": [], "left": []} | expected


def tagged_in(organization, denied=False):
    """The tables that have a tag, in the accounts of a unit."""
    sources = {
        "unit": {"organization": [organization["unit"]], "regions": [REGION]},
        "secret": {"tagged": {"data": "secret"}, "in": "unit", "role": ROLE.format("{account}")},
    }
    return inventory(sources, "secret", denied=denied)


def secret(moto, tagging, account, name):
    tagging.tables[table(of_account(moto, account), name, {"data": "secret"})] = {"data": "secret"}


def test_an_account_and_a_table_that_appear_are_in_the_plan_and_a_run_sees_the_hole(stack, organization, tagging):
    moto, function, variables = stack
    first, second = sorted(organization["in_unit"])
    for account in (first, second):
        secret(moto, tagging, account, "orders")
    bank = tagged_in(organization, denied=True)
    version = put(moto, "bank.json", bank)

    assert function.invoke(REQUEST) == answer(stored=["bank"])
    # To the byte what a person would have pushed.
    by_hand = keyproof("plan", "expand", "-", environment=variables, stdin=json.dumps(bank))
    assert by_hand.returncode == 0, by_hand.stderr
    assert stored(moto, variables) == by_hand.stdout
    [head] = [item for item in items(moto) if item["sk"]["S"] == "HEAD"]
    assert head["pushed_by"]["S"] == f"s3://{BUCKET}/inventories/bank.json?versionId={version}"
    scheduler = moto.client("scheduler")
    [schedule] = scheduler.list_schedules(GroupName=GROUP)["Schedules"]
    told = scheduler.get_schedule(GroupName=GROUP, Name=schedule["Name"])
    assert told["ScheduleExpression"] == "rate(60 minutes)"
    assert told["Target"]["Arn"] == STACK["queue_arn"]
    assert json.loads(told["Target"]["Input"]) == {"plan": "bank", "trigger": "schedule"}

    before = items(moto)
    assert function.invoke(REQUEST) == answer()
    assert items(moto) == before

    appeared = organization["create"](50, organization["unit"])
    secret(moto, tagging, appeared, "orders")
    secret(moto, tagging, first, "ledger")
    assert function.invoke(REQUEST) == answer(stored=["bank"])
    # Everybody may read everything in moto: a hole in each account, the new one too.
    report = run(moto, variables)
    exposed = {probe["id"] for probe in report["probes"] if probe["finding"] == "exposed"}
    tables = [f"orders@{appeared}", f"orders@{second}", f"orders@{first}", f"ledger@{first}"]
    assert exposed == {f"outsider@{name.split('@')[1]}/dynamodb:GetItem/{name}" for name in tables}


def test_what_is_not_found_out_leaves_the_plan_and_hinders_no_other(stack, organization, tagging):
    moto, function, variables = stack
    first, second = sorted(organization["in_unit"])
    for account in (first, second):
        secret(moto, tagging, account, "orders")
    put(moto, "bank.json", tagged_in(organization))
    assert function.invoke(REQUEST) == answer(stored=["bank"])
    before = items(moto)

    tagging.refused = {second}
    shop = inventory({"here": {"accounts": [first], "regions": [REGION]}}, "here", "orders") | {"name": "shop"}
    put(moto, "shop.json", shop)
    with pytest.raises(FunctionError) as error:
        function.invoke(REQUEST)
    assert error.value.error_type == "NotExpanded"
    why = f"not found out: secret: account {second} in {REGION}: tag:GetResources: AccessDeniedException: no"
    assert error.value.message == (
        f"plans stay as they are, as something was not found out: s3://{BUCKET}/inventories/bank.json: {why}"
    )
    # What a person looks for in the log.
    [line] = function.lines(level="ERROR", message="an inventory is not expanded; its plans stay as they are")
    assert (line["inventory"], line["error_message"]) == (f"s3://{BUCKET}/inventories/bank.json", why)
    of_bank = lambda all: [item for item in all if item["pk"]["S"] == "PLAN#bank"]
    assert of_bank(items(moto)) == of_bank(before)
    assert "orders@" in stored(moto, variables, "shop")

    # A unit that doesn't exist, and a document that is none.
    tagging.refused = set()
    gone = tagged_in(organization | {"unit": "ou-ab12-11112222"})
    put(moto, "bank.json", gone)
    put(moto, "shop.json", "keyproof: inventory/v1\nname: shop\nsorces: {}\n")
    with pytest.raises(FunctionError) as error:
        function.invoke(REQUEST)
    assert "not found out: unit: organizations:ListAccountsForParent of `ou-ab12-11112222`: " in error.value.message
    told = [line["error_message"] for line in function.lines(level="ERROR", inventory=f"s3://{BUCKET}/inventories/shop.json")]
    wrong = ":3:1: sorces: unknown field `sorces` in an inventory; did you mean `sources`?"
    assert any(line.startswith(f"s3://{BUCKET}/inventories/shop.json?versionId=") and line.endswith(wrong) for line in told), told
    assert of_bank(items(moto)) == of_bank(before)


def test_an_account_that_left_the_organization_stays_in_the_plan_and_is_told(stack, organization, tagging):
    moto, function, variables = stack
    first, second = sorted(organization["in_unit"])
    for account in (first, second):
        secret(moto, tagging, account, "orders")
    put(moto, "bank.json", tagged_in(organization))
    function.invoke(REQUEST)

    client = moto.client("organizations")
    client.move_account(AccountId=second, SourceParentId=organization["unit"], DestinationParentId=organization["root"])
    secret(moto, tagging, first, "ledger")
    assert function.invoke(REQUEST) == answer(stored=["bank"], kept=["bank"])
    text = stored(moto, variables)
    assert all(f'"{name}"' in text for name in (f"orders@{first}", f"ledger@{first}", f"orders@{second}")), text
    report = run(moto, variables)
    assert report["summary"]["verdict"] == "pass" and report["summary"]["planned"] == 6

    # Somebody looks at it, and lets it go.
    pushed = expand(moto, tagged_in(organization), "--output", "-", environment=variables)
    done = keyproof("plan", "push", "-", environment=variables | {"KEYPROOF_STATE_TABLE": TABLE}, stdin=pushed.stdout)
    assert done.returncode == 0, done.stderr
    assert function.invoke(REQUEST)["kept"] == []
    assert f"orders@{second}" not in stored(moto, variables)

    # Without the inventory nobody looks for what is new.
    moto.client("s3").delete_object(Bucket=BUCKET, Key="inventories/bank.json")
    with pytest.raises(FunctionError) as error:
        function.invoke(REQUEST)
    assert "it is gone, and `bank` came of it, which runs on and gets nothing new" in error.value.message
