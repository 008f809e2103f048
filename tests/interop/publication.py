# SPDX-License-Identifier: Apache-2.0
"""The publish function's surroundings: a state table with a plan's story, and moto for everybody that it tells.

The story is the one that version 0.1.0 left behind (`tests/forms`): passes, an outsider let in and kept out again, a
reader locked out and the confirmation of it. Each commit can be delivered as the stream would bring it, and the
whole put back to how it was.
"""

import datetime
import json
import os
import re

import requests
from boto3.dynamodb.types import TypeSerializer
from moto.kms.utils import ECDSAPrivateKey
from moto.server import ThreadedMotoServer

from conftest import ACCOUNT, REGION, ROOT, Aws
from lambda_runtime import Function
from test_evidence_stack import sign_digest

STORY = [item for item in json.loads((ROOT / "tests/forms/0.1.0/table.json").read_text())
         if not item["pk"].startswith("PUBLISHED#")]  # fmt: skip
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
# The run whose report is too large for the table, or so its item says.
APART = 3


def typed(item):
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def hours_ago(item, hours):
    """The item, its newest moment so long ago and the others as long before it."""
    text = json.dumps(item)
    read = datetime.datetime.fromisoformat
    newest = max(read(moment) for moment in MOMENT.findall(text))
    later = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours) - newest
    return json.loads(MOMENT.sub(lambda found: (read(found[0]) + later).isoformat().replace("+00:00", "Z"), text))


class Publication:
    """`names` are those of the table, the buckets and so on; `proxy` makes what stands between the function and
    moto."""

    def __init__(self, proxy, **names):
        os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT
        self.names = {name: name for name in ("table", "reports", "evidence", "topic", "runs")} | names
        self.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.server.start()
        host, port = self.server.get_host_and_port()
        self.stack = Aws(f"http://{host}:{port}", "AKIAIOSFODNN7EXAMPLE", "an-example-secret-for-moto")
        # moto keeps what it holds for the life of this process.
        requests.post(f"{self.stack.endpoint}/moto-api/reset", timeout=10)
        self.clients, self.workflows = {}, []
        self.build()
        self.proxy = proxy(self.stack.endpoint)
        self.proxy.answers["PATCH /findings/batchupdate"] = self.update_findings
        self.untold = self.snapshot()

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = self.stack.client(service)
        return self.clients[service]

    def build(self):
        dynamodb, s3, sqs, sns = (self.client(name) for name in ("dynamodb", "s3", "sqs", "sns"))
        keys = (("pk", "HASH"), ("sk", "RANGE"))
        dynamodb.create_table(
            TableName=self.names["table"], BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
        )  # fmt: skip
        s3.create_bucket(Bucket=self.names["reports"])
        s3.create_bucket(Bucket=self.names["evidence"], ObjectLockEnabledForBucket=True)
        self.key = self.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        self.client("securityhub").enable_security_hub()
        self.runs, self.events, self.pages = (
            sqs.create_queue(QueueName=name)["QueueUrl"] for name in (self.names["runs"], "told-events", "told-pages"))
        arn = "arn:aws:sqs:" + f"{REGION}:{ACCOUNT}:"
        self.topic = sns.create_topic(Name=self.names["topic"])["TopicArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn + "told-pages")
        rules = self.client("events")
        rules.put_rule(Name="published", EventPattern=json.dumps({"source": ["keyproof"]}), State="ENABLED")
        rules.put_targets(Rule="published", Targets=[{"Id": "queue", "Arn": arn + "told-events"}])
        self.items = {}
        for item in STORY:
            item = dict(item)
            if item["sk"] == f"RUN#{APART:012}":
                item["report_key"] = "reports/orders/apart.json"
                s3.put_object(Bucket=self.names["reports"], Key=item["report_key"], Body=item.pop("report").encode())
            if item["sk"] == "STATE":
                item = hours_ago(item, 3)
            self.items[item["sk"]] = typed(item)
            dynamodb.put_item(TableName=self.names["table"], Item=self.items[item["sk"]])

    def function(self, credentials=None):
        """The function as built; Lambda's to bring again what fails, and not the SDK's."""
        caller = credentials or self.stack
        behind = Aws(self.proxy.endpoint, caller.access_key, caller.secret_key, caller.token)
        return Function("publish", ROOT / "target/debug/keyproof-publish", behind.environment() | {
            "AWS_MAX_ATTEMPTS": "1", "KEYPROOF_STATE_TABLE": self.names["table"],
            "KEYPROOF_REPORT_BUCKET": self.names["reports"], "KEYPROOF_QUEUE_URL": self.runs,
            "KEYPROOF_TOPIC_ARN": self.topic, "KEYPROOF_SECURITY_HUB": "on", "KEYPROOF_REMINDER_HOURS": "1",
            "KEYPROOF_EVIDENCE_BUCKET": self.names["evidence"], "KEYPROOF_SIGNING_KEY": self.key,
        })  # fmt: skip

    def commits(self, *numbers):
        """The stream's batch of these commits."""
        names = [f"{kind}#{number:012}" for number in numbers for kind in ("RUN", "CHANGE")]
        return {"Records": [
            {"eventID": name, "eventName": "INSERT", "eventSource": "aws:dynamodb",
             "dynamodb": {"SequenceNumber": str(place), "NewImage": self.items[name], "StreamViewType": "NEW_IMAGE"}}
            for place, name in enumerate(names) if name in self.items
        ]}  # fmt: skip

    def update_findings(self, body):
        """What moto lacks: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchUpdateFindings.html"""
        asked = json.loads(body)
        self.workflows += [(one["Id"], asked["Workflow"]["Status"]) for one in asked["FindingIdentifiers"]]
        return {"ProcessedFindings": asked["FindingIdentifiers"], "UnprocessedFindings": []}

    # --- what came of it, and back ----------------------------------------------------------------

    def take(self, url):
        sqs, bodies = self.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [json.loads(message["Body"]) for message in messages]
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def told(self):
        """The ids of everything that people and programs were told since the last call, by sink, in order."""
        told = {
            "topic": [page["MessageAttributes"]["id"]["Value"] for page in self.take(self.pages)],
            "events": [event["detail"]["id"] for event in self.take(self.events)],
            "workflows": [f"{name}: {status}" for name, status in self.workflows],
        }
        self.workflows.clear()
        return told

    def objects(self, bucket):
        """How many versions there are of each object."""
        versions = self.client("s3").list_object_versions(Bucket=self.names[bucket]).get("Versions", [])
        keys = [version["Key"] for version in versions]
        return {key: keys.count(key) for key in keys}

    def findings(self):
        pages = self.client("securityhub").get_paginator("get_findings").paginate()
        found = [finding for page in pages for finding in page["Findings"]]
        return {finding["Id"].split("/", 4)[-1]: finding["Compliance"]["Status"] for finding in found}

    def snapshot(self):
        pages = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.names["table"])
        items = {(item["pk"]["S"], item["sk"]["S"]): item for page in pages for item in page["Items"]}
        return items, {bucket: self.objects(bucket) for bucket in ("reports", "evidence")}

    def put_back(self, snapshot):
        """Everything as it was; nobody was told anything."""
        items, objects = snapshot
        dynamodb, s3 = self.client("dynamodb"), self.client("s3")
        now, there = self.snapshot()
        for (pk, sk), item in now.items():
            if (pk, sk) not in items:
                dynamodb.delete_item(TableName=self.names["table"], Key={"pk": item["pk"], "sk": item["sk"]})
        for key, item in items.items():
            if now.get(key) != item:
                dynamodb.put_item(TableName=self.names["table"], Item=item)
        for bucket, keys in there.items():
            for version in s3.list_object_versions(Bucket=self.names[bucket]).get("Versions", []):
                if version["Key"] not in objects[bucket]:
                    s3.delete_object(
                        Bucket=self.names[bucket], Key=version["Key"], VersionId=version["VersionId"],
                        BypassGovernanceRetention=True)
        self.told()

    def copy_evidence(self, folder):
        """A copy of the evidence bucket for `evidence export`; the public key in DER."""
        s3 = self.client("s3")
        for key in self.objects("evidence"):
            path = folder / key.removeprefix("evidence/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(s3.get_object(Bucket=self.names["evidence"], Key=key)["Body"].read())
        return self.client("kms").get_public_key(KeyId=self.key)["PublicKey"]

    def stop(self):
        self.proxy.stop()
        self.server.stop()


def signing(monkeypatch):
    """moto signs a digest as KMS does."""
    monkeypatch.setattr(ECDSAPrivateKey, "sign", sign_digest)

