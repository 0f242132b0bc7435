"""Whether plan B may be recommended: only where its own last run says so, from everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firstbell.runner.app.alerting import Alerting, alerting_for
from firstbell.runner.config.load import parse
from firstbell.runner.history.database import Database
from firstbell.runner.history.record import AttemptRow, RunRow
from firstbell.runner.history.runs.runs import RunHistory

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


def record(board: Alerting, *seen: tuple[str, str]) -> None:
    history = RunHistory(board.database, ZoneInfo("America/New_York"), board.incidents.record_run)
    for minute, (outcome, location) in enumerate(seen):
        at = NOON + timedelta(minutes=minute)
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
def test_plan_b_works_where_it_passed_last_and_nowhere_is_it_broken(
    board: Alerting, seen: tuple[tuple[str, str], ...], passed_at: datetime | None
) -> None:
    record(board, *seen)
    assert board.plan_b_passed_at() == passed_at
