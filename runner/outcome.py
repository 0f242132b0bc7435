"""The outcome of a run. The values stand in history, in run.json and on every page."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The outcome of a run. Only FAILED blames a service."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    BLIND = "blind"
    MISSED = "missed"
    SKIPPED = "skipped"
