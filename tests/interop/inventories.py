# SPDX-License-Identifier: Apache-2.0
"""What inventories are tried against: a moto of many accounts with an organization, and a server that tells of tables by
their tags, which moto doesn't.
"""

import http.server
import json
import subprocess
import sys
import threading
import urllib.request

import pytest

from conftest import REGION, Aws, bare_environment, free_port, keyproof, stop, wait_for_port

# moto's own, where nothing pins one account for everybody.
ACCOUNT = "123456789012"

TAGGING = "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API"
ROLE = "arn:aws:iam::{}:role/keyproof/inventory"


@pytest.fixture(scope="module")
def server():
    """A moto server of many accounts: a session is of its role's."""
    port = free_port()
    environment = bare_environment()
    # Tests with a moto in their own process pin one account for everybody.
    environment.pop("MOTO_ACCOUNT_ID", None)
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(server)


@pytest.fixture
def moto(server):
    """The server with nothing in it."""
    urllib.request.urlopen(urllib.request.Request(f"{server}/moto-api/reset", method="POST")).close()
    return Aws(server, "AKIAIOSFODNN7EXAMPLE", "an-example-secret-for-moto")


def of_account(moto, account):
    """The administrator of another account: moto has one for each role's ARN."""
    given = moto.client("sts").assume_role(RoleArn=ROLE.format(account), RoleSessionName="test")["Credentials"]
    return Aws(moto.endpoint, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


@pytest.fixture
def organization(moto):
    """A root with 25 accounts, a unit with two, and one more in a unit of that, which is closed."""
    client = moto.client("organizations")
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    unit = client.create_organizational_unit(ParentId=root, Name="banking")["OrganizationalUnit"]["Id"]
    inner = client.create_organizational_unit(ParentId=unit, Name="old")["OrganizationalUnit"]["Id"]

    def create(number, parent=root):
        made = client.create_account(Email=f"a{number}@example.com", AccountName=f"a{number}")
        account = made["CreateAccountStatus"]["AccountId"]
        if parent != root:
            client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=parent)
        return account

    in_root = [create(number) for number in range(25)]
    in_unit = [create(number, unit) for number in (30, 31)]
    closed = create(40, inner)
    client.close_account(AccountId=closed)
    return {
        "id": client.describe_organization()["Organization"]["Id"], "root": root, "unit": unit, "in_root": in_root,
        "in_unit": in_unit, "closed": closed, "create": create,
    }  # fmt: skip


def table(aws, name, tags=()):
    """A table on a customer managed key, with its canary."""
    kms, dynamodb = aws.client("kms"), aws.client("dynamodb")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName=f"alias/{name}", TargetKeyId=key)
    made = dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
        Tags=[{"Key": key, "Value": value} for key, value in dict(tags).items()],
    )["TableDescription"]
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "keyproof#canary"}, "proof": {"S": "c0ffee"}})
    return made["TableArn"]


def expand(moto, inventory, *words, environment=None):
    """One `keyproof plan expand` of an inventory given as a value."""
    environment = moto.environment() | (environment or {})
    return keyproof("plan", "expand", "-", "--format", "json", *words, environment=environment, stdin=json.dumps(inventory))


def inventory(sources, source, table=None, denied=False):
    """An inventory whose tables are those of one source; with `denied`, the outsider is kept out."""
    of = {"table": table} if table else {}
    expectations = [
        {"principal": "reader", "on": "orders", "actions": ["dynamodb:GetItem"], "decision": "allowed"},
    ]
    principals = {name: {"role": f"arn:aws:iam::{{account}}:role/{name}"} for name in ("inspector", "reader")}
    if denied:
        principals["outsider"] = {"role": "arn:aws:iam::{account}:role/outsider"}
        expectations.append({
            "principal": "outsider", "on": "orders", "actions": ["dynamodb:GetItem"], "decision": "denied", "by": "kms",
        })
    return {
        "keyproof": "inventory/v1",
        "name": "bank",
        "sources": sources,
        "tables": {
            "orders": {
                "from": source,
                **of,
                "key": "arn:aws:kms:{region}:{account}:alias/{table}",
                "canary": {"key": {"pk": {"S": "keyproof#canary"}}, "attributes": {"proof": {"S": "c0ffee"}}},
                "inspect_as": "inspector",
            }
        },
        "principals": principals,
        "expectations": expectations,
    }


class Tagging(http.server.BaseHTTPRequestHandler):
    """`GetResources` from a list of tables, one a page; an account is who signs."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key_id = self.headers["Authorization"].split("Credential=")[1].split("/")[0]
        account = self.server.callers.get(key_id)
        arns = sorted(arn for arn, tags in self.server.tables.items() if arn.split(":")[4] == account and all(
            tags.get(each["Key"]) in each["Values"] for each in asked["TagFilters"]
        ))
        at = int(asked.get("PaginationToken") or 0)
        body = {
            "ResourceTagMappingList": [
                {"ResourceARN": arn, "Tags": [{"Key": k, "Value": v} for k, v in self.server.tables[arn].items()]}
                for arn in arns[at:at + 1]
            ],
            "PaginationToken": str(at + 1) if at + 1 < len(arns) else "",
        }
        status = 200
        if account in self.server.refused:
            status, body = 400, {"__type": "AccessDeniedException", "Message": "no"}
        answer = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class Callers(dict):
    """The account of an access key, as moto's STS tells."""

    def __init__(self, moto):
        super().__init__()
        self.moto = moto

    def get(self, key_id):
        caller = Aws(self.moto.endpoint, key_id, "moto checks no signature")
        return caller.client("sts").get_caller_identity()["Account"]


@pytest.fixture
def tagging(moto):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tagging)
    server.callers, server.tables, server.refused = Callers(moto), {}, set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
