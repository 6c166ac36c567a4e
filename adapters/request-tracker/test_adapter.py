"""The adapter over a Request Tracker in memory, which hides, skips and fails as the real one does. The real one is tried in `try`."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from datetime import date
from typing import Any
from unittest.mock import patch

from adapter import CUSTOM, KEY, RequestTracker, Settings
from rest import PAGE, Answer
from servanda_adapter import Agreement, Change, Forbidden, Moved, Refused, Service, Unavailable, Unknown

MAIL, VPN, STAFF, ADMINISTRATORS, ACME, BETA = "11", "12", "13", "14", "21", "22"
GROUPS = {
    MAIL: "Service E-mail", VPN: "Service VPN", STAFF: "Staff", ADMINISTRATORS: "Administrators", ACME: "Client Acme", BETA: "Client Beta",
}  # fmt: skip
SETTINGS = {"RT_URL": "https://rt.acme.example", "RT_TOKEN": "a-long-token"}

Fault = Callable[[str, str], Exception | None]
"""The error of a request, by its method and path."""


class Tracker:
    """A Request Tracker in memory."""

    def __init__(self) -> None:
        self.assets: dict[str, Any] = {}
        self.members: dict[str, set[str]] = {id: set() for id in GROUPS}
        self.groups = dict(GROUPS)
        self.hidden_fields: set[str] = set()
        self.skipped: set[str] = set()
        self.hidden_groups: set[str] = set()
        self.is_counted = True
        self.keeps_members = False
        self.fault: Fault = lambda method, path: None
        self.writes: list[str] = []

    def asset(self, id: str, state: str, services: set[str], clients: set[str], key: str = "") -> None:
        self.assets[id] = {
            "id": id, "Name": "A", "Status": state, "Owner": {"id": "Nobody"}, "Contact": [], "LastUpdated": "2027-01-01T00:00:00Z",
            "Disabled": "0", "Catalog": {"id": "1"}, "version": 1,
            "custom": {KEY: [key or f"sv:{id}"], CUSTOM["services"]: sorted(services), CUSTOM["recipients"]: sorted(clients)},
        }  # fmt: skip

    def shown(self, asset: Any) -> Any:
        names = [KEY, *CUSTOM.values()]
        fields = [{"id": name, "name": name, "values": asset["custom"].get(name, [])} for name in names if name not in self.hidden_fields]
        return {**asset, "CustomFields": fields}

    def send(self, method: str, path: str, query: Any = None, body: Any = None, etag: str | None = None, is_read: bool = True) -> Answer:
        if error := self.fault(method, path):
            raise error
        match path.split("/"):
            case ["catalog", _]:
                return Answer({"id": "1"}, None)
            case ["groups"]:
                groups = [{"id": id, "Name": name, "Disabled": "0"} for id, name in self.groups.items()]
                return self.page(groups, query, self.hidden_groups)
            case ["users"]:
                return self.page([], query)
            case ["assets"]:
                return self.page([self.shown(asset) for asset in self.assets.values() if self.matches(asset, body)], query)
            case ["asset", id] if method == "GET":
                if id not in self.assets:
                    raise LookupError(id)
                return Answer(self.shown(self.assets[id]), str(self.assets[id]["version"]))
            case ["asset", id]:
                self.writes.append(f"{method} {path}")
                return Answer(self.store(self.assets[id], body, etag), None)
            case ["group", id, "members"] if method == "GET":
                if id not in self.members:
                    raise LookupError(id)
                return self.page([{"id": member, "type": "group"} for member in sorted(self.members[id])], query)
            case ["group", id, "members"]:
                self.writes.append(f"{method} {path}")
                self.members[id] |= set(body)
                return Answer([], None)
            case ["group", id, "member", member]:
                self.writes.append(f"{method} {path}")
                if not self.keeps_members:
                    self.members[id].discard(member)
                return Answer(None, None)
        raise AssertionError(f"{method} {path}")

    def page(self, items: list[Any], query: Any, hidden: set[str] = frozenset()) -> Answer:  # type: ignore[assignment]
        start, size = (int(query["page"]) - 1) * PAGE, int(query["per_page"])
        if start >= len(items) > 0:
            start = (len(items) - 1) // PAGE * PAGE
        shown = [item for item in items[start : start + size] if item["id"] not in hidden]
        return Answer({"items": shown, "total": len(items) if self.is_counted else None}, None)

    def matches(self, asset: Any, search: Any) -> bool:
        for term in search:
            if term["field"] == "Status" and asset["Status"] != term["value"]:
                return False
            if term["field"].startswith("CustomField") and term["value"] not in asset["custom"].get(KEY, []):
                return False
            if term["field"].startswith("CustomField") and KEY in self.hidden_fields:
                return False
        return True

    def store(self, asset: Any, body: Any, etag: str | None) -> list[str]:
        if etag != str(asset["version"]):
            raise Moved
        asset["version"] += 1
        for name, value in body.items():
            if name in self.skipped:
                continue
            if name == "CustomFields":
                for field, own in value.items():
                    if field not in self.skipped:
                        asset["custom"][field] = own if isinstance(own, list) else [own] if own else []
            else:
                asset[name] = value
        return ["a sentence"]


def change(state: str | None = None, **fields: Any) -> Change:
    return Change("r", fields, state=state)


def on(method: str, part: str, error: Exception, after: int = 0) -> Fault:
    """Fails on requests of a method whose path ends with a part, but for the first ones."""
    count = 0

    def fault(given: str, path: str) -> Exception | None:
        nonlocal count
        if given != method or not path.endswith(part):
            return None
        count += 1
        return error if count > after else None

    return fault


class OverAFake(unittest.TestCase):
    def setUp(self) -> None:
        self.tracker = Tracker()
        self.adapter = RequestTracker(Settings.of(SETTINGS))
        self.adapter._rest._send = self.tracker.send  # type: ignore[method-assign]

    def held(self, id: str) -> Agreement:
        found = self.adapter.get(id)
        assert found is not None
        return found

    def active(self, services: set[str], clients: set[str], id: str = "1") -> None:
        self.tracker.asset(id, "active", services, clients)
        for service in services:
            self.tracker.members[service] |= clients


class Reads(OverAFake):
    def test_an_asset_without_its_key_is_an_error_and_not_absent(self) -> None:
        self.active({MAIL}, {ACME})
        self.tracker.hidden_fields = {KEY}
        for read in (self.adapter.agreements, lambda: self.adapter.get("1"), lambda: self.adapter.find("sv:1")):
            with self.assertRaises(Forbidden):
                read()
        self.assertEqual(Service(self.adapter).answer("agreements", {"cursor": None, "limit": 5})[0], 403)

    def test_an_asset_that_cannot_be_read_keeps_its_key(self) -> None:
        self.active({MAIL}, {ACME})
        self.tracker.hidden_fields = {CUSTOM["last_day"]}
        for found in (*self.adapter.agreements(), self.held("1"), *self.adapter.find("sv:1")):
            self.assertEqual(found.key, "sv:1")
            self.assertIn("Last day", found.unreadable or "")

    def test_a_list_of_which_a_part_is_hidden_is_an_error(self) -> None:
        for number in range(100, 350):
            self.tracker.groups[str(number)] = f"Client {number}"
        self.assertEqual(len([item for item in self.adapter.directory() if item.kind == "unit"]), 252)
        for hidden in ({"101"}, {str(number) for number in range(100, 300)}, {"349"}):
            self.tracker.hidden_groups = hidden
            with self.assertRaises(Forbidden):
                self.adapter.directory()
        self.tracker.hidden_groups = set()
        self.tracker.is_counted = False
        with self.assertRaises(Forbidden):
            self.adapter.directory()

    def test_a_list_of_whole_pages_ends(self) -> None:
        for number in range(100, 100 + 2 * PAGE - len(GROUPS)):
            self.tracker.groups[str(number)] = f"Client {number}"
        self.assertEqual(len(list(self.adapter.directory())), 2 * PAGE - 2)

    def test_a_list_that_changes_between_its_pages_is_an_error(self) -> None:
        for number in range(100, 250):
            self.tracker.groups[str(number)] = f"Client {number}"

        def grow(method: str, path: str) -> None:
            self.tracker.groups[str(len(self.tracker.groups) + 900)] = "Client new"

        self.tracker.fault = grow
        with self.assertRaises(Unavailable):
            self.adapter.directory()

    def test_the_token_leaves_this_machine_only_by_tls(self) -> None:
        for url in ("http://rt.acme.example", "ftp://rt.acme.example", "https://user:word@rt.acme.example", "https://", "rt"):
            with self.assertRaises(SystemExit):
                Settings.of({**SETTINGS, "RT_URL": url})
        for url in ("http://127.0.0.1:8080", "http://localhost", "http://[::1]:80", "https://rt.acme.example/rt"):
            self.assertEqual(Settings.of({**SETTINGS, "RT_URL": url}).url, url)


class Access(OverAFake):
    def test_a_membership_that_is_missing_is_drift_and_hides_no_service(self) -> None:
        self.active({MAIL, VPN}, {ACME, BETA})
        self.tracker.members[VPN].discard(BETA)
        held = self.held("1")
        self.assertEqual((held.state, held.services), ("active, not as stored", frozenset({MAIL, VPN})))
        self.assertEqual(held.offers, frozenset({MAIL}))
        self.adapter.edit(held, change(services=frozenset({MAIL})))
        self.assertEqual((self.tracker.members[MAIL], self.tracker.members[VPN]), ({ACME, BETA}, set()))
        self.assertEqual(self.held("1").state, "active")

    def test_one_step_of_a_correction_takes_no_service_away(self) -> None:
        self.active({MAIL, VPN}, {ACME})
        self.tracker.members[VPN].clear()
        self.adapter.edit(self.held("1"), change(title="B"))
        self.assertEqual((self.tracker.members[MAIL], self.tracker.members[VPN]), ({ACME}, {ACME}))

    def test_an_agreement_whose_membership_is_missing_lets_no_other_keep_it_unseen(self) -> None:
        self.active({MAIL, VPN}, {ACME})
        self.active({VPN}, {ACME}, "2")
        self.tracker.members[VPN].clear()
        self.assertEqual({found.id: found.state for found in self.adapter.agreements()}, dict.fromkeys("12", "active, not as stored"))
        self.adapter.edit(self.held("1"), change(services=frozenset({MAIL})))
        self.adapter.edit(self.held("2"), change("expired"))
        self.assertEqual((self.tracker.members[MAIL], self.tracker.members[VPN]), ({ACME}, set()))

    def test_groups_that_are_no_clients_and_services_are_never_changed(self) -> None:
        for state, members in (("active", {STAFF, ACME}), ("planned", set[str]())):
            for services, clients in (({ADMINISTRATORS}, {STAFF}), ({ADMINISTRATORS}, {ACME}), ({MAIL}, {STAFF})):
                self.tracker.asset("1", state, services, clients)
                self.tracker.members = {id: set(members) for id in GROUPS}
                for step in (change("active"), change("active", title="B")):
                    with self.subTest(state=state, services=services), self.assertRaises(Refused):
                        self.adapter.edit(self.held("1"), step)
                self.adapter.edit(self.held("1"), change("expired", services=frozenset(), recipients=frozenset()))
                self.assertEqual(self.tracker.members, {id: members for id in GROUPS})


class Failures(OverAFake):
    def setUp(self) -> None:
        super().setUp()
        self.active({MAIL, VPN}, {ACME})

    def assert_nothing_written(self) -> None:
        self.tracker.fault = lambda method, path: None
        held = self.held("1")
        self.assertEqual((held.state, held.services, held.title), ("active", frozenset({MAIL, VPN}), "A"))

    def test_a_removal_that_fails_gives_back_those_before(self) -> None:
        for error in (Refused("no"), Forbidden("no"), Unavailable("down"), Moved()):
            self.tracker.fault = on("DELETE", ACME, error, after=1)
            with self.assertRaises(type(error)):
                self.adapter.edit(self.held("1"), change("expired"))
            self.assert_nothing_written()

    def test_an_asset_that_cannot_be_written_gives_all_back(self) -> None:
        for error in (Refused("no"), Forbidden("no"), Unavailable("down"), Moved()):
            self.tracker.fault = on("PUT", "asset/1", error)
            with self.assertRaises(type(error)):
                self.adapter.edit(self.held("1"), change("expired"))
            self.assert_nothing_written()

    def test_what_is_not_given_back_is_unknown(self) -> None:
        first, second = on("PUT", "asset/1", Forbidden("no")), on("PUT", "members", Forbidden("no"))
        self.tracker.fault = lambda method, path: first(method, path) or second(method, path)
        with self.assertRaises(Unknown):
            self.adapter.edit(self.held("1"), change("expired"))

    def test_a_removal_that_does_nothing_is_refused(self) -> None:
        self.tracker.keeps_members = True
        with self.assertRaises(Refused):
            self.adapter.edit(self.held("1"), change(services=frozenset({MAIL})))
        self.assert_nothing_written()

    def test_a_membership_that_cannot_be_added_is_unknown(self) -> None:
        self.tracker.asset("1", "planned", {MAIL}, {ACME})
        self.tracker.members = {id: set() for id in GROUPS}
        for error in (Refused("no"), Forbidden("no"), Unavailable("down")):
            self.tracker.fault = on("PUT", "members", error)
            with self.assertRaises(Unknown):
                self.adapter.edit(self.held("1"), change("active"))

    def test_a_field_that_is_skipped_puts_the_others_back(self) -> None:
        for skipped, wanted in (
            ("Last day", change(title="B", last_day=date(2027, 12, 31))), ("Name", change(title="B", last_day=date(2027, 12, 31))),
            ("Status", change("expired", title="B")), ("Services", change(title="B", services=frozenset({MAIL}))),
        ):  # fmt: skip
            with self.subTest(skipped=skipped):
                self.tracker.skipped = {skipped}
                with self.assertRaises(Refused):
                    self.adapter.edit(self.held("1"), wanted)
                self.tracker.skipped = set()
                self.assert_nothing_written()
                self.assertIsNone(self.held("1").last_day)

    def test_values_that_cannot_be_put_back_are_unknown(self) -> None:
        self.tracker.skipped = {"Status"}
        self.tracker.fault = on("PUT", "asset/1", Forbidden("no"), after=1)
        with self.assertRaises(Unknown):
            self.adapter.edit(self.held("1"), change("expired", title="B"))

    def test_an_edit_that_is_late_writes_nothing(self) -> None:
        with patch("adapter.STEP_TIME", -1.0), self.assertRaises(Unavailable):
            self.adapter.edit(self.held("1"), change("expired"))
        self.assertEqual(self.tracker.writes, [])

    def test_memberships_that_would_be_late_are_left_to_the_next_plan(self) -> None:
        self.tracker.asset("1", "planned", {MAIL}, {ACME})
        self.tracker.members = {id: set() for id in GROUPS}
        with patch("adapter.time.monotonic", lambda: 100.0 * len(self.tracker.writes)), self.assertRaises(Unknown):
            self.adapter.edit(self.held("1"), change("active"))
        self.assertEqual(self.tracker.writes, ["PUT asset/1"])
        self.assertEqual(self.held("1").state, "active, not as stored")
        self.adapter.edit(self.held("1"), change("active"))
        self.assertEqual(self.held("1").state, "active")


if __name__ == "__main__":
    unittest.main()
