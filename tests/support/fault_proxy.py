"""Reverse proxy in front of a real server that injects the faults of networks and stores from a list."""

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
    """Faults and counts of a proxy. `faults` apply in turn to writes: an error code, "cut before", "cut half-way",
    "answer lost" or "silence"; then `always` applies. `read_error` is the error code of every read. `write_count` is
    the number of writes; `writes` are the paths of those that reached the server."""

    url: str = ""
    faults: list[str] = field(default_factory=list)
    always: str = ""
    read_error: str = ""
    write_count: int = 0
    writes: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def next(self) -> str:
        """Returns the fault for the next write; "" for none."""
        return self.faults.pop(0) if self.faults else self.always


class Handler(http.server.BaseHTTPRequestHandler):
    """Passes requests on, unless a fault prevents it."""

    proxy: FaultProxy
    target: str
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        fault = self.proxy.next()
        self.proxy.write_count += 1
        length = int(self.headers.get("Content-Length", 0))
        self.send_response_only(100) if self.headers.get("Expect") else None
        self.end_headers() if self.headers.get("Expect") else None
        if fault in ("cut before", "cut half-way"):
            self.rfile.read(length // 2 if fault == "cut half-way" else 0)
            return self._cut()
        body = self.rfile.read(length)
        if fault == "silence":
            self.proxy.closing.wait(60)
            return self._cut()
        if fault and fault != "answer lost":
            return self._refuse(fault)
        self.proxy.writes.append(self.path)
        status, headers, answer = self._ask(body)
        return self._cut() if fault == "answer lost" else self._answer(status, headers, answer)

    def do_GET(self) -> None:
        if self.proxy.read_error:
            return self._refuse(self.proxy.read_error)
        return self._answer(*self._ask(b""))

    do_HEAD = do_DELETE = do_GET  # noqa: N815  # names of the standard library

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        address = urlsplit(self.target)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
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
        with suppress(OSError):  # The client may have hung up.
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """Runs a proxy on a free port, in front of the server at `target`."""
    proxy = FaultProxy()
    handler = type("ProxyHandler", (Handler,), {"proxy": proxy, "target": target})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        yield proxy
        proxy.closing.set()
        server.shutdown()
