"""A receiver on this machine, for when alarms are tried out: takes what a webhook sends and says when it came."""

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
    """One notice as it came: its kind, its first line, its rows, and when its first byte was there."""

    kind: str
    subject: str
    rows: dict[str, str]
    at: datetime


class AlarmReceiver:
    """What has come. Made by `alarm_receiver`."""

    def __init__(self) -> None:
        self.url = ""
        self.letters: list[ReceivedNotice] = []
        self._came = threading.Condition()

    @property
    def address(self) -> str:
        """Its address as routes give it."""
        return f"webhook:{self.url}"

    def put(self, event: dict[str, Any], at: datetime) -> None:
        """Take one."""
        told = event["data"]
        kind = str(event["type"]).rpartition(".")[2]
        letter = ReceivedNotice(kind=kind, subject=told["summary"], rows=dict(told["details"]), at=at)
        with self._came:
            self.letters.append(letter)
            self._came.notify_all()

    def wait_for(self, kind: str, within_s: float) -> ReceivedNotice | None:
        """The last one of a kind, as soon as it is there; None when it does not come in time."""
        deadline = time.monotonic() + within_s
        with self._came:
            while True:
                if found := [letter for letter in self.letters if letter.kind == kind]:
                    return found[-1]
                if not self._came.wait(max(0.0, deadline - time.monotonic())) and time.monotonic() >= deadline:
                    return None


@contextmanager
def alarm_receiver() -> Iterator[AlarmReceiver]:
    """An inbox on a free port of this machine, for as long as it is needed."""
    box = AlarmReceiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            at, length = datetime.now(UTC), int(self.headers.get("Content-Length") or 0)
            try:
                box.put(json.loads(self.rfile.read(min(length, LARGEST_BYTES))), at)
            except (ValueError, KeyError, TypeError):
                self.send_error(400)
                return
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: who waits for a letter sees it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        box.url = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
