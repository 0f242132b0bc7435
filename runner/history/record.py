"""A run as history keeps it: plain data, as it was read or is to be written. Times are aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step; seconds since its attempt began. `ending` is empty when it ended well, else the word for how."""

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
    """One look of one actor at another; `figures` is the whole proof as JSON."""

    observer: str
    observed: str
    fault: str = ""
    latency_ms: float | None = None
    frames_per_s: float | None = None
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One try of a run."""

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
    """One run. `service`, `actor`, `step` and `said` tell where it broke; `evidence` is where a person finds it.

    `flaky`: it passed, but not at once. `groups` are joined by commas. `note` is what else was going on, such as
    announced maintenance. `due_at` is when its slot was due; None for a run by hand. `picture` is the object of the
    store that shows the failing step. `service` is whose part broke, `cause` why, in a word, `diagnosis` all of it
    as JSON; `degraded` says in what way a run that passed was worse than it should be. `is_private`: a stranger was in
    the class.
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
    attempts: tuple[AttemptRow, ...] = ()

    @property
    def ended_at(self) -> datetime:
        """When its last attempt ended."""
        last = self.attempts[-1] if self.attempts else self
        return last.started_at + timedelta(seconds=last.took_s)
