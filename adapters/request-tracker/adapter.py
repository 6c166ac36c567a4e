"""An adapter for Request Tracker 5: agreements are assets of one catalog, clients and services are groups.

A client may use a service while the client's group is a member of the service's group. docs/request-tracker.md describes
the set-up and the settings of the environment.
"""

from __future__ import annotations

import os
import time
import urllib.parse
from collections.abc import Iterable, Mapping, Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date

from rest import THIS_MACHINE, Json, Rest
from servanda_adapter import (
    Adapter, Agreement, Change, Description, Event, Forbidden, Item, Moved, Refused, States, Unavailable, Unknown, Value, main,
)  # fmt: skip

STATES = States("planned", "active", "suspended", "expired", "terminated")
FIELDS = frozenset({"title", "number", "first_day", "last_day", "manager", "services", "recipients", "contacts"})
KEY = "Servanda key"
CUSTOM = {
    "number": "Contract number",
    "first_day": "First day",
    "last_day": "Last day",
    "services": "Services",
    "recipients": "Clients",
}
ROLES = {"manager": "Owner", "contacts": "Contact"}
SHOWN = "Name,Status,CustomFields,Owner,Contact,LastUpdated,Catalog,Disabled"
SEARCHED = {"fields": SHOWN, "find_disabled_rows": "1"}
NOBODY = "Nobody"
SYSTEM_USERS = {NOBODY, "RT_System"}
STILL_USED = ", still in use"
"""The end of the state of an agreement that is not active although its clients can use its services."""
NOT_USED = ", not as stored"
"""The end of the state of an active agreement whose clients cannot use all of its services."""
STEP_TIME = 20.0
"""The seconds after which nothing more of an edit is begun: Servanda soon stops waiting for it, and plans again."""
DIRECTORY_AGE = 30.0
"""The seconds for which groups and users are not read again."""

Pair = tuple[str, str]
"""A client and a service."""
FAILED = (Moved, Refused, Forbidden, Unavailable)
"""A call that is known to have written nothing."""


@dataclass(frozen=True)
class Settings:
    """The settings of the environment."""

    url: str
    token: str
    catalog: str = "Agreements"
    client_prefix: str = "Client "
    service_prefix: str = "Service "
    is_rehearsal: bool = False

    @staticmethod
    def of(environment: Mapping[str, str]) -> Settings:
        """Reads the settings; a missing one is an error that names it."""
        missing = [name for name in ("RT_URL", "RT_TOKEN") if not environment.get(name)]
        if missing:
            raise SystemExit(f"set {' and '.join(missing)}; docs/request-tracker.md explains them")
        url = urllib.parse.urlsplit(environment["RT_URL"])
        if url.scheme != "https" and not (url.scheme == "http" and url.hostname in THIS_MACHINE):
            raise SystemExit("RT_URL must begin with https://, or the token is sent in clear; http is for this machine only")
        if not url.hostname or "@" in url.netloc:
            raise SystemExit("RT_URL needs a host, and holds no user or password: the token is RT_TOKEN")
        return Settings(
            url=environment["RT_URL"],
            token=environment["RT_TOKEN"],
            catalog=environment.get("RT_CATALOG", "Agreements"),
            client_prefix=environment.get("RT_CLIENT_PREFIX", "Client "),
            service_prefix=environment.get("RT_SERVICE_PREFIX", "Service "),
            is_rehearsal=environment.get("RT_REHEARSAL") == "1",
        )


class RequestTracker(Adapter):
    """Serves one catalog of a Request Tracker."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._rest = Rest(settings.url, settings.token)
        self._catalog: str | None = None
        self._known: tuple[float, set[tuple[str, str]]] | None = None
        self._addresses: dict[str, str] = {}

    def describe(self) -> Description:
        capabilities = {"history", "addresses", "offers"} | ({"rehearsal"} if self._settings.is_rehearsal else set())
        kinds = frozenset({"unit", "service", "person"})
        return Description("request-tracker 1.0", FIELDS, STATES, kinds, frozenset(capabilities))

    def directory(self) -> Iterable[Item]:
        items = []
        # The groups of roles of tickets and assets are none of them.
        query = {"query": '[{"field":"Domain","value":"UserDefined"}]', "fields": "Name,Disabled", "find_disabled_rows": "1"}
        for group in self._rest.list("groups", query):
            for kind, prefix in (("unit", self._settings.client_prefix), ("service", self._settings.service_prefix)):
                if group["Name"].startswith(prefix):
                    items.append(Item(kind, str(group["id"]), group["Name"].removeprefix(prefix), archived=_is_set(group["Disabled"])))
        addresses = {}
        for user in self._rest.list("users", {"query": "[]", "fields": "Name,RealName,EmailAddress,Disabled"}):
            if user["Name"] not in SYSTEM_USERS:
                items.append(Item("person", user["Name"], user["RealName"] or user["Name"], archived=_is_set(user.get("Disabled"))))
                addresses[user["Name"]] = user["EmailAddress"]
        self._known, self._addresses = (time.monotonic(), {(item.kind, item.id) for item in items}), addresses
        return items

    def addresses(self, people: frozenset[str]) -> Mapping[str, str]:
        self.directory()
        return {person: self._addresses[person] for person in people if self._addresses.get(person)}

    def agreements(self) -> Iterable[Agreement]:
        assets = self._search([])
        used = self._members({service for asset in assets for service in asset.services})
        granted = [(asset.id, _pairs(asset)) for asset in assets if asset.state == STATES.active]
        return [self._shown(asset, used, granted) for asset in assets]

    def get(self, id: str) -> Agreement | None:
        answer = self._rest.get(f"asset/{id}") if id.isascii() and id.isdigit() else None
        if answer is None or str(answer.body["Catalog"]["id"]) != self._catalog_id():
            return None
        asset = replace(_agreement(answer.body), version=answer.etag)
        return self._with_use(asset)

    def find(self, key: str) -> Iterable[Agreement]:
        # The search knows no case; the kit compares the keys sign by sign.
        found = self._search([{"field": f"CustomField.{{{KEY}}}", "value": key}]) if key else []
        if not found:
            # A search by a field that the token may not see finds nothing: only assets that show their keys prove absence.
            for asset in self._rest.first_page("assets", SEARCHED, [{"field": "Catalog", "value": self._catalog_id()}]):
                _agreement(asset)
        return [self._with_use(asset) for asset in found if asset.key == key]

    def create(self, change: Change) -> str:
        self._check(change)
        asset = {"Catalog": self._settings.catalog, **_body(change), "Status": STATES.planned}
        created = self._rest.write("POST", "asset", asset).body
        return str(created["id"])

    def edit(self, agreement: Agreement, change: Change) -> None:
        begun = time.monotonic()
        after = change.apply_to(agreement)
        is_active = after.state.removesuffix(NOT_USED) == STATES.active
        self._check(change, after if is_active else None)
        before_pairs, after_pairs = _pairs(agreement), _pairs(after)
        wanted = after_pairs if is_active else set()
        used = self._members({service for _, service in before_pairs | after_pairs})
        leaving = {(client, service) for client, service in before_pairs | after_pairs if client in used[service]} - wanted
        if leaving:
            others = self._search([{"field": "Status", "value": STATES.active}])
            leaving -= {pair for other in others if other.id != agreement.id for pair in _pairs(other)}
        taken: set[Pair] = set()
        try:
            for client, service in sorted(leaving):
                _be_in_time(begun)
                self._rest.write("DELETE", f"group/{service}/member/{client}")
                taken.add((client, service))
            # A removal that failed is answered like one that succeeded.
            left = self._members({service for _, service in leaving})
            if still := sorted((client, service) for client, service in leaving if client in left[service]):
                raise Refused(f"group {still[0][0]} is still a member of group {still[0][1]}")
            _be_in_time(begun)
            self._write(agreement, change)
        except FAILED:
            self._give_back(taken)
            raise
        try:
            self._admit({(client, service) for client, service in wanted if client not in used[service]}, begun)
        except FAILED as error:
            raise Unknown(f"the asset is stored, its memberships may not be: {error}") from None

    def history(self, objects: frozenset[str]) -> Iterable[Event]:
        events = []
        query = {"fields": "Type,Field,Creator,Created", "fields[Creator]": "Name,RealName"}
        for id in sorted(objects):
            asset = self._rest.get(f"asset/{id}")
            if asset is None:
                continue
            custom = {field["id"]: field["name"] for field in asset.body["CustomFields"]}
            for entry in self._rest.entries(f"asset/{id}/history", query):
                who = entry["Creator"]
                events.append(Event(id, entry["Created"], _part(entry, custom), who["Name"], who.get("RealName") or who["Name"]))
        return sorted(events, key=lambda event: event.when)

    def _catalog_id(self) -> str:
        if self._catalog is None:
            answer = self._rest.get(f"catalog/{urllib.parse.quote(self._settings.catalog, safe='')}")
            if answer is None:
                raise Refused(f"Request Tracker has no catalog `{self._settings.catalog}` that the token may see")
            self._catalog = str(answer.body["id"])
        return self._catalog

    def _search(self, terms: list[Json]) -> list[Agreement]:
        """The assets of the catalog that match, as they are stored."""
        search = [{"field": "Catalog", "value": self._catalog_id()}, *terms]
        return [_agreement(asset) for asset in self._rest.list("assets", SEARCHED, search)]

    def _members(self, services: set[str]) -> dict[str, set[str]]:
        """The clients that can use each service."""
        return {service: self._clients_of(service) for service in services}

    def _clients_of(self, service: str) -> set[str]:
        """The clients among the members. Anybody may write the id of another group into an asset: it is not looked at, so that
        no edit puts a client into it or takes one out."""
        known = self._directory()
        if ("service", service) not in known:
            return set()
        try:
            found = self._rest.list(f"group/{service}/members", {})
        except LookupError:
            # It was removed a moment ago.
            return set()
        members = {str(member["id"]) for member in found if member["type"] == "group"}
        return {member for member in members if ("unit", member) in known}

    def _directory(self, is_fresh: bool = False) -> set[tuple[str, str]]:
        """The kind and id of all that the directory lists."""
        if is_fresh or self._known is None or time.monotonic() - self._known[0] > DIRECTORY_AGE:
            self.directory()
        assert self._known is not None
        return self._known[1]

    def _with_use(self, asset: Agreement) -> Agreement:
        used = self._members(set(asset.services))
        if asset.state == STATES.active or not any(client in used[service] for client, service in _pairs(asset)):
            return self._shown(asset, used, [])
        others = self._search([{"field": "Status", "value": STATES.active}])
        return self._shown(asset, used, [(other.id, _pairs(other)) for other in others])

    def _shown(self, asset: Agreement, used: dict[str, set[str]], granted: list[tuple[str, set[Pair]]]) -> Agreement:
        """The asset as it is stored. If its clients can use less or more, its state is one that no plan wants, so that the
        next plan corrects it."""
        if asset.state == STATES.active:
            held = frozenset(service for service in asset.services if asset.recipients <= used[service])
            state = asset.state if held == asset.services else asset.state + NOT_USED
            return replace(asset, state=state, offers=held if asset.recipients else frozenset())
        own = {(client, service) for client, service in _pairs(asset) if client in used[service]}
        left = own - {pair for id, pairs in granted if id != asset.id for pair in pairs}
        state = asset.state + STILL_USED if left else asset.state
        return replace(asset, state=state, offers=frozenset(service for _, service in left))

    def _check(self, change: Change, published: Agreement | None = None) -> None:
        """Refuses what Request Tracker would skip with a sentence, after it has stored the rest, and a membership of groups that
        are no clients and services."""
        if change.state is not None and change.state not in vars(STATES).values():
            raise Refused(f"there is no state `{change.state}`")
        title = change.fields.get("title", "-")
        if not isinstance(title, str) or not title or title.isdigit():
            raise Refused("Request Tracker stores no empty name, and none of digits only")
        asked = {
            "service": _set(change.fields.get("services")),
            "unit": _set(change.fields.get("recipients")),
            "person": _set(change.fields.get("contacts")) | _set(change.fields.get("manager")),
        }
        if published is not None:
            asked["service"] |= published.services
            asked["unit"] |= published.recipients
        unknown: list[str] = []
        for is_fresh in (False, True):
            known = self._directory(is_fresh)
            unknown = [f"{kind} `{id}`" for kind, ids in asked.items() for id in sorted(ids) if (kind, id) not in known]
            if not unknown:
                return
        raise Refused(f"there is no {', no '.join(unknown)}")

    def _write(self, agreement: Agreement, change: Change) -> None:
        """Writes the asset. What Request Tracker does not take is answered with 200 and a sentence, after the other values were
        stored: these are then put back."""
        body = _body(change)
        if not body:
            return
        path = f"asset/{agreement.id}"
        sentences = self._rest.write("PUT", path, body, agreement.version).body
        try:
            stored = self._rest.get(path)
            if stored is None:
                raise Moved
            if not _is_skipped(agreement, change, _agreement(stored.body)):
                return
            fields = {name: agreement.value(name) for name in change.fields}
            key = agreement.key if change.key is not None else None
            # A state with an ending of the adapter's own is none of Request Tracker's.
            state = agreement.state.removesuffix(NOT_USED).removesuffix(STILL_USED) if change.state else None
            before = Change(change.run, fields, key=key, state=state)
            self._rest.write("PUT", path, _body(before), stored.etag)
            restored = self._rest.get(path)
            if restored is None or not _is_stored(before, _agreement(restored.body), set(fields)):
                raise Moved
        except FAILED as error:
            raise Unknown(f"asset {agreement.id} was written, perhaps in part: {error}") from None
        raise Refused("; ".join(map(str, sentences)))

    def _give_back(self, taken: set[Pair]) -> None:
        """Puts clients back into services, since the edit is not made."""
        try:
            self._admit(taken)
        except FAILED as error:
            raise Unknown(f"the edit was not made, and memberships that it removed are not all back: {error}") from None

    def _admit(self, pairs: set[Pair], begun: float | None = None) -> None:
        for service in sorted({service for _, service in pairs}):
            if begun is not None:
                _be_in_time(begun)
            clients = sorted(client for client, of in pairs if of == service)
            self._rest.write("PUT", f"group/{service}/members", clients)


def _agreement(asset: Json) -> Agreement:
    custom: dict[str, list[str]] = {}
    for field in asset["CustomFields"]:
        custom[field["name"]] = [value for value in field["values"] if value]
    id = str(asset["id"])
    if KEY not in custom:
        # Without its key it would be taken for one that Servanda does not manage, and be created again.
        raise Forbidden(f"asset {id} shows no custom field `{KEY}`: its catalog has none, or the token may not see it")
    key = next(iter(custom[KEY]), "")
    if missing := sorted(set(CUSTOM.values()) - custom.keys()):
        return Agreement(id, key=key, unreadable=f"its catalog has no custom field `{missing[0]}`, or the token may not see it")
    first = {name: next(iter(custom[CUSTOM[name]]), None) for name in ("number", "first_day", "last_day")}
    owner = asset["Owner"]["id"] if asset.get("Owner") else NOBODY
    return Agreement(
        id=id,
        state=asset["Status"],
        key=key,
        title=asset["Name"],
        number=first["number"],
        first_day=_day(first["first_day"]),
        last_day=_day(first["last_day"]),
        manager=None if owner == NOBODY else owner,
        services=frozenset(custom[CUSTOM["services"]]),
        recipients=frozenset(custom[CUSTOM["recipients"]]),
        contacts=frozenset(person["id"] for person in asset["Contact"]),
        archived=_is_set(asset.get("Disabled")),
        modified=asset["LastUpdated"],
    )


def _body(change: Change) -> dict[str, Json]:
    """The change as Request Tracker takes it. `null` empties a custom field: an empty text would become 1970-01-01."""
    body: dict[str, Json] = {"Status": change.state} if change.state else {}
    custom: dict[str, Json] = {} if change.key is None else {KEY: change.key or None}
    for name, value in change.fields.items():
        match name:
            case "title":
                body["Name"] = value
            case "manager":
                body["Owner"] = value or NOBODY
            case "contacts":
                body["Contact"] = sorted(_set(value))
            case "services" | "recipients":
                custom[CUSTOM[name]] = sorted(_set(value)) or None
            case _:
                custom[CUSTOM[name]] = value.isoformat() if isinstance(value, date) else value
    return {**body, "CustomFields": custom} if custom else body


def _is_skipped(before: Agreement, change: Change, stored: Agreement) -> bool:
    """Whether a part of the change is not stored. Of a text Request Tracker may store another form."""
    texts = {name for name in change.fields if name in ("title", "number")}
    is_left = {name for name in texts if stored.value(name) == before.value(name)}
    return not _is_stored(change, stored, change.fields.keys() - texts | is_left)


def _is_stored(change: Change, stored: Agreement, fields: AbstractSet[str]) -> bool:
    """Whether the state, the key and these fields of a change are stored."""
    if stored.unreadable or change.state not in (None, stored.state) or change.key not in (None, stored.key):
        return False
    return all(stored.value(name) == change.fields[name] for name in fields)


def _be_in_time(begun: float) -> None:
    if time.monotonic() - begun > STEP_TIME:
        raise Unavailable("Request Tracker is too slow for this edit")


def _pairs(agreement: Agreement) -> set[Pair]:
    return {(client, service) for client in agreement.recipients for service in agreement.services}


def _set(value: Value) -> set[str]:
    if isinstance(value, str):
        return {value}
    return {one for one in value if isinstance(one, str)} if isinstance(value, frozenset) else set()


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _is_set(value: Json) -> bool:
    return value not in (None, "", "0", 0, False)


def _part(entry: Json, custom: dict[str, str]) -> str | None:
    match entry["Type"]:
        case "Status":
            return "state"
        case "Set" if entry["Field"] == "Name":
            return "title"
        case "CustomField":
            name = custom.get(str(entry["Field"]))
            return next((field for field, own in CUSTOM.items() if own == name), None)
        case "SetWatcher" | "AddWatcher" | "DelWatcher":
            return next((field for field, role in ROLES.items() if role == entry["Field"]), None)
    return None


if __name__ == "__main__":
    main(RequestTracker(Settings.of(os.environ)))
