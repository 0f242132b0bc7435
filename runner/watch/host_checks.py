"""Rounds: once a minute every host is looked at and what was found is kept, so that a failure finds a before.

Nobody waits for a round: it has a thread of the clock's to itself, ends within its bound whatever the network does, and
one that is due while another goes on is left out (`Clock`: one at a time, and late ones become one).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from firstbell.runner.diagnosis.host_check import HostCheck
from firstbell.runner.diagnosis.probes import probe
from firstbell.runner.diagnosis.targets import Egress, Target
from firstbell.runner.history.runs.host_checks import HostCheckHistory

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCheckJob:
    """What one round looks at, by which way, and how long it may take."""

    targets: list[Target]
    way: Egress
    within_s: float


class PeriodicHostChecks:
    """Goes round the hosts of one location. `look` is asked each time, because configurations change."""

    def __init__(self, history: HostCheckHistory, location: str, look: Callable[[], HostCheckJob]) -> None:
        self._history = history
        self._location = location
        self._look = look
        self._verdicts: dict[str, str] = {}
        self._over = threading.Event()

    def ring(self) -> None:
        """One round. Raises HistoryError when history is away; what was found then is lost, the next round is near."""
        look = self._look()
        checks = probe(look.targets, look.way, look.within_s)
        if self._over.is_set():
            return
        for check in checks:
            self._tell(check)
        self._history.record(checks, self._location)

    def end(self) -> None:
        """Keep nothing from now on: while First Bell stops, what it has started itself goes away, and that is no news
        of anybody's hosts."""
        self._over.set()

    def _tell(self, check: HostCheck) -> None:
        """Log a host that has become different, not each time that it is the same."""
        before = self._verdicts.get(check.host)
        self._verdicts[check.host] = check.verdict
        if before is not None and before != check.verdict:
            log.info("host.changed", host=check.host, was=before, now=check.verdict, ends_at=check.ends_at)
