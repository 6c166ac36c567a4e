"""Tries the adapter, and Servanda over it, on a real Request Tracker that is set up in a place of its own and thrown away.

Needs the Debian packages request-tracker5, rt5-db-sqlite and rt5-standalone, and the program in SERVANDA. Where they are missing
it says that it did not run; with SERVANDA_REQUIRE_ALL set, it fails instead.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SERVANDA = Path(os.environ.get("SERVANDA", ROOT / "target/debug/servanda")).resolve()
STANDALONE = Path("/usr/share/request-tracker5/libexec/standalone_httpd")
TOKEN = "canary-request-tracker-57"

SETTINGS = """timezone: Europe/Moscow
helpdesk:
  kind: http
  url: {url}
  access_key: {{ env: ADAPTER_TOKEN }}
  rehearsal: true
  search_lag: 1s
guards: {{ ended: 9, weakened: 9, deactivations: {{ more_than: 9 }} }}
"""
CATALOG = """clients:
  acme: { title: Company 7 }
services:
  vpn: { title: VPN }
  email: { title: E-mail }
managers:
  petrova: { title: I. Petrova }
priorities:
  critical: { title: Critical }
"""
AGREEMENT = """client: acme
number: № 7/2027
manager: petrova
period: { first_day: 2027-01-01, last_day: 2027-12-31 }
services: { vpn: true, email: true }
sla: { targets: { critical: { response: 30m, resolution: 4h } } }
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OnRequestTracker(unittest.TestCase):
    """One Request Tracker and one adapter for all tests, whose agreements have keys of their own."""

    folder: Path
    rest: str
    adapter: str

    @classmethod
    def setUpClass(cls) -> None:
        if not STANDALONE.exists() or not SERVANDA.exists():
            why = f"{STANDALONE} or {SERVANDA} is missing: apt-get install request-tracker5 rt5-db-sqlite rt5-standalone"
            if "SERVANDA_REQUIRE_ALL" in os.environ:
                raise AssertionError(why)
            print(f"\nDID NOT RUN: the adapter for Request Tracker. {why}", file=sys.stderr)
            raise unittest.SkipTest(why)
        cls.folder = Path(tempfile.mkdtemp(prefix="servanda-rt-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        port = free_port()
        cls.rest = f"http://127.0.0.1:{port}"
        cls.start(["bash", str(HERE / "start.sh"), str(cls.folder), str(port)], {})
        cls.wait_for_request_tracker()
        cls.adapter = cls.start_adapter(cls.token())

    @classmethod
    def start_adapter(cls, token: str) -> str:
        environment = {
            "RT_URL": cls.rest, "RT_TOKEN": token, "RT_REHEARSAL": "1", "SERVANDA_ADAPTER_TOKEN": TOKEN,
            "PYTHONPATH": str(ROOT / "adapters/python"), "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        adapter = cls.start([sys.executable, str(HERE.parent / "adapter.py"), "--port", "0"], environment)
        assert adapter.stdout is not None
        return adapter.stdout.readline().strip()

    @classmethod
    def start(cls, command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True)

        def end() -> None:
            process.terminate()
            process.wait()
            if process.stdout:
                process.stdout.close()

        cls.addClassCleanup(end)
        return process

    @classmethod
    def wait_for_request_tracker(cls) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                cls.ask("rt")
                return
            except (OSError, urllib.error.URLError):
                time.sleep(0.2)
        log = cls.folder / "server.log"
        raise AssertionError("Request Tracker did not start: " + (log.read_text() if log.exists() else "no log"))

    @classmethod
    def token(cls) -> str:
        return (cls.folder / "token").read_text()

    @classmethod
    def ask(cls, path: str, body: Any = None, method: str = "GET") -> Any:
        headers = {"Authorization": f"token {cls.token()}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{cls.rest}/REST/2.0/{path}", data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def groups(self) -> dict[str, str]:
        found = self.ask("groups?query=%5B%5D&fields=Name&per_page=100")["items"]
        return {group["Name"]: str(group["id"]) for group in found}

    def used(self) -> set[str]:
        """The services that the client can use."""
        groups = self.groups()
        client = groups["Client Company 7"]
        services = {name: id for name, id in groups.items() if name.startswith("Service ")}
        members = {name: self.ask(f"group/{id}/members")["items"] for name, id in services.items()}
        return {name for name, found in members.items() if client in {str(one["id"]) for one in found}}

    def run_servanda(self, *arguments: str, code: int = 0, where: Path | None = None) -> str:
        environment = {**os.environ, "ADAPTER_TOKEN": TOKEN}
        run = subprocess.run([str(SERVANDA), *arguments], cwd=where, env=environment, capture_output=True, text=True)
        said = run.stdout + run.stderr
        self.assertEqual(run.returncode, code, said)
        self.assertNotIn(TOKEN, said)
        self.assertNotIn(self.token(), said)
        return said

    def test_a_year_of_an_agreement(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            where = Path(folder)
            (where / "agreements").mkdir()
            (where / "servanda.yaml").write_text(SETTINGS.format(url=self.adapter), encoding="utf-8")
            (where / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
            (where / "agreements/acme-2027.yaml").write_text(AGREEMENT, encoding="utf-8")

            def step(day: str, used: set[str]) -> None:
                self.run_servanda("apply", "--yes", "--as-of", day, where=where)
                self.run_servanda("plan", "--exit-code", "--as-of", day, where=where)
                self.assertEqual(self.used(), used, day)

            plan = self.run_servanda("plan", "--as-of", "2026-12-01", where=where)
            self.assertIn("targets", plan)
            both = {"Service VPN", "Service E-mail"}
            step("2026-12-01", set())
            step("2027-01-01", both)
            self.drift(where, both)
            (where / "agreements/acme-2027.yaml").write_text(AGREEMENT.replace("email: true", "email: false"), encoding="utf-8")
            step("2027-06-01", {"Service VPN"})
            step("2028-01-01", set())

    def drift(self, where: Path, both: set[str]) -> None:
        """A membership that is taken away by hand, and a date that is changed, are corrected."""
        groups = self.groups()
        self.ask(f"group/{groups['Service VPN']}/member/{groups['Client Company 7']}", method="DELETE")
        search = [{"field": "CustomField.{Servanda key}", "value": "sv:acme-2027"}]
        asset = self.ask("assets", search, "POST")["items"][0]["id"]
        self.ask(f"asset/{asset}", {"CustomFields": {"Last day": "2027-11-30"}}, "PUT")
        plan = self.run_servanda("plan", "--exit-code", "--as-of", "2027-01-02", code=2, where=where)
        self.assertIn("[servanda]", plan)
        self.run_servanda("apply", "--yes", "--as-of", "2027-01-02", where=where)
        self.run_servanda("plan", "--exit-code", "--as-of", "2027-01-02", where=where)
        self.assertEqual(self.used(), both)

    def status(self, adapter: str, call: str, body: Any) -> int:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{adapter}/v1/{call}", data=json.dumps(body).encode(), headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def test_a_token_that_may_not_see_all_reads_nothing(self) -> None:
        page, step = {"cursor": None, "limit": 500}, {"run": "r", "key": "seen:1", "state": "planned", "fields": {"title": "Seen"}}
        self.assertEqual(self.status(self.adapter, "step", step), 200)
        for name, call, body in (
            ("sees-one-group", "directory", page), ("sees-no-field", "agreements", page), ("sees-no-field", "find", {"key": "seen:1"}),
            ("sees-no-field", "find", {"key": "seen:none"}),
        ):  # fmt: skip
            with self.subTest(name=name, call=call):
                self.assertEqual(self.status(self.adapter, call, body), 200)
                narrow = self.start_adapter((self.folder / f"token.{name}").read_text())
                self.assertEqual(self.status(narrow, call, body), 403)

    def test_one_repository_with_three_other_helpdesks(self) -> None:
        """The tests of `cargo test` with four helpdesks, of which the fourth is this one in place of the template."""
        environment = {**os.environ, "SERVANDA_RT_ADAPTER": self.adapter, "SERVANDA_RT_TOKEN": TOKEN}
        tests = ["cargo", "test", "--locked", "--test", "it", "four_helpdesks::", "--", "--test-threads=1"]
        subprocess.run(tests, cwd=ROOT, env=environment, check=True)

    def test_conformance(self) -> None:
        print(self.run_servanda("conformance", self.adapter, "--access-key", "ADAPTER_TOKEN", "--quick"))


if __name__ == "__main__":
    unittest.main()
