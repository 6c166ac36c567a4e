"""Serves an adapter over HTTP: paging over a list that stays the same, one write at a time, and errors by their meaning."""

from __future__ import annotations

import argparse
import hmac
import json
import logging
import os
import secrets
import socket
import ssl
import threading
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from . import wire
from .adapter import Adapter, Forbidden, Moved, Refused, Unavailable, Unknown
from .model import Agreement
from .wire import Json, Malformed

log = logging.getLogger("servanda_adapter")

REQUEST_LIMIT = 16 * 1024 * 1024
"""The largest request that is read, in bytes."""
LISTS = 16
"""The number of lists that are kept for their next pages."""
WRITE_WAIT = 10.0
"""The seconds that a step waits for the one before it. Servanda gives up a step after 30 s, and must not find it written later."""
SKIPPED = 64 * 1024
"""The bytes that are read of a refused request."""
THREADS = 32
"""The number of requests that are answered at a time."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Service:
    """Answers the calls of the contract. It knows no HTTP, so that it can be tested without a server."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._description = adapter.describe()
        self._lists: OrderedDict[str, list[Json]] = OrderedDict()
        self._lists_lock = threading.Lock()
        # Between the comparison with the expected state and the write no other write may come.
        self._write_lock = threading.Lock()
        self._calls: dict[str, Callable[[Json], Json]] = {
            "describe": lambda _: wire.description_json(self._description),
            "agreements": self._agreements,
            "directory": self._directory,
            "get": self._get,
            "find": self._find,
            "step": self._step,
            "history": self._history,
            "addresses": self._addresses,
            "comment": self._comment,
            "find_comment": self._find_comment,
        }

    def answer(self, call: str, request: Json) -> tuple[int, Json]:
        """The HTTP status and the body."""
        handler = self._calls.get(call)
        if handler is None:
            return HTTPStatus.NOT_FOUND, {"message": f"there is no call `{call}`"}
        if not isinstance(request, dict):
            return HTTPStatus.BAD_REQUEST, {"message": "the request is not an object"}
        try:
            return HTTPStatus.OK, handler(request)
        except Malformed as error:
            return HTTPStatus.BAD_REQUEST, {"message": str(error)}
        except Refused as error:
            return HTTPStatus.UNPROCESSABLE_ENTITY, {"message": str(error)}
        except Forbidden as error:
            return HTTPStatus.FORBIDDEN, {"message": str(error)}
        except Unavailable as error:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"message": str(error)}
        except wire.Unfit as error:
            log.error("the call `%s` failed: %s", call, error)
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"message": str(error)}
        except Exception:
            # The text of an unforeseen error may hold a secret: it goes to the log only.
            log.exception("the call `%s` failed", call)
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"message": f"the adapter failed in `{call}`; its log says why"}

    def _agreements(self, request: Json) -> Json:
        return self._page("a", request, lambda: [self._message(found) for found in self._adapter.agreements()])

    def _directory(self, request: Json) -> Json:
        return self._page("d", request, lambda: [wire.item_json(item) for item in self._adapter.directory()])

    def _page(self, prefix: str, request: Json, read: Callable[[], list[Json]]) -> Json:
        limit = request.get("limit")
        if not isinstance(limit, int) or limit < 1:
            raise Malformed("`limit` is not a number of items")
        cursor = wire.read_optional(request, "cursor")
        if cursor is None:
            name, start, items = f"{prefix}{secrets.token_hex(8)}", 0, read()
        else:
            name, _, digits = cursor.partition(".")
            with self._lists_lock:
                kept = self._lists.get(name)
            if kept is None or not name.startswith(prefix) or not digits.isascii() or not digits.isdigit():
                raise Malformed(f"`{cursor}` is not a cursor of this adapter, or it is too old")
            start, items = int(digits), kept
        end = min(start + limit, len(items))
        with self._lists_lock:
            if end < len(items):
                self._lists[name] = items
                self._lists.move_to_end(name)
                while len(self._lists) > LISTS:
                    self._lists.popitem(last=False)
        following = f"{name}.{end}" if end < len(items) else None
        return {"items": items[start:end], "next": following, "total": len(items)}

    def _get(self, request: Json) -> Json:
        found = self._adapter.get(wire.read_text(request, "id"))
        return {"agreement": None if found is None else self._message(found)}

    def _find(self, request: Json) -> Json:
        key = wire.read_text(request, "key")
        # A helpdesk may search without regard to case.
        found = [found for found in self._adapter.find(key) if found.key == key]
        return {"agreements": [self._message(found) for found in found]}

    def _step(self, request: Json) -> Json:
        change = wire.read_change(request)
        for name in change.fields:
            if name not in self._description.fields:
                raise Malformed(f"this helpdesk stores no `{name}`")
        object = wire.read_optional(request, "object")
        if not self._write_lock.acquire(timeout=WRITE_WAIT):
            raise Unavailable("another change is being written")
        try:
            if object is None:
                if not change.key or any(found.key == change.key for found in self._adapter.find(change.key)):
                    raise Moved
                id = self._adapter.create(change)
            else:
                id = object
                held = self._adapter.get(id)
                if held is None or not self._is_as_expected(held, request.get("expected")):
                    raise Moved
                self._adapter.edit(held, change)
            return self._done(id)
        except Moved:
            return {"outcome": "moved"}
        except Refused as error:
            return {"outcome": "refused", "message": str(error)}
        except Unknown as error:
            return {"outcome": "unknown", "message": str(error)}
        finally:
            self._write_lock.release()

    def _done(self, id: str) -> Json:
        """The answer to a step that was written. No error may say any more that nothing was written."""
        try:
            stored = self._adapter.get(id)
            if stored is not None:
                return {"outcome": "done", "agreement": self._message(stored)}
        except Exception:
            log.exception("%s was written and cannot be read", id)
        raise Unknown(f"{id} was written and cannot be read")

    def _is_as_expected(self, held: Agreement, expected: Json) -> bool:
        if not isinstance(expected, dict):
            return False
        message = self._message(held)
        version = expected.get("version")
        if version is not None and message.get("version") not in (None, version):
            return False
        return all(
            message.get(part) == expected.get(part) for part in ("key", "state", "archived", "fields")
        ) and "unreadable" not in message

    def _history(self, request: Json) -> Json:
        events = self._adapter.history(_names(request, "objects"))
        return {"events": [wire.event_json(event) for event in events]}

    def _addresses(self, request: Json) -> Json:
        return {"addresses": dict(self._adapter.addresses(_names(request, "people")))}

    def _comment(self, request: Json) -> Json:
        object, html = wire.read_text(request, "object"), wire.read_text(request, "html")
        return {"comment": self._adapter.comment(object, html, request.get("private") is True)}

    def _find_comment(self, request: Json) -> Json:
        object, text = wire.read_text(request, "object"), wire.read_text(request, "text")
        return {"comment": self._adapter.find_comment(object, text)}

    def _message(self, agreement: Agreement) -> Json:
        return wire.agreement_json(agreement, self._description)


def _names(request: Json, name: str) -> frozenset[str]:
    names = request.get(name)
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise Malformed(f"`{name}` is not a list of ids")
    return frozenset(names)


def server(
    adapter: Adapter,
    host: str = "127.0.0.1",
    port: int = 8788,
    token: str | None = None,
    certificate: tuple[str, str] | None = None,
) -> ThreadingHTTPServer:
    """A server that is bound to its port and not running yet. Beyond this machine it needs a token and a certificate, as
    the paths of two PEM files: the certificate and its key."""
    if host not in LOOPBACK and not (token and certificate):
        raise ValueError("an adapter that other machines reach needs a token and a certificate")
    service = Service(adapter)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60
        server_version = "servanda-adapter"
        sys_version = ""
        # Head and body leave in one packet.
        wbufsize = -1

        def do_POST(self) -> None:
            refusal = self._refusal()
            if refusal is not None:
                # What is left of its body must not be taken for the next request.
                self._skip_body()
                self.close_connection = True
            status, answer = refusal or self._answered()
            try:
                body = json.dumps(answer, ensure_ascii=False).encode()
            except (TypeError, ValueError) as error:
                log.error("an answer to %s is not JSON: %s", self.path, error)
                status = HTTPStatus.INTERNAL_SERVER_ERROR
                body = b'{"message": "the adapter returned a value that is not JSON; its log says which"}'
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status == HTTPStatus.SERVICE_UNAVAILABLE:
                self.send_header("Retry-After", "1")
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def _skip_body(self) -> None:
            """Reads a small body: a connection that is closed before may lose the answer."""
            length = self.headers.get("Content-Length", "")
            if length.isascii() and length.isdigit():
                self.rfile.read(min(int(length), SKIPPED))

        def _refusal(self) -> tuple[int, Json] | None:
            """The answer to a request that the head alone rules out."""
            if "Origin" in self.headers:
                # A page in a browser of this machine could otherwise write to the helpdesk.
                return HTTPStatus.FORBIDDEN, {"message": "an adapter answers no web page"}
            given = self.headers.get("Authorization", "").encode()
            if token is not None and not hmac.compare_digest(given, f"Bearer {token}".encode()):
                return HTTPStatus.UNAUTHORIZED, {"message": "the token is missing or wrong"}
            if "Transfer-Encoding" in self.headers:
                return HTTPStatus.BAD_REQUEST, {"message": "a request has a length, and no Transfer-Encoding"}
            length = self.headers.get("Content-Length", "")
            if not length.isascii() or not length.isdigit() or int(length) > REQUEST_LIMIT:
                return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"message": "the request has no length, or is too large"}
            return None

        def _answered(self) -> tuple[int, Json]:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            version, _, call = self.path.removeprefix("/").partition("/")
            if version != f"v{wire.VERSION}":
                return HTTPStatus.NOT_FOUND, {"message": f"this adapter serves /v{wire.VERSION}/"}
            try:
                request = json.loads(body)
            except (ValueError, RecursionError):
                return HTTPStatus.BAD_REQUEST, {"message": "the request is not JSON"}
            return service.answer(call, request)

        def log_message(self, format: str, *args: Any) -> None:
            log.debug(format, *args)

    bound = (_ServerOf6 if ":" in host else _Server)((host, port), Handler)
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        # The thread of the request shakes hands, within its timeout: a silent connection holds up no other.
        bound.socket = tls.wrap_socket(bound.socket, server_side=True, do_handshake_on_connect=False)
    return bound


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self._free = threading.BoundedSemaphore(THREADS)
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._free.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


class _ServerOf6(_Server):
    address_family = socket.AF_INET6


def serve(
    adapter: Adapter,
    host: str = "127.0.0.1",
    port: int = 8788,
    token: str | None = None,
    certificate: tuple[str, str] | None = None,
) -> None:
    """Serves until the process is stopped, and prints the address first."""
    bound = server(adapter, host, port, token, certificate)
    scheme = "http" if certificate is None else "https"
    shown = f"[{host}]" if ":" in host else host
    print(f"{scheme}://{shown}:{bound.server_address[1]}", flush=True)
    try:
        bound.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        bound.server_close()


def main(adapter: Adapter) -> None:
    """Serves with the options of the command line, and the token of `SERVANDA_ADAPTER_TOKEN`."""
    options = argparse.ArgumentParser(description=type(adapter).__doc__)
    options.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    options.add_argument("--port", type=int, default=8788, help="the port; 0 for any free one")
    options.add_argument("--certificate", help="a PEM file, needed beyond this machine")
    options.add_argument("--key", help="the PEM file of its key")
    chosen = options.parse_args()
    token = os.environ.get("SERVANDA_ADAPTER_TOKEN") or None
    if bool(chosen.certificate) != bool(chosen.key):
        options.error("--certificate and --key need each other")
    certificate = (chosen.certificate, chosen.key) if chosen.certificate else None
    logging.basicConfig(level=logging.INFO)
    serve(adapter, chosen.host, chosen.port, token, certificate)
