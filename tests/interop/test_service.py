# SPDX-License-Identifier: Apache-2.0
"""The service end to end: changes in an account, and what people and programs are told of them, each thing once
and in order, however queue and stream deliver it.

One story of changes is played once for each way of delivery. To add a change: a method in `service_story`, a step
in `STORY`. A step is what somebody does, the transitions that must follow, and the subjects of the pages.
"""

import contextlib
import datetime
import itertools
import json

import pytest

from conftest import ACCOUNT, CANARY
from service import BUCKET, DEPLOYER, Service
from service_story import (
    ENCRYPTION, EVERYTHING, NOBODY, OUTSIDER, OUTSIDER_DECRYPT, OUTSIDER_READS, READER, World, plan,
)


def moved(probes, before, after):
    return [(probe, before, after) for probe in probes]


def standing(value):
    """`exposed`, `exposed!` where it is excepted, `pass`; `None` where nothing is known."""
    return value and (value["finding"] or value["verdict"]) + ("!" if value["excepted"] else "")


class Story:
    """A play of the story: what was told, step by step."""

    def __init__(self, service):
        self.service, self.world = service, World(service)
        self.told, self.runs = [], []

    def step(self, do):
        """Does something, lets the service work, and gives what it told of it."""
        do(self)
        self.service.run()
        changes = []
        for event in self.service.published():
            detail = event["detail"]
            if event["detail-type"] == "Run Completed":
                self.runs.append(detail)
                continue
            self.told.append(detail["id"])
            kind = event["detail-type"].removeprefix("Probe ").lower()
            change = (detail["probe"]["id"], standing(detail["from"]), standing(detail["to"]))
            changes.append(change if kind == "transition" else (kind, *change))
        return changes, [page["Subject"].removeprefix("keyproof: ").removesuffix(" [orders]") for page in self.service.paged()]

    # --- what somebody does ------------------------------------------------------------------------

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

    def both(self, *changes):
        for change in changes:
            change()


STORY = [
    ("the plan is stored and run", lambda s: (s.push(), s.ask())),
    ("the key policy is widened", lambda s: s.world.let_in("reader", "outsider")),
    ("and rolled back", lambda s: s.world.let_in("reader")),
    ("a grant lets the outsider in", lambda s: s.world.give_grant()),
    ("and is revoked", lambda s: s.world.revoke_grant()),
    ("the key is disabled", lambda s: s.world.disable_key()),
    ("and enabled before the second look", lambda s: s.world.enable_key()),
    ("six minutes pass", lambda s: s.wait(minutes=7)),
    ("the reader loses its policy", lambda s: s.world.take_policy("reader")),
    ("and has not got it back six minutes later", lambda s: s.wait(minutes=7)),
    ("it gets it back", lambda s: s.world.give_policy("reader")),
    ("six minutes pass", lambda s: s.wait(minutes=7)),
    ("the outsider is given the rights of a KMS power user, which the key policy does not heed", lambda s: s.world.attach_administrator("outsider")),
    ("the outsider loses its rights in DynamoDB", lambda s: s.world.take_policy("outsider")),
    ("and gets them back", lambda s: s.world.give_policy("outsider")),
    ("the alias is moved to another key", lambda s: s.world.move_alias(s.world.other)),
    ("and back", lambda s: s.world.move_alias(s.world.key)),
    ("the table is moved to another key", lambda s: s.world.encrypt_with(s.world.other)),
    ("and back", lambda s: s.world.encrypt_with(s.world.key)),
    ("the reader's role trusts nobody", lambda s: s.world.trust("reader", NOBODY)),
    ("and trusts again", lambda s: s.world.trust("reader")),
    ("the key is to be deleted", lambda s: s.world.schedule_deletion()),
    ("the deletion is cancelled, which leaves the key disabled", lambda s: s.world.cancel_deletion()),
    ("six minutes pass", lambda s: s.wait(minutes=7)),
    ("it is enabled", lambda s: s.world.enable_key()),
    ("six minutes pass", lambda s: s.wait(minutes=7)),
    ("somebody removes the canary, and the next scheduled run looks for it", lambda s: (s.world.uproot(), s.ask())),
    ("it is planted again", lambda s: (s.world.plant(), s.ask())),
    ("an exception is made for the outsider's reads", lambda s: s.push(exceptions=s.exceptions(days=1))),
    ("the key policy is widened under it", lambda s: s.world.let_in("reader", "outsider")),
    ("two days pass, and a sweep finds the exception expired", lambda s: (s.wait(days=2), s.sweep())),
    ("a day and an hour later a sweep finds a reminder due", lambda s: (s.wait(hours=25), s.sweep())),
    ("the key policy is rolled back", lambda s: s.world.let_in("reader")),
    ("the plan asks less", lambda s: (s.push(expectations=2), s.ask())),
    ("nothing happens", lambda s: (s.wait(hours=25), s.sweep())),
]


@pytest.fixture
def service(tmp_path):
    with contextlib.ExitStack() as stack:
        service = Service(tmp_path)
        stack.callback(service.stop)
        yield service


def test_explore(service):
    story = Story(service)
    import time
    for title, do in STORY:
        t=time.monotonic()
        changes, pages = story.step(do)
        print(f"== {title} ({time.monotonic()-t:.2f}s)")
        for change in changes: print("     ", change)
        for page in pages: print("   PAGE", page)
    for f in (service.verify, service.publish):
        for l in f.log:
            if isinstance(l, dict) and l.get("level") in ("ERROR","WARN"): print(f.name, json.dumps(l)[:600])
        print(f.errors[:20])
