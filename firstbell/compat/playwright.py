"""Private parts of Playwright's Python client (tried with 1.65): soft expectations, each call of its API, the page that
an error or a request belongs to, and evaluations with a time limit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from types import TracebackType
from typing import Any

from playwright._impl import _assertions
from playwright._impl.channel_owner import ApiCallOptions
from playwright.sync_api import BrowserContext, Frame, Page, Playwright, Request
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import TimeoutError as PlaywrightTimeout

Began = Callable[[Any, Any], None]


def soft_errors() -> tuple[AssertionError, ...]:
    """Returns the failures of `expect.soft` in the current test until now.

    Playwright keeps them here for pytest-playwright, which raises them when the test is over. A Playwright that keeps
    them elsewhere leaves soft expectations to the end of the test, which fails all the same.
    """
    return tuple(getattr(_assertions, "_soft_errors", None) or ())


class CallListener:
    """A listener of Playwright's client instrumentation, on which its own test runner is built: gets each call as it
    begins."""

    def __init__(self, began: Began) -> None:
        self._began = began

    def on_api_call_begin(self, api_call: Any, channel: Any) -> None:
        """Passes a call on; the method's name is Playwright's. It runs in the middle of a call, so a missing attribute
        must not fail it."""
        if not getattr(api_call, "internal", False):
            with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):
                self._began(api_call, channel)


def listen_to_calls(of: Playwright | Page, began: Began) -> Callable[[], None] | None:
    """Passes each call of the session that `of` belongs to to `began`, as the call and its protocol message. Returns a
    function that ends it; None if this Playwright has no such listener."""
    listener = CallListener(began)
    try:
        instrumentation = of._impl_obj._connection._instrumentation
        instrumentation.add_listener(listener)
    except AttributeError:
        return None
    return lambda: instrumentation.remove_listener(listener)


def error_of(api_call: Any) -> str | None:
    """Returns the message of the error that a call has raised; None without an error."""
    error = getattr(api_call, "error", None)
    return None if error is None else str(error)


def frame_of(request: Request) -> Frame | None:
    """Returns the frame of a request; None for the first request of a tab whose page is not reported yet, and for a
    service worker's."""
    try:
        return request.frame
    except PlaywrightError:
        return None


def page_of(error: BaseException, pages: Sequence[Page]) -> Page | None:
    """Returns the page on which a call or an expectation failed, from the objects in its traceback; None if it is not
    one of these pages, or cannot be told."""
    if isinstance(error, BaseExceptionGroup):
        return page_of(error.exceptions[0], pages)
    by_implementation = {getattr(page, "_impl_obj", None): page for page in pages}
    frames: TracebackType | None = error.__traceback__
    while frames is not None:
        owner = frames.tb_frame.f_locals.get("self")
        frames = frames.tb_next
        for reached in _reached_from(getattr(owner, "_impl_obj", owner)):
            if (page := by_implementation.get(reached)) is not None:
                return page
    return None


def _reached_from(implementation: Any) -> list[Any]:
    """Returns an object of Playwright's, and the frame or page that it belongs to."""
    if not type(implementation).__module__.startswith("playwright."):
        return []
    locator = getattr(implementation, "_actual_locator", None) or implementation
    frame = getattr(locator, "_frame", None) or locator
    return [implementation, getattr(frame, "_page", None), getattr(implementation, "_actual_page", None)]


def was_closed_by_journey(page: Page) -> bool:
    """Tells whether our own side has closed a page; False also where this Playwright does not remember it."""
    return bool(getattr(getattr(page, "_impl_obj", None), "_close_was_called", False))


def evaluate_within(frames: Sequence[Frame], expression: str, arg: object, limit_s: float) -> list[Any]:
    """Evaluates in several frames at once, for `limit_s` seconds at most. Returns an answer or an exception for each.

    Playwright's own `evaluate` has no limit: in a frame whose document never comes, or whose script never ends, it does
    not return. A frame without an answer in time has a `playwright.sync_api.TimeoutError`.
    """
    calls = [partial(frame._impl_obj.evaluate, expression, arg) for frame in frames]
    return _all_within(frames[0], calls, limit_s) if frames else []


def read_untraced(context: BrowserContext, frames: Sequence[Frame], expression: str, limit_s: float) -> list[Any]:
    """Returns the cookies of a context, and the answer of each frame to an expression, or an exception for each.

    The calls are marked as Playwright's own, so that no trace has them or their results.
    """
    cookies = partial(_as_internal, context._impl_obj, partial(context._impl_obj.cookies, None))
    asked = [
        partial(_as_internal, frame._impl_obj, partial(frame._impl_obj.evaluate, expression, None)) for frame in frames
    ]
    return _all_within(context, [cookies, *asked], limit_s)


def _as_internal(owner: Any, call: Callable[[], Any]) -> Any:
    return owner._wrap_api_call(lambda _zone: call(), ApiCallOptions(internal=True))


def _all_within(owner: Any, calls: Sequence[Callable[[], Any]], limit_s: float) -> list[Any]:
    async def all_of_them() -> list[Any]:
        tasks = [asyncio.ensure_future(call()) for call in calls]
        await asyncio.wait(tasks, timeout=limit_s)
        late = [task for task in tasks if not task.done()]
        for task in late:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        timeout = PlaywrightTimeout(f"the page has not answered in {limit_s:g} s")
        return [timeout if task in late else answer for task, answer in zip(tasks, answers, strict=True)]

    answers: list[Any] = owner._sync(all_of_them())
    return answers
