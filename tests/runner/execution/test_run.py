"""Tests the outcome of attempts, run ids, and exit codes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from firstbell.journeys.stage.ending import Ending, EndingKind
from firstbell.runner.execution.run import Attempt, errored_ending, exit_code, new_run_id, outcome_of_attempts
from firstbell.runner.outcome import Outcome

NOON = datetime(2026, 8, 31, 12, 0, tzinfo=UTC)


def attempt(ending: Ending | None = None) -> Attempt:
    return Attempt(number=1, started_at=NOON, took_s=1.0, ending=ending)


@pytest.mark.parametrize(
    ("endings", "outcome"),
    [
        pytest.param([None], Outcome.PASSED, id="it ended well"),
        pytest.param([EndingKind.FAILED], Outcome.FAILED, id="the service broke"),
        pytest.param([EndingKind.BLIND], Outcome.BLIND, id="it could not be judged"),
        pytest.param([EndingKind.ERRORED], Outcome.ERRORED, id="the probe broke"),
        pytest.param([EndingKind.SKIPPED], Outcome.SKIPPED, id="it did not apply"),
        pytest.param([EndingKind.FAILED, None], Outcome.PASSED, id="the confirming attempt decides"),
    ],
)
def test_last_attempt_decides_the_outcome(endings: list[EndingKind | None], outcome: Outcome) -> None:
    attempts = [attempt(Ending(kind=kind, said="x") if kind else None) for kind in endings]
    assert outcome_of_attempts(attempts) is outcome


def test_run_without_attempts_has_no_outcome() -> None:
    with pytest.raises(ValueError, match="no outcome"):
        outcome_of_attempts([])


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([Outcome.PASSED], 0),
        ([], 0),
        ([Outcome.PASSED, Outcome.SKIPPED], 0),
        ([Outcome.ERRORED, Outcome.FAILED], 1),
        ([Outcome.PASSED, Outcome.BLIND], 2),
        ([Outcome.ERRORED], 2),
    ],
)
def test_exit_code_is_1_only_if_a_service_failed(outcomes: list[Outcome], code: int) -> None:
    assert exit_code(outcomes) == code


def test_run_ids_sort_by_time_in_any_time_zone() -> None:
    miami = timezone(timedelta(hours=-4))
    assert new_run_id(datetime(2026, 8, 31, 7, 46, 10, tzinfo=miami), "k3f9tq") == "20260831-114610-k3f9tq"
    assert new_run_id(NOON, "zzzzzz") < new_run_id(NOON + timedelta(seconds=1), "000000")


def test_run_ids_differ_within_a_second() -> None:
    assert len({new_run_id(NOON) for _ in range(200)}) == 200


def test_error_of_the_probe_is_errored() -> None:
    assert errored_ending("no browser").kind is EndingKind.ERRORED
