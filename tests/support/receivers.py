"""Receivers of alarms: an HTTP server and a mail server, with the failures of real ones."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

ENDLESS = {"drip": (b"H", b"T", 0.02), "babble": (b"HTTP/1.0 200 OK\r\n\r\n", b"x" * 4096, 0.0)}


@dataclass
class Receiver:
    """An HTTP server that records POST requests. `answers` are sent in turn, then 202 with `reply`: a status with
    headers (and `complaint` as body), "reset" for a reset connection, "stall" for no response until the receiver
    closes, "drip" for a response that never begins, "babble" for one that never ends. Each accepted request sets
    `heard`."""

    url: str = ""
    reply: bytes = b""
    complaint: bytes = b""
    heard: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)
    answers: list[tuple[int, dict[str, str]] | str] = field(default_factory=list)
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def http_receiver() -> Iterator[Receiver]:
    """Runs an HTTP receiver on a free port."""
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = receiver.answers.pop(0) if receiver.answers else (202, {})
            if answer == "stall":
                receiver.closing.wait()
                return
            if isinstance(answer, str) and answer in ENDLESS:
                first, more, pause_s = ENDLESS[answer]
                with suppress(ConnectionError):
                    self.wfile.write(first)
                    while not receiver.closing.wait(pause_s):
                        self.wfile.write(more)
                return
            if isinstance(answer, str):
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            status, headers = answer
            is_accepted = status < 300
            if is_accepted:
                receiver.posts.append((dict(self.headers), body))
                receiver.paths.append(self.path)
                receiver.heard.set()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            reply = receiver.reply if is_accepted else receiver.complaint
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        yield receiver
        receiver.closing.set()
        server.shutdown()


@dataclass
class MailServer:
    """A mail server that records messages. `refusals`, lines such as "451 busy", are sent in turn before it accepts
    any; `unknown` are recipients with the answer to each; `goodbye` answers QUIT."""

    port: int = 0
    refusals: list[str] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    goodbye: str = "221 bye"
    letters: list[bytes] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802  # a name of aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Answers RCPT, for aiosmtpd."""
        if address in self.unknown:
            return self.unknown[address]
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(  # noqa: N802  # a name of aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Handles a message, for aiosmtpd."""
        if self.refusals:
            return self.refusals.pop(0)
        self.letters.append(envelope.content or b"")  # type: ignore[arg-type]
        return "250 taken"

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        """Answers QUIT, for aiosmtpd."""
        return self.goodbye


@contextmanager
def mail_server(**abilities: Any) -> Iterator[MailServer]:
    """Runs a mail server on a free port; it has no STARTTLS, AUTH or SMTPUTF8 unless `abilities`, which are aiosmtpd's
    options, say so."""
    server = MailServer()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server.port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **abilities)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
