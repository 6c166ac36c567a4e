"""Requests to the REST 2.0 interface of Request Tracker 5, with its answers told apart: done, refused, moved, unknown."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any, List

from servanda_adapter import Forbidden, Moved, Refused, Unavailable, Unknown

Json = Any

TIMEOUT = 25.0
"""The seconds after which a request is given up."""
ANSWER_LIMIT = 16 * 1024 * 1024
"""The largest answer that is read, in bytes."""
PAGE = 100
"""The largest page of Request Tracker."""
THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
"""The hosts that may be reached without TLS."""


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
        # A proxy of the environment would see the token of a request that does not leave this machine.
        direct = [urllib.request.ProxyHandler({})] if urllib.parse.urlsplit(url).hostname in THIS_MACHINE else []
        self._opener = urllib.request.build_opener(_NoRedirect, *direct)

    def get(self, path: str, query: dict[str, str] | None = None) -> Answer | None:
        """Reads an object; `None` if there is none."""
        try:
            return self._send("GET", path, query=query)
        except LookupError:
            return None

    def list(self, path: str, query: dict[str, str], search: Json | None = None) -> List[Json]:
        """Reads all pages of a list. Request Tracker takes what the token may not see off a page after it has cut it, and
        counts a list only for those who may see all of it: a list without a total, or with fewer items, may hide one."""
        items: dict[str, Json] = {}
        total: int | None = None
        page = 1
        while total is None or (page - 1) * PAGE < total:
            body = self._page(path, query, search, page)
            counted = _count(body.get("total"))
            if counted is None:
                raise Forbidden(f"{path}: Request Tracker does not count them, since the token may not see them all")
            if total is not None and counted != total:
                raise Unavailable(f"{path}: the list changed while it was read")
            total = counted
            shown = {str(item["id"]): item for item in body["items"]}
            if len(shown) < min(PAGE, total - (page - 1) * PAGE):
                raise Forbidden(f"{path}: of {total} the token may not see all")
            if items.keys() & shown.keys():
                raise Unavailable(f"{path}: the list changed while it was read")
            items |= shown
            page += 1
        return list(items.values())

    def first_page(self, path: str, query: dict[str, str], search: Json | None = None) -> List[Json]:
        """Reads the beginning of a list."""
        items: List[Json] = self._page(path, query, search, 1)["items"]
        return items

    def entries(self, path: str, query: dict[str, str]) -> List[Json]:
        """Reads the entries of a history, which are never counted. One that the token may not see may be missing."""
        items: dict[str, Json] = {}
        page = 1
        while True:
            shown = {str(item["id"]): item for item in self._page(path, query, None, page)["items"]}
            # A page beyond the last may be the last one again.
            is_last = len(shown) < PAGE or shown.keys() <= items.keys()
            items |= shown
            if is_last:
                return list(items.values())
            page += 1

    def _page(self, path: str, query: dict[str, str], search: Json | None, page: int) -> Json:
        paged = {"orderby": "id", **query, "per_page": str(PAGE), "page": str(page)}
        method = "GET" if search is None else "POST"
        body = self._send(method, path, query=paged, body=search, is_read=True).body
        if not isinstance(body, dict) or not isinstance(body.get("items"), list):
            raise Unavailable(f"{path}: the answer is not a list")
        return body

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


def _count(value: Json) -> int | None:
    return int(value) if isinstance(value, (int, str)) and str(value).isdigit() else None


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
