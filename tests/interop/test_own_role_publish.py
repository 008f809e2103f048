# SPDX-License-Identifier: Apache-2.0
"""The publish function as built, under its own role of the template: an authority before moto decides each of its
calls by the role's policies and the evidence key's. What the role allows is enough, all of it is needed, and each
permission that is taken away is missed in words that name it; given back, everybody is told, once. In the gate that is
one permission of each service, with `EVERY_PERMISSION=1` each.

The policies are the template's, put together by the sandbox. What Lambda does in the function's name (to read the
stream, to write the log, to keep what it gives up) is not the function's code, and is left out.
"""

import collections
import json

import pytest

from authority import Authority, Role, names, taken, unused
from conftest import ACCOUNT
from lambda_runtime import FunctionError
from publication import Publication, signing
from service import template_resources

SWEEP = {"sweep": "2026-01-15T00:00:00Z"}


class Deployed(Role):
    """The role, and what of the stack its policies name."""

    def __init__(self):
        super().__init__("Publish")
        self.key = self.resource["SignEvidence"]
        self.names = {
            "table": self.resource["KeepWhatIsPublished"].rsplit("/")[-1],
            "reports": self.resource["ReadReportsAndKeepFindings"].rsplit(":")[-1].removesuffix("/*"),
            "evidence": self.resource["KnowWhatEvidenceThereIs"].rsplit(":")[-1],
            "topic": self.resource["TellPeople"].rsplit(":")[-1],
            "runs": self.resource["AskForRuns"].rsplit(":")[-1],
        }

    def key_policy(self):
        """The evidence key's, its principals put in by hand."""
        policy = template_resources()["EvidenceKey"]["Properties"]["KeyPolicy"]
        [administration, sign] = policy["Statement"]
        administration["Principal"] = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        sign["Principal"] = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/{self.name}"}
        return policy


@pytest.fixture(scope="module")
def deployed():
    return Deployed()


@pytest.fixture
def publication(deployed, monkeypatch):
    signing(monkeypatch)
    publication = Publication(Authority, **deployed.names)
    publication.proxy.principal = deployed.principal
    publication.policy = json.loads(json.dumps(deployed.policy).replace(deployed.key, publication.key))
    yield publication
    publication.stop()


def allow(publication, deployed, policy, without=None):
    """From now on the role may do this. Who signs stands in the key's policy too, which in one account is enough."""
    publication.proxy.policies = [policy]
    key = deployed.key_policy()
    key["Statement"] = [one for one in key["Statement"] if one["Action"] != without]
    publication.proxy.keys = {publication.key: key}


def test_publish_tells_everybody_as_its_own_role_and_all_of_the_role_is_needed(publication, deployed):
    allow(publication, deployed, publication.policy)
    function = publication.function()
    try:
        assert function.invoke(publication.commits(1, 2, 3, 4, 5, 6)) == {"batchItemFailures": []}, function.tail()
        assert function.invoke(SWEEP) == {"done": 1}
    finally:
        function.stop()

    assert publication.proxy.refused == []
    told = publication.told()
    assert told["topic"] == ["orders/2/0", "orders/3/0", "orders/6/0"]
    assert len(told["events"]) == 6 + 6 + 2 + 2 + 5 + 2 and told["workflows"]
    assert [one["trigger"] for one in publication.take(publication.runs)] == ["reminder"]
    assert len([key for key in publication.objects("evidence") if "/records/" in key]) == 6
    assert unused(publication.policy, publication.proxy.used) == []


def test_publish_says_which_permission_it_lacks_and_tells_all_of_it_once_it_has_it(publication, deployed):
    allow(publication, deployed, publication.policy)
    function = publication.function()
    assert function.invoke(publication.commits(1, 2)) == {"batchItemFailures": []}
    function.stop()
    publication.told()
    # The outsider is kept out again, and the report is in the bucket: everybody is told, and everything asked for.
    before, batch, missed = publication.snapshot(), publication.commits(3), set()
    for action, resource, policy in taken(publication.policy):
        publication.put_back(before)
        asked = SWEEP if action == "sqs:SendMessage" else batch
        allow(publication, deployed, policy, without=action)
        function = publication.function()
        try:
            try:
                answer = function.invoke(asked)
                assert answer["batchItemFailures"], (action, resource, answer)
            except FunctionError as error:
                assert asked is SWEEP, error
            assert {one for one, _ in publication.proxy.refused} == {action}
            assert names(function, action), (action, resource, function.tail())
            told = publication.told()
            publication.proxy.refused.clear()
            allow(publication, deployed, publication.policy)
            assert function.invoke(asked) in ({"batchItemFailures": []}, {"done": 1})
            missed.add(action.split(":")[0])
            if asked is batch:
                # What was told, and could not be marked, is told again: the mark is the permission that lacked.
                most = 2 if action == "dynamodb:PutItem" else 1
                for sink, ids in publication.told().items():
                    counts = collections.Counter(told[sink] + ids)
                    assert counts and max(counts.values()) <= most, (action, resource, sink, counts)
                    if sink != "workflows":
                        assert {one.split("/")[1] for one in counts} == {"3"}
        finally:
            function.stop()
    assert missed == {"dynamodb", "events", "kms", "s3", "securityhub", "sns", "sqs"}
