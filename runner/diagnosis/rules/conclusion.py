"""What one rule concludes."""

from __future__ import annotations

from dataclasses import dataclass

from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import DiagnosisReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """Whose it is (empty: the probe's own, or nobody's name), the cause, and the reasons, the weightiest first."""

    service: str
    cause: Cause
    because: tuple[DiagnosisReason, ...]
