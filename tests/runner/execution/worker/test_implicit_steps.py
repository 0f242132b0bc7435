"""What a test asks of Playwright becomes its steps, whichever way it ends; and one step where nothing can be heard."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import playwright
import pytest
from playwright._impl import _assertions
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.artifacts.policy import RecordingOptions as Options
from firstbell.compat.playwright import CallListener
from firstbell.journeys.stage.stage import Stage
from firstbell.runner.execution.supervision.pipe import WorkerEnd
from firstbell.runner.execution.supervision.protocol import FROM_WORKER, PlayAttempt, StepEnded
from firstbell.runner.execution.worker.implicit_steps import MOST_STEPS, REST_TITLE, ImplicitSteps
from firstbell.runner.execution.worker.observer import AttemptRecorder

GOES, CLICKS = ("goto", {"url": "/a"}), ("click", {"selector": "button"})
SEES = ("expect", {"selector": "h1", "expression": "to.be.visible"})
Told = Callable[[], list[Any]]


@pytest.fixture
def heard(tmp_path: Path) -> tuple[ImplicitSteps, Told]:
    """A test that is being played, and what its parent has been told."""
    line = io.BytesIO()
    order = PlayAttempt(run_id="r", journey="login", attempt=1, folder=tmp_path, recording=Options())
    recording = AttemptRecorder(order, WorkerEnd(io.BytesIO(), line))
    solo = ImplicitSteps(
        Stage(run_token="r", observer=recording, limit_s=1.0), recording, words="login", service="library"
    )
    return solo, lambda: [FROM_WORKER.validate_json(one) for one in line.getvalue().splitlines()]


def asked(solo: ImplicitSteps, *calls: tuple[str, dict[str, Any]], error: Exception | None = None) -> None:
    for method, arguments in calls:
        zone = SimpleNamespace(error=error if (method, arguments) == calls[-1] else None)
        solo.began(zone, {"type": "Frame", "method": method, "params": arguments})


def raised(text: str, inside: Path) -> Exception:
    """An AssertionError as the code of a file raises it."""
    try:
        exec(compile(f"raise AssertionError({text!r})", str(inside / "x.py"), "exec"))  # noqa: S102  # our own line
    except AssertionError as error:
        return error
    raise RuntimeError("nothing was raised")


def steps(told: Sequence[Any]) -> list[tuple[str, str | None]]:
    ended = [message.record for message in told if isinstance(message, StepEnded)]
    assert {(record.step.actor, record.step.service) for record in ended} <= {("page", "library")}
    assert [record.step.position for record in ended] == list(range(1, len(ended) + 1))
    return [(record.step.title, record.ending.kind.value if record.ending else None) for record in ended]


TIMEOUT = PlaywrightTimeout("Locator.click: Timeout 200ms exceeded.")
OURS, THEIRS = Path(playwright.__file__).parent / "_impl", Path("/srv/district/tests")
FIRST, SECOND, THIRD = "goes to /a", 'clicks locator("button")', 'expects locator("h1") to be visible'


@pytest.mark.parametrize(
    ("calls", "error", "expected"),
    [
        pytest.param([GOES, CLICKS], None, [(FIRST, None), (SECOND, None)], id="passed"),
        pytest.param([GOES, CLICKS], TIMEOUT, [(FIRST, None), (SECOND, "failed")], id="a call of Playwright failed"),
        pytest.param([GOES, SEES], raised("no", OURS), [(FIRST, None), (THIRD, "failed")], id="an expectation failed"),
        pytest.param(
            [GOES], raised("no", THEIRS), [(FIRST, None), ("login", "failed")], id="an assertion of the test's own"
        ),
        pytest.param([], raised("no", THEIRS), [("login", "failed")], id="nothing was asked"),
        pytest.param([], None, [("login", None)], id="nothing can be heard"),
        pytest.param([GOES, GOES, CLICKS], None, [(FIRST, None), (SECOND, None)], id="the same again is one step"),
    ],
)
def test_a_test_is_told_as_the_steps_that_it_asked_for(
    heard: tuple[ImplicitSteps, Told], calls: list[Any], error: Exception | None, expected: list[tuple[str, str | None]]
) -> None:
    solo, told = heard
    asked(solo, *calls, error=error if isinstance(error, PlaywrightError) else None)
    solo.ended(error)
    assert steps(told()) == expected


def test_a_step_is_told_as_it_begins_so_that_a_test_that_hangs_is_known_by_it(
    heard: tuple[ImplicitSteps, Told],
) -> None:
    solo, told = heard
    asked(solo, GOES, CLICKS)
    assert [message.kind for message in told()] == ["step began", "step ended", "step began"]


def test_a_call_that_failed_and_was_caught_is_no_fault_and_a_skip_is_none_either(
    heard: tuple[ImplicitSteps, Told],
) -> None:
    solo, told = heard
    asked(solo, CLICKS, error=TIMEOUT)
    asked(solo, GOES)
    solo.ended(pytest.skip.Exception("not today"))
    assert steps(told()) == [(SECOND, None), (FIRST, None)]


def test_a_soft_expectation_is_the_fault_of_its_own_step(heard: tuple[ImplicitSteps, Told]) -> None:
    solo, told = heard
    asked(solo, GOES, SEES)
    _assertions._record_soft_or_raise(AssertionError("Locator expected to be visible"), is_soft=True)
    asked(solo, CLICKS)
    solo.ended(None)
    assert _assertions._soft_errors is not None
    _assertions._soft_errors.clear()  # They would be this test's.
    assert steps(told()) == [(FIRST, None), (THIRD, "failed"), (SECOND, None)]


def test_more_than_a_person_reads_is_one_step(heard: tuple[ImplicitSteps, Told]) -> None:
    solo, told = heard
    asked(solo, *(("goto", {"url": f"/{n}"}) for n in range(3 * MOST_STEPS)), error=TIMEOUT)
    solo.ended(TIMEOUT)
    shown = steps(told())
    assert (len(shown), shown[-1]) == (MOST_STEPS, (REST_TITLE, "failed"))


@pytest.mark.parametrize(
    "channel", [{}, {"method": "click", "params": None}, {"method": "goto", "params": {"url": "["}}]
)
def test_what_playwright_tells_otherwise_one_day_fails_no_call(
    heard: tuple[ImplicitSteps, Told], channel: dict[str, Any]
) -> None:
    solo, _ = heard
    CallListener(solo.began).on_api_call_begin(object(), channel)
