"""The kit: messages of the contract, pages that stay the same, one write at a time, and errors by their meaning."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Iterator
from unittest.mock import patch

from servanda_adapter import (
    Adapter, Agreement, BusinessDays, Change, Description, Forbidden, Item, Moved, Refused, Seconds, Service, States,
    Target, Unavailable, Unknown,
)  # fmt: skip
from servanda_adapter import wire
from servanda_adapter.model import FIELDS
from servanda_adapter.server import server

GOLDEN = json.loads((Path(__file__).parents[3] / "tests/cases/adapter.json").read_text(encoding="utf-8"))
STATES = States("new", "in-use", "paused", "closed", "ended")


class Desk(Adapter):
    """A helpdesk in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, Agreement] = {}
        self.fails: Exception | None = None

    def describe(self) -> Description:
        fields = frozenset({"title", "last_day", "services", "targets", "attributes.cost_centre"})
        return Description("desk 1", fields, STATES)

    def agreements(self) -> Iterable[Agreement]:
        return list(self.stored.values())

    def directory(self) -> Iterable[Item]:
        return [Item("unit", str(number), f"Company {number}") for number in range(10)]

    def create(self, change: Change) -> str:
        if self.fails:
            raise self.fails
        id = str(len(self.stored) + 1)
        self.stored[id] = change.apply_to(Agreement(id, STATES.planned))
        return id

    def edit(self, agreement: Agreement, change: Change) -> None:
        if self.fails:
            raise self.fails
        self.stored[agreement.id] = change.apply_to(agreement)


def step(**parts: Any) -> dict[str, Any]:
    return {"run": "r", "object": None, "key": None, "state": None, "fields": {}, "expected": None, **parts}


class Steps(unittest.TestCase):
    def setUp(self) -> None:
        self.desk = Desk()
        self.service = Service(self.desk)

    def step(self, **parts: Any) -> Any:
        status, answer = self.service.answer("step", step(**parts))
        self.assertEqual(status, 200, answer)
        return answer

    def created(self) -> Any:
        answer = self.step(key="sv:a", state="new", fields={"title": "A", "last_day": "2028-02-29"})
        self.assertEqual(answer["outcome"], "done")
        return answer["agreement"]

    def test_a_step_answers_with_what_is_stored(self) -> None:
        target = {"service": "1", "priority": "p", "response": {"seconds": 60}, "resolution": {"business_days": 2}, "calendar": None}
        created = self.created()
        self.assertEqual(created["fields"]["last_day"], "2028-02-29")
        fields = {"last_day": None, "services": ["2", "1"], "targets": [target], "attributes.cost_centre": 7}
        answer = self.step(object=created["id"], state="in-use", fields=fields, expected=created)
        self.assertEqual(answer["agreement"]["fields"], {**fields, "services": ["1", "2"], "title": "A"})
        stored = self.desk.stored["1"]
        self.assertEqual((stored.state, stored.last_day, stored.key), ("in-use", None, "sv:a"))
        self.assertEqual(stored.targets, frozenset({Target("p", "1", Seconds(60), BusinessDays(2))}))

    def test_a_second_creation_with_a_key_is_not_made(self) -> None:
        self.created()
        self.assertEqual(self.step(key="sv:a", state="new", fields={"title": "B"}), {"outcome": "moved"})
        self.assertEqual(len(self.desk.stored), 1)

    def test_an_edit_of_what_somebody_else_has_changed_is_not_made(self) -> None:
        expected = self.created()
        self.desk.stored["1"] = replace(self.desk.stored["1"], title="by hand")
        stale: Any
        for stale in (expected, None, {}):
            self.assertEqual(self.step(object="1", fields={"title": "B"}, expected=stale), {"outcome": "moved"})
        self.assertEqual(self.step(object="9", expected=expected), {"outcome": "moved"})
        self.assertEqual(self.desk.stored["1"].title, "by hand")

    def test_a_state_that_did_not_change_is_shown_as_it_is(self) -> None:
        expected = self.created()
        self.desk.edit = lambda agreement, change: None  # type: ignore[method-assign]
        answer = self.step(object="1", state="in-use", expected=expected)
        self.assertEqual((answer["outcome"], answer["agreement"]["state"]), ("done", "new"))

    def test_after_the_write_no_error_says_that_nothing_was_written(self) -> None:
        for error in (Forbidden("no"), Unavailable("down"), Refused("no"), Moved(), RuntimeError("?")):
            with self.subTest(error=error):
                desk = Desk()

                def lost(id: str, error: Exception = error) -> Agreement | None:
                    raise error

                desk.get = lost  # type: ignore[method-assign]
                logging.disable(logging.CRITICAL)
                status, answer = Service(desk).answer("step", step(key="sv:a", state="new"))
                logging.disable(logging.NOTSET)
                self.assertEqual((status, answer.get("outcome"), len(desk.stored)), (200, "unknown", 1))

    def test_a_step_does_not_wait_longer_than_servanda(self) -> None:
        with patch("servanda_adapter.server.WRITE_WAIT", 0.0), self.service._write_lock:
            self.assertEqual(self.service.answer("step", step(key="sv:a", state="new"))[0], 503)
        self.assertEqual(self.desk.stored, {})
        self.created()

    def test_a_value_of_another_type_is_named(self) -> None:
        wrong: Any
        for name, wrong in (
            ("id", 7), ("key", None), ("last_day", datetime(2027, 1, 1)), ("services", ["1"]), ("services", {1}),
            ("title", date(2027, 1, 1)), ("targets", frozenset({"1"})), ("attributes", {"cost_centre": 1.5}), ("archived", 1),
        ):  # fmt: skip
            with self.subTest(name=name):
                self.desk.stored["1"] = replace(Agreement("1", "new"), **{name: wrong})
                logging.disable(logging.CRITICAL)
                status, answer = self.service.answer("agreements", {"cursor": None, "limit": 4})
                logging.disable(logging.NOTSET)
                self.assertEqual(status, 500)
                self.assertIn(f"`{name}", answer["message"])
        loose: Any = {"2", "1"}
        self.desk.stored["1"] = replace(Agreement("1", "new"), services=loose)
        self.assertEqual(self.service.answer("get", {"id": "1"})[1]["agreement"]["fields"]["services"], ["1", "2"])

    def test_errors_keep_their_meaning(self) -> None:
        for error, status, outcome in (
            (Refused("no"), 200, "refused"), (Moved(), 200, "moved"), (Unknown("lost"), 200, "unknown"),
            (Unavailable("down"), 503, None), (RuntimeError("a password"), 500, None),
        ):  # fmt: skip
            self.desk.fails = error
            with self.subTest(error=error):
                logging.disable(logging.CRITICAL)
                found, answer = self.service.answer("step", step(key="sv:b", state="new"))
                logging.disable(logging.NOTSET)
                self.assertEqual((found, answer.get("outcome")), (status, outcome))
                self.assertNotIn("password", str(answer))

    def test_what_does_not_follow_the_contract_is_refused(self) -> None:
        wrong: Any
        for wrong in (
            step(fields={"last_day": "29.02.2028"}), step(fields={"services": "1"}), step(fields={"number": "7"}),
            step(fields={"targets": [{"priority": 7}]}), step(fields=[]), step(object=7), {"run": "r"}, [], None,
        ):  # fmt: skip
            with self.subTest(wrong=wrong):
                self.assertEqual(self.service.answer("step", wrong)[0], 400)
        self.assertEqual(self.service.answer("steps", {})[0], 404)
        self.assertEqual(self.desk.stored, {})


class Pages(unittest.TestCase):
    def test_pages_are_of_one_list_even_if_it_changes(self) -> None:
        desk = Desk()
        desk.stored = {str(number): Agreement(str(number), "new") for number in range(7)}
        service = Service(desk)
        seen: list[str] = []
        cursor = None
        while True:
            status, page = service.answer("agreements", {"cursor": cursor, "limit": 3})
            self.assertEqual((status, page["total"]), (200, 7))
            seen += [item["id"] for item in page["items"]]
            desk.stored.pop(next(iter(desk.stored)))
            cursor = page["next"]
            if cursor is None:
                break
        self.assertEqual(seen, [str(number) for number in range(7)])

    def test_a_foreign_cursor_is_refused(self) -> None:
        service = Service(Desk())
        _, page = service.answer("directory", {"cursor": None, "limit": 4})
        for cursor in ("x", "x.4", page["next"] + "x", page["next"].split(".")[0], 4):
            self.assertEqual(service.answer("directory", {"cursor": cursor, "limit": 4})[0], 400, cursor)
        self.assertEqual(service.answer("agreements", {"cursor": page["next"], "limit": 4})[0], 400)
        for limit in (0, -1, "4", None):
            self.assertEqual(service.answer("directory", {"cursor": None, "limit": limit})[0], 400)


class Contract(unittest.TestCase):
    def test_the_requests_of_version_1_are_understood(self) -> None:
        change = wire.read_change(GOLDEN["step"]["request"])
        self.assertEqual((change.state, change.fields["services"]), ("ended", frozenset()))
        stored = GOLDEN["get"]["answer"]["agreement"]["fields"]
        values = {name: wire.read_value(name, value) for name, value in stored.items()}
        self.assertEqual(values["first_day"], date(2027, 1, 1))
        self.assertEqual({name: wire.value_json(name, value) for name, value in values.items()}, stored)
        description = GOLDEN["describe"]["answer"]
        known = {name for name in description["fields"] if not name.startswith("attributes.")}
        self.assertEqual(known, set(FIELDS))

    def test_an_unknown_field_of_a_description_is_an_error_at_the_start(self) -> None:
        desk = Desk()
        described = replace(desk.describe(), fields=frozenset({"titel"}))
        with self.assertRaisesRegex(ValueError, "titel"):
            wire.description_json(described)


class Server(unittest.TestCase):
    @contextmanager
    def running(self, token: str | None, certificate: tuple[str, str] | None = None) -> Iterator[str]:
        bound = server(Desk(), port=0, token=token, certificate=certificate)
        thread = threading.Thread(target=bound.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{bound.server_address[1]}"
        finally:
            bound.shutdown()
            thread.join()
            bound.server_close()

    def status(self, url: str, body: bytes = b"{}", token: str | None = None, origin: str | None = None) -> int:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if origin:
            headers["Origin"] = origin
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def test_only_the_token_opens(self) -> None:
        with self.running("a-long-token") as url:
            self.assertEqual(self.status(f"{url}/v1/describe", token="a-long-token"), 200)
            for wrong in (None, "another-token", "a-long-toke"):
                self.assertEqual(self.status(f"{url}/v1/describe", token=wrong), 401)
            self.assertEqual(self.status(f"{url}/v2/describe", token="a-long-token"), 404)
            self.assertEqual(self.status(f"{url}/v1/describe", b"<", token="a-long-token"), 400)

    def test_a_web_page_is_not_answered(self) -> None:
        with self.running(None) as url:
            self.assertEqual(self.status(f"{url}/v1/describe"), 200)
            for origin in ("https://evil.example", url, "null"):
                self.assertEqual(self.status(f"{url}/v1/describe", origin=origin), 403)

    def test_a_refused_request_is_not_read_to_its_end(self) -> None:
        large = b"Content-Length: 16000000\r\n\r\n" + b" " * 70_000
        with self.running("a-long-token") as url:
            address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
            token = b"Authorization: Bearer a-long-token\r\n"
            for head, status in (
                (large, b"401"), (b"Origin: null\r\n" + large, b"403"),
                (token + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", b"400"),
                (token + b"Content-Length: 40000\r\n\r\n" + b"[" * 40_000, b"400"),
            ):  # fmt: skip
                with self.subTest(status=status), socket.create_connection(address, timeout=5) as connection:
                    connection.sendall(b"POST /v1/describe HTTP/1.1\r\nHost: x\r\n" + head)
                    self.assertEqual(connection.recv(4096).split()[1], status)

    @unittest.skipUnless(shutil.which("openssl"), "openssl is missing")
    def test_a_silent_connection_holds_up_no_other(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = f"{folder}/cert.pem", f"{folder}/key.pem"
            command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
            command += ["-subj", "/CN=localhost", "-keyout", key, "-out", certificate]
            subprocess.run(command, check=True, capture_output=True)
            with self.running("a-long-token", (certificate, key)) as url:
                address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
                trust = ssl.create_default_context(cafile=certificate)
                with socket.create_connection(address), socket.create_connection(address, timeout=5) as spoken:
                    with trust.wrap_socket(spoken, server_hostname="localhost") as tls:
                        head = b"POST /v1/describe HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a-long-token\r\n"
                        tls.sendall(head + b"Content-Length: 2\r\n\r\n{}")
                        self.assertEqual(tls.recv(4096).split()[1], b"200")

    def test_beyond_this_machine_a_token_and_a_certificate_are_needed(self) -> None:
        for token in (None, "a-long-token"):
            with self.assertRaises(ValueError):
                server(Desk(), host="0.0.0.0", token=token)


if __name__ == "__main__":
    unittest.main()
