# SPDX-License-Identifier: Apache-2.0
"""Inventories against moto's Organizations, STS and S3, and what comes of them against its DynamoDB and KMS.

moto tells of no tables by their tags, so a small server does, from the tags that its tables have.
"""

import json

from conftest import REGION, keyproof, verify
from inventories import ACCOUNT, ROLE, TAGGING, expand, inventory, of_account, table
from inventories import moto, organization, server, tagging  # noqa: F401


def test_accounts_of_an_organization_come_page_by_page_and_closed_ones_are_told(moto, organization):
    sources = {"all": {"organization": [organization["root"]], "regions": [REGION]}}

    done = expand(moto, inventory(sources, "all", "orders"))
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    expected = sorted(organization["in_root"] + organization["in_unit"] + [ACCOUNT])
    assert list(plan["tables"]) == [f"orders@{account}" for account in expected]

    summary = expand(moto, inventory(sources, "all", "orders"), "--summary").stdout
    assert f"  all: {len(expected)} accounts\n    left out: {organization['closed']}: its state is " in summary, summary
    # The same again is the same to the byte.
    assert expand(moto, inventory(sources, "all", "orders")).stdout == done.stdout


def test_a_unit_an_exception_and_tags_narrow_an_organization_down(moto, organization):
    first, second = organization["in_unit"]
    moto.client("organizations").tag_resource(ResourceId=first, Tags=[{"Key": "team", "Value": "red"}])
    of = {"organization": [organization["unit"]], "regions": [REGION]}
    names = lambda done: list(json.loads(done.stdout)["tables"])

    whole = expand(moto, inventory({"unit": of}, "unit", "orders"))
    assert names(whole) == [f"orders@{account}" for account in sorted([first, second])]
    tagged = expand(moto, inventory({"unit": of | {"tags": {"team": ["red", "blue"]}}}, "unit", "orders-{account_tag:team}"))
    assert names(tagged) == [f"orders-red@{first}"]
    excepted = expand(moto, inventory({"unit": of | {"except": [first]}}, "unit", "orders"))
    assert names(excepted) == [f"orders@{second}"]
    nobody = expand(moto, inventory({"unit": of | {"tags": {"team": "green"}}}, "unit", "orders"))
    assert nobody.returncode == 2 and "was found to hold nothing: 3 things were left out" in nobody.stderr, nobody.stderr


def test_an_organization_that_does_not_answer_means_no_plan(moto):
    sources = {"all": {"organization": ["r-ab12"], "regions": [REGION]}}

    done = expand(moto, inventory(sources, "all", "orders"), "--carry-on")

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "not found out: all: organizations:ListAccountsForParent of `r-ab12`: ParentNotFoundException: You specified "
        "parent that doesn't exist.\nno plan is written: what is not in it would be taken for proven\n"
    )


def test_a_plan_of_three_accounts_is_verified_and_a_hole_is_seen_in_each(moto, organization):
    accounts = sorted([*organization["in_unit"], ACCOUNT])
    for account in accounts:
        table(of_account(moto, account), "orders")
    sources = {
        "unit": {"organization": [organization["unit"]], "regions": [REGION]},
        "own": {"accounts": [ACCOUNT], "regions": [REGION]},
    }

    done = expand(moto, inventory(sources, ["unit", "own"], "orders"))
    assert done.returncode == 0, done.stderr
    code, report, said = verify(moto, json.loads(done.stdout))
    assert code == 0, said
    assert [probe["id"] for probe in report["probes"]] == [
        *(f"orders@{account}/encryption" for account in accounts),
        *(f"reader@{account}/dynamodb:GetItem/orders@{account}" for account in accounts),
    ]

    # Everybody may read everything in moto.
    denied = expand(moto, inventory(sources, ["unit", "own"], "orders", denied=True))
    code, report, said = verify(moto, json.loads(denied.stdout))
    assert code == 1, said
    exposed = [probe["id"] for probe in report["probes"] if probe["finding"] == "exposed"]
    assert exposed == [f"outsider@{account}/dynamodb:GetItem/orders@{account}" for account in accounts]

    # Shards, costs and the service take it as any other plan.
    for words in (("plan", "validate", "-"), ("plan", "cost", "--plan", "-"), ("shard", "cut", "--plan", "-")):
        assert keyproof(*words, stdin=done.stdout).returncode == 0, words


OTHERS = ["444455556666", "777788889999"]


def test_tagged_tables_are_found_in_each_account_and_a_lost_account_is_never_a_pass(moto, tagging):
    for account in OTHERS:
        aws = of_account(moto, account)
        for name, data in (("orders", "secret"), ("customers", "secret"), ("scratch", "public")):
            tagging.tables[table(aws, name, {"data": data})] = {"data": data}
    sources = {
        "here": {"accounts": OTHERS, "regions": [REGION]},
        "secret": {"tagged": {"data": "secret"}, "in": "here", "role": ROLE.format("{account}")},
    }
    environment = {TAGGING: f"http://127.0.0.1:{tagging.server_port}"}
    both = inventory(sources, "secret")

    done = expand(moto, both, environment=environment)
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert list(plan["tables"]) == [f"{name}@{account}" for account in OTHERS for name in ("customers", "orders")]
    assert verify(moto, plan)[0] == 0

    lost = OTHERS[1]
    tagging.refused = {lost}
    done = expand(moto, both, environment=environment)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"not found out: secret: account {lost} in {REGION}: tag:GetResources: AccessDeniedException: no" in done.stderr

    # Carried on, every run says that something is not known, though all else passes.
    done = expand(moto, both, "--carry-on", environment=environment)
    assert done.returncode == 0, done.stderr
    code, report, said = verify(moto, json.loads(done.stdout))
    assert code == 3, said
    rows = {probe["id"]: (probe["verdict"], probe["finding"]) for probe in report["probes"]}
    assert rows.pop(f"unread@{lost}/encryption") == ("inconclusive", "blind")
    assert set(rows.values()) == {("pass", None)} and len(rows) == 4, rows


def test_a_sheet_in_s3_is_read_and_one_that_is_not_there_means_no_plan(moto):
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="sheets")
    rows = f"account,region,table\n{ACCOUNT},{REGION},orders\n444455556666,{REGION},orders\n"
    s3.put_object(Bucket="sheets", Key="a/tables.csv", Body=rows.encode())
    of = lambda key: inventory({"sheet": {"csv": f"s3://sheets/{key}", "role": ROLE.format(ACCOUNT)}}, "sheet")

    done = expand(moto, of("a/tables.csv"))
    assert done.returncode == 0, done.stderr
    assert list(json.loads(done.stdout)["tables"]) == [f"orders@{ACCOUNT}", "orders@444455556666"]

    s3.put_object(Bucket="sheets", Key="bad.csv", Body=b"account,region,table\n1,x,orders\n")
    bad = expand(moto, of("bad.csv"))
    assert bad.returncode == 2
    assert bad.stderr.startswith("s3://sheets/bad.csv:2:1: `1` is not an AWS account id; "), bad.stderr

    absent = expand(moto, of("absent.csv"))
    assert (absent.returncode, absent.stdout) == (3, "")
    assert "not found out: sheet: s3:GetObject of `s3://sheets/absent.csv`: NoSuchKey: " in absent.stderr, absent.stderr


def test_an_expansion_that_came_out_the_same_is_pushed_as_nothing_new(moto, tmp_path):
    moto.client("dynamodb").create_table(
        TableName="state",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )

    def push(*accounts):
        sources = {"here": {"accounts": list(accounts), "regions": [REGION]}}
        done = expand(moto, inventory(sources, "here", "orders"), "--output", str(tmp_path / "plan.json"))
        assert done.returncode == 0, done.stderr
        pushed = keyproof("plan", "push", str(tmp_path / "plan.json"), "--state-table", "state", environment=moto.environment())
        assert pushed.returncode == 0, pushed.stderr
        return pushed.stdout.splitlines()[0]

    def items():
        scanned = moto.client("dynamodb").scan(TableName="state")["Items"]
        return sorted(scanned, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))

    assert push(*OTHERS) == "bank: version 1 stored, no schedule"
    before = items()
    assert push(*reversed(OTHERS)) == "bank: version 1 is in force already, no schedule"
    assert items() == before
    assert push(OTHERS[0]) == "bank: version 2 stored, no schedule"
