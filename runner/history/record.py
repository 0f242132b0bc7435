"""A run as rows of history: plain data. Times are aware and in UTC."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import and_
from typing import Any

from firstbell.runner.diagnosis.harmless import HarmlessRequest
from firstbell.runner.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step; times are seconds since its attempt began. `ending` is empty if it passed, else the outcome."""

    position: int
    actor: str
    title: str
    service: str
    started_s: float
    ended_s: float
    ending: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRow:
    """One media proof of one actor about another; `figures` is the whole proof as JSON."""

    observer: str
    observed: str
    fault: str = ""
    latency_ms: float | None = None
    frames_per_s: float | None = None
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt of a run."""

    number: int
    started_at: datetime
    took_s: float
    outcome: str
    said: str = ""
    browser: str = ""
    steps: tuple[StepRow, ...] = ()
    proofs: tuple[ProofRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run. `actor`, `step` and `said` are those of the failure; `evidence` is the location of the evidence.

    `flaky`: it passed at the second attempt. `groups` are joined by commas. `note` names circumstances, such as
    announced maintenance. `due_at` is when its slot was due; None for a run by hand. `picture` is the object of the
    store that shows the failing step. `service` is the service that is blamed, `cause` the cause in a word, `diagnosis`
    the whole diagnosis as JSON; `degraded` describes the degradation of a run that passed. `is_private`: an unexpected
    person was in the class. `accounts` maps roles to the names of their accounts. `under_construction`: the journey had
    never passed at this location. `run_json_sha256`: the hash of its run.json; empty for a run of an earlier version.
    `harmless` are requests of a passing run that failed or waited.
    """

    id: str
    journey: str
    location: str
    started_at: datetime
    took_s: float
    outcome: str
    evidence: str
    version: str
    actor: str = ""
    step: str = ""
    service: str = ""
    owner: str = ""
    said: str = ""
    flaky: bool = False
    groups: str = ""
    note: str = ""
    due_at: datetime | None = None
    picture: str = ""
    cause: str = ""
    degraded: str = ""
    is_private: bool = False
    diagnosis: dict[str, Any] | None = None
    accounts: dict[str, str] | None = None
    under_construction: bool = False
    run_json_sha256: str = ""
    harmless: tuple[HarmlessRequest, ...] = ()
    attempts: tuple[AttemptRow, ...] = ()

    @property
    def passed_steps(self) -> dict[tuple[str, str], int]:
        """Counts of passes of each step (actor, title): the least of all attempts."""
        passed = [Counter((step.actor, step.title) for step in one.steps if not step.ending) for one in self.attempts]
        return dict(reduce(and_, passed)) if passed else {}

    @property
    def ended_at(self) -> datetime:
        """End of its last attempt."""
        last = self.attempts[-1] if self.attempts else self
        return last.started_at + timedelta(seconds=last.took_s)


def refused_row(run: RunRow, why: str) -> RunRow:
    """Returns the row of a run whose own row was refused: errored, with the reason, and nothing of a page."""
    return RunRow(
        id=run.id,
        journey=run.journey,
        location=run.location,
        started_at=run.started_at,
        took_s=run.took_s,
        outcome=Outcome.ERRORED.value,
        evidence=run.evidence,
        version=run.version,
        said=why,
        due_at=run.due_at,
        is_private=run.is_private,
        run_json_sha256=run.run_json_sha256,
    )
