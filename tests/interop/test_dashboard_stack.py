# SPDX-License-Identifier: Apache-2.0
"""The dashboard of the deployed service: its functions as built, moto for the AWS that it is made of, the sandbox as
the AWS under test, and a browser before it.

A key policy is widened and rolled back; the state table is all that the dashboard reads.
"""

import os
import pathlib
import subprocess

import pytest
from browser import browser  # noqa: F401  (a fixture)
from conftest import KEYPROOF, keyproof, read_lines_until, stop
from service import TABLE, Service
from service_story import OUTSIDER_READS, World, plan

class Deployed:
    """The service after a story, and a dashboard of it."""

    def __init__(self, folder):
        self.service = Service(folder)
        self.world = World(self.service)
        self.dashboard = None

    def play(self):
        service, world = self.service, self.world
        service.deploy("Create", plan())
        for do in (lambda: service.ask("orders"), lambda: world.let_in("reader", "outsider"), lambda: world.let_in("reader")):
            do()
            service.run()
            service.pass_time(minutes=7)
            service.run()

    def serve(self, *words):
        environment = self.service.stack.environment() | self.service.clock.environment
        self.dashboard = subprocess.Popen(
            [KEYPROOF, "dashboard", "--state-table", TABLE, *words], env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        return read_lines_until(self.dashboard, "ready", seconds=60)[0]

    def stop(self):
        if self.dashboard:
            stop(self.dashboard)
        self.service.stop()


@pytest.fixture
def deployed(tmp_path):
    deployed = Deployed(tmp_path)
    try:
        deployed.play()
        yield deployed
    finally:
        deployed.stop()


def keep(page, name):
    folder = os.environ.get("KEYPROOF_SCREENSHOTS")
    if folder:
        page.screenshot(pathlib.Path(folder) / f"stack-{name}.png")


def test_the_story_of_a_widened_key_policy_stands_on_the_pages_and_goes_on(browser, deployed):
    address = deployed.serve()
    host = address.removeprefix("http://")
    with browser.open(address) as page:
        page.is_clean(hosts={host})
        keep(page, "overview")
        main = page.text("main")
        assert "pass" in page.text("tbody tr .mark")
        # From the table: every 15 minutes, as it was deployed.
        assert "no schedule known" not in main
        assert "3 failures" not in main and "2 failures, 0 still open. Median time to detect:" in main
        assert "PutKeyPolicy by arn:aws:sts::111122223333:assumed-role/deployer/ci-4711, CloudTrail" in main
        assert "not AWS itself: http://127.0.0.1:" in main
        page.js("document.querySelector('th[scope=row] a').click()")
        page.wait("document.querySelector('h1')?.innerText === 'Plan orders'")
        page.is_clean(hosts={host})
        keep(page, "plan")
        assert page.count("td.line") == 6
        page.js(f"[...document.querySelectorAll('td.id a')].find(a => a.innerText === '{OUTSIDER_READS[0]}').click()")
        page.wait(f"document.querySelector('h1')?.innerText === '{OUTSIDER_READS[0]}'")
        page.is_clean(hosts={host})
        keep(page, "probe")
        told = page.js("document.querySelector('main svg').getAttribute('aria-label')")
        assert told.startswith("pass for ") and ", then fail for " in told and told.count(", then pass for ") == 1
        # A run's report comes from the table; the first on the page is that of the failure.
        page.js("[...document.querySelectorAll('a')].find(a => a.innerText === 'report').click()")
        page.wait("document.querySelector('.verdict')")
        assert page.text(".verdict").startswith("✗ FAIL: 2 of 6 probes failed (2 exposed)")
        assert page.problems == []
    with browser.open(address) as page:
        deployed.world.let_in("reader", "outsider")
        deployed.service.run()
        page.wait("document.querySelector('main').innerText.includes('still failing')", seconds=30)
        assert page.text("#news") == "Updated: new runs are shown."
        # The table can't be read any more: what is shown may be old, and says so.
        deployed.service.client("dynamodb").delete_table(TableName=TABLE)
        page.wait("document.querySelector('[role=alert]')?.innerText.includes('this may be old')", seconds=30)
        keep(page, "trouble")


def test_drills_are_read_from_a_folder_beside_the_table(browser, deployed, tmp_path):
    drills = tmp_path / "drills"
    drills.mkdir()
    drill = keyproof(
        "drill", "--plan", "plans/orders.yaml", "--sandbox", "template.yaml", "--parameter", "AllowDrill=true", "--every",
        "0.05", "--format", "json", "--output", str(drills / "drill.json"),
    )  # fmt: skip
    assert drill.returncode == 0, drill.stderr
    with browser.open(deployed.serve("--drills", str(drills))) as page:
        assert "Drills of temporary access" in page.text("main")
        assert page.count("td.line") == 0 and "2 failures" in page.text("main")
