"""Plans: writes down what is due soon, and what was due while nobody watched. Claim, act, mark has its own module.

Each ring of the clock:
1. what each journey was planned up to is read;
2. what was due between then and now, less the grace, was not watched: it ends as missed, with one line about all of it;
3. what is due from there to the horizon is written down, each slot once, whoever else plans it too;
4. what was planned before and lies in the past beyond the grace, unclaimed, ends as missed as well.

If we die after any line, the next ring does the rest: slots are unique, and `planned until` moves with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from firstbell.runner.history.slots.slots import SlotHistory
from firstbell.runner.schedule.slot_state import MissedReason
from firstbell.runner.schedule.slots import Due, Timetable

log = structlog.get_logger()

# How far ahead slots are written: a clock that is late, or a database that is slow, then delays no run.
HORIZON_S = 60.0
# Who comes back after longer than this reads one line about it; millions of rows would help nobody.
REMEMBERED = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwatchedPeriod:
    """What was due while nobody watched."""

    slots: int
    since: datetime
    until: datetime


class Planner:
    """Plans one location. `timetable` is asked anew each time, because configurations change."""

    def __init__(self, slots: SlotHistory, timetable: Callable[[], Timetable], grace_s: float) -> None:
        self._slots = slots
        self._timetable = timetable
        self._grace = timedelta(seconds=grace_s)

    def plan(self) -> UnwatchedPeriod | None:
        """One ring of the clock. Says what was missed meanwhile, if anything was."""
        timetable, now = self._timetable(), self._slots.now()
        horizon = now + timedelta(seconds=HORIZON_S)
        until = self._slots.planned_until()
        begin = {name: self._begin(until.get(name, now), now) for name in timetable.rhythms}
        oldest = max(min(begin.values(), default=now), now - REMEMBERED)
        dues = [due for due in timetable.due(oldest, horizon) if due.at >= begin[due.journey]]
        lost = [due for due in dues if due.at < now - self._grace]
        unwatched = self._lose(lost, now)
        self._slots.plan(dues[len(lost) :], dict.fromkeys(begin, horizon))
        return unwatched

    def _begin(self, until: datetime, now: datetime) -> datetime:
        """From when on a journey is to be planned. What is planned far ahead was planned by a clock that was wrong:
        what it wrote down as missed, and is due only now, gets its chance."""
        return until if until <= now + timedelta(seconds=2 * HORIZON_S) else now

    def _lose(self, lost: list[Due], now: datetime) -> UnwatchedPeriod | None:
        why = MissedReason.UNWATCHED
        missed = self._slots.miss(lost, why) + self._slots.miss_before(now - self._grace, why)
        if not missed:
            return None
        since = min((due.at for due in lost), default=now - self._grace)
        log.warning("slots.missed", slots=missed, since=since.isoformat(), until=now.isoformat(), why=why)
        return UnwatchedPeriod(slots=missed, since=since, until=now)
