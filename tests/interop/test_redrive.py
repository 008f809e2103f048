# SPDX-License-Identifier: Apache-2.0
"""`keyproof redrive` against moto: what was given up goes back to work, and nothing else is touched."""

import json

import pytest

from conftest import keyproof

RUN = {"plan": "orders", "trigger": "schedule"}
CHANGE = {"source": "aws.kms", "detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": "PutKeyPolicy"}}
SWEEP = {"sweep": "2026-11-26T12:00:00Z"}
FOREIGN = {"plan": "orders", "role": "arn:aws:iam::111122223333:role/admin"}


def batch(last):
    return {"DDBStreamBatchInfo": {"shardId": "s", "batchSize": 1, "approximateArrivalOfLastRecord": last}}


def text(value):
    return {"S": value}


class Stack:
    """A stack's state table and queues."""

    def __init__(self, aws):
        self.aws, self.sqs, self.dynamodb = aws, aws.client("sqs"), aws.client("dynamodb")
        self.urls = {
            name: self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("queue", "runs", "publish", "other")
        }
        self.dynamodb.create_table(
            TableName="state",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        letters = {name: text(self.urls[name]) for name in ("runs", "publish", "other")}
        self.put(
            "CONFIG", "STACK",
            stack=text("keyproof"), version=text("0.1.0"), queue_url=text(self.urls["queue"]),
            queue_arn=text("arn:aws:sqs:us-east-1:111122223333:queue"), dead_letter_queues={"M": letters},
            report_bucket=text("reports"), schedule_group=text("group"),
            scheduler_role_arn=text("arn:aws:iam::111122223333:role/scheduler"),
        )

    def put(self, pk, sk, **attributes):
        item = {"pk": text(pk), "sk": text(sk), "schema": {"N": "1"}} | attributes
        self.dynamodb.put_item(TableName="state", Item=item)

    def committed(self, finished_at):
        """A run of a plan, as far as redrive looks at it."""
        self.put("PLANS", "orders")
        summary = {name: {"N": "0"} for name in ("pass", "fail", "inconclusive", "excepted", "planned")}
        self.put(
            "PLAN#orders", "RUN#000000000001",
            plan=text("orders"), commit={"N": "1"}, seq={"N": "1"}, run_id=text("01KEYPR00F0000000000000000"),
            trigger=text("cli"), late={"BOOL": False}, summary={"M": summary | {"verdict": text("pass")}},
            started_at=text(finished_at), finished_at=text(finished_at), duration_ms={"N": "1"},
            plan_digest=text("sha256:0"), plan_version={"N": "1"}, region=text("us-east-1"),
            report=text("{}"), report_digest=text("sha256:0"), expires={"N": "9999999999"},
        )

    def swept(self, commit):
        self.put("PUBLISHED#orders", "SWEPT#HEAD", plan=text("orders"), commit={"N": str(commit)})

    def send(self, queue, body):
        self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=json.dumps(body))

    def bodies(self, queue):
        """What lies in a queue, for anybody to see."""
        found = self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10, VisibilityTimeout=0)
        return sorted(message["Body"] for message in found.get("Messages", []))

    def redrive(self, *words):
        return keyproof("redrive", "--state-table", "state", *words, environment=self.aws.environment())


@pytest.fixture
def stack(moto):
    return Stack(moto)


def dumped(*bodies):
    return sorted(map(json.dumps, bodies))


def test_runs_go_back_into_the_queue_and_what_is_no_request_stays(stack):
    for body in (RUN, CHANGE, FOREIGN):
        stack.send("runs", body)
    stack.send("other", {"RequestType": "Create"})

    done = stack.redrive()

    assert done.returncode == 0, done.stderr
    assert stack.bodies("queue") == dumped(RUN, CHANGE)
    assert stack.bodies("runs") == dumped(FOREIGN)
    assert stack.bodies("other") == dumped({"RequestType": "Create"})
    assert "a run of `orders`" in done.stdout and "the policy change `PutKeyPolicy`" in done.stdout
    assert "left: it is no request of keyproof's" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 were put back or cleared, 2 left"


def test_a_dry_run_says_the_same_and_does_nothing(stack):
    for body in (RUN, FOREIGN):
        stack.send("runs", body)
    stack.send("publish", SWEEP)

    first, second = stack.redrive("--dry-run"), stack.redrive("--dry-run")

    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1] == "2 would be put back or cleared, 1 left"
    # What was looked at is there for the next to look at.
    assert sorted(first.stdout.splitlines()) == sorted(second.stdout.splitlines())
    assert stack.bodies("queue") == []
    assert stack.bodies("runs") == dumped(RUN, FOREIGN)
    assert stack.bodies("publish") == dumped(SWEEP)


def test_what_was_not_published_is_cleared_once_the_sweep_has_told_it(stack):
    stack.committed("2026-11-26T12:00:00Z")
    stack.send("publish", batch("2026-11-26T12:00:05Z"))

    before = stack.redrive()
    assert before.returncode == 0, before.stderr
    assert "`orders` is told up to commit 0 of 1" in before.stdout
    assert len(stack.bodies("publish")) == 1

    stack.swept(1)
    after = stack.redrive()
    assert "published since; cleared" in after.stdout
    assert stack.bodies("publish") == []


def test_a_batch_of_before_the_first_commit_has_nothing_to_wait_for(stack):
    stack.committed("2026-11-26T12:00:00Z")
    stack.send("publish", batch("2026-11-26T11:00:00Z"))

    assert "published since; cleared" in stack.redrive().stdout


def test_many_letters_are_all_seen(stack):
    for number in range(25):
        stack.send("runs", RUN | {"trigger": f"t{number}"})

    done = stack.redrive()

    assert done.stdout.splitlines()[-1] == "25 were put back or cleared, 0 left"
    assert stack.bodies("runs") == []


def test_no_letters_is_said_and_a_table_that_is_not_there_is_an_error(stack, moto):
    assert stack.redrive().stdout == "no dead letters\n"

    nowhere = keyproof("redrive", "--state-table", "other", environment=moto.environment())
    assert nowhere.returncode == 2 and "there is no state table `other`" in nowhere.stderr
