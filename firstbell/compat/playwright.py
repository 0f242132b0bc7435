"""Private parts of Playwright's Python client (tried with 1.65): soft expectations, and each call of its API."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from playwright._impl import _assertions
from playwright.sync_api import Playwright

Began = Callable[[Any, Any], None]


def soft_errors() -> tuple[AssertionError, ...]:
    """What `expect.soft` has found wrong in the test that is being played, until now.

    Playwright keeps it here for pytest-playwright, which raises it when the test is over. A Playwright that keeps it
    elsewhere leaves soft expectations to the end of the test, which fails all the same.
    """
    return tuple(getattr(_assertions, "_soft_errors", None) or ())


class CallListener:
    """Playwright's client instrumentation, which its own test runner is built on: is told of each call as it begins."""

    def __init__(self, began: Began) -> None:
        self._began = began

    def on_api_call_begin(self, api_call: Any, channel: Any) -> None:
        """Playwright's own name for it. In the middle of a call: what cannot be told must not fail it."""
        if not getattr(api_call, "internal", False):
            with contextlib.suppress(AttributeError, KeyError, TypeError, ValueError):
                self._began(api_call, channel)


def listen_to_calls(playwright: Playwright, began: Began) -> None:
    """Have each call of a session told to `began`, as the call and the message that is sent for it; nothing is told
    where this Playwright has no such thing."""
    with contextlib.suppress(AttributeError):
        playwright._impl_obj._connection._instrumentation.add_listener(CallListener(began))


def error_of(api_call: Any) -> str | None:
    """The message of the error that a call has raised; None while it has not."""
    error = getattr(api_call, "error", None)
    return None if error is None else str(error)
