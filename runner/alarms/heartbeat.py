"""The dead man's switch: calls an outside check while the service works, so that the check notices when it stops.

The convention is that of Healthchecks: a request to the check's address is a success, `/start` means that work begins,
`/fail` that it went wrong, and the body is kept as a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import urlsplit, urlunsplit

import structlog

from firstbell.runner.alarms.channels import Delivered
from firstbell.runner.alarms.channels.http_post import post
from firstbell.web_access import WebAccess

log = structlog.get_logger()

# A notice that waits for longer is stuck: no alarm would get through.
STUCK_AFTER = timedelta(minutes=5)


class HeartbeatSignal(Enum):
    """Signal to the check, as the end of its address."""

    START = "/start"
    SUCCESS = ""
    FAIL = "/fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchActivity:
    """Work of the service since the last signal: whether slots are planned ahead, how many were due and how many of
    them were run and committed, how many are running now, and since when the oldest notice waits."""

    is_planned: bool
    due: int
    committed: int
    running: int
    waiting_since: datetime | None


def signal_of(activity: WatchActivity, now: datetime) -> tuple[HeartbeatSignal | None, str]:
    """Returns the signal to send and the log with it; None if the result is still open.

    Success is sent for work that was done or goes on, or where there was none to do: slow runs make no signal late. A
    slot that never ends counts as work for `LONGEST_RUN` only.
    """
    if activity.waiting_since is not None and now - activity.waiting_since > STUCK_AFTER:
        waited = round((now - activity.waiting_since).total_seconds() / 60)
        return HeartbeatSignal.FAIL, f"a notice has been waiting for delivery for {waited} min"
    if not activity.is_planned:
        return None, "no slots are planned"
    if activity.due and not activity.committed and not activity.running:
        return None, f"{activity.due} slots were due, none is done"
    return HeartbeatSignal.SUCCESS, f"{activity.committed} of {activity.due} slots done, {activity.running} running"


class Heartbeat:
    """Sends signals to one address."""

    def __init__(self, url: str, web: WebAccess | None = None) -> None:
        self.url = url
        self._web = web

    def send(self, signal: HeartbeatSignal, text: str) -> bool:
        """Sends a signal, and returns whether it was received. A failure is not retried: the next signal follows."""
        parts = urlsplit(self.url)
        address = urlunsplit(parts._replace(path=parts.path.rstrip("/") + signal.value))
        answer = post(address, text.encode(), {"Content-Type": "text/plain; charset=utf-8"}, self._web)
        if isinstance(answer, Delivered):
            return True
        log.warning("heartbeat.not_received", reason=answer.reason)
        return False
