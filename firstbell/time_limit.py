"""A time limit on a call that has none of its own, and may hang: a resolver, a store, a channel whose peer drips."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")


class TimeLimitPassed(Exception):
    """The call has not returned in time. Its thread ends by itself, and never keeps the process from ending."""


def within(limit_s: float, call: Callable[[], T], *, name: str) -> T:
    """Returns the result of a call; raises what it raises. Raises TimeLimitPassed after `limit_s` seconds.

    The call has a daemon thread with this name for itself: Python waits for threads of an executor at exit.
    """
    answer = Future[T]()

    def ask() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=ask, name=name, daemon=True).start()
    wait([answer], timeout=limit_s)
    if not answer.done():
        raise TimeLimitPassed
    return answer.result()
