# SPDX-License-Identifier: Apache-2.0
"""A run that is too large for one invocation, through the state machine that the template deploys and the function
as built: the plan is cut, two hundred shards are carried out, ten of which die however often they are tried, and one
report is made of them, right to the probe, and committed as one run.

The AWS under test is the sandbox, in which every twentieth table is under a key that lets the outsider in, and every
fifteenth lacks its canary.
"""

import hashlib
import json
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from moto.server import ThreadedMotoServer
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser, ASLParserException

from conftest import ACCOUNT, KEYPROOF, REGION, ROOT, Aws, bare_environment, read_lines_until, stop
from lambda_runtime import Function
from state_machine import Lambda, StateMachines, definition

SHARDS = 200
TABLE, BUCKET = "keyproof-state", "keyproof-reports"
RUN = "01KEYPR00F0000000000000000"
SHARD_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shard"
CANARY = {"pk": {"S": "keyproof#canary"}}
DEFINITION = "functions/verify/large-run.asl.json"

names = [f"table-{number:03}" for number in range(SHARDS)]
exposed, empty = set(names[7::20]), set(names[3::15])
# By the shard's number: dead for good, dead at the first try, dead when the work was done.
dead = set(range(5, SHARDS, 20))
stumbling = {11, 12, 13}
unthanked = {40}


def template():
    """Two keys, two roles and the tables."""

    def key(*readers):
        statement = [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*",
             "Condition": {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}}},
            {"Effect": "Allow", "Principal": {"AWS": [{"Fn::GetAtt": [reader, "Arn"]} for reader in readers]},
             "Action": "kms:Decrypt", "Resource": "*"},
        ]
        return {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": statement}}}

    def role(name):
        return {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": name,
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}]},
            "Policies": [{"PolicyName": "read", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}}]}}

    def table(name):
        return {"Type": "AWS::DynamoDB::Table", "Properties": {
            "TableName": name, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {
                "Fn::GetAtt": ["OpenKey" if name in exposed else "Key", "Arn"]}}}}

    resources = {"Key": key("Reader"), "OpenKey": key("Reader", "Outsider"), "Reader": role("reader"), "Outsider": role("outsider")}
    for alias in ("Key", "OpenKey"):
        properties = {"AliasName": f"alias/{alias}", "TargetKeyId": {"Ref": alias}}
        resources[f"{alias}Alias"] = {"Type": "AWS::KMS::Alias", "Properties": properties}
    resources |= {f"Table{name[-3:]}": table(name) for name in names}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def plan():
    """Each table with its key, somebody who reads it and somebody who must not."""
    key = {name: "alias/OpenKey" if name in exposed else "alias/Key" for name in names}
    return {
        "keyproof": "plan/v1", "name": "estate", "region": REGION,
        "tables": {name: {"table": name, "key": key[name], "canary": {"key": CANARY}} for name in names},
        "principals": {name: {"role": f"arn:aws:iam::{ACCOUNT}:role/{name}"} for name in ("reader", "outsider")},
        "expectations": [expectation for name in names for expectation in (
            {"principal": "reader", "on": name, "actions": ["dynamodb:GetItem"], "decision": "allowed"},
            {"principal": "outsider", "on": name, "actions": ["dynamodb:GetItem"], "decision": "denied", "by": "kms"},
        )],
    }


def expected():
    """What must be found of each probe: `None` is a pass. A table is a shard, in order."""
    found = {}
    for number, name in enumerate(names):
        reader, outsider = f"reader/dynamodb:GetItem/{name}", f"outsider/dynamodb:GetItem/{name}"
        found |= {f"{name}/encryption": None, reader: None, outsider: None}
        if name in empty:
            found |= {reader: "canary_missing", outsider: "canary_missing"}
        if name in exposed:
            found[outsider] = "exposed"
        if number in dead:
            found |= dict.fromkeys((f"{name}/encryption", reader, outsider), "blind")
    return found


class Estate:
    """The stack, the AWS under test, and the functions."""

    def __init__(self, folder):
        self.moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self.moto.start()
        host, port = self.moto.get_host_and_port()
        self.stack = Aws(f"http://{host}:{port}", "AKIAIOSFODNN7EXAMPLE", "an-example-secret-for-moto")
        # moto keeps what it holds for the life of this process.
        requests.post(f"{self.stack.endpoint}/moto-api/reset", timeout=10)
        self.machines = StateMachines(port, self.stack)
        text = {"AttributeType": "S"}
        self.stack.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[text | {"AttributeName": "pk"}, text | {"AttributeName": "sk"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.stack.client("s3").create_bucket(Bucket=BUCKET)
        text = definition(DEFINITION, Partition="aws", ReportBucket=BUCKET, ShardFunctionArn=SHARD_FUNCTION)
        self.machine = self.machines.create("large-runs", text)
        path = folder / "estate.json"
        path.write_text(json.dumps(template()))
        self.sandbox = subprocess.Popen(
            [KEYPROOF, "sandbox", "--template", str(path)], env=bare_environment(), stdout=subprocess.PIPE, text=True
        )
        exports = dict(line.removeprefix("export ").split("=", 1) for line in read_lines_until(self.sandbox, "ready")[:-1])
        self.aws = Aws(*(exports[f"AWS_{name}"] for name in ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")))
        self.plan = folder / "plan.json"
        self.plan.write_text(json.dumps(plan()))
        self.keyproof("canary", "plant", "--plan", str(self.plan))
        tables = self.aws.client("dynamodb")
        for name in empty:
            tables.delete_item(TableName=name, Key=CANARY)
        self.functions = []

    def keyproof(self, *words):
        environment = self.aws.environment() | {
            "KEYPROOF_STATE_TABLE": TABLE, "KEYPROOF_STATE_ENDPOINT_URL": self.stack.endpoint,
        }
        done = subprocess.run([KEYPROOF, *words], env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr

    def function(self):
        function = Function("keyproof-verify", ROOT / "target/debug/keyproof-verify", self.aws.environment() | {
            "KEYPROOF_STATE_TABLE": TABLE,
            "KEYPROOF_STATE_ENDPOINT_URL": self.stack.endpoint,
            "KEYPROOF_REPORT_BUCKET": BUCKET,
            "KEYPROOF_STATE_MACHINE": self.machine,
            "KEYPROOF_SHARD_PROBES": "3",
            "KEYPROOF_SHARDS_AT_ONCE": "8",
        })
        self.functions.append(function)
        return function

    def object(self, key):
        return self.stack.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()

    def keys(self, prefix):
        pages = self.stack.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return {found["Key"] for page in pages for found in page.get("Contents", [])}

    def item(self, pk, sk):
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        return self.stack.client("dynamodb").get_item(TableName=TABLE, Key=key)["Item"]

    def stop(self):
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(Function.stop, self.functions))
        self.machines.stop()
        stop(self.sandbox)
        self.moto.stop()


@pytest.fixture
def estate(tmp_path):
    estate = Estate(tmp_path)
    try:
        yield estate
    finally:
        estate.stop()


def test_two_hundred_shards_ten_of_which_die_make_one_report(estate):
    tries = {}

    def fate(payload):
        shard = payload.get("shard") if payload["step"] == "shard" else None
        tries[shard] = tries.get(shard, 0) + 1
        if payload["run"]["run_id"] != RUN:
            return None
        if shard in dead or (shard in stumbling and tries[shard] == 1):
            return "killed"
        return "killed_after" if shard in unthanked and tries[shard] == 1 else None

    shards = Lambda(SHARD_FUNCTION, estate.function, fate)
    estate.machines.call(shards)
    estate.keyproof("plan", "push", str(estate.plan))
    asked = {"plan": "estate", "run_id": RUN, "trigger": "deploy"}

    # Asked for, and delivered again while it is under way.
    verify = estate.function()
    answers = [verify.invoke(asked) for _ in range(2)]
    (execution,) = estate.machines.executions(estate.machine)
    status, output, told = estate.machines.wait(execution)

    assert answers == [{"done": "handed_over", "run_id": RUN}] * 2
    assert status == "SUCCEEDED", told
    assert output == {"commit": 1, "dead": sorted(dead)}
    run = estate.item("PLAN#estate", "RUN#000000000001")
    text = estate.object(run["report_key"]["S"])
    assert run["report_digest"]["S"] == "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    report = json.loads(text)

    # Every probe once, in the plan's order, and what was to be found of each.
    found = [(probe["id"], probe["finding"]) for probe in report["probes"]]
    order = [f"{name}/encryption" for name in names]
    order += [f"{who}/dynamodb:GetItem/{name}" for name in names for who in ("reader", "outsider")]
    wanted = expected()
    assert found == [(probe, wanted[probe]) for probe in order]
    counts = {"verdict": "fail", "planned": 600, "excepted": 0}
    counts["fail"] = sum(1 for finding in wanted.values() if finding == "exposed")
    counts["inconclusive"] = sum(1 for finding in wanted.values() if finding in ("blind", "canary_missing"))
    counts["pass"] = 600 - counts["fail"] - counts["inconclusive"]
    assert counts["fail"] >= 5 and counts["inconclusive"] >= 40, counts
    assert {name: report["summary"][name] for name in counts} == counts
    assert (report["run"]["id"], report["run"]["trigger"]) == (RUN, "deploy")
    notes = [note["text"] for note in report["notes"] if note["kind"] == "unseen"]
    assert notes == [f"no report came of shard {shard} of 200, and its 3 probes are blind" for shard in sorted(dead)]

    # It is what one run would have found out, but for the dead.
    whole = subprocess.run(
        [KEYPROOF, "verify", "--plan", str(estate.plan), "--format", "json"],
        env=estate.aws.environment(), capture_output=True, text=True, timeout=120,
    )
    one = {probe["id"]: probe for probe in json.loads(whole.stdout)["probes"]}
    same = ("verdict", "finding", "reason", "expected", "role_arn", "action", "table", "resource", "line")
    for probe in report["probes"]:
        if probe["finding"] != "blind":
            other = one[probe["id"]]
            assert {name: probe.get(name) for name in same} == {name: other.get(name) for name in same}

    # The state is the run's, and who waits for it knows.
    assert estate.item(f"RUN#{RUN}", "RUN")["status"]["S"] == "done"
    state = estate.item("PLAN#estate", "STATE")
    assert (state["commit"]["N"], state["last_run"]["M"]["run_id"]["S"]) == ("1", RUN)

    # The dead were tried three times, the stumbling twice; who had done its work was not asked to do it again.
    wanted = {shard: 3 for shard in dead} | {shard: 2 for shard in stumbling | unthanked}
    assert {shard: count for shard, count in tries.items() if shard is not None and count > 1} == wanted
    assert shards.killed == 3 * len(dead) + len(stumbling) + len(unthanked)
    written = {f"runs/{RUN}/reports/{shard}.json" for shard in set(range(SHARDS)) - dead}
    assert estate.keys(f"runs/{RUN}/reports/") == written
    sessions = [line for function in shards.all for line in function.lines(message="the shard was carried out before")]
    assert [line["shard"] for line in sessions] == [40]
    a_change_runs_what_it_may_concern(estate, verify, shards)


def a_change_runs_what_it_may_concern(estate, verify, shards):
    """The key that lets the outsider in is put right: what is under it is run, and what no report told the key of."""
    kms, ids = estate.aws.client("kms"), ("01KEYPR00F0000000000000001", "01KEYPR00F0000000000000002")
    policy = kms.get_key_policy(KeyId="alias/Key", PolicyName="default")["Policy"]
    key = kms.describe_key(KeyId="alias/OpenKey")["KeyMetadata"]["KeyId"]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)

    def change(run_id, touched):
        event = {"event": "PutKeyPolicy", "source": "kms.amazonaws.com", "event_id": run_id, "at": "2026-01-15T00:00:00Z"}
        return {"plan": "estate", "run_id": run_id, "trigger": "change", "part": True, "change": event | {"touches": [touched]}}

    before = estate.item("PLAN#estate", "STATE")
    answer = verify.invoke(change(ids[0], f"KEY#{key}"))
    assert answer == {"done": "handed_over", "run_id": ids[0]}
    (execution,) = [found for found in estate.machines.executions(estate.machine) if found.endswith(ids[0])]
    status, output, told = estate.machines.wait(execution)
    assert (status, output) == ("SUCCEEDED", {"commit": 2, "dead": []}), told
    run = estate.item("PLAN#estate", "RUN#000000000002")
    report = json.loads(run["report"]["S"] if "S" in run["report"] else estate.object(run["report_key"]["S"]))

    tables = exposed | {names[number] for number in dead}
    assert {probe["table"] for probe in report["probes"]} == tables and len(tables) == 20
    assert [probe["finding"] for probe in report["probes"]] == [None] * 60
    assert report["part"] == {"of": 600, "touching": [f"KEY#{key}"]}
    carried_out = [payload["shard"] for payload in shards.invoked if payload["step"] == "shard" and payload["run"]["run_id"] == ids[0]]
    assert sorted(carried_out) == list(range(20))

    # One table's is no more than one invocation, and needs no state machine.
    report = verify.invoke(change(ids[1], f"TABLE#{names[42]}"))
    assert [probe["table"] for probe in report["probes"]] == [names[42]] * 3
    assert len(estate.machines.executions(estate.machine)) == 2

    # The rest stands as the run of the whole left it, and that is still the last run.
    state = estate.item("PLAN#estate", "STATE")
    assert state["commit"]["N"] == "3"
    assert state["last_run"] == before["last_run"]
    since = {name: value.get("N") or value.get("S") for name, value in state["since"]["M"].items()}
    inconclusive = 2 * len(empty)
    assert since == {"verdict": "inconclusive", "pass": str(600 - inconclusive), "fail": "0",
                     "inconclusive": str(inconclusive), "excepted": "0", "planned": "600"}


def test_a_run_that_cannot_be_cut_is_noted_as_failed(estate):
    shards = Lambda(SHARD_FUNCTION, estate.function)
    estate.machines.call(shards)
    estate.keyproof("plan", "push", str(estate.plan))
    # The version is gone from the table before the first step.
    verify = estate.function()
    broken = threading.Event()

    def fate(payload):
        if payload["step"] == "cut" and not broken.is_set():
            key = {"pk": {"S": "PLAN#estate"}, "sk": {"S": "VERSION#00000001"}}
            estate.stack.client("dynamodb").delete_item(TableName=TABLE, Key=key)
            broken.set()

    shards.fate = fate
    verify.invoke({"plan": "estate", "run_id": RUN})
    (execution,) = estate.machines.executions(estate.machine)
    status, _, told = estate.machines.wait(execution)

    assert (status, told["error"]) == ("FAILED", "InvalidPlan"), told
    assert [payload["step"] for payload in shards.invoked] == ["cut", "abandon"]
    noted = estate.item(f"RUN#{RUN}", "RUN")
    assert noted["status"]["S"] == "failed"
    assert noted["error"]["S"] == (
        "the run in shards failed: InvalidPlan: version 1 of the plan `estate` is not in the state table; push it again"
    )


def test_the_state_machine_is_one_by_the_schema_of_the_states_language(tmp_path):
    """cfn-lint holds a definition that stands in a template against the language's schema, and not one in a file. What
    its schema lets pass, the interpreter's grammar does not: a field that the language doesn't have."""

    def lint(text):
        machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "DefinitionString": json.dumps(json.loads(text))}}
        path = tmp_path / "template.json"
        path.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": machine}}))
        done = subprocess.run(["cfn-lint", "--format", "parseable", str(path)], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout

    text = definition(DEFINITION, Partition="aws", ReportBucket=BUCKET, ShardFunctionArn=SHARD_FUNCTION)
    assert lint(text) == (0, "")
    code, told = lint(text.replace('"Type": "Map"', '"Type": "Mop"'))
    assert code != 0 and "E3601" in told, told
    AmazonStateLanguageParser.parse(text)
    with pytest.raises(ASLParserException):
        AmazonStateLanguageParser.parse(text.replace('"Next": "Collect"', '"Nxt": "Collect"', 1))
