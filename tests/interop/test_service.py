# SPDX-License-Identifier: Apache-2.0
"""The service end to end: changes in an account, and what people and programs are told of them, each thing once
and in order, however queue and stream deliver it.

One story is played twice. Each of its steps is delivered in another way: as it comes, twice, record by record, or
with a service that fails a call in the middle; the second play shifts the ways, so that each step meets two. To
add a step: a method in `service_story` and a line in `STORY`: what somebody does, what must change, and the
subjects of the pages.
"""

import contextlib
import datetime
import itertools
import json

import jsonschema
import pytest
from boto3.dynamodb.types import TypeDeserializer

from conftest import ACCOUNT, ROOT
from service import DEPLOYER, TABLE, Service
from service_story import (
    ENCRYPTION, EVERYTHING, NOBODY, OUTSIDER, OUTSIDER_DECRYPT, OUTSIDER_READS, READER, World, plan,
)

WAYS = [
    {},
    {"twice": True},
    {"one_by_one": True},
    {"failing": "sns"},
    {"failing": "events"},
    {"failing": "securityhub"},
    {"failing": "s3"},
    {"failing": "dynamodb"},
    {"twice": True, "one_by_one": True, "failing": "events"},
]


def moved(probes, before, after, kind=None):
    change = [(probe, before, after) for probe in probes]
    return [(kind, *one) for one in change] if kind else change


def standing(value):
    """`exposed`, `exposed!` where it is excepted, `pass`; `None` where nothing is known."""
    return value and (value["finding"] or value["verdict"]) + ("!" if value["excepted"] else "")


class Story:
    """A play of the story, and all that was told."""

    def __init__(self, service):
        self.service, self.world = service, World(service)
        self.events, self.pages = [], []

    def step(self, do):
        """Does something, lets the service work: what changed, and the subjects of the pages."""
        do(self)
        self.service.run()
        events, pages = self.service.published(), self.service.paged()
        self.events += events
        self.pages += pages
        changes = []
        for event in events:
            if event["detail-type"] != "Run Completed":
                detail = event["detail"]
                kind = event["detail-type"].removeprefix("Probe ").lower()
                change = (detail["probe"]["id"], standing(detail["from"]), standing(detail["to"]))
                changes.append(change if kind == "transition" else (kind, *change))
        return changes, [page["Subject"].removeprefix("keyproof: ").removesuffix(" [orders]") for page in pages]

    # --- what somebody does, apart from the changes of the world ------------------------------------

    def deploy(self):
        self.service.deploy("Create", plan())
        assert self.world.is_planted()

    def ask_the_api(self):
        status, asked = self.service.call("POST", "/runs", {"plan": "orders"})
        assert (status, asked["status"]) == (202, "queued")
        self.asked = asked["run_id"]

    def push(self, **more):
        self.service.keyproof("plan", "push", "-", stdin=plan(**more))

    def exceptions(self, **length):
        last = (self.service.clock.now() + datetime.timedelta(**length)).date()
        why = {"reason": "the migration reads through this role", "owner": "data-platform@example.com"}
        return [{"probe": probe, "expires": last.isoformat()} | why for probe in OUTSIDER_READS]

    def ask(self):
        self.service.ask("orders")

    def wait(self, **length):
        self.service.pass_time(**length)

    def sweep(self):
        self.service.sweep()

    def nobody_knows(self):
        """The hub keeps no pass of a month ago."""
        shown = [one for one in self.service.findings().values() if one["RecordState"] == "ACTIVE"]
        assert {one["Compliance"]["Status"] for one in shown} == {"WARNING"}, shown


LOCKED = moved(READER, "pass", "locked_out") + moved(OUTSIDER, "pass", "key_unusable")
UNLOCKED = moved(READER, "locked_out", "pass") + moved(OUTSIDER, "key_unusable", "pass")
# Another key's denial says nothing of the plan's.
ANOTHER_KEY = moved([ENCRYPTION], "pass", "wrong_key") + moved(OUTSIDER_READS, "pass", "masked")
ITS_OWN_KEY = moved([ENCRYPTION], "wrong_key", "pass") + moved(OUTSIDER_READS, "masked", "pass")
CONFIRMED = moved(READER, "locked_out", "locked_out", "confirmed")
EXPOSED, SAFE = "EXPOSED: outsider gets into orders", "RECOVERED: outsider is kept out of orders"
KEPT_OUT, LET_IN = "LOCKED OUT, confirmed: reader is kept out of orders", "RECOVERED: reader gets into orders"
WRONG, RIGHT = "WRONG KEY: orders is not encrypted with its key", "RECOVERED: orders is encrypted with its key"

STORY = [
    ("the stack is deployed, which plants the canary and stores the plan, and its schedule comes",
     lambda s: (s.deploy(), s.ask()), moved(EVERYTHING, None, "pass"), []),
    ("the key policy is widened",
     lambda s: s.world.let_in("reader", "outsider"), moved(OUTSIDER_READS, "pass", "exposed"), [EXPOSED]),
    ("and rolled back",
     lambda s: s.world.let_in("reader"), moved(OUTSIDER_READS, "exposed", "pass"), [SAFE]),
    ("a grant lets the outsider in",
     lambda s: s.world.give_grant(), moved(OUTSIDER, "pass", "exposed"), [EXPOSED]),
    ("and is revoked",
     lambda s: s.world.revoke_grant(), moved(OUTSIDER, "exposed", "pass"), [SAFE]),
    ("the key is disabled",
     lambda s: s.world.disable_key(), LOCKED, []),
    ("and enabled before the second look",
     lambda s: s.world.enable_key(), UNLOCKED, []),
    ("which sees nothing",
     lambda s: s.wait(minutes=7), [], []),
    ("the reader loses its policy",
     lambda s: s.world.take_policy("reader"),
     moved(READER, "pass", "locked_out") + moved(OUTSIDER, "pass", "no_witness"), []),
    ("and has not got it back when somebody looks again",
     lambda s: s.wait(minutes=7), CONFIRMED, [KEPT_OUT]),
    ("it gets it back",
     lambda s: s.world.give_policy("reader"),
     moved(READER, "locked_out", "pass") + moved(OUTSIDER, "no_witness", "pass"), [LET_IN]),
    ("the outsider becomes a KMS power user, which the key policy doesn't heed",
     lambda s: s.world.attach_administrator("outsider"), [], []),
    ("the outsider loses its rights in DynamoDB, so that the key is never asked",
     lambda s: s.world.take_policy("outsider"), moved(OUTSIDER_READS, "pass", "masked"), []),
    ("and gets them back",
     lambda s: s.world.give_policy("outsider"), moved(OUTSIDER_READS, "masked", "pass"), []),
    ("the alias is moved to another key",
     lambda s: s.world.move_alias(s.world.other), ANOTHER_KEY, [WRONG]),
    ("and back",
     lambda s: s.world.move_alias(s.world.key), ITS_OWN_KEY, [RIGHT]),
    ("the table is moved to another key",
     lambda s: s.world.encrypt_with(s.world.other), ANOTHER_KEY, [WRONG]),
    ("and back",
     lambda s: s.world.encrypt_with(s.world.key), ITS_OWN_KEY, [RIGHT]),
    ("the reader's role trusts nobody",
     lambda s: s.world.trust("reader", NOBODY),
     moved(READER, "pass", "blind") + moved(OUTSIDER, "pass", "no_witness"), []),
    ("and trusts again",
     lambda s: s.world.trust("reader"),
     moved(READER, "blind", "pass") + moved(OUTSIDER, "no_witness", "pass"), []),
    ("the key is to be deleted",
     lambda s: s.world.schedule_deletion(), LOCKED, []),
    ("that is cancelled, which leaves the key disabled",
     lambda s: s.world.cancel_deletion(), [], []),
    ("and so it still is when somebody looks again",
     lambda s: s.wait(minutes=7), CONFIRMED, [KEPT_OUT]),
    ("it is enabled",
     lambda s: s.world.enable_key(), UNLOCKED, [LET_IN]),
    ("somebody removes the canary, of which no policy tells",
     lambda s: (s.world.uproot(), s.ask()), moved((*READER, *OUTSIDER), "pass", "canary_missing"), []),
    ("it is planted again",
     lambda s: (s.world.plant(), s.ask()), moved((*READER, *OUTSIDER), "canary_missing", "pass"), []),
    ("the outsider's reads are excepted until tomorrow",
     lambda s: s.push(exceptions=s.exceptions(days=1)), [], []),
    ("and the key policy is widened",
     lambda s: s.world.let_in("reader", "outsider"), moved(OUTSIDER_READS, "pass", "exposed!"), []),
    ("which nobody minds six minutes later",
     lambda s: s.wait(minutes=7), [], []),
    ("two days later a sweep finds that the exception is over",
     lambda s: (s.wait(days=2), s.sweep()), moved(OUTSIDER_READS, "exposed!", "exposed"),
     ["EXPOSED, no longer excepted: outsider gets into orders"]),
    ("and a day later that people were told a day ago",
     lambda s: (s.wait(hours=25), s.sweep()), moved(OUTSIDER_READS, "exposed", "exposed", "reminder"),
     ["STILL EXPOSED: outsider gets into orders"]),
    ("the key policy is rolled back",
     lambda s: s.world.let_in("reader"), moved(OUTSIDER_READS, "exposed", "pass"), [SAFE]),
    ("the plan asks less",
     lambda s: (s.push(expectations=2), s.ask()), [], []),
    ("and nothing happens for a month",
     lambda s: (s.wait(days=31), s.sweep(), s.nobody_knows()), [], []),
    ("somebody asks for a run by the API",
     lambda s: s.ask_the_api(), [], []),
    ("after which a sweep finds that the plan runs again",
     lambda s: s.sweep(), [], []),
]


@pytest.fixture
def service(tmp_path):
    with contextlib.ExitStack() as stack:
        service = Service(tmp_path)
        stack.callback(service.stop)
        yield service


@pytest.mark.parametrize("shift", [0, 4])
def test_everything_that_changes_is_told_once_and_in_order(service, shift):
    story = Story(service)
    ways = itertools.cycle(WAYS[shift:] + WAYS[:shift])

    for (title, do, changes, subjects), way in zip(STORY, ways):
        service.deliver(**way)
        assert story.step(do) == (changes, subjects), f"{title} {way}\n{service.publish.tail()}"

    the_bus_was_told_what_the_table_holds(service, story)
    every_event_fits_its_schema(story)
    a_page_says_who_did_it(story)
    the_hub_has_the_last_of_each_probe(service)
    the_archive_has_each_transition(service, story)
    each_run_was_counted_once(service, story)
    the_api_tells_what_came_of_a_run(service, story)
    the_end_leaves_nothing_in_the_table(service, story)
    # Nothing of this proves anything where nothing failed.
    assert service.stream.failures >= 10, service.stream.failures
    assert set(service.proxy.refused) == {"sns", "events", "securityhub", "s3", "dynamodb"}


def items(service, prefix):
    """The plan's items of the state table in their order."""
    pages = service.client("dynamodb").get_paginator("query").paginate(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={":pk": {"S": "PLAN#orders"}, ":sk": {"S": prefix}},
    )
    plain = TypeDeserializer().deserialize
    return [{name: plain(value) for name, value in item.items()} for page in pages for item in page["Items"]]


def the_bus_was_told_what_the_table_holds(service, story):
    runs = [event["detail"] for event in story.events if event["detail-type"] == "Run Completed"]
    others = [event["detail"] for event in story.events if event["detail-type"] != "Run Completed"]
    held = items(service, "RUN#")
    assert [run["run"]["id"] for run in runs] == [run["run_id"] for run in held]
    assert [run["run"]["commit"] for run in runs] == list(range(1, len(held) + 1))
    assert [run["report"]["digest"] for run in runs] == [run["report_digest"] for run in held]
    entries = [entry["id"] for change in items(service, "CHANGE#") for entry in change["entries"]]
    assert [other["id"] for other in others] == entries
    assert len(entries) == len(set(entries)) > 80


def every_event_fits_its_schema(story):
    schemas = [json.loads(path.read_text()) for path in (ROOT / "events/published").glob("*.schema.json")]
    by_type = {schema["properties"]["detail-type"]["const"]: schema for schema in schemas}
    for event in story.events:
        jsonschema.Draft202012Validator(by_type[event["detail-type"]]).validate(event)


def a_page_says_who_did_it(story):
    body = story.pages[0]["Message"]
    event = next(event for event in story.events if event["detail"]["run"]["change"])
    change = event["detail"]["run"]["change"]
    assert (change["event"], change["by"]) == ("PutKeyPolicy", DEPLOYER)
    for line in (
        f"Principal:   outsider, arn:aws:iam::{ACCOUNT}:role/keyproof/outsider",
        "Table:       orders",
        "Actions:     dynamodb:GetItem, dynamodb:Query",
        f"Let in by:   the key policy of `{story.world.key}`",
        f"Changed:     PutKeyPolicy by {DEPLOYER} at {change['at']}, CloudTrail event {change['event_id']}",
    ):
        assert line in body.splitlines(), body
    assert "aws dynamodb get-item" in body
    assert {page["MessageAttributes"]["plan"]["Value"] for page in story.pages} == {"orders"}


def the_hub_has_the_last_of_each_probe(service):
    findings = service.findings()
    statuses = {probe: (one["Compliance"]["Status"], one["RecordState"]) for probe, one in findings.items()}
    expected = dict.fromkeys(EVERYTHING, ("PASSED", "ACTIVE"))
    # It left the plan without having failed, which a sweep noticed: a month after one that found the plan silent.
    assert statuses == expected | {OUTSIDER_DECRYPT: ("WARNING", "ARCHIVED")}
    created = {finding["CreatedAt"] for finding in findings.values()}
    assert len(created) == 1, created
    # A month has passed.
    assert all(finding["UpdatedAt"] > finding["CreatedAt"] for finding in findings.values())
    excepted = [probes for status, probes in service.workflows if status == "SUPPRESSED"]
    assert [probe for probes in excepted for probe in probes] == list(OUTSIDER_READS)


def the_archive_has_each_transition(service, story):
    objects = service.objects("ocsf/")
    lines = [json.loads(line) for body in objects.values() for line in body.splitlines()]
    transitions = [event for event in story.events if event["detail-type"] == "Probe Transition"]
    assert len(lines) == len(transitions)
    assert {line["class_uid"] for line in lines} == {2003}
    assert all(f"region=us-east-1/accountId={ACCOUNT}/eventDay=" in key for key in objects)


def the_api_tells_what_came_of_a_run(service, story):
    status, run = service.call("GET", f"/runs/{story.asked}")
    assert (status, run["status"], run["verdict"]) == (200, "done", "pass")
    newest = [event["detail"] for event in story.events if event["detail-type"] == "Run Completed"][-1]
    assert (newest["run"]["id"], newest["run"]["trigger"]) == (story.asked, "api")


def the_end_leaves_nothing_in_the_table(service, story):
    service.deploy("Delete", plan())
    assert not story.world.is_planted()


def each_run_was_counted_once(service, story):
    counted = [line for line in service.publish.log if isinstance(line, dict) and "Planned" in line]
    by_plan = [line for line in counted if "table" not in line and "principal" not in line]
    runs = [event["detail"] for event in story.events if event["detail-type"] == "Run Completed"]
    assert [(line["run_id"], line["Fail"]) for line in by_plan] == [
        (run["run"]["id"], run["counts"]["fail"]) for run in runs
    ]
    assert len(counted) == len(runs) * 4  # by plan, by the table, by each of two principals
