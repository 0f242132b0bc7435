"""A small store that speaks S3, and differs from Amazon's where a test says so."""

from __future__ import annotations

import hashlib
import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

LIST = "<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
ENCRYPTION, KEY = "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"
MODE, UNTIL = "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"
TAGGING = "x-amz-tagging"


@dataclass
class OddStore:
    """Behaviour of the store. `objects`: headers and content by path.

    `answer`: status and body of every answer. `drops`: request headers that are ignored; `unkept`: headers that the
    answer to a PUT repeats, and the object does not have; `unknown`: headers that are answered with the document
    `says_501`; `refused_plain`: a PUT without a condition is refused; `locks_for_days`: the days of every lock,
    whatever was asked; `keeps_refused`: a refused PUT is kept all the same.
    """

    url: str = ""
    answer: tuple[int, bytes] | None = None
    drops: set[str] = field(default_factory=set)
    unkept: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    says_501: str = "<Error><Code>NotImplemented</Code><Message>{header} is not implemented</Message></Error>"
    refused_plain: bool = False
    may_delete_locked: bool = False
    locks_for_days: int = 0
    keeps_refused: bool = False
    objects: dict[str, tuple[dict[str, str], bytes]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    store: OddStore
    protocol_version = "HTTP/1.1"

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def _begins(self) -> bool:
        """Reads the request; answers it if every request has the same answer."""
        if self.headers.get("Expect"):
            self.send_response_only(100)
            self.end_headers()
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("http://"):  # As a proxy asks.
            self.path = "/" + self.path.split("/", 3)[3]
        self.store.requests.append((self.command, self.path))
        if self.store.answer is not None:
            self._answer(*self.store.answer)
        return self.store.answer is None

    def do_PUT(self) -> None:
        if not self._begins():
            return None
        store, path = self.store, self.path
        given = {name.lower(): value for name, value in self.headers.items() if name.lower() not in store.drops}
        if unknown := next((name for name in given if name in store.unknown), ""):
            return self._answer(501, store.says_501.format(header=unknown).encode())
        if "if-none-match" in given and path in store.objects:
            if store.keeps_refused and store.objects[path][1] != self.body:
                store.objects[path] = ({}, self.body)
            return self._refuse(412, "PreconditionFailed")
        if "if-none-match" not in given and store.refused_plain:
            return self._refuse(403, "AccessDenied")
        kept = {name: value for name, value in given.items() if name.startswith("x-amz-")}
        if store.locks_for_days and UNTIL in kept:
            kept[UNTIL] = (datetime.now(UTC) + timedelta(days=store.locks_for_days)).isoformat()
        store.objects[path] = ({name: value for name, value in kept.items() if name not in store.unkept}, self.body)
        headers = {name: kept[name] for name in (ENCRYPTION, KEY) if name in kept}
        headers["ETag"] = f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'
        return self._answer(200, headers=headers)

    def do_GET(self) -> None:
        if not self._begins():
            return None
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        if "list-type" in query:
            names = [path.split("/", 2)[2] for path in self.store.objects]
            rows = "".join(f"<Contents><Key>{name}</Key></Contents>" for name in names)
            return self._answer(200, LIST.format(rows=rows).encode())
        if parts.path.count("/") < 2:
            return self._answer(200)
        if parts.path not in self.store.objects:
            return self._refuse(404, "NoSuchKey")
        return self._show(query, *self.store.objects[parts.path])

    def _show(self, query: dict[str, list[str]], headers: dict[str, str], body: bytes) -> None:
        if "retention" in query:
            return self._refuse(404, "NoSuchObjectLockConfiguration")
        if "tagging" not in query:
            return self._answer(200, body, headers)
        name, _, value = headers.get(TAGGING, "").partition("=")
        row = f"<Tag><Key>{name}</Key><Value>{value}</Value></Tag>" if name else ""
        return self._answer(200, f"<Tagging><TagSet>{row}</TagSet></Tagging>".encode())

    do_HEAD = do_GET  # noqa: N815  # a name of the standard library

    def do_DELETE(self) -> None:
        if not self._begins():
            return None
        path = urlsplit(self.path).path
        if MODE in self.store.objects.get(path, ({}, b""))[0] and not self.store.may_delete_locked:
            return self._refuse(403, "AccessDenied")
        self.store.objects.pop(path, None)
        return self._answer(204)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@contextmanager
def odd_store(context: ssl.SSLContext | None = None) -> Iterator[OddStore]:
    """Runs a store on a free port, with TLS if a context is given."""
    store = OddStore()
    handler = type("OddHandler", (Handler,), {"store": store})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        scheme, host = ("https", "localhost") if context else ("http", "127.0.0.1")
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        store.url = f"{scheme}://{host}:{server.server_port}"
        yield store
        server.shutdown()
