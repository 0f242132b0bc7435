"""A proxy in front of a real server that misbehaves as networks and stores do, by a list of faults to come."""

from __future__ import annotations

import http.client
import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

ERROR = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>"
STATUS = {
    "AccessDenied": 403,
    "SlowDown": 503,
    "ConditionalRequestConflict": 409,
    "InternalError": 500,
    "ExpiredToken": 400,
    "RequestTimeTooSkewed": 403,
    "AuthorizationHeaderMalformed": 400,
    "PermanentRedirect": 301,
    "KMS.DisabledException": 400,
}


@dataclass
class FaultProxy:
    """`faults` happen in turn to requests that write: an error's code, "cut before", "cut half-way", "answer lost",
    "silence". `looks` is the code with which every request is refused that only looks. `asked` counts those that write.
    """

    url: str = ""
    faults: list[str] = field(default_factory=list)
    always: str = ""
    looks: str = ""
    asked: int = 0
    writes: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def next(self) -> str:
        """The fault that is due."""
        return self.faults.pop(0) if self.faults else self.always


class Handler(http.server.BaseHTTPRequestHandler):
    """Passes on what no fault keeps."""

    proxy: FaultProxy
    behind: str
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        fault = self.proxy.next()
        self.proxy.asked += 1
        length = int(self.headers.get("Content-Length", 0))
        self.send_response_only(100) if self.headers.get("Expect") else None
        self.end_headers() if self.headers.get("Expect") else None
        if fault in ("cut before", "cut half-way"):
            self.rfile.read(length // 2 if fault == "cut half-way" else 0)
            return self._cut()
        body = self.rfile.read(length)
        if fault == "silence":
            self.proxy.over.wait(60)
            return self._cut()
        if fault and fault != "answer lost":
            return self._refuse(fault)
        self.proxy.writes.append(self.path)
        status, headers, answer = self._ask(body)
        return self._cut() if fault == "answer lost" else self._answer(status, headers, answer)

    def do_GET(self) -> None:
        if self.proxy.looks:
            return self._refuse(self.proxy.looks)
        return self._answer(*self._ask(b""))

    do_HEAD = do_DELETE = do_GET  # noqa: N815  # their names are the library's

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        target = urlsplit(self.behind)
        connection = http.client.HTTPConnection(target.hostname or "", target.port)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
        connection.request(self.command, self.path, body=body or None, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        length = dict(headers).get("Content-Length", "0") if self.command == "HEAD" else str(len(body))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _refuse(self, code: str) -> None:
        self._answer(STATUS[code], [("Content-Type", "application/xml")], ERROR.format(code=code).encode())

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):  # Whoever asked may have given up before.
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def fault_proxy(behind: str) -> Iterator[FaultProxy]:
    """A proxy on a port of its own, before a server at an address."""
    proxy = FaultProxy()
    handler = type("ProxyHandler", (Handler,), {"proxy": proxy, "behind": behind})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        yield proxy
        proxy.over.set()
        server.shutdown()
