# SPDX-License-Identifier: Apache-2.0
"""`keyproof doctor` and `plan init` against moto, and what they print held against other tools."""

import json
import subprocess

from conftest import CANARY, ROOT, keyproof, role_arn
from story import build, plan


def doctor(aws, about, *words):
    done = keyproof(
        "doctor", "--plan", "-", "--format", "json", *words, environment=aws.environment(), stdin=json.dumps(about)
    )
    return done.returncode, json.loads(done.stdout)


def not_well(diagnosis):
    return {check["id"]: check["state"] for check in diagnosis["checks"] if check["state"] != "ok"}


def lint(template):
    done = subprocess.run(["cfn-lint", str(template)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_run_needs_is_found_or_missed_in_another_cloud_too(moto):
    about = plan(build(moto, users=["reader"]))

    code, diagnosis = doctor(moto, about)
    assert (code, not_well(diagnosis)) == (0, {}), diagnosis

    moto.client("dynamodb").delete_item(TableName="orders", Key=CANARY)
    code, diagnosis = doctor(moto, about)
    assert (code, not_well(diagnosis)) == (1, {"table/orders/canary": "problem"}), diagnosis

    about["tables"]["orders"]["table"] = "ordres"
    code, diagnosis = doctor(moto, about)
    assert code == 1
    assert not_well(diagnosis)["table/orders/table"] == "problem", diagnosis


def test_a_first_plan_of_another_cloud_names_witness_and_outsider(moto):
    build(moto, users=["reader"])

    done = keyproof("plan", "init", environment=moto.environment())

    assert done.returncode == 0, done.stderr
    checked = keyproof("plan", "validate", "-", stdin=done.stdout)
    assert checked.returncode == 0, checked.stderr
    assert f'outsider: {{ role: "{role_arn("outsider")}" }}' in done.stdout
    assert "# Reads `orders`, and so is the witness that it can be read." in done.stdout
    assert "# Kept out of `orders` by the key." in done.stdout


def test_the_templates_that_are_printed_are_templates(tmp_path):
    policy, roles, template = (tmp_path / name for name in ("policy.yaml", "roles.yaml", "template.yaml"))
    done = keyproof(
        "doctor", "--plan", "plans/orders.yaml", "--policy", "cloudformation", "--offline", "--output", str(policy)
    )
    assert done.returncode == 0, done.stderr
    lint(policy)

    text = (ROOT / "functions/cli/tests/program/plan_init.rs").read_text()
    template.write_text(text.split('const TEMPLATE: &str = r#"')[1].split('"#;')[0])
    done = keyproof(
        "plan", "init", "--template", str(template), "--with-roles", str(roles), "--output", str(tmp_path / "plan.yaml")
    )
    assert done.returncode == 0, done.stderr
    lint(roles)
