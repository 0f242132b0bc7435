"""Records tests without actors: follows their pages, and takes their steps from Playwright calls.

Playwright's client reports each call of its API (`firstbell.compat.playwright`). A Playwright that does not report
calls leaves such a test with one step.

A report comes in the middle of a call, when no page can be queried: so a step is reported as it begins and as the next
one begins, and pictures are taken, and a failure is examined, only when the test is over.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import playwright
import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError

from firstbell.compat.playwright import error_of, soft_errors
from firstbell.journeys.stage.ending import Ending
from firstbell.journeys.stage.failures import ending_of
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account
from firstbell.journeys.stage.stage import Stage, step_ending_of
from firstbell.journeys.stage.step import Step, StepRecord
from firstbell.runner.execution.worker.call_titles import title_of

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from firstbell.journeys.stage.actor import Actor
    from firstbell.runner.execution.worker.observer import AttemptRecorder

PAGE_NAME = "page"
PAGE_ACCOUNT = Account(username=PAGE_NAME, display_name=PAGE_NAME, password=Secret(str))
"""The account of a page without an actor."""
MOST_STEPS = 60
"""More than a person reads. Later calls belong to the last step."""
REST_TITLE = "and what comes after"
_PLAYWRIGHT = Path(playwright.__file__).parent


@dataclass(slots=True, kw_only=True)
class _CurrentCall:
    """The step in progress. `call_record` is Playwright's own record of the call."""

    step: Step
    call_record: Any
    soft_errors_before: int


class ImplicitSteps:
    """One attempt at such a test. `title` is its name, `service` the service that it relies on."""

    def __init__(self, stage: Stage, recorder: AttemptRecorder, *, title: str, service: str) -> None:
        self._stage = stage
        self._recorder = recorder
        self._title = title
        self._service = service
        self._actors: dict[BrowserContext, Actor] = {}
        self._call: _CurrentCall | None = None
        self._reported = 0
        self._soft_failure: StepRecord | None = None
        self._is_over = False

    def page_opened(self, page: Page) -> None:
        """Follows a page, the first of each context; the other pages of the context are its tabs."""
        if self._is_over or page.context in self._actors:
            return
        number = len(self._actors) + 1
        name = PAGE_NAME if number == 1 else f"{PAGE_NAME} {number}"
        # A test that has begun a trace of its own keeps it; its page is followed without a second trace.
        with contextlib.suppress(PlaywrightError):
            self._actors[page.context] = self._stage.accompany(page, PAGE_ACCOUNT, name)

    def context_closing(self, context: BrowserContext) -> None:
        """Saves the recordings of a context that the test itself is about to close, with a last picture."""
        actor = self._actors.get(context)
        if actor is None or self._is_over:
            return
        error = sys.exc_info()[1]
        is_of_test = self._call is None or (error is not None and not self._is_of_call(error))
        position = self._reported + 1 if is_of_test or self._call is None else self._call.step.position
        title = self._title if is_of_test or self._call is None else self._call.step.title
        self._recorder.page_closing(actor, position, title, failed=error is not None)

    def began(self, call_record: Any, channel: Any) -> None:
        """Begins a step for a Playwright call. Queries no page, and never raises."""
        title = title_of(str(channel.get("method", "")), channel.get("params") or {})
        if self._is_over or not title:
            return
        if self._call is not None and self._call.step.title in (title, REST_TITLE):
            self._call.call_record = call_record
            return
        self._end_step()
        self._begin(title if self._reported < MOST_STEPS - 1 else REST_TITLE, call_record)

    def ended(self, error: BaseException | None) -> None:
        """Ends the last step as the test ended, with pictures. An error that Playwright did not raise is the test's
        own."""
        if self._is_over:
            return
        is_skipped = isinstance(error, pytest.skip.Exception)
        failure = None if is_skipped else error
        is_of_test = failure is not None and not self._is_of_call(failure)
        if is_of_test or not (self._reported or is_skipped):
            self._end_step()
            self._begin(self._title, None)
        self._is_over = True
        if failure is not None:
            self._recorder.report_secrets(with_pages=True)
        if self._soft_failure is not None:
            self._recorder.capture(self._actor, self._soft_failure)
        if self._call is not None:
            ending = self._ending(failure) if failure is not None else self._soft_ending(self._call)
            record = self._close(self._call, ending)
            self._recorder.capture(self._actor, record, with_others=True)

    @property
    def _actor(self) -> Actor | None:
        return next(iter(self._actors.values()), None)

    def _begin(self, title: str, call_record: Any) -> None:
        self._reported += 1
        began_s = self._stage.now_s if self._reported > 1 else 0.0  # Opening a browser is part of the first one.
        step = Step(position=self._reported, actor=PAGE_NAME, title=title, service=self._service, started_s=began_s)
        self._call = _CurrentCall(step=step, call_record=call_record, soft_errors_before=len(soft_errors()))
        self._recorder.call_began(step)

    def _end_step(self) -> None:
        """Ends the step in progress because the next one begins: passed, unless a soft expectation failed."""
        if self._call is None:
            return
        record = self._close(self._call, self._soft_ending(self._call))
        if record.ending is not None and self._soft_failure is None:
            self._soft_failure = record

    def _close(self, call: _CurrentCall, ending: Ending | None) -> StepRecord:
        self._call = None
        record = StepRecord(step=call.step, ended_s=self._stage.now_s, ending=ending)
        self._recorder.call_ended(record)
        return record

    def _soft_ending(self, call: _CurrentCall) -> Ending | None:
        failures = soft_errors()[call.soft_errors_before :]
        return ending_of(failures[0]) if failures else None

    def _ending(self, error: BaseException) -> Ending:
        return step_ending_of(self._actor, error) if self._actor else ending_of(error)

    def _is_of_call(self, error: BaseException) -> bool:
        """True if an error belongs to the step in progress: the last one that Playwright itself raised."""
        if self._call is None:
            return False
        raised = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error
        if not isinstance(raised, PlaywrightError):
            return _is_expectation(raised)
        return error_of(self._call.call_record) == str(raised)


def _is_expectation(error: BaseException) -> bool:
    """True if `expect` raised this: its last frame is Playwright's."""
    frames, last = error.__traceback__, None
    while frames is not None:
        last, frames = frames, frames.tb_next
    return last is not None and _PLAYWRIGHT in Path(last.tb_frame.f_code.co_filename).parents


def follow(browser: object, current: Callable[[], ImplicitSteps | None]) -> None:
    """Has every page of a browser followed by the current attempt's implicit steps."""
    if not isinstance(browser, Browser):  # A project may have another fixture of this name.
        return
    new_context, new_page = browser.new_context, browser.new_page

    def open_context(*args: Any, **kwargs: Any) -> BrowserContext:
        context = new_context(*args, **kwargs)
        if current() is not None:
            _follow_context(context, current)
        return context

    def open_page(*args: Any, **kwargs: Any) -> Page:
        page = new_page(*args, **kwargs)
        if (steps := current()) is not None:
            steps.page_opened(page)
            _before_close(page, page.context, steps)
        return page

    browser.new_context = open_context  # type: ignore[method-assign]
    browser.new_page = open_page  # type: ignore[method-assign]


def _follow_context(context: BrowserContext, current: Callable[[], ImplicitSteps | None]) -> None:
    new_page = context.new_page
    is_wrapped = False

    def open_page() -> Page:
        nonlocal is_wrapped
        page = new_page()
        if (steps := current()) is not None:
            steps.page_opened(page)
            # Only now: pytest-playwright ends every trace in a `close` of its own, and this one has to run before it.
            if not is_wrapped:
                is_wrapped = True
                _before_close(context, context, steps)
        return page

    context.new_page = open_page  # type: ignore[method-assign]


def _before_close(closable: Page | BrowserContext, context: BrowserContext, steps: ImplicitSteps) -> None:
    close = closable.close

    def close_recorded(*args: Any, **kwargs: Any) -> None:
        steps.context_closing(context)
        close(*args, **kwargs)

    closable.close = close_recorded  # type: ignore[method-assign]
