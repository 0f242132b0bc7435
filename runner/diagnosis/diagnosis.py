"""What a run that did not pass points to: whose it is, why, how sure, and who is known to be well."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from firstbell.runner.diagnosis.cause import WORDS, Cause


class Confidence(Enum):
    """How sure a diagnosis is; see `rules.confidence_of`."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ReasonSource(Enum):
    """Where a person can look a reason up."""

    PICTURE = "the picture of the step"
    REQUESTS = "the network log"
    PAGE = "the page"
    MEDIA = "the call in figures"
    CHECK = "the host checks"
    ELSEWHERE = "the other locations"
    MACHINE = "this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisReason:
    """One reason, in words, and where it can be looked up."""

    said: str
    source: ReasonSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedService:
    """Somebody who is known to be well, and how that is known."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """`service` is whose part of the chain broke; empty where it is the probe's own, or nobody can be named. It is as
    sure as it can be where it was `seen_twice` and our own way out is known to be good (`way_proven`)."""

    service: str
    cause: Cause
    confidence: Confidence
    because: tuple[DiagnosisReason, ...] = ()
    cleared: tuple[ClearedService, ...] = ()
    seen_twice: bool = False
    way_proven: bool = False

    @property
    def is_own(self) -> bool:
        """Whether it is the probe's own: no service may be blamed for it."""
        return self.cause in OWN

    @property
    def said(self) -> str:
        """Whose and why, in one line without the owner's name."""
        if self.is_own:
            return f"First Bell itself: {WORDS[self.cause]}"
        return f"{self.service or 'nobody can be named'}: {WORDS[self.cause]}"


OWN = frozenset(
    {
        Cause.OWN_LOCATION,
        Cause.OWN_NETWORK,
        Cause.OWN_NAMES,
        Cause.OWN_CLOCK,
        Cause.OWN_MACHINE,
        Cause.OWN_BROWSER,
        Cause.STRANGER,
    }
)
"""The causes that lie with whoever looks."""
