"""An adapter for a helpdesk in memory: copy it, and put your helpdesk's calls in place of the dictionary.

Start it with `python3 adapter.py`, and try it with `servanda conformance http://127.0.0.1:8788`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timezone

from servanda_adapter import Adapter, Agreement, Change, Description, Event, Item, Refused, States, main

FIELDS = frozenset({
    "title", "number", "first_day", "last_day", "manager", "provider", "calendar", "services", "recipients",
    "contacts", "targets", "attributes.cost_centre",
})  # fmt: skip
STATES = States(planned="new", active="in use", suspended="on hold", expired="closed", terminated="cancelled")
CAPABILITIES = frozenset({"history", "addresses", "comments", "offers", "rehearsal"})

DIRECTORY = [
    *(Item("unit", f"company-{number}", f"Company {number}") for number in range(1, 42)),
    *(Item("service", name.lower(), name) for name in ("E-mail", "Printing", "VPN")),
    *(Item("person", name.lower(), name) for name in ("Petrova", "Sokolov")),
    *(Item("calendar", name, name) for name in ("office", "24x7")),
    *(Item("priority", name.lower(), name) for name in ("Critical", "Normal")),
]


class InMemory(Adapter):
    """Serves a helpdesk in memory, which is empty after each start."""

    def __init__(self) -> None:
        self.stored: dict[str, Agreement] = {}
        self.events: list[Event] = []
        self.comments: list[tuple[str, str]] = []

    def describe(self) -> Description:
        return Description("template 1.0", FIELDS, STATES, capabilities=CAPABILITIES)

    def agreements(self) -> Iterable[Agreement]:
        return list(self.stored.values())

    def directory(self) -> Iterable[Item]:
        return DIRECTORY

    def create(self, change: Change) -> str:
        id = f"agreement-{len(self.stored) + 1}"
        self._write(Agreement(id, STATES.planned), change)
        return id

    def edit(self, agreement: Agreement, change: Change) -> None:
        self._write(agreement, change)

    def _write(self, agreement: Agreement, change: Change) -> None:
        """Checks all of the change first, so that a refused one leaves nothing behind."""
        after = change.apply_to(agreement)
        known = {item.id for item in DIRECTORY}
        if after.state not in vars(STATES).values():
            raise Refused(f"there is no state `{after.state}`")
        if unknown := (after.services | after.recipients) - known:
            raise Refused(f"there is no {', '.join(sorted(unknown))}")
        # Only an agreement in use opens its services to clients.
        after = replace(after, offers=after.services if after.state == STATES.active else frozenset())
        self.stored[agreement.id] = after
        when = datetime.now(timezone.utc).isoformat(timespec="seconds")
        parts = [*change.fields, *(["state"] if change.state else [])]
        self.events += [Event(agreement.id, when, part, name="Servanda") for part in parts]

    # The rest is optional: a helpdesk without it leaves the capability out of the description.

    def history(self, objects: frozenset[str]) -> Iterable[Event]:
        return [event for event in self.events if event.object in objects]

    def addresses(self, people: frozenset[str]) -> Mapping[str, str]:
        return {person: f"{person}@example.org" for person in people & {"petrova", "sokolov"}}

    def comment(self, object: str, html: str, private: bool) -> str:
        self.comments.append((object, html))
        return str(len(self.comments))

    def find_comment(self, object: str, text: str) -> str | None:
        numbered = enumerate(self.comments, start=1)
        return next((str(number) for number, (on, html) in numbered if on == object and text in html), None)


if __name__ == "__main__":
    main(InMemory())
