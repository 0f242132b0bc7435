"""Incidents in history: a verdict is weighed, and what follows from it is written, in the transaction of its run.

One writer at a time weighs (SQLite has one by itself, PostgreSQL takes a lock), so that two locations that see the same
failure open one incident. What is decided is a pure function (`alarms/incident.py`, `alarms/routing.py`) of what is
read here; nothing is sent from here, notices only come to lie in the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from firstbell.errors import FirstBellError
from runner.alarms.incident import NOBODY, PROBE, Change, Incident, Ledger, Turn, Watched, advance, retire
from runner.alarms.part import Part
from runner.alarms.routing import Standing, owed
from runner.alarms.terms import Terms
from runner.alarms.verdict import PartOutcome, Track, Verdict
from runner.diagnosis.location import HERE
from runner.history import ledger
from runner.history.alarm_tables import incidents, watched
from runner.history.database import Database
from runner.history.ledger import Entry
from runner.history.notices import drop_drafts, sent_of, write_notices
from runner.history.record import RunRow
from runner.history.silences import silences_now
from runner.history.tables import slots
from runner.outcome import Outcome
from runner.schedule.slot_state import SlotState, in_words


class NoSuchIncident(FirstBellError):
    """No incident has that number; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An incident with what people did about it."""

    standing: Standing
    why: str = ""
    log: tuple[Entry, ...] = ()

    @property
    def incident(self) -> Incident:
        """The incident itself."""
        return self.standing.incident


def verdict_of(run: RunRow, *, degraded_counts: bool = False) -> Verdict:
    """What a run says. It was confirmed if it was played again and failed again. One that passed and was degraded says
    that it did not pass, where that is to count; it has been measured, and needs no second look."""
    is_failure = run.outcome == Outcome.FAILED
    verdict = Verdict(
        journey=run.journey,
        location=run.location,
        at=run.ended_at,
        outcome=Outcome(run.outcome),
        confirmed=is_failure and len(run.attempts) > 1,
        service=(run.service or NOBODY) if is_failure else "",
        owner=run.owner,
        actor=run.actor,
        step=run.step,
        said=run.said,
        run_id=run.id,
        is_private=run.is_private,
    )
    if not (degraded_counts and run.degraded):
        return verdict
    said, service = f"degraded: {run.degraded}", run.service or NOBODY
    return replace(
        verdict, outcome=Outcome.FAILED, confirmed=True, service=service, step="works as it should", said=said
    )


class IncidentHistory:
    """The incidents of one database. Methods without a connection raise HistoryError when it is away."""

    def __init__(self, database: Database, terms: Terms) -> None:
        self._database = database
        self.terms = terms

    def weigh(self, connection: Connection, verdict: Verdict) -> None:
        """What a verdict changes, written down with the notices that people are owed for it."""
        ledger.lock(connection)
        before = ledger.read(connection, verdict, self.terms.policy)
        after, changes = advance(before, verdict, self.terms.policy)
        self._settle(connection, verdict, before, after, changes)

    def weigh_run(self, connection: Connection, run: RunRow) -> None:
        """Weigh what a run says."""
        self.weigh(connection, verdict_of(run, degraded_counts=self.terms.degraded_counts))

    def weigh_missed(self, location: str) -> int:
        """Weigh the slots of a location that ended without a run, the last few of each journey; how many there were."""
        unweighed = (slots.c.weighed.is_(False)) & (slots.c.state == SlotState.MISSED) & (slots.c.location == location)
        wanted = select(slots.c.journey, slots.c.due_at, slots.c.why).where(unweighed).order_by(slots.c.due_at)
        with self._database.read() as connection:
            if connection.execute(wanted.limit(1)).first() is None:
                return 0
        with self._database.write() as connection:
            ledger.lock(connection)
            rows = connection.execute(wanted).all()
            connection.execute(update(slots).where(unweighed).values(weighed=True))
            for journey in {row.journey for row in rows}:
                for row in [row for row in rows if row.journey == journey][-self.terms.policy.unseen :]:
                    given = {"journey": journey, "location": location, "at": row.due_at, "said": in_words(row.why)}
                    self.weigh(connection, Verdict(outcome=Outcome.MISSED, **given))
        return len(rows)

    def hear(self, connection: Connection, part: Part, said: str) -> None:
        """Weigh what was heard of a part of First Bell: what is wrong with it, or nothing when it is well."""
        if said or self._is_troubled(connection, part):
            outcome, now = PartOutcome.SILENT if said else PartOutcome.HEARD, self._database.now(connection)
            self.weigh(
                connection,
                Verdict(journey=str(part), part=part, location=PROBE, at=now, outcome=outcome, said=said),
            )

    def hear_of(self, part: Part, said: str) -> None:
        """The same by itself."""
        with self._database.write() as connection:
            ledger.lock(connection)
            self.hear(connection, part, said)

    def retire(self, is_watched: Callable[[str, Set[str]], bool]) -> None:
        """End the symptoms of what is not watched any more: nobody would ever see it pass. `is_watched` is asked with a
        name and the locations that have seen it."""
        with self._database.write() as connection:
            ledger.lock(connection)
            now = self._database.now(connection)
            troubled = ledger.read_watched(connection, watched.c.incident != 0)
            gone_ones = {name for (_, name), one in troubled.items() if not is_watched(name, set(one.health.places))}
            for journey in sorted(gone_ones):
                self._retire(connection, Verdict(journey=journey, location=HERE, at=now, outcome=PartOutcome.RETIRED))

    def give_up(self, location: str) -> None:
        """Go on without what was last seen from a location: it looks no more, and would never see anything pass."""
        with self._database.write() as connection:
            ledger.lock(connection)
            now = self._database.now(connection)
            seen = ledger.read_watched(connection, watched.c.journey.is_not(None))
            for journey in sorted({name for (_, name), one in seen.items() if location in one.health.places}):
                gone = Verdict(journey=journey, location=location, at=now, outcome=PartOutcome.RETIRED)
                self._retire(connection, gone, location)

    def _retire(self, connection: Connection, gone: Verdict, location: str = "") -> None:
        before = ledger.read(connection, gone, self.terms.policy)
        self._settle(connection, gone, before, *retire(before, gone.journey, gone.at, location))

    def look_again(self) -> int:
        """Owe whoever is owed by now: a silence has ended, a reminder is due, nobody has acknowledged. How many."""
        open_ones = select(incidents.c.number).where(incidents.c.closed_at.is_(None))
        with self._database.read() as connection:
            if connection.execute(open_ones.limit(1)).first() is None:
                return 0
        with self._database.write() as connection:
            ledger.lock(connection)
            now = self._database.now(connection)
            return sum(self._owe(connection, number, now) for number in connection.execute(open_ones).scalars().all())

    def acknowledge(self, number: int, *, by: str, why: str = "", until: datetime | None = None) -> Told:
        """Somebody has it in hand, for good or until a moment. Raises NoSuchIncident."""
        with self._database.write() as connection:
            ledger.lock(connection)
            now = self._database.now(connection)
            given = {"acknowledged_at": now, "acknowledged_until": until, "acknowledged_by": by, "why": why}
            still_open = (incidents.c.number == number) & incidents.c.closed_at.is_(None)
            if connection.execute(update(incidents).where(still_open).values(**given)).rowcount != 1:
                raise NoSuchIncident(f"no open incident has the number {number}; list them with: firstbell incidents")
            what, said = "snoozed" if until else "acknowledged", f"by {by}" + (f": {why}" if why else "")
            ledger.log(connection, number, Entry(at=now, what=what, why=said, run_id=""))
            self._owe(connection, number, now)
            return self._told(connection, number)

    def find(self, number: int) -> Told:
        """An incident, with its history. Raises NoSuchIncident."""
        with self._database.read() as connection:
            return self._told(connection, number)

    def recent(self, limit: int, *, only_open: bool = False) -> list[Told]:
        """Incidents, the open ones first, then the latest."""
        wanted = select(incidents).order_by(incidents.c.closed_at.is_not(None), incidents.c.number.desc()).limit(limit)
        if only_open:
            wanted = wanted.where(incidents.c.closed_at.is_(None))
        with self._database.read() as connection:
            now = self._database.now(connection)
            return [self._told_of(row, now) for row in connection.execute(wanted).mappings()]

    def watched(self) -> dict[tuple[Track, str], Watched]:
        """How every journey is, on both tracks."""
        with self._database.read() as connection:
            return ledger.read_watched(connection, watched.c.journey.is_not(None))

    def _settle(
        self, connection: Connection, verdict: Verdict, before: Ledger, after: Ledger, changes: tuple[Change, ...]
    ) -> None:
        ledger.write(connection, before, after)
        for change in changes:
            if change.turn is not Turn.NOTHING_NEW and change.incident is not None:
                why = f"{verdict.journey} at {verdict.location}: {change.reason.value}"
                entry = Entry(at=verdict.at, what=change.turn.value, why=why, run_id=verdict.run_id)
                ledger.log(connection, change.incident.number, entry)
                if change.turn in (Turn.CLOSED, Turn.OPENED_AGAIN):
                    drop_drafts(connection, change.incident.number)
                self._owe(connection, change.incident.number, self._database.now(connection))

    def _owe(self, connection: Connection, number: int, now: datetime) -> int:
        told = self._told(connection, number)
        held_back = [*silences_now(connection, now), *self.terms.announced(now)]
        due = owed(told.standing, self.terms.routes, sent_of(connection, number), held_back, now)
        return write_notices(connection, due, told.standing, self.terms, now)

    def _told(self, connection: Connection, number: int) -> Told:
        row = connection.execute(select(incidents).where(incidents.c.number == number)).mappings().one_or_none()
        if row is None:
            raise NoSuchIncident(f"no incident has the number {number}; list them with: firstbell incidents")
        return replace(self._told_of(row, self._database.now(connection)), log=ledger.read_log(connection, number))

    def _told_of(self, row: Any, now: datetime) -> Told:
        incident = ledger.incident_of(row["story"])
        standing = Standing(
            incident=incident,
            severity=self.terms.severity(incident, now),
            acknowledged_at=row["acknowledged_at"],
            acknowledged_until=row["acknowledged_until"],
            acknowledged_by=row["acknowledged_by"],
        )
        return Told(standing=standing, why=row["why"])

    @staticmethod
    def _is_troubled(connection: Connection, part: Part) -> bool:
        this = (watched.c.track == Track.SIGHT.value) & (watched.c.journey == str(part)) & (watched.c.incident != 0)
        return connection.execute(select(watched.c.journey).where(this)).first() is not None
