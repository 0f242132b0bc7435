"""Journeys through products that we did not write, as a district would write them from the docs alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.config.load import load
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.outcome import Outcome
from tests.foreign.district import District

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def runner(district: District) -> Iterator[LocalRunner]:
    with open_local_runner(load(district.config), headed=False, quiet=True) as runner:
        yield runner


@pytest.mark.parametrize(("journey", "proofs"), [("profile", 0), ("accounts", 0), ("learn", 0), ("lesson", 2)])
def test_journey_passes_and_a_call_is_proved_both_ways(runner: LocalRunner, journey: str, proofs: int) -> None:
    result = runner.play(runner.chosen([journey])[0], SilentReporter())
    assert result.run.outcome is Outcome.PASSED, result.document
    assert [proof.fault for proof in result.run.last.proofs] == [None] * proofs


def test_lesson_fails_at_the_room_when_the_media_server_is_gone(runner: LocalRunner, district: District) -> None:
    district.janus.stop()
    try:
        result = runner.play(runner.chosen(["lesson"])[0], SilentReporter(), confirm=False)
    finally:
        district.janus.start()
    assert (result.run.outcome, result.run.last.failing_step.step.service) == (Outcome.FAILED, "room")  # type: ignore[union-attr]
