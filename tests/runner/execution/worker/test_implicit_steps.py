"""Tests the steps of Playwright calls, however a test ends; and the one step of a test without calls."""

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
Reported = Callable[[], list[Any]]


@pytest.fixture
def in_progress(tmp_path: Path) -> tuple[ImplicitSteps, Reported]:
    """A test in progress, and the messages that its parent has received."""
    line = io.BytesIO()
    order = PlayAttempt(run_id="r", journey="login", attempt=1, folder=tmp_path, recording=Options())
    recording = AttemptRecorder(order, WorkerEnd(io.BytesIO(), line))
    implicit_steps = ImplicitSteps(
        Stage(run_token="r", observer=recording, limit_s=1.0), recording, title="login", service="library"
    )
    return implicit_steps, lambda: [FROM_WORKER.validate_json(sent) for sent in line.getvalue().splitlines()]


def asked(implicit_steps: ImplicitSteps, *calls: tuple[str, dict[str, Any]], error: Exception | None = None) -> None:
    for method, arguments in calls:
        zone = SimpleNamespace(error=error if (method, arguments) == calls[-1] else None)
        implicit_steps.began(zone, {"type": "Frame", "method": method, "params": arguments})


def raised(text: str, inside: Path) -> Exception:
    """Returns an AssertionError as the code of a file raises it."""
    try:
        exec(compile(f"raise AssertionError({text!r})", str(inside / "x.py"), "exec"))  # noqa: S102  # our own line
    except AssertionError as error:
        return error
    raise RuntimeError("nothing was raised")


def steps(messages: Sequence[Any]) -> list[tuple[str, str | None]]:
    ended = [message.record for message in messages if isinstance(message, StepEnded)]
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
def test_implicit_steps_are_the_calls_of_a_test(
    in_progress: tuple[ImplicitSteps, Reported],
    calls: list[Any],
    error: Exception | None,
    expected: list[tuple[str, str | None]],
) -> None:
    implicit_steps, messages = in_progress
    asked(implicit_steps, *calls, error=error if isinstance(error, PlaywrightError) else None)
    implicit_steps.ended(error)
    assert steps(messages()) == expected


def test_step_is_reported_when_it_begins_so_that_a_hang_has_a_name(
    in_progress: tuple[ImplicitSteps, Reported],
) -> None:
    implicit_steps, messages = in_progress
    asked(implicit_steps, GOES, CLICKS)
    assert [message.kind for message in messages()] == ["step began", "step ended", "step began"]


def test_caught_error_or_skip_fails_no_step(
    in_progress: tuple[ImplicitSteps, Reported],
) -> None:
    implicit_steps, messages = in_progress
    asked(implicit_steps, CLICKS, error=TIMEOUT)
    asked(implicit_steps, GOES)
    implicit_steps.ended(pytest.skip.Exception("not today"))
    assert steps(messages()) == [(SECOND, None), (FIRST, None)]


def test_soft_expectation_fails_its_own_step(in_progress: tuple[ImplicitSteps, Reported]) -> None:
    implicit_steps, messages = in_progress
    asked(implicit_steps, GOES, SEES)
    _assertions._record_soft_or_raise(AssertionError("Locator expected to be visible"), is_soft=True)
    asked(implicit_steps, CLICKS)
    implicit_steps.ended(None)
    assert _assertions._soft_errors is not None
    _assertions._soft_errors.clear()  # They would be this test's.
    assert steps(messages()) == [(FIRST, None), (THIRD, "failed"), (SECOND, None)]


def test_calls_beyond_the_step_limit_are_one_step(in_progress: tuple[ImplicitSteps, Reported]) -> None:
    implicit_steps, messages = in_progress
    asked(implicit_steps, *(("goto", {"url": f"/{n}"}) for n in range(3 * MOST_STEPS)), error=TIMEOUT)
    implicit_steps.ended(TIMEOUT)
    shown = steps(messages())
    assert (len(shown), shown[-1]) == (MOST_STEPS, (REST_TITLE, "failed"))


@pytest.mark.parametrize(
    "channel", [{}, {"method": "click", "params": None}, {"method": "goto", "params": {"url": "["}}]
)
def test_unknown_playwright_message_fails_no_call(
    in_progress: tuple[ImplicitSteps, Reported], channel: dict[str, Any]
) -> None:
    implicit_steps, _ = in_progress
    CallListener(implicit_steps.began).on_api_call_begin(object(), channel)
