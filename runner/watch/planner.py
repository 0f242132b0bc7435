"""Plans slots: records those that are due soon, and those that were due while the service was not running.

Each call:
1. reads up to when each journey is planned;
2. ends the slots between then and now, less the grace, as missed, with one log line about all of them;
3. records the slots from there to the horizon, each once, even if another service plans it too;
4. ends older slots that were planned and not claimed within the grace as missed as well: no worker was free while some
   service planned this location, and nobody was watching otherwise.

If the process dies after any step, the next call does the rest: slots are unique, and `planned until` moves with them.
`slot_workers` claims and runs the slots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from firstbell.runner.history.slots.slots import SlotHistory
from firstbell.runner.schedule.slot_state import MissedReason
from firstbell.runner.schedule.slots import Due, Timetable

log = structlog.get_logger()

# How far ahead slots are recorded, so that a late clock or a slow database delays no run.
HORIZON_S = 60.0
# Slots missed before that are not recorded: after a longer absence, millions of rows would help no reader.
RECORDED = timedelta(days=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwatchedPeriod:
    """A period in which slots were due and the service was not running."""

    slots: int
    since: datetime
    until: datetime


class Planner:
    """The planner of one location. `timetable` is called each time, because configurations change."""

    def __init__(self, slots: SlotHistory, timetable: Callable[[], Timetable], grace_s: float) -> None:
        self._slots = slots
        self._timetable = timetable
        self._grace = timedelta(seconds=grace_s)

    def plan(self) -> UnwatchedPeriod | None:
        """Records due and missed slots. Returns the period whose slots were missed, if any."""
        timetable, now = self._timetable(), self._slots.now()
        horizon = now + timedelta(seconds=HORIZON_S)
        until = self._slots.planned_until()
        if off := until.keys() - timetable.rhythms.keys():
            self._slots.forget(off)
        begin = {name: self._begin(until.get(name, now), now) for name in timetable.rhythms}
        oldest = max(min(begin.values(), default=now), now - RECORDED)
        dues = [due for due in timetable.due(oldest, horizon) if due.at >= begin[due.journey]]
        missed = [due for due in dues if due.at < now - self._grace]
        unwatched = self._record_missed(missed, self._watched_until(until, now), now)
        self._slots.plan(dues[len(missed) :], dict.fromkeys(begin, horizon))
        return unwatched

    def _begin(self, until: datetime, now: datetime) -> datetime:
        """Returns the time from which a journey is to be planned. If it is planned far ahead, the clock was wrong then:
        slots that it recorded as missed and that are due only now are planned again."""
        return until if until <= now + timedelta(seconds=2 * HORIZON_S) else now

    def _watched_until(self, until: Mapping[str, datetime], now: datetime) -> datetime:
        """Returns until when some service has planned this location: now, unless that is longer ago than the grace, in
        which a worker could have taken every slot. A time far ahead was planned by a clock that was wrong."""
        known = [at for at in until.values() if at <= now + timedelta(seconds=2 * HORIZON_S)]
        last = max(known, default=now) - timedelta(seconds=HORIZON_S)
        return last if now - last > self._grace else now

    def _record_missed(self, dues: list[Due], watched_until: datetime, now: datetime) -> UnwatchedPeriod | None:
        late = self._slots.miss_before(watched_until - self._grace, MissedReason.NO_WORKER)
        if late:
            log.warning("slots.missed", slots=late, until=now.isoformat(), why=MissedReason.NO_WORKER)
        why = MissedReason.UNWATCHED
        missed = self._slots.miss(dues, why) + self._slots.miss_before(now - self._grace, why)
        if not missed:
            return None
        since = min((due.at for due in dues), default=now - self._grace)
        log.warning("slots.missed", slots=missed, since=since.isoformat(), until=now.isoformat(), why=why)
        return UnwatchedPeriod(slots=missed, since=since, until=now)
