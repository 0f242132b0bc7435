"""A school in history whose services a timeline breaks and heals, and each notice with its time and first line."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from firstbell.runner.alarms.outbox import DeliveryState
from firstbell.runner.alarms.policy import AlarmPolicy
from firstbell.runner.alarms.routing import Route
from firstbell.runner.history.alarms.incidents import IncidentService
from firstbell.runner.history.alarms.outbox import OutboxHistory
from firstbell.runner.history.alarms.silences import SilenceHistory
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import AttemptRow, RunRow, StepRow
from firstbell.runner.history.runs.runs import RunHistory
from tests.support.clocks import NOON, Clock

ZONE = ZoneInfo("America/New_York")
CHAIN = ("sign-in", "platform", "live-class")
LOCATIONS = ("home", "school")
ROUTES = (
    Route(
        name="it",
        to=("webhook:https://it.example/hook",),
        escalate_after=timedelta(minutes=15),
        escalate_to=("head",),
    ),
    Route(name="head", to=("webhook:https://head.example/hook",)),
    Route(name="parents", to=("smtp:parents@district.example",), is_public=True),
    Route(name="operator", to=("smtp:operator@district.example",), is_operator=True),
)


class Morning:
    """A school whose services a test breaks and heals. Minutes count from 12:00; "platform:_files" is the step "uses
    platform: files" of the platform, and "60 upkeep since 55" that of a watch that began at 12:55."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        policy = AlarmPolicy(
            zone=ZONE, routes=ROUTES, location_count=2, relies_on=dict.fromkeys(("math", "art"), CHAIN)
        )
        self.incidents = IncidentService(database, policy)
        self._runs = RunHistory(database, ZONE, self.incidents.record_run)
        self.outbox = OutboxHistory(self.incidents, database, "me", lambda _owner: False)
        self._shown = 0

    def play(self, timeline: str) -> list[str]:
        """Plays lines such as "5 math fails platform at school"; returns the notices, oldest first."""
        for line in filter(None, map(str.strip, timeline.splitlines())):
            minute, subject, *rest = line.split()
            self._clock.now = NOON + timedelta(minutes=int(minute))
            if subject == "ack":
                until = self._clock.now + timedelta(minutes=int(rest[1])) if rest[1:] else None
                self.incidents.acknowledge(int(rest[0]), by="ana", until=until)
            elif subject == "close":
                self.incidents.close(int(rest[0]), by="ana", why=" ".join(rest[1:]))
            elif subject == "silence":
                until = self._clock.now + timedelta(minutes=int(rest[1]))
                SilenceHistory(self._database).make(until=until, by="ana", why="upgrade", service=rest[0])
            elif subject == "upkeep":
                begun = NOON + timedelta(minutes=int(rest[1])) if rest else None
                self.incidents.enqueue_due_notices(dict.fromkeys(LOCATIONS, begun) if begun else None)
            else:
                self._run(subject, *rest)
        return self.new_notices()

    def new_notices(self) -> list[str]:
        entries = self.outbox.entries(999)[::-1]
        new, self._shown = entries[self._shown :], len(entries)
        return [
            f"{entry.notice.made_at.astimezone(ZONE):%H:%M} {entry.notice.route}: {entry.notice.message.subject}"
            for entry in new
        ]

    def subjects(self) -> list[str]:
        return [details.incident.subject for details in self.incidents.recent(9)]

    def progress(self) -> list[str]:
        found = [details.incident for details in self.incidents.recent(9, only_open=True)]
        return [symptom.progress for incident in found for symptom in incident.current_symptoms]

    def confirm_draft(self, number: int) -> None:
        (draft,) = self.outbox.entries(9, states=[DeliveryState.DRAFT])
        assert self.outbox.confirm(number, "parents", replace(draft.notice.message, body="We are working on it.")) == 1

    def drafts(self) -> list[str]:
        return [entry.notice.message.kind.value for entry in self.outbox.entries(99, states=[DeliveryState.DRAFT])]

    def _run(self, journey: str, verb: str, service: str = "", _at: str = "at", location: str = "home") -> None:
        if service == "at":
            service, location = "", _at
        is_failed = verb in ("fails", "doubts")
        played = CHAIN[: CHAIN.index(service) + 1] if service in CHAIN else CHAIN
        steps = tuple(
            StepRow(
                position=number,
                actor="student",
                title=f"uses {name}",
                service=name,
                started_s=number,
                ended_s=number + 1,
                ending="failed" if is_failed and name == service else "",
            )
            for number, name in enumerate(played)
        )
        outcome = {"fails": "failed", "doubts": "failed", "passes": "passed", "errs": "errored"}[verb]
        now = self._clock.now
        attempts = tuple(
            AttemptRow(number=number, started_at=now, took_s=0, outcome=outcome, steps=steps)
            for number in range(1, 3 if verb == "fails" else 2)
        )
        service, _, part = service.partition(":")
        step = f"uses {service}" + (f":{part}".replace("_", " ") if part else "")
        named = {"actor": "student", "step": step, "service": service, "owner": "Contoso"}
        self._runs.record(
            RunRow(
                id=f"{now:%H%M}-{journey}-{location}",
                journey=journey,
                location=location,
                started_at=now,
                took_s=0,
                outcome=outcome,
                evidence="",
                version="1",
                attempts=attempts,
                **(named if is_failed else {}),  # type: ignore[arg-type]
            )
        )


def for_it(notices: list[str]) -> list[str]:
    return [notice for notice in notices if " it: " in notice]
