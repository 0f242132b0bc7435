"""Logs events: one event a fact, with the run's id bound; JSON unless a terminal shows them, and never a secret.

Names of events are dotted, and constant: `run.began`, `step.ended`, `run.done` (the summary of a run).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any, TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.types import EventDict, Processor, WrappedLogger

from firstbell.hostile_text import shown

Scrub = Callable[[str], str]


def set_up(stream: TextIO | None = None, *, scrub: Scrub = str) -> None:
    """Sends events to a stream (standard error): on a terminal warnings only, elsewhere all of them, as JSON.

    `scrub` takes known secrets out of text; it is applied last, to every string of every event.
    """
    stream = stream or sys.stderr
    is_watched = stream.isatty()
    processors: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Frames yes, their variables no: a password is a local variable somewhere.
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        _Scrubber((lambda text: shown(scrub(text))) if is_watched else scrub),
        structlog.dev.ConsoleRenderer(colors=is_watched) if is_watched else structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if is_watched else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )


def reset() -> None:
    """Resets logging to its defaults: the stream may be closed now."""
    structlog.reset_defaults()


class _Scrubber:
    """The last processor before rendering: every string of an event, however deep, goes through `scrub`."""

    def __init__(self, scrub: Scrub) -> None:
        self._scrub = scrub

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: self._clean(value) for key, value in event.items()}

    def _clean(self, value: Any) -> Any:
        match value:
            case str():
                return self._scrub(value)
            case dict():
                return {key: self._clean(item) for key, item in value.items()}
            case list() | tuple():
                return [self._clean(item) for item in value]
            case bool() | int() | float() | None:
                return value
            case _:
                return self._scrub(repr(value))
