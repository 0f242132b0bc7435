"""The context of a failure from history: recent runs, other locations, and host checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from firstbell.runner.diagnosis.facts import JourneyMemory
from firstbell.runner.diagnosis.harmless import HarmlessEffect, HarmlessRequest
from firstbell.runner.diagnosis.host_check import Connection, HostCheck, HostFault, HttpAnswer
from firstbell.runner.history.database import Database, HistoryError
from firstbell.runner.history.record import RunRow
from firstbell.runner.history.runs.context import StoredPastRuns
from firstbell.runner.history.runs.host_checks import HostCheckHistory
from firstbell.runner.history.runs.runs import RunHistory

NOW = datetime(2026, 8, 31, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    """Sets the hour of the rows: the suite takes longer than a run counts as recent."""
    with time_machine.travel(NOW, tick=False):
        yield


DEAD_V6 = (Connection(address="2001:db8::1", trouble=HostFault.NO_ANSWER), Connection(address="192.0.2.1"))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/history.db")
    yield opened
    opened.close()


def ran(
    database: Database,
    journey: str,
    minutes_ago: float,
    outcome: str,
    *,
    at: str = "home",
    whose: str = "",
    **more: Any,
) -> None:
    row = RunRow(
        id=f"{journey}-{at}-{minutes_ago}",
        journey=journey,
        location=at,
        started_at=NOW - timedelta(minutes=minutes_ago),
        took_s=3.0,
        outcome=outcome,
        evidence="",
        version="1",
        service=whose,
        **more,
    )
    RunHistory(database, ZoneInfo("America/New_York")).record(row)


def checked(database: Database, host: str, seconds_ago: float, service: str = "edge", **parts: object) -> None:
    at = NOW - timedelta(seconds=seconds_ago)
    check = HostCheck(host=host, service=service, at=at, **parts)  # type: ignore[arg-type]
    HostCheckHistory(database).record([check], "home")


def test_outcome_at_a_location_is_that_of_the_latest_recent_run(database: Database) -> None:
    ran(database, "sign-in", 20, "failed", at="school")
    ran(database, "sign-in", 5, "passed", at="school")
    ran(database, "sign-in", 1, "failed", at="home")
    ran(database, "class-list", 31, "passed", at="school")
    past = StoredPastRuns(database)
    last = past.last_at("sign-in", "school")
    assert last is not None
    assert (last.outcome, last.at) == ("passed", NOW - timedelta(minutes=5))
    assert past.last_at("class-list", "school") is None, "what is longer ago says nothing about now"
    assert past.last_at("sign-in", "nowhere") is None


def test_other_journeys_come_with_the_service_that_broke_them(database: Database) -> None:
    ran(database, "class-list", 10, "failed", whose="platform")
    ran(database, "class-list", 3, "errored", whose="platform")
    ran(database, "plan-b", 20, "passed", whose="plan-b")
    ran(database, "plan-b", 2, "failed", whose="plan-b")
    ran(database, "plan-b", 1, "passed", at="school")
    ran(database, "sign-in", 1, "failed", whose="sign-in")
    found = {one.journey: (one.outcome, one.service) for one in StoredPastRuns(database).beside("sign-in", "home")}
    assert found == {"class-list": ("errored", ""), "plan-b": ("failed", "plan-b")}


def test_a_host_is_compared_with_its_last_good_check(database: Database) -> None:
    checked(database, "portal.x:443", 300, http=HttpAnswer(status=200, title="Bayfront", first_byte_ms=40.0))
    checked(database, "portal.x:443", 200, http=HttpAnswer(status=200, title="Bayfront", first_byte_ms=60.0))
    checked(
        database, "portal.x:443", 60, http=HttpAnswer(status=503, trouble=HostFault.HTTP_ERROR, first_byte_ms=9000.0)
    )
    past = StoredPastRuns(database)
    before = past.when_well("home", "portal.x:443")
    assert before is not None
    assert before.at == NOW - timedelta(seconds=200)
    assert past.usual_ms("home", "portal.x:443") == 50.0
    assert past.usual_ms("home", "learn.x:443") is None
    assert past.when_well("school", "portal.x:443") is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(
            {"tcp": DEAD_V6},
            ("portal.x:443: it answers, but not by IPv6 (2001:db8::1 no-answer)",),
            id="one family is dead",
        ),
        pytest.param({"tcp": DEAD_V6, "service": ""}, (), id="of a host without a service"),
        pytest.param({"tcp": DEAD_V6, "seconds_ago": 240}, (), id="a while ago"),
        pytest.param({"tcp": (DEAD_V6[0],)}, (), id="a host that is gone altogether is no degraded one"),
        pytest.param({"tcp": (DEAD_V6[1],)}, (), id="well"),
    ],
)
def test_degraded_hosts_are_described(database: Database, given: dict[str, object], said: tuple[str, ...]) -> None:
    checked(database, "portal.x:443", **({"seconds_ago": 30} | given))  # type: ignore[arg-type]
    assert StoredPastRuns(database).degraded("home") == said


def test_a_host_that_has_recovered_is_not_degraded(database: Database) -> None:
    checked(database, "portal.x:443", 90, tcp=DEAD_V6)
    checked(database, "portal.x:443", 30, tcp=(DEAD_V6[1],))
    assert StoredPastRuns(database).degraded("home") == ()


def test_an_unreachable_database_raises_a_history_error(database: Database, tmp_path: Path) -> None:
    past = StoredPastRuns(database)
    database.close()
    (tmp_path / "history.db").write_bytes(b"this is no database" * 100)
    for file in tmp_path.glob("history.db-*"):
        file.unlink()
    with pytest.raises(HistoryError):
        past.last_at("sign-in", "home")


def test_memory_of_passing_runs_is_that_of_journey_and_location(database: Database) -> None:
    poll = HarmlessRequest(host="live.x:443", route="/poll", effect=HarmlessEffect.NEVER_ANSWERED, waited_s=9.0)
    ran(database, "live-class", 50000, "passed", harmless=(replace(poll, route="/old"),))
    slow = replace(poll, route="/sessions", effect=HarmlessEffect.WAITED)
    ran(database, "live-class", 25 * 60, "passed", harmless=(slow,))
    ran(database, "live-class", 60, "passed", harmless=(replace(poll, waited_s=4.0),))
    ran(database, "live-class", 30, "passed", harmless=(poll,))
    ran(database, "live-class", 20, "failed", harmless=(replace(poll, route="/sessions"),))
    past = StoredPastRuns(database)
    assert past.memory("live-class", "home") == JourneyMemory(has_passed=True, harmless=(poll,))
    assert past.memory("live-class", "school") == past.memory("plan-b", "home") == JourneyMemory(has_passed=False)


def test_refused_accounts_are_those_of_the_same_minutes(database: Database) -> None:
    refused = {"cause": "credentials-refused", "actor": "teacher"}
    ran(database, "live-class", 14, "errored", accounts={"teacher": "ms-a", "student": "kid"}, **refused)
    ran(database, "plan-b", 16, "errored", accounts={"teacher": "ms-b"}, **refused)
    ran(database, "sign-in", 1, "failed", accounts={"teacher": "ms-c"}, cause="slow", actor="teacher")
    assert StoredPastRuns(database).refused_accounts() == ("ms-a",)
