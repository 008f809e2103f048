# SPDX-License-Identifier: Apache-2.0
"""The canary and the API function as built, behind a Runtime API: moto is the AWS that the stack is made of, the
sandbox the AWS under test, and CloudFormation a server that waits for an answer.
"""

import json
import subprocess

import pytest

from conftest import CANARY, REGION, ROOT, Aws, keyproof, start_sandbox, stop
from deployment import CloudFormation, properties, request
from lambda_runtime import Function

TABLE, BUCKET = "state", "reports"
PLAN = (ROOT / "plans/orders.yaml").read_text()
ROLE = "Principal: { Service: lambda.amazonaws.com }"


@pytest.fixture(scope="module", autouse=True)
def binaries():
    packages = ["-p", "keyproof-api", "-p", "keyproof-canary"]
    subprocess.run(["cargo", "build", "--quiet", *packages], cwd=ROOT, check=True)


@pytest.fixture
def stack(moto):
    """The table, bucket and queue of a stack: (moto, the queue's URL)."""
    moto.client("dynamodb").create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    moto.client("s3").create_bucket(Bucket=BUCKET)
    return moto, moto.client("sqs").create_queue(QueueName="runs")["QueueUrl"]


@pytest.fixture
def deployer(tmp_path):
    """A sandbox of the template in which the canary function's role can be assumed: (the administrator, the
    session of that role)."""
    # Lambda alone may assume the functions' roles. Here the account may; what the role is allowed stays.
    template = (ROOT / "template.yaml").read_text()
    account = '{ AWS: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:root" }'
    assert template.count(ROLE) == 5
    file = tmp_path / "template.yaml"
    file.write_text(template.replace(ROLE, f"Principal: {account}"))
    process, administrator = start_sandbox("--template", str(file))
    try:
        roles = administrator.client("iam").list_roles()["Roles"]
        [arn] = [role["Arn"] for role in roles if "CanaryFunctionRole" in role["RoleName"]]
        answer = administrator.client("sts").assume_role(RoleArn=arn, RoleSessionName="canary")["Credentials"]
        session = Aws(
            administrator.endpoint, answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
        )
        yield administrator, session
    finally:
        stop(process)


def start(name, environment, queue_url):
    parts = {"KEYPROOF_STATE_TABLE": TABLE, "KEYPROOF_REPORT_BUCKET": BUCKET, "KEYPROOF_QUEUE_URL": queue_url}
    return Function(name, ROOT / f"target/debug/{name}", parts | environment)


def test_a_deployment_plants_what_the_end_removes_and_the_api_runs_what_it_stored(stack, deployer):
    moto, queue_url = stack
    administrator, session = deployer
    cloudformation = CloudFormation()
    environment = session.environment() | {"KEYPROOF_STATE_ENDPOINT_URL": moto.endpoint}
    canary = start("keyproof-canary", environment, queue_url)
    api = start("keyproof-api", moto.environment(), queue_url)
    try:
        # The role of the template, and nothing more, plants both canaries.
        canary.invoke(cloudformation.event("Create", properties(PLAN, queue_url, BUCKET)))
        answer = cloudformation.answer()
        assert answer["Status"] == "SUCCESS", answer
        reader = administrator.assume("reader")
        assert "Item" in reader.client("dynamodb").get_item(TableName="orders", Key=CANARY)

        status = api.invoke(request("GET", "/plans/orders/status"))
        assert status["statusCode"] == 200, status
        told = json.loads(status["body"])
        assert (told["version"], told["interval_minutes"], told["verdict"]) == (1, 15, None)

        first = api.invoke(request("POST", "/runs", {"plan": "orders"}, idempotency_key="k"))
        again = api.invoke(request("POST", "/runs", {"plan": "orders"}, idempotency_key="k"))
        assert first["statusCode"] == 202 and again == first
        run_id = json.loads(first["body"])["run_id"]
        run = json.loads(api.invoke(request("GET", f"/runs/{run_id}"))["body"])
        assert (run["status"], run["plan"], run["trigger"]) == ("queued", "orders", "api")
        messages = moto.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)["Messages"]
        asked = [json.loads(message["Body"]) for message in messages]
        assert asked == [{"plan": "orders", "trigger": "api", "run_id": run_id}] * 2

        refused = api.invoke(request("POST", "/runs", {"plan": "orders", "role": "arn:aws:iam::1:role/admin"}))
        assert refused["statusCode"] == 400
        assert refused["headers"]["content-type"] == "application/problem+json"

        canary.invoke(cloudformation.event("Delete", properties(PLAN, queue_url, BUCKET)))
        assert cloudformation.answer()["Status"] == "SUCCESS"
        assert "Item" not in reader.client("dynamodb").get_item(TableName="orders", Key=CANARY, ConsistentRead=True)
        control = administrator.assume("outsider").client("dynamodb")
        assert "Item" not in control.get_item(TableName="keyproof-control", Key=CANARY, ConsistentRead=True)
    finally:
        canary.stop()
        api.stop()


def test_what_the_command_line_pushes_the_api_knows(stack):
    moto, queue_url = stack
    environment = moto.environment() | {"KEYPROOF_STATE_TABLE": TABLE}
    api = start("keyproof-api", moto.environment(), queue_url)
    try:
        assert api.invoke(request("GET", "/plans/orders/status"))["statusCode"] == 404

        pushed = keyproof("plan", "push", "plans/orders.yaml", "--region", REGION, environment=environment)
        assert pushed.returncode == 0, pushed.stderr

        assert api.invoke(request("GET", "/plans/orders/status"))["statusCode"] == 200
    finally:
        api.stop()


def test_a_role_without_the_key_is_told_to_cloudformation(stack, template_sandbox):
    moto, queue_url = stack
    cloudformation = CloudFormation()
    # The outsider may write to any table, and the key knows nothing of it. Lambda gives 60 s, and half of
    # it goes by in trying again.
    environment = template_sandbox.assume("outsider").environment() | {"KEYPROOF_STATE_ENDPOINT_URL": moto.endpoint}
    canary = start("keyproof-canary", environment, queue_url)
    try:
        canary.invoke(cloudformation.event("Create", properties(PLAN, queue_url, BUCKET)))
        answer = cloudformation.answer()
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith("orders: AccessDeniedException: ")
        assert "AWS_SESSION_TOKEN" not in json.dumps(answer)
    finally:
        canary.stop()
