"""The diagnosis of a run that did not pass: the service, the cause, the confidence, and the services that work."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from firstbell.runner.diagnosis.cause import Cause, words_of


class Confidence(Enum):
    """The confidence of a diagnosis; see `rules.table.confidence_of`."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ReasonSource(Enum):
    """The evidence in which a person can check a reason."""

    PICTURE = "the picture of the step"
    REQUESTS = "the network log"
    PAGE = "the page"
    MEDIA = "the call in figures"
    CHECK = "the host checks"
    ELSEWHERE = "the other locations"
    MACHINE = "this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisReason:
    """One reason as a sentence, and the evidence that shows it."""

    said: str
    source: ReasonSource


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedService:
    """A service that is known to work, and the fact that proves it."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The diagnosis of one run. `service` is the service that is blamed; empty where First Bell itself or one of its
    accounts failed, or no service can be named. `host` is a host without a service that fails where the service's page
    calls it. `seen_twice`: a second attempt failed too; `way_proven`: a control host was reached;
    `under_construction`: the journey has never passed here, so that its service is a guess and nobody is alarmed."""

    service: str
    cause: Cause
    confidence: Confidence
    because: tuple[DiagnosisReason, ...] = ()
    cleared: tuple[ClearedService, ...] = ()
    seen_twice: bool = False
    way_proven: bool = False
    host: str = ""
    under_construction: bool = False

    @property
    def is_own(self) -> bool:
        """Tells whether First Bell itself or one of its accounts failed, so that no service may be blamed."""
        return self.cause in OWN or (self.cause in OF_ACCOUNT and not self.service)

    @property
    def words(self) -> str:
        """The cause as text."""
        return words_of(self.cause, self.host)

    @property
    def said(self) -> str:
        """The service and the cause in one line, without the owner's name."""
        if self.cause in OF_ACCOUNT and not self.service:
            return f"First Bell's own account: {self.words}"
        if self.is_own:
            return f"First Bell itself: {self.words}"
        return f"{self.service or 'service not known'}: {self.words}"


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
"""The causes that lie with First Bell itself."""

OF_ACCOUNT = frozenset({Cause.CREDENTIALS_REFUSED, Cause.ACCOUNT_LOCKED, Cause.PASSWORD_EXPIRED})
"""The causes that lie with one of First Bell's accounts, unless a service refuses several accounts at a time."""
