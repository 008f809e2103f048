# SPDX-License-Identifier: Apache-2.0
"""The expand function as its own role in the deployed stack, and nobody more.

The role's policies are the template's, put together by the sandbox; `authority` decides each call of the function's by
them, and leaves those of the roles that it asks as to moto. Everything that it does works with them, and without any one
permission it fails, stores nothing that it doesn't know, and names what it lacks. In the gate one permission of each
service, with `EVERY_PERMISSION=1` each.
"""

import json
import subprocess

import pytest

from authority import Authority, Role, taken, unused
from conftest import ACCOUNT as STACK_ACCOUNT
from conftest import REGION, ROOT, Aws
from inventories import ACCOUNT, ROLE, inventory, of_account, table
from inventories import moto, organization, server  # noqa: F401
from lambda_runtime import Function, FunctionError
from test_expand import REQUEST, build, environment

BUCKET = "docs"


@pytest.fixture(scope="module", autouse=True)
def binaries():
    subprocess.run(["cargo", "build", "--quiet", "-p", "keyproof-expand"], cwd=ROOT, check=True)


class Expander(Authority):
    """Decides the calls that are signed with the function's own key, and tells of tables by their tags. The
    organization's id is not in its calls."""

    def __init__(self, endpoint, own, organization, tables):
        super().__init__(endpoint)
        self.own, self.organization, self.tables = own, organization, tables

    def allows(self, action, resource, context):
        return super().allows(action, resource.replace("ORGANIZATION", self.organization), context)

    def refusal(self, service, request, body):
        own = f"Credential={self.own}/" in request.headers["Authorization"]
        if own and (refused := super().refusal(service, request, body)):
            return refused
        if service != "tagging":
            return None
        found = [{"ResourceARN": arn, "Tags": [{"Key": "data", "Value": "secret"}]} for arn in self.tables[own]]
        answer = json.dumps({"ResourceTagMappingList": found, "PaginationToken": ""}).encode()
        return 200, [("Content-Type", "application/x-amz-json-1.1")], answer


@pytest.fixture
def stack(moto, organization):
    """(the role, what stands before moto, a function to start, how to put everything back)."""
    role = Role("Expand", parameters=(
        f"InventoryBucket={BUCKET}", f"InventoryRoleArns={ROLE.format('*')}", "InventoryOwnTables=on",
        f"InventoryOrganizationId={organization['id']}",
    ))  # fmt: skip
    table_name = role.resource["StorePlans"].rsplit("/")[-1]
    group = role.resource["SchedulePlans"].rsplit("/")[-2]
    other = organization["in_unit"][0]
    tables = {True: [table(moto, "own")], False: [table(of_account(moto, other), "orders")]}
    scheduler_role = role.resource["HandOverTheSchedulersRole"]
    build(moto, table_name, BUCKET, group, scheduler_role_arn=scheduler_role)
    dynamodb, scheduler = moto.client("dynamodb"), moto.client("scheduler")

    unit = {"organization": [organization["unit"]], "regions": [REGION], "tags": {"team": "red"}}
    moto.client("organizations").tag_resource(ResourceId=other, Tags=[{"Key": "team", "Value": "red"}])
    sources = {
        "unit": unit,
        "theirs": {"tagged": {"data": "secret"}, "in": "unit", "role": ROLE.format("{account}")},
        "here": {"accounts": [ACCOUNT], "regions": [REGION]},
        "ours": {"tagged": {"data": "secret"}, "in": "here"},
    }
    document = inventory(sources, ["theirs", "ours"])
    moto.client("s3").put_object(Bucket=BUCKET, Key="inventories/bank.json", Body=json.dumps(document).encode())

    proxy = Expander(moto.endpoint, moto.access_key, organization["id"], tables)
    proxy.principal, proxy.policies = role.principal, [role.policy]
    config = dynamodb.scan(TableName=table_name)["Items"]

    def start():
        behind = Aws(proxy.endpoint, moto.access_key, moto.secret_key)
        variables = behind.environment() | environment(table_name, BUCKET)
        return Function("keyproof-expand", ROOT / "target/debug/keyproof-expand", variables)

    def items():
        return dynamodb.scan(TableName=table_name)["Items"]

    def put_back(scheduled):
        """As at the beginning; where `scheduled`, with the plan's schedule, which then is altered."""
        for item in items():
            if item not in config:
                dynamodb.delete_item(TableName=table_name, Key={name: item[name] for name in ("pk", "sk")})
        for schedule in scheduler.list_schedules(GroupName=group)["Schedules"]:
            if not scheduled:
                scheduler.delete_schedule(GroupName=group, Name=schedule["Name"])

    try:
        yield role, proxy, start, put_back
    finally:
        proxy.stop()


def test_it_expands_as_its_own_role_and_names_any_one_permission_that_it_lacks(stack):
    role, proxy, start, put_back = stack

    def work():
        """A plan that is new, and one whose schedule is there already: errors of what went wrong."""
        errors = []
        for scheduled in (False, True):
            put_back(scheduled)
            function = start()
            try:
                answer = function.invoke(REQUEST)
                assert (answer["plans"], answer["stored"]) == (1, ["bank"]), answer
                assert function.invoke(REQUEST)["stored"] == []
            except FunctionError as error:
                errors.append(error.message)
            finally:
                function.stop()
        return errors

    assert work() == []
    assert proxy.refused == [] and STACK_ACCOUNT in role.principal
    left = unused(role.policy, known(proxy))
    # Of the root nothing is asked, as a unit is named.
    assert {resource.split(":")[5].split("/")[0] for _, resource in left} == {"root"}, left

    for action, resource, policy in taken(role.policy):
        if ":root/" in resource:
            continue
        proxy.policies = [policy]
        errors = work()
        assert errors, (action, resource)
        assert any(action in error and "AccessDenied" in error for error in errors), (action, resource, errors)
        assert {one for one, _ in proxy.refused} == {action}, (action, proxy.refused)
        proxy.refused.clear()


def known(proxy):
    """What was allowed, with the organization's id."""
    return {(action, resource.replace("ORGANIZATION", proxy.organization)) for action, resource in proxy.used}
