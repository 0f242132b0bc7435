"""A receiver on this machine, for trying alarms out: keeps the notices that a webhook sends, and when they came."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

LARGEST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedNotice:
    """One notice: its kind, subject, rows, and when its first byte arrived."""

    kind: str
    subject: str
    rows: dict[str, str]
    at: datetime


class AlarmReceiver:
    """The notices that were received. Made by `alarm_receiver`."""

    def __init__(self) -> None:
        self.url = ""
        self.notices: list[ReceivedNotice] = []
        self._received = threading.Condition()

    @property
    def address(self) -> str:
        """Its channel address, as in a route."""
        return f"webhook:{self.url}"

    def put(self, event: dict[str, Any], at: datetime) -> None:
        """Adds the notice of a webhook event. Raises KeyError or TypeError for any other event."""
        data = event["data"]
        kind = str(event["type"]).rpartition(".")[2]
        notice = ReceivedNotice(kind=kind, subject=data["summary"], rows=dict(data["details"]), at=at)
        with self._received:
            self.notices.append(notice)
            self._received.notify_all()

    def wait_for(self, kind: str, within_s: float) -> ReceivedNotice | None:
        """Waits for a notice of a kind, and returns the last one; None when none comes in time."""
        deadline = time.monotonic() + within_s
        with self._received:
            while True:
                if found := [notice for notice in self.notices if notice.kind == kind]:
                    return found[-1]
                if not self._received.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    return None


@contextmanager
def alarm_receiver() -> Iterator[AlarmReceiver]:
    """Yields a receiver on a free port of this machine."""
    receiver = AlarmReceiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            at, length = datetime.now(UTC), int(self.headers.get("Content-Length") or 0)
            try:
                receiver.put(json.loads(self.rfile.read(min(length, LARGEST_BYTES))), at)
            except (ValueError, KeyError, TypeError):
                self.send_error(400)
                return
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Logs nothing: the notices themselves are kept."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
