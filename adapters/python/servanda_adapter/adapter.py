"""What an author writes: five functions. The others have a default, and may be replaced by something faster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from .model import Agreement, Change, Description, Event, Item


class Refused(Exception):
    """Your helpdesk refused a change, and nothing was written. The message is for people."""


class Moved(Exception):
    """Somebody else changed the agreement since it was read, and nothing was written: an ETag did not match."""


class Unknown(Exception):
    """The change was sent, and may have been stored: the answer was lost."""


class Forbidden(Exception):
    """Your helpdesk does not accept the adapter's login, or the login lacks a right."""


class Unavailable(Exception):
    """Your helpdesk does not answer, and nothing was written."""


class Adapter(ABC):
    """The five functions, and five more that are used only if the description names their capability."""

    @abstractmethod
    def describe(self) -> Description:
        """Describes what your helpdesk stores."""

    @abstractmethod
    def agreements(self) -> Iterable[Agreement]:
        """Every agreement, with an ownership key or without, archived or not."""

    @abstractmethod
    def directory(self) -> Iterable[Item]:
        """Every object that agreements refer to."""

    @abstractmethod
    def create(self, change: Change) -> str:
        """Creates an agreement that no client can use yet, and returns its id. The kit has checked that no other has its
        ownership key."""

    @abstractmethod
    def edit(self, agreement: Agreement, change: Change) -> None:
        """Edits an agreement, which the kit has just read and found to be as Servanda expects it. Withdraw services first
        and publish them last, so that no client sees more than before or after."""

    def get(self, id: str) -> Agreement | None:
        """The agreement with an id; `None` only if there is certainly none."""
        return next((found for found in self.agreements() if found.id == id), None)

    def find(self, key: str) -> Iterable[Agreement]:
        """The agreements with an ownership key, compared sign by sign, archived ones too."""
        return [found for found in self.agreements() if found.key == key]

    def history(self, objects: frozenset[str]) -> Iterable[Event]:
        """The history of agreements, oldest event first. Capability `history`."""
        return []

    def addresses(self, people: frozenset[str]) -> Mapping[str, str]:
        """The mail addresses of people. Capability `addresses`."""
        return {}

    def comment(self, object: str, html: str, private: bool) -> str:
        """Adds a comment and returns its id. Capability `comments`."""
        raise Refused("this adapter adds no comments")

    def find_comment(self, object: str, text: str) -> str | None:
        """The id of a comment that contains a text. Capability `comments`."""
        return None
