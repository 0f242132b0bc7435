"""The model of a run and its attempts, and the rules for its outcome; uses no browser and no clock."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from firstbell.artifacts.evidence import Artifact
from firstbell.artifacts.request_failures import FailedRequest
from firstbell.journeys.media.proof import MediaProof
from firstbell.journeys.stage.ending import Ending, EndingKind
from firstbell.journeys.stage.step import StepRecord
from firstbell.runner.diagnosis.browser_facts import BrowserFacts
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Diagnosis
from firstbell.runner.outcome import Outcome

# Crockford's alphabet without the letters that are misread or spell words: people read run ids aloud.
_ALPHABET = "0123456789bcdfghjkmnpqrstvwxz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try. `ending` is None when it passed; `took_s` is seconds by a monotonic clock.

    `lost_share`: the share of time in which the worker was ready to run and was not run. `unclosed`: what could not be
    closed afterwards. `clock_offset_s`: how far the clocks of the hosts that answered were ahead of ours, good to about
    a second. `seen`: browser facts at the moment a step failed; `harmless`: requests that failed or waited although the
    attempt passed; `found_secrets`: its one-time codes, session cookies and tokens, for removal from its evidence.
    """

    number: int
    started_at: datetime
    took_s: float
    steps: tuple[StepRecord, ...] = ()
    proofs: tuple[MediaProof, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    ending: Ending | None = None
    browser: str = ""
    lost_share: float = 0.0
    unclosed: str = ""
    clock_offset_s: float | None = None
    seen: BrowserFacts = field(default_factory=BrowserFacts)
    harmless: tuple[FailedRequest, ...] = ()
    found_secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def failing_step(self) -> StepRecord | None:
        """The first step that did not pass."""
        return next((record for record in self.steps if record.ending is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a journey for a slot (`due_at`), or by hand. `note` names concurrent events, `source_sha256` is
    the hash of the journey's file, `diagnosis` the diagnosis of a failed attempt; `degraded` says how a run that passed
    was worse than it should be; `accounts` maps roles to the names of their accounts."""

    id: str
    journey: str
    location: str
    started_at: datetime
    attempts: tuple[Attempt, ...]
    groups: tuple[str, ...] = ()
    note: str = ""
    due_at: datetime | None = None
    source_sha256: str = ""
    diagnosis: Diagnosis | None = None
    degraded: tuple[str, ...] = ()
    relies_on: tuple[str, ...] = ()
    accounts: Mapping[str, str] = field(default_factory=dict)

    @property
    def under_construction(self) -> bool:
        """True if it did not pass, and its journey has never passed at this location."""
        is_new = self.diagnosis is not None and self.diagnosis.under_construction
        return is_new and self.outcome is not Outcome.PASSED

    @property
    def service(self) -> str:
        """The service that the diagnosis blames; without a diagnosis, the service of the failing step. For a degraded
        run it is the subject of the journey, the last service that it relies on. A journey under construction blames
        none."""
        if self.under_construction:
            return ""
        if self.degraded and self.relies_on:
            return self.relies_on[-1]
        if self.diagnosis is not None and self.outcome is Outcome.FAILED:
            return self.diagnosis.service
        step = self.last.failing_step
        return step.step.service if step else ""

    @property
    def last(self) -> Attempt:
        """The attempt that decides the outcome."""
        return self.attempts[-1]

    @property
    def outcome(self) -> Outcome:
        """The outcome of the run."""
        return outcome_of_attempts(self.attempts)

    @property
    def is_private(self) -> bool:
        """True if a stranger was in the class, so that no picture of any attempt is kept."""
        return any(attempt.ending is not None and attempt.ending.is_private for attempt in self.attempts)

    @property
    def flaky(self) -> bool:
        """True if it passed, but not at its first attempt."""
        return len(self.attempts) > 1 and self.outcome is Outcome.PASSED


def needs_confirmation(attempts: Sequence[Attempt]) -> bool:
    """True after a first attempt that failed: a second one must confirm it before a service is blamed."""
    return len(attempts) == 1 and outcome_of_attempts(attempts) is Outcome.FAILED


def outcome_of_attempts(attempts: Sequence[Attempt]) -> Outcome:
    """Returns the outcome of a run: that of its last attempt. Raises ValueError when there is none."""
    if not attempts:
        raise ValueError("a run without an attempt has no outcome")
    ending = attempts[-1].ending
    return Outcome.PASSED if ending is None else Outcome(ending.kind.value)


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """Returns the exit code of `firstbell run`: 1 if a service failed, else 2 if a run could not be judged, else 0."""
    seen = set(outcomes)
    if Outcome.FAILED in seen:
        return 1
    if seen & {Outcome.ERRORED, Outcome.BLIND, Outcome.MISSED}:
        return 2
    return 0


def new_run_id(now: datetime, token: str | None = None) -> str:
    """Returns a run id that sorts by time and can be read aloud, such as `20260831-114610-k3f9tq` (UTC).

    The six letters at its end (29 to the power of 6, about 595 million) are what a person types.
    """
    tail = token or "".join(secrets.choice(_ALPHABET) for _ in range(6))
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{tail}"


def errored_ending(said: str) -> Ending:
    """Returns the ending of an attempt that failed through the probe itself."""
    return Ending(kind=EndingKind.ERRORED, said=said, sign=Cause.OWN_BROWSER.value)
