"""Private parts of Playwright's Python client (tried with 1.65): soft expectations, and each call of its API."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from playwright._impl import _assertions
from playwright.sync_api import Page, Playwright

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
