"""The conclusion of one rule."""

from __future__ import annotations

from dataclasses import dataclass

from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Confidence, DiagnosisReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The blamed service (empty: First Bell itself, or not known), the cause, and the reasons, the strongest first.

    `at_most` is the highest confidence that its evidence allows: HIGH only where nothing ordinary explains it as well.
    `host` is the host that failed where no service owns it, and the page of the blamed service called it."""

    service: str
    cause: Cause
    because: tuple[DiagnosisReason, ...]
    at_most: Confidence = Confidence.HIGH
    host: str = ""
