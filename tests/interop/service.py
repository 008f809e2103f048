# SPDX-License-Identifier: Apache-2.0
"""The deployed service on this machine: its functions as built, moto for the AWS that it is made of, and the
sandbox as the AWS under test.

Each function runs behind a Lambda Runtime API. Between them stands what Lambda and EventBridge would be: the
queue's and the stream's mappings, and rules. The clock is the test's: `pass_time` moves it for everybody.
"""

import datetime
import json
import os
import subprocess
import uuid

import requests
import yaml
from moto.server import ThreadedMotoServer
from moto.sqs.models import sqs_backends

from clock import Clock
from conftest import ACCOUNT, KEYPROOF, REGION, ROOT, Aws, bare_environment, read_lines_until, stop
from deployment import CloudFormation, properties, request
from event_sources import QueueMapping, StreamMapping
from flaky import Flaky
from lambda_runtime import Function

TABLE, BUCKET = "keyproof-state", "keyproof-reports"
BINARIES = ROOT / "target/debug"
DEPLOYER = f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/ci-4711"


def template_resources():
    """The resources of the repository's template, intrinsic functions left as they are written."""

    class Loader(yaml.SafeLoader):
        pass

    def anything(loader, _, node):
        if isinstance(node, yaml.ScalarNode):
            return loader.construct_scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_mapping(node, deep=True)

    Loader.add_multi_constructor("!", anything)
    return yaml.load((ROOT / "template.yaml").read_text(), Loader)["Resources"]


class Service:
    def __init__(self, folder):
        os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT
        self.resources, self.clients, self.workflows = template_resources(), {}, []
        self.clock = Clock(folder)
        self.moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.moto.start()
        host, port = self.moto.get_host_and_port()
        self.stack = Aws(f"http://{host}:{port}", "AKIAIOSFODNN7EXAMPLE", "an-example-secret-for-moto")
        self.reset()
        self.proxy = Flaky(self.stack.endpoint)
        self.proxy.answers["PATCH /findings/batchupdate"] = self.update_findings
        self.sandbox, self.aws = self.start_sandbox()
        self.build_stack()
        self.verify = self.function(
            "keyproof-verify",
            self.aws.environment() | {"KEYPROOF_STATE_ENDPOINT_URL": self.stack.endpoint},
        )
        self.api = self.function("keyproof-api", self.stack.environment())
        self.canary = self.function(
            "keyproof-canary",
            self.aws.environment() | {"KEYPROOF_STATE_ENDPOINT_URL": self.stack.endpoint},
        )
        self.cloudformation = CloudFormation()
        self.publish = self.function(
            "keyproof-publish",
            # A call that fails is Lambda's to bring again, and not the SDK's.
            Aws(self.proxy.endpoint, self.stack.access_key, self.stack.secret_key).environment()
            | {"AWS_MAX_ATTEMPTS": "1"},
        )
        self.queue = QueueMapping(self.client("sqs"), self.runs, self.verify)
        self.stream = StreamMapping(self.client("dynamodbstreams"), self.stream_arn, self.publish, self.wanted)

    # --- what the service is made of --------------------------------------------------------------

    def client(self, service):
        """A client of the stack's own AWS, around the proxy."""
        if service not in self.clients:
            self.clients[service] = self.stack.client(service)
        return self.clients[service]

    def reset(self):
        """An empty AWS: moto keeps what it holds for the life of this process."""
        requests.post(f"{self.stack.endpoint}/moto-api/reset", timeout=10)

    def start_sandbox(self):
        process = subprocess.Popen(
            [KEYPROOF, "sandbox"],
            env=bare_environment() | self.clock.environment,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        lines = read_lines_until(process, "ready")
        exports = dict(line.removeprefix("export ").split("=", 1) for line in lines[:-1])
        names = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        return process, Aws(*(exports[name] for name in names))

    def build_stack(self):
        text = {"AttributeType": "S"}
        table = self.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[text | {"AttributeName": "pk"}, text | {"AttributeName": "sk"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]
        self.stream_arn = table["LatestStreamArn"]
        self.client("s3").create_bucket(Bucket=BUCKET)
        self.client("securityhub").enable_security_hub()
        sqs = self.client("sqs")
        self.runs, self.events, self.pages = (
            sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("runs", "events", "pages")
        )
        sns = self.client("sns")
        self.topic = sns.create_topic(Name="alerts")["TopicArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=self.queue_arn(self.pages))
        self.rule("published", {"source": ["keyproof"]}, self.events)
        # The rule that the template deploys, word for word.
        self.rule("changes", self.resources["PolicyChanges"]["Properties"]["EventPattern"], self.runs)

    def queue_arn(self, url):
        sqs = self.client("sqs")
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def rule(self, name, pattern, queue):
        events = self.client("events")
        events.put_rule(Name=name, EventPattern=json.dumps(pattern), State="ENABLED")
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": self.queue_arn(queue)}])

    def function(self, name, environment):
        parts = {
            "KEYPROOF_STATE_TABLE": TABLE,
            "KEYPROOF_REPORT_BUCKET": BUCKET,
            "KEYPROOF_QUEUE_URL": self.runs,
            "KEYPROOF_TOPIC_ARN": self.topic,
            "KEYPROOF_SECURITY_HUB": "on",
        }
        return Function(
            name,
            BINARIES / name,
            parts | environment | self.clock.environment,
            now=lambda: self.clock.now().timestamp(),
        )

    def wanted(self, record):
        """The template's event filter, as far as it says more than `INSERT` and prefixes of the keys."""
        changes = self.resources["PublishFunction"]["Properties"]["Events"]["Changes"]["Properties"]
        (pattern,) = changes["FilterCriteria"]["Filters"]
        return matches(json.loads(pattern["Pattern"]), record)

    # --- what happens to it -----------------------------------------------------------------------

    def keyproof(self, *words, stdin=None):
        """A command of whoever operates the stack."""
        done = subprocess.run(
            [KEYPROOF, *words],
            env=self.aws.environment()
            | self.clock.environment
            | {"KEYPROOF_STATE_TABLE": TABLE, "KEYPROOF_STATE_ENDPOINT_URL": self.stack.endpoint},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def changed(self, source, name, parameters, resources=(), **more):
        """CloudTrail tells EventBridge of a call, in the form of
        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html"""
        event_id = str(uuid.uuid4())
        detail = {
            "eventVersion": "1.11",
            "userIdentity": {"type": "AssumedRole", "arn": DEPLOYER, "accountId": ACCOUNT},
            "eventTime": self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": source,
            "eventName": name,
            "awsRegion": REGION,
            "requestParameters": parameters,
            "responseElements": None,
            "requestID": str(uuid.uuid4()),
            "eventID": event_id,
            "readOnly": False,
            "resources": [{"accountId": ACCOUNT, "ARN": arn} for arn in resources],
            "eventType": "AwsApiCall",
            "recipientAccountId": ACCOUNT,
            "eventCategory": "Management",
        } | more
        self.client("events").put_events(
            Entries=[
                {
                    "Source": f"aws.{source.split('.')[0]}",
                    "DetailType": "AWS API Call via CloudTrail",
                    "Detail": json.dumps(detail),
                }
            ]
        )
        return event_id

    def deploy(self, request_type, plan):
        """CloudFormation creates or deletes what the template calls `Canaries`."""
        told = properties(plan, self.runs, BUCKET)
        self.canary.invoke(self.cloudformation.event(request_type, told))
        answer = self.cloudformation.answer()
        assert answer["Status"] == "SUCCESS", answer

    def call(self, method, path, body=None):
        """A signed call of the HTTP API: status and body."""
        answer = self.api.invoke(request(method, path, body))
        return answer["statusCode"], json.loads(answer["body"])

    def ask(self, plan, trigger="schedule"):
        """A message of the Scheduler's, or of anybody who may send to the queue."""
        body = json.dumps({"plan": plan, "trigger": trigger})
        self.client("sqs").send_message(QueueUrl=self.runs, MessageBody=body)

    def run(self):
        """Lets the functions work until nothing is left to do now."""
        while self.queue.drain() + self.stream.drain():
            pass

    def deliver(self, twice=False, one_by_one=False, failing=None):
        """How queue and stream are delivered from now on. The first delivery of each batch of the stream meets a
        service of which one call fails."""
        self.queue.twice = self.stream.twice = twice
        self.stream.batch_size = 1 if one_by_one else 100
        self.proxy.mend()
        met = set()

        def between(batch):
            first = batch[0]["dynamodb"]["SequenceNumber"]
            self.proxy.mend()
            if failing and first not in met:
                met.add(first)
                self.proxy.fail(failing, times=1)

        self.stream.between = between

    def pass_time(self, **length):
        """Moves the clock, for functions, sandbox and delayed messages alike."""
        seconds = int(datetime.timedelta(**length).total_seconds())
        self.clock.advance(seconds)
        for queue in sqs_backends[ACCOUNT][REGION].queues.values():
            for message in queue._messages:
                message.delayed_until -= seconds * 1000

    def sweep(self):
        return self.publish.invoke({"sweep": self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")})

    # --- what came of it --------------------------------------------------------------------------

    def take(self, url):
        """Everything in a queue, in the order of its sending."""
        sqs, bodies = self.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def published(self):
        """The events since the last call."""
        return self.take(self.events)

    def paged(self):
        """The messages to people since the last call."""
        return self.take(self.pages)

    def findings(self):
        """Security Hub's findings, by probe."""
        pages = self.client("securityhub").get_paginator("get_findings").paginate()
        found = [finding for page in pages for finding in page["Findings"]]
        return {finding["Id"].split("/", 4)[-1]: finding for finding in found}

    def update_findings(self, body):
        """What moto lacks: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchUpdateFindings.html"""
        asked = json.loads(body)
        self.workflows.append(
            (asked["Workflow"]["Status"], sorted(one["Id"].split("/", 4)[-1] for one in asked["FindingIdentifiers"]))
        )
        return {"ProcessedFindings": asked["FindingIdentifiers"], "UnprocessedFindings": []}

    def objects(self, prefix):
        s3 = self.client("s3")
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]
        return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() for key in keys}

    def stop(self):
        for part in (self.verify, self.publish, self.api, self.canary, self.proxy, self.clock, self.moto):
            part.stop()
        stop(self.sandbox)


def matches(pattern, value):
    """Whether an event filter's pattern admits a value: objects, lists of texts and prefixes.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html"""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and matches(inner, value[name]) for name, inner in pattern.items()
        )
    admits = {"prefix": lambda prefix: isinstance(value, str) and value.startswith(prefix)}
    return any(
        value == one if not isinstance(one, dict) else all(admits[kind](text) for kind, text in one.items())
        for one in pattern
    )
