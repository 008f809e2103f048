# SPDX-License-Identifier: Apache-2.0
"""Reports for other programs, taken by those programs: JUnit by its schema, OCSF by each version's, ASFF by Security Hub.

The kept schemas are what their publishers' packages make today: a change in either shows here.
"""

import copy
import json
import subprocess
import sys

import jsonschema
import pytest
from conftest import ACCOUNT, ROOT, keyproof
from lxml import etree

FOLDER = ROOT / "shared/report"
CASES = sorted(path.parent.name for path in FOLDER.glob("cases/*/report.json"))


def rendered(case, form):
    done = keyproof("report", "render", str(FOLDER / "cases" / case / "report.json"), "--format", form)
    assert done.returncode in (0, 1, 3), done.stderr
    return done.stdout


def made(*words):
    script = FOLDER / "schemas" / words[0]
    return subprocess.run([sys.executable, str(script), *words[1:]], capture_output=True, text=True, check=True).stdout


def test_the_kept_schemas_are_what_their_publishers_packages_make():
    assert made("asff.py") == (FOLDER / "schemas/asff.json").read_text()
    kept = FOLDER / "schemas/ocsf-1.5.0-compliance_finding.json"
    assert json.loads(made("ocsf.py", "1.5.0")) == json.loads(kept.read_text())


@pytest.fixture(scope="module")
def junit():
    return etree.XMLSchema(etree.parse(str(FOLDER / "schemas/junit-10.xsd")))


@pytest.mark.parametrize("case", CASES)
def test_junit_holds_to_its_schema_but_for_file_and_line(case, junit):
    report = json.loads((FOLDER / "cases" / case / "report.json").read_text())
    document = etree.fromstring(rendered(case, "junit").encode())
    for probe, element in zip(report["probes"], document.iter("testcase"), strict=True):
        # The schema doesn't list them; CI servers read them.
        assert element.attrib.pop("file", None) == report["plan"].get("file") or case == "hostile"
        line = element.attrib.pop("line", None)
        assert line == (str(probe["line"]) if "file" in report["plan"] and "line" in probe else None)

    assert junit.validate(document), junit.error_log


def test_the_junit_schema_refuses_what_it_does_not_know(junit):
    document = etree.fromstring(rendered("every-finding", "junit").encode())
    assert not junit.validate(document), "file and line"
    for element in document.iter("testcase"):
        element.attrib.pop("file"), element.attrib.pop("line")
    assert junit.validate(document)
    del document[0].attrib["tests"]
    assert not junit.validate(document)


@pytest.mark.parametrize("version", ["1.5.0", "1.6.0", "1.7.0", "1.8.0"])
def test_ocsf_events_hold_to_later_versions_too(version):
    validator = jsonschema.Draft202012Validator(json.loads(made("ocsf.py", version)))
    for case in CASES:
        for event in json.loads(rendered(case, "ocsf")):
            assert [error.message for error in validator.iter_errors(event)] == [], case
            broken = copy.deepcopy(event) | {"class_uid": "2003"}
            assert not validator.is_valid(broken)


def test_security_hub_takes_every_finding_and_knows_it_again(moto):
    """boto3 checks the shapes, moto stores: passes too, and a second import replaces the first."""
    hub = moto.client("securityhub")
    hub.enable_security_hub()
    findings = json.loads(rendered("every-finding", "asff"))
    assert {finding["AwsAccountId"] for finding in findings} == {ACCOUNT}
    for _ in range(2):
        answer = hub.batch_import_findings(Findings=findings)
        assert (answer["SuccessCount"], answer["FailedCount"]) == (len(findings), 0), answer["FailedFindings"]
    stored = hub.get_findings()["Findings"]
    told = {finding["Id"]: finding["Compliance"]["Status"] for finding in stored}
    assert told == {finding["Id"]: finding["Compliance"]["Status"] for finding in findings}
    assert len(stored) == len(findings) == 11
    assert sorted(told.values()) == ["FAILED"] * 3 + ["PASSED"] * 2 + ["WARNING"] * 6
