# SPDX-License-Identifier: Apache-2.0
"""The API and the verify function as built, under their own roles of the template, as far as the stack's own table,
bucket, queue and state machine go: an authority before moto decides each call. What the role allows is enough, all of it
is needed, and what is taken away is named by an error. In the gate one permission of each service, with
`EVERY_PERMISSION=1` each.

What the verify function may do to what is under test, and all functions under the state's own key, is tried in the
sandbox: `test_own_roles`.
"""

import contextlib
import json

import pytest

from authority import Authority, Role, names, taken, unused
from conftest import ROOT, Aws, keyproof
from deployment import request
from lambda_runtime import Function, FunctionError
from publication import Publication

PLAN = (ROOT / "plans/orders.yaml").read_text()
# The key that the story's plan is about, as the table has it.
STORY_KEY = "6381fd7f-f07d-442f-b0d4-b4792206b691"
# What is under test, and what is said about it.
UNDER_TEST = {
    "AssumeTestRoles", "LookAtTables", "LookAtKey", "ReadKeyPolicies", "ReadTablePolicies", "ReadRoles",
    "ReadManagedPolicies", "LookUpEvents",
}  # fmt: skip


@contextlib.contextmanager
def stack_of(role, table, reports, runs):
    """The story's stack behind an authority, under the names that the role's statements of these Sids have."""
    publication = Publication(
        Authority, table=role.resource[table].rsplit("/")[-1],
        reports=role.resource[reports].rsplit(":")[-1].removesuffix("/*"), runs=role.resource[runs].rsplit(":")[-1],
    )  # fmt: skip
    publication.proxy.principal, publication.proxy.policies = role.principal, [role.policy]
    try:
        yield publication
    finally:
        publication.stop()


def environment(stack):
    return {
        "KEYPROOF_STATE_TABLE": stack.names["table"], "KEYPROOF_REPORT_BUCKET": stack.names["reports"],
        "KEYPROOF_QUEUE_URL": stack.runs,
    }  # fmt: skip


@contextlib.contextmanager
def running(binary, variables):
    function = Function(binary, ROOT / "target/debug" / binary, variables)
    try:
        yield function
    finally:
        function.stop()


# --- the API ------------------------------------------------------------------------------------------


def api(stack):
    behind = Aws(stack.proxy.endpoint, stack.stack.access_key, stack.stack.secret_key)
    return running("keyproof-api", behind.environment() | environment(stack))


def questions(stack):
    """Each route, and a report that is in the bucket."""
    apart = stack.items["RUN#000000000003"]["run_id"]["S"]
    return [
        request("POST", "/runs", {"plan": "orders"}, idempotency_key="k"),
        request("GET", "/plans/orders/status"), request("GET", "/plans/orders/history"),
        request("GET", "/plans/orders/badge.svg"),
        request("GET", f"/runs/{apart}") | {"queryStringParameters": {"include": "report"}},
    ]  # fmt: skip


def test_api_answers_as_its_own_role_and_is_broken_without_any_one_permission():
    role = Role("Api")
    with stack_of(role, "ReadStateAndNoteRuns", "ReadLargeReports", "AskForRuns") as stack:
        with api(stack) as function:
            answers = [function.invoke(question) for question in questions(stack)]
        assert [answer["statusCode"] for answer in answers] == [202, 200, 200, 200, 200], answers
        assert stack.proxy.refused == [] and unused(role.policy, stack.proxy.used) == []

        for action, _, policy in taken(role.policy):
            stack.put_back(stack.untold)
            stack.proxy.policies = [policy]
            with api(stack) as function:
                answers = [function.invoke(question) for question in questions(stack)]
                broken = [answer for answer in answers if answer["statusCode"] >= 400]
                assert broken and all(answer["statusCode"] in (500, 503) for answer in broken), (action, answers)
                # The caller is not told what the service is made of; its log is.
                assert not any(action in answer["body"] for answer in broken)
                assert names(function, action), (action, function.tail())
            assert {one for one, _ in stack.proxy.refused} == {action}
            stack.proxy.refused.clear()


# --- the verify function ------------------------------------------------------------------------------


@pytest.fixture
def verify(template_sandbox):
    """The stack with the template's own plan stored: what was asked of the function, and how it ended."""
    role = Role("Verify", *UNDER_TEST)
    with stack_of(role, "KeepState", "KeepLargeReportsAndSteps", "TakeRunsAndAskForMore") as stack:
        stack.machine = role.resource["StartLargeRuns"]
        made = stack.client("stepfunctions").create_state_machine(
            name=stack.machine.rsplit(":")[-1], roleArn="arn:aws:iam::111122223333:role/large-runs",
            definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
        )  # fmt: skip
        assert made["stateMachineArn"] == stack.machine
        state = {"KEYPROOF_STATE_TABLE": stack.names["table"], "KEYPROOF_STATE_ENDPOINT_URL": stack.stack.endpoint}
        for words in (["plan", "push", "-"], ["canary", "plant", "--plan", "-"]):
            done = keyproof(*words, environment=template_sandbox.environment() | state, stdin=PLAN)
            assert done.returncode == 0, done.stderr
        in_parts(stack)
        yield role, stack, template_sandbox


def in_parts(stack):
    """The state as a large one is stored, head and part, and a part that nothing leads to any more."""
    dynamodb, state = stack.client("dynamodb"), stack.items["STATE"]
    head = {name: value for name, value in state.items() if name != "probes"}
    head |= {"parts": {"N": "1"}, "generations": {"M": {"1": {"S": "NOW"}}}}
    shared = {name: state[name] for name in ("pk", "schema", "plan", "commit", "probes")}
    parts = [shared | {"sk": {"S": f"STATE#001#{name}"}, "part": {"N": "1"}, "generation": {"S": name}}
             for name in ("NOW", "BEFORE")]  # fmt: skip
    for item in (head, *parts):
        dynamodb.put_item(TableName=stack.names["table"], Item=item)


def change():
    """A change of the key of the story: a run now, and one later."""
    event = json.loads((ROOT / "events/change/kms-put-key-policy.json").read_text())
    event["detail"]["requestParameters"]["keyId"] = STORY_KEY
    event["detail"]["resources"] = [
        {"accountId": "111122223333", "ARN": f"arn:aws:kms:us-east-1:111122223333:key/{STORY_KEY}"}]
    return event


def work(stack, aws, run_id):
    """Everything that the function does: a change, a run, and one in shards, of which one died. What ended well, and
    the errors of what did not."""
    variables = aws.environment() | environment(stack) | {
        "KEYPROOF_STATE_ENDPOINT_URL": stack.proxy.endpoint, "KEYPROOF_STATE_MACHINE": stack.machine,
    }  # fmt: skip
    large = {
        "plan": "orders", "version": 3, "digest": stack.digest, "run_id": run_id, "seq": 90, "trigger": "deploy",
        "started_at": "2026-01-15T00:00:00Z",
    }  # fmt: skip
    answers, errors = [], []

    def ask(function, payload):
        try:
            answers.append(function.invoke(payload))
        except FunctionError as error:
            errors.append(error.message)

    with running("keyproof-verify", variables) as function:
        ask(function, change())
        ask(function, {"plan": "orders"})
    with running("keyproof-verify", variables | {"KEYPROOF_SHARD_PROBES": "30"}) as function:
        ask(function, {"plan": "orders", "run_id": run_id})
        ask(function, {"step": "cut", "run": large})
        ask(function, {"step": "shard", "run": large, "shard": 0})
        ask(function, {"step": "collect", "run": large})
    return answers, errors


def test_verify_keeps_its_state_as_its_own_role_and_names_any_one_permission_that_it_lacks(verify):
    role, stack, aws = verify
    stack.digest = stack.client("dynamodb").get_item(
        TableName=stack.names["table"], Key={"pk": {"S": "PLAN#orders"}, "sk": {"S": "HEAD"}})["Item"]["digest"]["S"]
    before = stack.snapshot()
    answers, errors = work(stack, aws, "01KEYPR00F0000000000000001")

    assert (errors, stack.proxy.refused) == ([], []), errors
    [fanned_out, report, handed_over, *steps] = answers
    assert fanned_out == {"done": "fanned_out", "plans": ["orders"]}
    assert report["summary"]["verdict"] == "pass" and handed_over["done"] == "handed_over"
    assert steps[-1]["dead"] == [1], steps
    assert unused(role.policy, stack.proxy.used) == []

    for number, (action, resource, policy) in enumerate(taken(role.policy)):
        stack.put_back(before)
        stack.take(stack.runs)
        stack.proxy.policies = [policy]
        answers, errors = work(stack, aws, f"01KEYPR00F00000000000001{number:02}")
        assert errors, (action, resource, answers)
        named = [error for error in errors if action in error and "AccessDenied" in error]
        assert named, (action, errors)
        assert {one for one, _ in stack.proxy.refused} == {action}
        stack.proxy.refused.clear()
