"""Requests to the REST 2.0 interface of Request Tracker 5, with its answers told apart: done, refused, moved, unknown."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from servanda_adapter import Forbidden, Moved, Refused, Unavailable, Unknown

Json = Any

TIMEOUT = 25.0
"""The seconds after which a request is given up."""
ANSWER_LIMIT = 16 * 1024 * 1024
"""The largest answer that is read, in bytes."""
PAGE = 100
"""The largest page of Request Tracker."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token would travel to another place."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True)
class Answer:
    """A successful answer."""

    body: Json
    etag: str | None


class Rest:
    """A connection to one Request Tracker."""

    def __init__(self, url: str, token: str) -> None:
        self._base = f"{url.rstrip('/')}/REST/2.0"
        self._token = token
        self._opener = urllib.request.build_opener(_NoRedirect)

    def get(self, path: str, query: dict[str, str] | None = None) -> Answer | None:
        """Reads an object; `None` if there is none."""
        try:
            return self._send("GET", path, query=query)
        except LookupError:
            return None

    def list(self, path: str, query: dict[str, str], search: Json | None = None) -> list[Json]:
        """Reads all pages of a list."""
        items: list[Json] = []
        page = 1
        while True:
            paged = {**query, "per_page": str(PAGE), "page": str(page)}
            answer = self._send("GET" if search is None else "POST", path, query=paged, body=search, is_read=True)
            items += answer.body["items"]
            # The history has no total.
            if len(answer.body["items"]) < PAGE:
                return items
            page += 1

    def write(self, method: str, path: str, body: Json = None, etag: str | None = None) -> Answer:
        """Writes. The status of the answer may be 200 although nothing was written: read it back."""
        try:
            return self._send(method, path, body=body, etag=etag, is_read=False)
        except LookupError:
            raise Moved from None

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Json = None,
        etag: str | None = None,
        is_read: bool = True,
    ) -> Answer:
        url = f"{self._base}/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = {"Authorization": f"token {self._token}", "Content-Type": "application/json"}
        if etag is not None:
            headers["If-Match"] = etag
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                text = answer.read(ANSWER_LIMIT + 1)
                if len(text) > ANSWER_LIMIT:
                    raise ValueError("the answer is too large")
                return Answer(json.loads(text) if text else None, answer.headers.get("ETag"))
        except urllib.error.HTTPError as error:
            text = error.read(10_000).decode(errors="replace")
            raise _refusal(error.code, text, f"{method} {path}", is_read) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            what = f"{method} {path}: {type(error).__name__}"
            reason = getattr(error, "reason", None)
            was_not_sent = isinstance(reason, ConnectionRefusedError)
            raise (Unavailable(what) if is_read or was_not_sent else Unknown(what)) from None


def _refusal(status: int, text: str, what: str, is_read: bool) -> Exception:
    try:
        message = json.loads(text).get("message", text)
    except (ValueError, AttributeError):
        message = text
    what = f"{what}: Request Tracker answers {status}: {message[:300]}"
    match status:
        case 401 | 403:
            return Forbidden(what)
        case 404:
            return LookupError(what)
        case 412:
            return Moved()
        case 400 | 409 | 422:
            return Refused(what)
        case _:
            return Unavailable(what) if is_read else Unknown(what)
