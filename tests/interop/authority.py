# SPDX-License-Identifier: Apache-2.0
"""What stands before moto where a caller's permissions matter: an authority that asks the policies for each call.

moto lets everybody do everything. Here each call is named by its action and resource, as the service authorization
reference has them (https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html), and decided by
`keyproof simulate`. What is refused is answered as the service answers it. A call that nobody here knows is answered by nobody.
"""

import json
import os
import re
import subprocess
import threading
import time
import urllib.parse

from conftest import ACCOUNT, KEYPROOF, REGION, start_sandbox, stop
from flaky import Flaky

# What a part of a transaction is authorised as:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
PARTS = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


def arn(service, name, region=REGION, account=ACCOUNT):
    return f"arn:aws:{service}:{region}:{account}:{name}"


def dynamodb(operation, asked):
    if operation == "TransactWriteItems":
        for item in asked["TransactItems"]:
            [(kind, part)] = item.items()
            yield f"dynamodb:{PARTS[kind]}", arn("dynamodb", f"table/{part['TableName']}"), {}
    else:
        yield f"dynamodb:{operation}", arn("dynamodb", f"table/{asked['TableName']}"), {}


def kms(operation, asked):
    words = {"MessageType": "kms:MessageType", "SigningAlgorithm": "kms:SigningAlgorithm"}
    yield f"kms:{operation}", asked["KeyId"], {key: asked[name] for name, key in words.items() if name in asked}


def events(operation, asked):
    for bus in {entry.get("EventBusName", "default") for entry in asked["Entries"]}:
        yield f"events:{operation}", arn("events", f"event-bus/{bus}"), {}


def sqs(operation, asked):
    yield f"sqs:{operation}", arn("sqs", asked["QueueUrl"].rsplit("/", 1)[-1]), {}


def states(operation, asked):
    yield f"states:{operation}", asked["stateMachineArn"], {}


# What each question about an organization is authorised on; which organization it is, the test knows.
def organizations(operation, asked):
    name = asked.get("ParentId") or asked["ResourceId"]
    kind = "root" if name.startswith("r-") else "ou" if name.startswith("ou-") else "account"
    yield f"organizations:{operation}", f"arn:aws:organizations::123456789012:{kind}/ORGANIZATION/{name}", {}


def tagging(operation, asked):
    yield f"tag:{operation}", "*", {}


JSON = {"DynamoDB_20120810": dynamodb, "TrentService": kms, "AWSEvents": events, "AmazonSQS": sqs, "AWSStepFunctions": states,
        "AWSOrganizationsV20161128": organizations, "ResourceGroupsTaggingAPI_20170126": tagging}  # fmt: skip
# A schedule is made with POST and altered with PUT; both hand over the role that it sends in.
SCHEDULE = {"POST": "scheduler:CreateSchedule", "PUT": "scheduler:UpdateSchedule"}
HUB = {
    "POST /findings/import": ("securityhub:BatchImportFindings", arn("securityhub", f"product/{ACCOUNT}/default")),
    "PATCH /findings/batchupdate": ("securityhub:BatchUpdateFindings", arn("securityhub", "hub/default")),
}
OBJECT = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject"}


def calls(service, request, body):
    """What a request is authorised as: actions, resources and condition keys."""
    path = urllib.parse.unquote(urllib.parse.urlsplit(request.path).path)
    if target := request.headers.get("X-Amz-Target"):
        name, operation = target.split(".")
        return list(JSON[name](operation, json.loads(body)))
    if service == "s3":
        bucket, _, key = path.strip("/").partition("/")
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)
        if not key and asked.get("list-type") == ["2"]:
            return [("s3:ListBucket", arn("s3", bucket, "", ""), {"s3:prefix": asked["prefix"][0]})]
        assert key, f"{request.command} {path} of S3 is known to nobody here"
        return [(OBJECT[request.command], arn("s3", f"{bucket}/{key}", "", ""), {})]
    if service == "securityhub":
        return [(*HUB[f"{request.command} {path}"], {})]
    if service == "scheduler":
        asked, name = json.loads(body), path.removeprefix("/schedules/")
        passed = {"iam:PassedToService": "scheduler.amazonaws.com"}
        return [
            (SCHEDULE[request.command], arn("scheduler", f"schedule/{asked['GroupName']}/{name}"), {}),
            ("iam:PassRole", asked["Target"]["RoleArn"], passed),
        ]
    asked = dict(urllib.parse.parse_qsl(body.decode()))
    if (service, asked.get("Action")) == ("sts", "AssumeRole"):
        return [("sts:AssumeRole", asked["RoleArn"], {})]
    assert (service, asked.get("Action")) == ("sns", "Publish"), (service, asked)
    return [("sns:Publish", asked["TopicArn"], {})]


class Authority(Flaky):
    """`policies` are the caller's identity policies, `keys` the key policies by ARN. `used` is what was allowed, by
    action and resource, `refused` what was not."""

    def __init__(self, endpoint):
        super().__init__(endpoint)
        self.principal, self.policies, self.keys = None, [], {}
        self.used, self.refused = set(), []
        self.engine = subprocess.Popen([KEYPROOF, "simulate"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.asking = threading.Lock()

    def allows(self, action, resource, context):
        line = {
            "id": "1", "principal": self.principal, "action": action, "resource": resource, "resource_account": ACCOUNT,
            "context": context, "identity_policies": self.policies, "resource_policy": self.keys.get(resource),
        }  # fmt: skip
        with self.asking:
            self.engine.stdin.write(json.dumps(line) + "\n")
            self.engine.stdin.flush()
            answer = json.loads(self.engine.stdout.readline())
        assert "error" not in answer and not answer.get("unknown"), answer
        return answer["decision"] == "allowed"

    def refusal(self, service, request, body):
        for action, resource, context in calls(service, request, body):
            if not self.allows(action, resource, context):
                self.refused.append((action, resource))
                return denied(service, self.principal, action, resource)
            self.used.add((action, resource))
        return None

    def seen(self, service, request, answer):
        """Of an object that is not there S3 says so to whoever may list the bucket, and refuses all others.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""
        if service != "s3" or answer[0] != 404 or request.command not in ("GET", "HEAD"):
            return answer
        bucket = arn("s3", urllib.parse.urlsplit(request.path).path.strip("/").partition("/")[0], "", "")
        if self.allows("s3:ListBucket", bucket, {}):
            self.used.add(("s3:ListBucket", bucket))
            return answer
        self.refused.append(("s3:ListBucket", bucket))
        return denied(service, self.principal, "s3:ListBucket", bucket)

    def stop(self):
        super().stop()
        self.engine.stdin.close()
        self.engine.wait(10)


def denied(service, principal, action, resource):
    """As each service words it."""
    reason = f"because no identity-based policy allows the {action} action"
    message = f"User: {principal} is not authorized to perform: {action} on resource: {resource} {reason}"
    if service == "s3":
        text = f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>"
        return 403, [("Content-Type", "application/xml")], text.encode()
    if service == "sns":
        error = f"<Error><Type>Sender</Type><Code>AuthorizationError</Code><Message>{message}</Message></Error>"
        text = f'<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">{error}</ErrorResponse>'
        return 403, [("Content-Type", "text/xml")], text.encode()
    if service == "sts":
        error = f"<Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{message}</Message></Error>"
        text = f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{error}</ErrorResponse>'
        return 403, [("Content-Type", "text/xml")], text.encode()
    headers = [("Content-Type", "application/x-amz-json-1.0"), ("X-Amzn-ErrorType", "AccessDeniedException")]
    body = json.dumps({"__type": "AccessDeniedException", "message": message, "Message": message})
    return 403 if service in ("securityhub", "scheduler") else 400, headers, body.encode()


# What Lambda does in a function's name: it polls the queue and the stream, and writes the log.
LAMBDAS = {
    "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams",
    "logs:CreateLogStream", "logs:PutLogEvents", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage",
}  # fmt: skip


def listed(value):
    return value if isinstance(value, list) else [value]


class Role:
    """A function's role in a deployed stack, its policies put together by the sandbox, without what Lambda does in its
    name and without the statements that are left out. `resource` is what a statement is about, by its Sid."""

    def __init__(self, name, *left_out, parameters=("SecurityHub=on",)):
        words = [word for parameter in parameters for word in ("--parameter", parameter)]
        process, administrator = start_sandbox("--template", "template.yaml", *words)
        try:
            iam = administrator.client("iam")
            names = [role["RoleName"] for role in iam.list_roles()["Roles"]]
            [self.name] = [one for one in names if f"{name}FunctionRole" in one]
            documents = [iam.get_role_policy(RoleName=self.name, PolicyName=one)["PolicyDocument"]
                         for one in iam.list_role_policies(RoleName=self.name)["PolicyNames"]]  # fmt: skip
        finally:
            stop(process)
        self.principal = f"arn:aws:sts::{ACCOUNT}:assumed-role/{self.name}/own"
        self.resource, statements = {}, []
        for statement in (one for document in documents for one in document["Statement"]):
            actions = [action for action in listed(statement["Action"]) if action not in LAMBDAS]
            # Lambda's too: where it puts the invocations that it gives up.
            if actions and statement["Sid"] not in {"LoseNoInvocation", *left_out}:
                self.resource[statement["Sid"]] = statement["Resource"]
                statements.append(statement | {"Action": actions})
        self.policy = {"Version": "2012-10-17", "Statement": statements}


def lessened(policy):
    """The policy with one action on one resource less, each in turn: what was taken, and what is left."""
    statements = policy["Statement"]
    for index, statement in enumerate(statements):
        actions, resources = listed(statement["Action"]), listed(statement["Resource"])
        for taken in [(action, resource) for action in actions for resource in resources]:
            left = [
                {"Effect": "Allow", "Action": action, "Resource": resource}
                for action in actions for resource in resources if (action, resource) != taken
            ]
            rest = [*statements[:index], *left, *statements[index + 1:]]
            yield *taken, {"Version": "2012-10-17", "Statement": rest}


def taken(policy):
    """The same, in the gate of one permission of each service, with `EVERY_PERMISSION=1` of each."""
    every = list(lessened(policy))
    if "EVERY_PERMISSION" in os.environ:
        return every
    return list({action.split(":")[0]: (action, *rest) for action, *rest in every}.values())


def unused(policy, used):
    """What the policy allows and nothing of this needed."""

    def covers(pattern, resource):
        return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), resource) is not None

    return [
        (action, pattern) for action, pattern, _ in lessened(policy)
        if not any(action == other and covers(pattern, resource) for other, resource in used)
    ]


def names(function, action):
    """Whether the function's log says which action was refused. Its lines arrive when they arrive."""
    for _ in range(100):
        log = json.dumps([*function.log, *function.errors])
        if action in log and re.search("AccessDenied|AuthorizationError", log):
            return True
        time.sleep(0.1)
    return False
