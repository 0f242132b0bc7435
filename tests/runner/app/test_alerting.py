"""Tests when plan B is recommended, if it passed last at every location, and that alerts are repeated."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firstbell.runner.app.alerting import Alerting, alerting_for, channel_of
from firstbell.runner.config.load import parse
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import AttemptRow, RunRow
from firstbell.runner.history.runs.runs import RunHistory
from tests.support.receivers import http_receiver

NOON = datetime(2026, 8, 31, 16, tzinfo=UTC)
SCHOOL = """\
[school]
name = "Bayfront"
timezone = "America/New_York"
practice = true
"""


@pytest.fixture
def board(database: Database) -> Alerting:
    return alerting_for(parse(SCHOOL, Path("firstbell.toml")), database)


def record(board: Alerting, *seen: tuple[str, str], since_min: int = 0) -> None:
    history = RunHistory(board.database, ZoneInfo("America/New_York"), board.incidents.record_run)
    for minute, (outcome, location) in enumerate(seen):
        at = NOON + timedelta(minutes=since_min + minute)
        attempts = tuple(AttemptRow(number=number, started_at=at, took_s=1.0, outcome=outcome) for number in (1, 2))
        history.record(
            RunRow(
                id=f"{at:%Y%m%d-%H%M%S}-{location}",
                journey="plan-b",
                location=location,
                started_at=at,
                took_s=1.0,
                outcome=outcome,
                evidence="x",
                version="0.1.0",
                service="plan-b" if outcome == "failed" else "",
                attempts=attempts,
            )
        )


@pytest.mark.parametrize(
    ("seen", "passed_at"),
    [
        ((), None),
        ((("passed", "home"),), NOON),
        ((("passed", "home"), ("failed", "home")), None),
        ((("passed", "home"), ("errored", "home")), None),
        ((("failed", "school"), ("passed", "home")), None),
        ((("failed", "home"), ("passed", "home"), ("passed", "home")), NOON + timedelta(minutes=2)),
    ],
)
def test_plan_b_works_if_it_passed_last_and_is_broken_at_no_location(
    board: Alerting, seen: tuple[tuple[str, str], ...], passed_at: datetime | None
) -> None:
    record(board, *seen)
    assert board.plan_b_passed_at() == passed_at


def test_alerts_in_force_are_sent_again_where_a_restart_forgets_them(database: Database) -> None:
    """Alertmanager keeps alerts in memory: one that was restarted would stay silent until the next reminder."""
    with http_receiver() as alerts, http_receiver() as desk:
        addresses = [f"alertmanager:{alerts.url}", f"webhook:{desk.url}"]
        routes = f'[[alarms.routes]]\nname = "it"\nto = {json.dumps(addresses)}\n'
        board = alerting_for(parse(SCHOOL + routes, Path("firstbell.toml")), database)

        def deliver() -> None:
            while (claimed := board.outbox.claim((), timedelta(minutes=1))) is not None:
                channel_of(board.config, claimed.address).deliver(claimed.message, claimed.key)
                board.outbox.mark_delivered(claimed, "")

        record(board, ("failed", "home"))
        board.repeat_alerts()
        assert (len(alerts.posts), len(desk.posts)) == (0, 0), "no notice was delivered yet"
        deliver()
        for _ in range(2):
            board.repeat_alerts()
        assert (len(alerts.posts), len(desk.posts)) == (3, 1)
        assert len({body for _, body in alerts.posts}) == 1
        record(board, *[("passed", "home")] * 4, since_min=1)
        deliver()
        board.repeat_alerts()
        assert (len(alerts.posts), len(desk.posts)) == (4, 2)
