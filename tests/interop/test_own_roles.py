# SPDX-License-Identifier: Apache-2.0
"""The functions as built, each as a session of its own role of the template, against the sandbox: what the role
allows is enough, and each permission of it is missed, in words that name it, and never as a pass.

State table, tables and keys under test are all the sandbox's, which encrypts the state under its key of the
template too. What the sandbox has no service for (queues, buckets, who is told) is tried behind an authority, in
`test_own_role_stack` and `test_own_role_publish`; `tests/stack` holds all permissions against what the code declares.
"""

import contextlib
import json

import pytest

from authority import lessened
from conftest import ROOT, Aws, keyproof, start_sandbox, stop
from deployment import CloudFormation, properties, request
from lambda_runtime import Function, FunctionError

PLAN = (ROOT / "plans/orders.yaml").read_text()
LAMBDA = "Principal: { Service: lambda.amazonaws.com }"
ACCOUNT_ROOT = 'Principal: { AWS: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:root" }'
FUNCTIONS = {"Verify": "verify", "Canary": "canary", "Api": "api"}


class Stack:
    """The template's stack in a sandbox, its plan stored. Lambda alone may assume the functions' roles; here the
    account may, and what the roles are allowed stays."""

    def __init__(self, folder):
        text = (ROOT / "template.yaml").read_text()
        assert text.count(LAMBDA) == 5
        template = folder / "template.yaml"
        template.write_text(text.replace(LAMBDA, ACCOUNT_ROOT))
        self.process, self.administrator = start_sandbox("--template", str(template))
        self.iam, self.kms = (self.administrator.client(name) for name in ("iam", "kms"))
        self.cloudformation = CloudFormation()
        names = [role["RoleName"] for role in self.iam.list_roles()["Roles"]]
        self.roles = {name: next(role for role in names if f"{name}FunctionRole" in role) for name in FUNCTIONS}
        [self.table] = [
            name for name in self.administrator.client("dynamodb").list_tables()["TableNames"] if "state" in name.lower()
        ]
        self.policies = {name: self.policy(role, FUNCTIONS[name]) for name, role in self.roles.items()}
        pushed = keyproof("plan", "push", "-", environment=self.environment(self.administrator), stdin=PLAN)
        assert pushed.returncode == 0, pushed.stderr
        planted = keyproof(
            "canary", "plant", "--plan", "-", environment=self.administrator.environment(), stdin=PLAN)
        assert planted.returncode == 0, planted.stderr

    def environment(self, who):
        return who.environment() | {
            "KEYPROOF_STATE_TABLE": self.table,
            "KEYPROOF_STATE_ENDPOINT_URL": self.administrator.endpoint,
            "KEYPROOF_REPORT_BUCKET": "reports",
            "KEYPROOF_QUEUE_URL": f"{self.administrator.endpoint}/queue",
        }

    def policy(self, role, name):
        """The role's policy of this name; the other is for tracing."""
        return name, self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]

    @contextlib.contextmanager
    def function(self, name, policy=None, timeout=60):
        """The function as a new session of its role, under this policy in place of the template's."""
        role, (policy_name, whole) = self.roles[name], self.policies[name]
        self.iam.put_role_policy(
            RoleName=role, PolicyName=policy_name, PolicyDocument=json.dumps(policy or whole))
        arn = self.iam.get_role(RoleName=role)["Role"]["Arn"]
        given = self.administrator.client("sts").assume_role(RoleArn=arn, RoleSessionName="own-role")["Credentials"]
        session = Aws(
            self.administrator.endpoint, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        binary = f"keyproof-{FUNCTIONS[name]}"
        function = Function(binary, ROOT / "target/debug" / binary, self.environment(session), timeout=timeout)
        try:
            yield function
        finally:
            function.stop()
            self.iam.put_role_policy(RoleName=role, PolicyName=policy_name, PolicyDocument=json.dumps(whole))

    def stop(self):
        stop(self.process)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("own-roles"))
    try:
        yield stack
    finally:
        stack.stop()


def within_reach(action):
    """Of what the sandbox has: its own services."""
    return action.split(":")[0] in ("sts", "dynamodb", "kms")


# It takes away parts of a state that nothing leads to any more: a run of this plan leaves none behind, but for the one
# in `test_own_role_stack`.
NOT_IN_A_SMALL_RUN = ("Verify", "dynamodb:DeleteItem")


def less(stack, name):
    """What can be taken from a function's role here, and its policy without."""
    taken = [
        each for each in lessened(stack.policies[name][1])
        if within_reach(each[0]) and (name, each[0]) != NOT_IN_A_SMALL_RUN
    ]
    assert len(taken) >= 3
    return taken


# --- the verify function ------------------------------------------------------------------------------


def run(function):
    return function.invoke({"plan": "orders"})


def test_verify_passes_as_its_own_role(stack):
    with stack.function("Verify") as verify:
        report = run(verify)

    assert report["summary"]["verdict"] == "pass", json.dumps(report, indent=1)
    assert report["sentinel"]["awake"]


@pytest.fixture
def trust_by_account(stack):
    """Test roles that trust the account, and leave it to IAM who of it may assume them. The template's trust names
    the function's role too, which in one account is enough without a permission of the role's own:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html"""
    before = {}
    for role in ("reader", "outsider"):
        before[role] = stack.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        left = [one for one in before[role]["Statement"] if one["Sid"] != "AllowVerifyFunction"]
        assert len(left) == len(before[role]["Statement"]) - 1
        document = json.dumps(before[role] | {"Statement": left})
        stack.iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    yield
    for role, document in before.items():
        stack.iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))


def test_verify_passes_nothing_without_any_one_permission(stack, trust_by_account):
    """On tables and keys under test: what can't be looked at is blind. On its own state: an error that says so."""
    with stack.function("Verify") as verify:
        assert run(verify)["summary"]["verdict"] == "pass"
    told = {}
    for action, resource, policy in less(stack, "Verify"):
        with stack.function("Verify", policy) as verify:
            try:
                report = run(verify)
            except FunctionError as error:
                told[action, "state"] = error.message
                assert "AccessDenied" in error.message and action in error.message, error
                continue
        blind = [row for row in report["probes"] if row["finding"] == "blind"]
        assert report["summary"]["verdict"] == "inconclusive" and blind, (action, resource)
        for row in blind:
            assert "was not found out" in row["reason"], row["reason"]
        told[action, resource.rsplit("/", 1)[-1]] = blind[0]["reason"]

    actions = [action for action, _ in told]
    assert sorted(set(actions)) == [
        "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
        "kms:DescribeKey", "sts:AssumeRole",
    ]
    assert actions.count("sts:AssumeRole") == 2 and actions.count("dynamodb:DescribeTable") == 2


def test_no_function_works_without_the_key_of_its_state(stack):
    """The key's policy without the statement for the functions: their reads of the state are refused by KMS."""
    kms = stack.kms
    table = stack.administrator.client("dynamodb").describe_table(TableName=stack.table)["Table"]
    key = table["SSEDescription"]["KMSMasterKeyArn"]
    whole = kms.get_key_policy(KeyId=key)["Policy"]
    policy = json.loads(whole)
    policy["Statement"] = [one for one in policy["Statement"] if one.get("Sid") != "AllowState"]
    kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))
    try:
        with stack.function("Verify") as verify, pytest.raises(FunctionError) as error:
            run(verify)
        assert "KMS key access denied" in error.value.message, error.value
        with stack.function("Api") as api:
            answer = api.invoke(request("GET", "/plans/orders/status"))
        assert answer["statusCode"] >= 500, answer
    finally:
        kms.put_key_policy(KeyId=key, Policy=whole)


# --- the canary function ------------------------------------------------------------------------------


def deploy(stack, canary, request_type):
    event = stack.cloudformation.event(request_type, properties(PLAN, "https://queue", "reports"))
    canary.invoke(event)
    return stack.cloudformation.answer()


def test_canary_plants_and_stores_as_its_own_role(stack):
    with stack.function("Canary") as canary:
        for request_type in ("Create", "Delete", "Create"):
            assert deploy(stack, canary, request_type)["Status"] == "SUCCESS"


def test_canary_tells_cloudformation_of_any_one_permission_that_it_lacks(stack):
    met = set()
    for action, resource, policy in less(stack, "Canary"):
        # Too little time to wait for a new role to be known everywhere, which is what a refusal may mean.
        with stack.function("Canary", policy, timeout=6) as canary:
            # Removing takes what planting doesn't.
            answers = [deploy(stack, canary, request_type) for request_type in ("Create", "Delete")]
        failed = [answer for answer in answers if answer["Status"] == "FAILED"]
        told = " ".join(answer["Reason"] for answer in failed)
        if failed:
            assert "AccessDenied" in told or "not authorized" in told, told
            met.add((action, resource.rsplit("/", 1)[-1]))
    assert {action for action, _ in met} == {
        "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem",
    }, met


# --- the API ------------------------------------------------------------------------------------------

QUESTIONS = [("GET", "/plans/orders/status"), ("GET", "/plans/orders/history"), ("GET", "/plans/orders/badge.svg")]


def test_api_answers_as_its_own_role_and_says_when_it_may_not_read(stack):
    with stack.function("Verify") as verify:
        run_id = run(verify)["run"]["id"]
    questions = [*QUESTIONS, ("GET", f"/runs/{run_id}")]
    with stack.function("Api") as api:
        answers = [api.invoke(request(*question)) for question in questions]
    assert [answer["statusCode"] for answer in answers] == [200] * len(questions), answers

    refused = set()
    for action, _, policy in less(stack, "Api"):
        with stack.function("Api", policy) as api:
            answers = [api.invoke(request(*question)) for question in questions]
        for answer in answers:
            assert answer["statusCode"] == 200 or answer["statusCode"] >= 500, answer
            if answer["statusCode"] >= 500:
                refused.add(action)
    assert {"dynamodb:GetItem", "dynamodb:Query"} <= refused
