"""The dead man's switch: somebody outside is told that all is well, for as long as it is, and notices when nobody does.

The convention is that of Healthchecks: a request to the check's address is a success, `/start` says that something
begins, `/fail` that it went wrong, and what is posted with it is kept as a log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import urlsplit, urlunsplit

import structlog

from firstbell.runner.alarms.channels import Delivered
from firstbell.runner.alarms.channels.http_post import post

log = structlog.get_logger()

# A notice that waits for longer is stuck: nobody would hear of an alarm.
STUCK_AFTER = timedelta(minutes=5)


class HeartbeatSignal(Enum):
    """What is told, by what is put behind the address."""

    START = "/start"
    SUCCESS = ""
    FAIL = "/fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchActivity:
    """What shows that First Bell does its work: whether slots are planned ahead, how many were due since the last
    signal and how many of them were run and committed, and since when the oldest notice waits."""

    is_planned: bool
    due: int
    committed: int
    waiting_since: datetime | None


def signal_of(pulse: WatchActivity, now: datetime) -> tuple[HeartbeatSignal | None, str]:
    """What to tell, and the log with it; None when nothing can be told yet.

    Success is told only of work that was done, or where there was none to do; a slot that is still being played is
    waited for in silence, so that the switch falls where it never ends.
    """
    if pulse.waiting_since is not None and now - pulse.waiting_since > STUCK_AFTER:
        waited = round((now - pulse.waiting_since).total_seconds() / 60)
        return HeartbeatSignal.FAIL, f"a notice waits to be delivered since {waited} min"
    if not pulse.is_planned:
        return None, "no slots are planned"
    if pulse.due and not pulse.committed:
        return None, f"{pulse.due} slots were due, none is done"
    return HeartbeatSignal.SUCCESS, f"{pulse.committed} of {pulse.due} slots done"


class Heartbeat:
    """Tells one address."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def tell(self, signal: HeartbeatSignal, said: str) -> bool:
        """Tell it; whether it was heard. One that does not get through is not tried again: the next one will."""
        address = urlunsplit(self._url._replace(path=self._url.path.rstrip("/") + signal.value))
        answer = post(address, said.encode(), {"Content-Type": "text/plain; charset=utf-8"})
        is_heard = isinstance(answer, Delivered)
        if not is_heard:
            log.warning("heartbeat.unheard", said=getattr(answer, "said", ""))
        return is_heard
