"""The values that an adapter gets and returns. None of them knows JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Union


@dataclass(frozen=True)
class Seconds:
    """A duration in seconds of open hours."""

    count: int


@dataclass(frozen=True)
class BusinessDays:
    """A duration in days with open hours."""

    count: int


Duration = Union[Seconds, BusinessDays]


@dataclass(frozen=True)
class Target:
    """The targets of a service and a priority. Without a service it holds for all that have no target of their own."""

    priority: str
    service: str | None = None
    response: Duration | None = None
    resolution: Duration | None = None
    calendar: str | None = None


Value = Union[None, str, int, bool, date, frozenset[str], frozenset[Target]]

SETS = ("services", "recipients", "contacts")
DAYS = ("first_day", "last_day")
TEXTS = ("title", "number")
REFERENCES = ("manager", "provider", "calendar")
FIELDS = TEXTS + DAYS + REFERENCES + SETS + ("targets",)


@dataclass(frozen=True)
class States:
    """Your helpdesk's state for each status. `active` has one of its own; the others may share."""

    planned: str
    active: str
    suspended: str
    expired: str
    terminated: str


@dataclass(frozen=True)
class Description:
    """What your helpdesk stores."""

    name: str
    """The adapter's name and version, for messages."""
    fields: frozenset[str]
    """The fields that agreements have: names of `Agreement`, and `attributes.<name>`."""
    states: States
    kinds: frozenset[str] = frozenset({"unit", "service", "person", "calendar", "priority"})
    """The kinds of objects that `directory` lists."""
    capabilities: frozenset[str] = frozenset()
    """`history`, `addresses`, `comments`, `offers`, `one_recipient`, `numbers_as_text`, `rehearsal`."""
    business_day: int | None = None
    """The seconds of a business day, if your helpdesk counts only hours."""


@dataclass(frozen=True)
class Agreement:
    """An agreement as your helpdesk stores it. Fields that it does not store keep their defaults."""

    id: str
    state: str = ""
    key: str = ""
    """The ownership key: a text that Servanda writes and you store as it is."""
    title: str | None = None
    number: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    manager: str | None = None
    provider: str | None = None
    calendar: str | None = None
    services: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    contacts: frozenset[str] = frozenset()
    targets: frozenset[Target] = frozenset()
    attributes: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    archived: bool = False
    modified: str | None = None
    """The time of the last change, for people."""
    version: str | None = None
    """A text that changes with every write, such as an ETag. You get it back with the next edit."""
    offers: frozenset[str] | None = None
    """The services that clients may use under it now, with the capability `offers`."""
    unreadable: str | None = None
    """Why it cannot be read. It is then left alone, and all others are not affected."""

    def value(self, name: str) -> Value:
        """The value of a field."""
        if name.startswith("attributes."):
            return self.attributes.get(name.removeprefix("attributes."))
        value: Value = getattr(self, name)
        return value


@dataclass(frozen=True)
class Change:
    """What one step writes. All of it is stored, or nothing."""

    run: str
    """The name of the run, for your helpdesk's own log."""
    fields: Mapping[str, Value]
    """The new value of each field that changes: a text, a `date`, an id, a frozenset of ids or of targets, or `None`."""
    state: str | None = None
    """The new state; `None` leaves it."""
    key: str | None = None
    """The new ownership key; empty removes it, `None` leaves it."""

    def apply_to(self, agreement: Agreement) -> Agreement:
        """The agreement as it is after this change."""
        plain: dict[str, object] = {}
        attributes = dict(agreement.attributes)
        for name, value in self.fields.items():
            if name.startswith("attributes."):
                assert value is None or isinstance(value, (str, int)), name
                attributes[name.removeprefix("attributes.")] = value
            else:
                plain[name] = value
        if self.state is not None:
            plain["state"] = self.state
        if self.key is not None:
            plain["key"] = self.key
        return dataclasses.replace(agreement, attributes=attributes, **plain)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Item:
    """An object that agreements refer to: a unit (company or department), service, person, calendar or priority."""

    kind: str
    id: str
    title: str
    code: str | None = None
    archived: bool = False
    within: str | None = None
    """The company of a department."""


@dataclass(frozen=True)
class Event:
    """One entry of your helpdesk's history."""

    object: str
    when: str
    """The time with its UTC offset: `2027-01-31T09:00:00Z`."""
    part: str | None = None
    """`state`, a field, or `None` for anything else."""
    who: str | None = None
    name: str | None = None
