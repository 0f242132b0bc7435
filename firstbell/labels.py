"""The labels of facts in output: the same in `run`, `show`, `diagnose`, an alarm and an evidence page."""

from __future__ import annotations

from enum import StrEnum


class Label(StrEnum):
    """One label for one fact, in the order in which they are shown."""

    PROBLEM = "Problem"
    SERVICE = "Service"
    CALL = "Call"
    CONFIDENCE = "Confidence"
    REASONS = "Reasons"
    WORKING = "Working"
    EVIDENCE = "Evidence"
    NEXT = "Next"
