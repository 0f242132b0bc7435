"""Plans slots: records those that are due soon, and those that were due while the service was not running.

Each call:
1. reads up to when each journey is planned;
2. ends older slots that were planned and not claimed within the grace as missed: no worker was free while some service
   planned this location, and no service was watching otherwise;
3. records the slots between then and now, less the grace, as missed, with one log line about all of them: those of the
   last day one by one, those before it as absences, one for each journey and school day;
4. records the slots from there to the horizon, each once, even if another service plans it too.

If the process dies after any step, the next call does the rest: slots are unique, and `planned until` moves with them.
`slot_workers` claims and runs the slots.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import structlog

from firstbell.runner.history.slots.slots import SlotHistory
from firstbell.runner.schedule.slot_state import MissedReason
from firstbell.runner.schedule.slots import Timetable

log = structlog.get_logger()

# How far ahead slots are recorded, so that a late clock or a slow database delays no run.
HORIZON_S = 60.0
# Slots missed before that are not recorded: after a longer absence, millions of rows would help no reader.
RECORDED = timedelta(days=31)
# Slots missed before that are recorded as absences; alarms look at the last few slots of a journey.
ONE_BY_ONE = timedelta(days=1)


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
        if any(self._is_far_ahead(at, now) for at in until.values()):
            again = self._slots.absences.take_back(now)
            begin = {name: min(at, again.get(name, at)) for name, at in begin.items()}
        missed = self._end_unclaimed(self._watched_until(until, now), now)
        first = min(begin.values(), default=now)
        begin, absent = self._record_absences(timetable, begin, now - ONE_BY_ONE)
        dues = [due for due in timetable.due(min(begin.values(), default=now), horizon) if due.at >= begin[due.journey]]
        late = [due for due in dues if due.at < now - self._grace]
        missed += absent + self._slots.miss(late, MissedReason.UNWATCHED)
        self._slots.plan(dues[len(late) :], dict.fromkeys(begin, horizon))
        if not missed:
            return None
        since = max(min(first, now - self._grace), now - ONE_BY_ONE - RECORDED)
        log.warning(
            "slots.missed", slots=missed, since=since.isoformat(), until=now.isoformat(), why=MissedReason.UNWATCHED
        )
        return UnwatchedPeriod(slots=missed, since=since, until=now)

    def _record_absences(
        self, timetable: Timetable, begin: Mapping[str, datetime], end: datetime
    ) -> tuple[dict[str, datetime], int]:
        """Records the absence of each school day until `end`, less those too long ago, in a transaction each. Returns
        from when each journey is to be planned then, and the number of slots."""
        at, missed, zone = max(min(begin.values(), default=end), end - RECORDED), 0, timetable.calendar.zone
        while at < end:
            tomorrow = at.astimezone(zone).date() + timedelta(days=1)
            until = min(datetime.combine(tomorrow, time(), zone).astimezone(UTC), end)
            dues = [due for due in timetable.due(at, until) if due.at >= begin[due.journey]]
            missed += self._slots.absences.record(dues, until)
            at = until
        return {name: max(since, end) for name, since in begin.items()}, missed

    def _is_far_ahead(self, until: datetime, now: datetime) -> bool:
        """True if only a wrong clock can have planned until then."""
        return until > now + timedelta(seconds=2 * HORIZON_S)

    def _begin(self, until: datetime, now: datetime) -> datetime:
        """Returns the time from which a journey is to be planned. If it is planned far ahead, the clock was wrong then:
        slots that it recorded as missed and that are due only now are planned again."""
        return now if self._is_far_ahead(until, now) else until

    def _watched_until(self, until: Mapping[str, datetime], now: datetime) -> datetime:
        """Returns until when some service has planned this location: now, unless that is longer ago than the grace, in
        which a worker could have taken every slot. A time far ahead was planned by a clock that was wrong."""
        known = [at for at in until.values() if not self._is_far_ahead(at, now)]
        last = max(known, default=now) - timedelta(seconds=HORIZON_S)
        return last if now - last > self._grace else now

    def _end_unclaimed(self, watched_until: datetime, now: datetime) -> int:
        """Ends planned slots that no worker took within the grace; returns how many were not watched."""
        late = self._slots.miss_before(watched_until - self._grace, MissedReason.NO_WORKER)
        if late:
            log.warning("slots.missed", slots=late, until=now.isoformat(), why=MissedReason.NO_WORKER)
        return self._slots.miss_before(now - self._grace, MissedReason.UNWATCHED)
