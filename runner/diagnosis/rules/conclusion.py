"""The conclusion of one rule."""

from __future__ import annotations

from dataclasses import dataclass

from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import DiagnosisReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The blamed service (empty: First Bell itself, or not known), the cause, and the reasons, the strongest first."""

    service: str
    cause: Cause
    because: tuple[DiagnosisReason, ...]
