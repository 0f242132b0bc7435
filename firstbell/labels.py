"""The labels of facts in output: the same in `run`, `show`, `diagnose`, an alarm and an evidence page."""

from __future__ import annotations

from enum import StrEnum


class Label(StrEnum):
    """The label of one fact; the members are in the order in which they are shown."""

    PROBLEM = "Problem"
    WHERE = "Where"
    TIME = "Time"
    DISTRICT = "District"
    SERVICE = "Service"
    CALL = "Call"
    CONFIDENCE = "Confidence"
    REASONS = "Reasons"
    WORKING = "Working"
    UNKNOWN = "Unknown"
    EVIDENCE = "Evidence"
    STATE = "State"
    NEXT = "Next"


LABEL_WIDTH = max(len(label) for label in Label) + 2
"""Width of a column of labels in plain text."""
