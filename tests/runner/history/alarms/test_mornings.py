"""Mornings as timelines: runs, acknowledgements and silences, and each notice with its time and first line, exactly."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

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
ROUTES = (
    Route(name="it", to=("webhook:https://it.example/hook",)),
    Route(name="parents", to=("smtp:parents@district.example",), is_public=True),
    Route(name="operator", to=("smtp:operator@district.example",), is_operator=True),
)


class Morning:
    """A school whose services a test breaks and heals; `at` is in minutes since 12:00."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        policy = AlarmPolicy(
            zone=ZONE, routes=ROUTES, location_count=2, relies_on=dict.fromkeys(("math", "art"), CHAIN)
        )
        self.incidents = IncidentService(database, policy)
        self._runs = RunHistory(database, ZONE, self.incidents.record_run)
        self._outbox = OutboxHistory(self.incidents, database, "me", lambda _owner: False)
        self._shown = 0

    def play(self, timeline: str) -> list[str]:
        """Plays lines such as "5 math fails platform at school"; returns the notices, oldest first."""
        for line in filter(None, map(str.strip, timeline.splitlines())):
            minute, subject, *rest = line.split()
            self._clock.now = NOON + timedelta(minutes=int(minute))
            if subject == "ack":
                self.incidents.acknowledge(int(rest[0]), by="ana")
            elif subject == "silence":
                until = self._clock.now + timedelta(minutes=int(rest[1]))
                SilenceHistory(self._database).make(until=until, by="ana", why="upgrade", service=rest[0])
            elif subject == "upkeep":
                self.incidents.enqueue_due_notices()
            else:
                self._run(subject, *rest)
        return self.new_notices()

    def new_notices(self) -> list[str]:
        entries = self._outbox.entries(999)[::-1]
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
        (draft,) = self._outbox.entries(9, states=[DeliveryState.DRAFT])
        assert self._outbox.confirm(number, "parents", replace(draft.notice.message, body="We are working on it.")) == 1

    def drafts(self) -> list[str]:
        return [entry.notice.message.kind.value for entry in self._outbox.entries(99, states=[DeliveryState.DRAFT])]

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
        named = {"actor": "student", "step": f"uses {service}", "service": service, "owner": "Contoso"}
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


@pytest.fixture
def morning(tmp_path: Path, clock: Clock, empty_history: Path) -> Iterator[Morning]:
    """A morning on SQLite alone: the rules are the same on any database."""
    shutil.copy(empty_history, tmp_path / "history.db")
    database = Database(f"sqlite:///{tmp_path}/history.db", clock)
    yield Morning(database, clock)
    database.close()


def for_it(notices: list[str]) -> list[str]:
    return [notice for notice in notices if " it: " in notice]


PLATFORM = 'student "uses platform" fails in math: Contoso (platform)'
SIGN_IN = 'student "uses sign-in" fails in math: Contoso (sign-in)'

CLOSINGS = {
    "two passes close": (
        "0 math fails platform\n 5 math passes\n 10 math passes",
        [
            f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, 1 of 2 locations, confirmed",
            f"12:10 it: [closed] {PLATFORM}, 12:00 to 12:10 EDT, 10 min",
        ],
    ),
    "a sign-in that fails now says nothing of the platform": (
        "0 math fails platform\n 5 math fails sign-in\n 10 math fails sign-in\n 200 math fails sign-in",
        [
            f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, 1 of 2 locations, confirmed",
            f"12:05 it: [critical] {SIGN_IN}, since 12:05 EDT, 1 of 2 locations, confirmed",
        ],
    ),
    "sign-in is back and the platform is still broken": (
        "0 math fails platform\n 5 math fails sign-in\n 10 math fails platform\n 15 math passes\n 20 math passes",
        [
            f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, 1 of 2 locations, confirmed",
            f"12:05 it: [critical] {SIGN_IN}, since 12:05 EDT, 1 of 2 locations, confirmed",
            f"12:10 it: [closed] {SIGN_IN}, 12:05 to 12:10 EDT, 5 min",
            f"12:20 it: [closed] {PLATFORM}, 12:00 to 12:20 EDT, 20 min",
        ],
    ),
    "both are well again": (
        "0 math fails platform\n 5 math fails sign-in\n 10 math passes\n 15 math passes",
        [
            f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, 1 of 2 locations, confirmed",
            f"12:05 it: [critical] {SIGN_IN}, since 12:05 EDT, 1 of 2 locations, confirmed",
            f"12:15 it: [closed] {PLATFORM}, 12:00 to 12:15 EDT, 15 min",
            f"12:15 it: [closed] {SIGN_IN}, 12:05 to 12:15 EDT, 10 min",
        ],
    ),
    "runs that cannot be judged close nothing": (
        "0 math fails platform\n 5 math errs\n 10 math errs\n 15 math passes\n 20 math errs",
        [f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, 1 of 2 locations, confirmed"],
    ),
    "a single failure elsewhere closes nothing": (
        "0 math fails platform\n 5 math doubts live-class\n 10 math doubts sign-in",
        [f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, 1 of 2 locations, confirmed"],
    ),
    "the other location has not seen it work": (
        """0 math fails platform
        1 math fails platform at school
        5 math fails sign-in at school
        6 math passes
        11 math passes
        16 math fails sign-in at school""",
        [
            f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, 1 of 2 locations, confirmed",
            f"12:16 it: [critical] {SIGN_IN}, since 12:16 EDT, 1 of 2 locations, confirmed",
        ],
    ),
    "a pass of another journey is not a pass of this one": (
        "0 math fails platform\n 5 art passes\n 10 art passes\n 15 art passes",
        [f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, 1 of 2 locations, confirmed"],
    ),
}


@pytest.mark.parametrize("name", CLOSINGS)
def test_a_closing_is_told_of_what_was_seen_to_work(name: str, morning: Morning) -> None:
    timeline, expected = CLOSINGS[name]
    assert for_it(morning.play(timeline)) == expected


def test_families_are_told_nothing_of_a_platform_behind_a_broken_sign_in(morning: Morning) -> None:
    morning.play("0 math fails platform\n 5 math fails sign-in")
    assert morning.drafts() == ["opened", "opened"]
    details = morning.incidents.find(1)
    assert details.log[-1].why == "math at home: cannot be tested until sign-in is back"
    assert details.incident.symptoms[0].blocked_by == "sign-in"


OPENED = f"12:00 it: [critical] {PLATFORM}, since 12:00 EDT, 1 of 2 locations, confirmed"
ACKNOWLEDGED = f"12:01 it: [acknowledged] {PLATFORM}, since 12:00 EDT, acknowledged by ana"
TWO = 'student "uses platform" fails in math and 1 more: Contoso (platform)'
ALSO_ART = f"it: [still critical] now also art at home: {TWO}, since 12:00 EDT, 1 of 2 locations, confirmed"
AT_SCHOOL = f"it: [still critical] now also math at school: {PLATFORM}, since 12:00 EDT, 2 of 2 locations, confirmed"
BOTH_ACKNOWLEDGED = f"it: [acknowledged] {TWO}, since 12:00 EDT, acknowledged by ana"
JOINS = {
    "a new journey is told once": (
        """0 math fails platform
        1 ack 1
        5 art fails platform
        10 art fails platform
        400 upkeep""",
        [OPENED, ACKNOWLEDGED, f"12:05 {ALSO_ART}"],
    ),
    "a new location is told once": (
        """0 math fails platform
        1 ack 1
        5 math fails platform at school
        10 math fails platform at school
        400 upkeep""",
        [OPENED, ACKNOWLEDGED, f"12:05 {AT_SCHOOL}"],
    ),
    "a journey that was acknowledged is no news": (
        """0 math fails platform
        5 art fails platform
        6 ack 1
        10 art passes
        15 art passes
        20 art fails platform""",
        [OPENED, f"12:06 {BOTH_ACKNOWLEDGED}"],
    ),
    "a journey that was well for long is news": (
        """0 math fails platform
        1 art fails platform
        2 ack 1
        10 art passes
        15 art passes
        60 art fails platform""",
        [OPENED, f"12:02 {BOTH_ACKNOWLEDGED}", f"13:00 {ALSO_ART}"],
    ),
    "news in a silence waits for its end": (
        """0 math fails platform
        1 ack 1
        2 silence platform 60
        5 art fails platform
        30 upkeep
        62 upkeep
        63 upkeep""",
        [OPENED, ACKNOWLEDGED, f"13:02 {ALSO_ART}"],
    ),
    "a second acknowledgement knows all": (
        """0 math fails platform
        1 ack 1
        5 art fails platform
        6 ack 1
        400 upkeep""",
        [OPENED, ACKNOWLEDGED, f"12:05 {ALSO_ART}", f"12:06 {BOTH_ACKNOWLEDGED}"],
    ),
}


@pytest.mark.parametrize("name", JOINS)
def test_news_of_an_acknowledged_incident_is_told_once(name: str, morning: Morning) -> None:
    timeline, expected = JOINS[name]
    assert for_it(morning.play(timeline)) == expected


def test_failures_of_unknown_cause_are_one_story_only_at_the_same_step(morning: Morning) -> None:
    morning.play("0 math fails unknown\n 1 art fails unknown\n 2 art fails unknown at school")
    assert morning.subjects() == ["unknown"]
    morning.play("5 music fails nothing-known")
    assert morning.subjects() == ["nothing-known", "unknown"]


def test_after_many_relapses_three_passes_close_and_progress_is_told(morning: Morning) -> None:
    breaks = "\n".join(
        f"{start} math fails platform\n {start + 1} math passes\n {start + 2} math passes\n{start + 3} math passes"
        for start in range(0, 40, 5)
    )
    morning.play(breaks)
    morning.play("40 math fails platform\n 50 math passes")
    assert morning.progress() == ["1 of 3 passes"]
    morning.play("60 math passes")
    assert morning.progress() == ["2 of 3 passes"]
    assert for_it(morning.play("70 math passes")) == [f"13:10 it: [closed] {PLATFORM}, 12:00 to 13:10 EDT, 70 min"]


def test_what_is_no_longer_played_is_said_and_is_not_said_to_work(morning: Morning) -> None:
    morning.play("0 math fails platform")
    morning.confirm_draft(1)
    morning.incidents.drop_unwatched(lambda journey, _: journey != "math")
    assert for_it(morning.new_notices()) == [
        f"12:00 it: [closed: no longer watched] {PLATFORM}, 12:00 to 12:00 EDT, 1 min"
    ]
    assert morning.drafts() == []
