"""The messages between parent and worker: one JSON object a line, validated on arrival.

To the worker: WorkerSetup once, then PlayAttempt for each attempt, then Quit. Back: Ready once, then one message for
each event.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from firstbell.artifacts.evidence import Artifact
from firstbell.artifacts.policy import RecordingOptions
from firstbell.artifacts.request_failures import FailedRequest
from firstbell.journeys.media.proof import MediaProof
from firstbell.journeys.stage.ending import Ending
from firstbell.journeys.stage.step import Step, StepRecord
from firstbell.runner.diagnosis.browser_facts import BrowserFacts

HEALTH_PROBE = "firstbell-health-probe"
"""The id of the health probe, a journey that is never scheduled."""


class PipeMessage(BaseModel):
    """One line on the pipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def as_line(self) -> bytes:
        """Returns the message as one line."""
        return self.model_dump_json().encode() + b"\n"


class PracticeAddress(PipeMessage):
    """The control address of the practice school, and the token that gives access to its accounts."""

    control: str
    token: str


class WorkerSetup(PipeMessage):
    """The configuration of a worker. Secrets travel by this pipe and never by arguments or environment.

    The configuration travels as text: its file may have changed, and be invalid, since it was loaded. `location` names
    the egress; the first location if empty. `secrets` are removed from every text, by the worker before a text is cut,
    and by the parent where messages enter.
    """

    kind: Literal["setup"] = "setup"
    config: Path | None
    text: str = ""
    practice: PracticeAddress | None = None
    headed: bool = False
    location: str = ""
    secrets: tuple[str, ...] = Field(default=(), repr=False)


class PlayAttempt(PipeMessage):
    """Asks for one attempt; `folder` is private to it, and the worker leaves its recordings there.

    `accounts` maps roles to accounts; `relies_on` are the services of a test without steps of its own; `browser` is the
    journey's browser if it differs from the district's.
    """

    kind: Literal["play"] = "play"
    run_id: str
    journey: str
    attempt: int
    folder: Path
    recording: RecordingOptions
    accounts: dict[str, str] = Field(default_factory=dict)
    relies_on: tuple[str, ...] = ()
    browser: str = ""


class Quit(PipeMessage):
    """Asks the worker to close the browser and exit."""

    kind: Literal["quit"] = "quit"


class JourneyInfo(PipeMessage):
    """A journey as collected: its marker and its file. `is_shipped`: it came with First Bell."""

    id: str
    title: str
    relies_on: tuple[str, ...]
    roles: tuple[str, ...]
    file: str
    line: int
    source_sha256: str = ""
    is_shipped: bool = False


class BrokenFile(PipeMessage):
    """A journey file that could not be read, with the cause in one line."""

    file: str
    line: int
    cause: str


class Ready(PipeMessage):
    """The worker has collected and waits for work."""

    kind: Literal["ready"] = "ready"
    journeys: tuple[JourneyInfo, ...]
    broken: tuple[BrokenFile, ...]


class SecretsFound(PipeMessage):
    """Secrets of this attempt that the configuration does not know: one-time codes, session cookies, tokens."""

    kind: Literal["secrets found"] = "secrets found"
    values: tuple[str, ...] = Field(repr=False)


class StepBegan(PipeMessage):
    """A step has begun."""

    kind: Literal["step began"] = "step began"
    step: Step


class StepEnded(PipeMessage):
    """A step has ended."""

    kind: Literal["step ended"] = "step ended"
    record: StepRecord


class MediaJudged(PipeMessage):
    """One actor's media proof of another is complete."""

    kind: Literal["media judged"] = "media judged"
    proof: MediaProof


class BrowserFactsCollected(PipeMessage):
    """The browser facts at the moment of the first failing step."""

    kind: Literal["browser facts"] = "browser facts"
    seen: BrowserFacts


class AttemptJudged(PipeMessage):
    """The last step is over: how the attempt ended. Later messages cannot change it.

    `lost_share`: the share of time in which the worker, or a page after a failure, was ready to run and was not run
    (see `probe_health.MachineState`).
    """

    kind: Literal["judged"] = "judged"
    started_at: datetime
    took_s: float
    ending: Ending | None
    browser: str
    lost_share: float


class EvidenceRecorded(PipeMessage):
    """The recordings lie in the attempt's folder. `is_private`: a stranger came in, perhaps after the judgement.

    `clock_offset_s`: how far the clocks of the hosts that answered are ahead of ours, good to about a second.
    `harmless`: the requests that failed or waited in an attempt that passed.
    """

    kind: Literal["recorded"] = "recorded"
    artifacts: tuple[Artifact, ...]
    is_private: bool = False
    clock_offset_s: float | None = None
    harmless: tuple[FailedRequest, ...] = ()


class AttemptEnded(PipeMessage):
    """The attempt is closed, or `unclosed` says what could not be closed."""

    kind: Literal["attempt ended"] = "attempt ended"
    unclosed: str


class WorkerBroken(PipeMessage):
    """The worker cannot work at all, and why."""

    kind: Literal["worker broken"] = "worker broken"
    said: str


ToWorker = Annotated[WorkerSetup | PlayAttempt | Quit, Field(discriminator="kind")]
FromWorker = Annotated[
    Ready
    | SecretsFound
    | StepBegan
    | StepEnded
    | MediaJudged
    | BrowserFactsCollected
    | AttemptJudged
    | EvidenceRecorded
    | AttemptEnded
    | WorkerBroken,
    Field(discriminator="kind"),
]

TO_WORKER: TypeAdapter[ToWorker] = TypeAdapter(ToWorker)
FROM_WORKER: TypeAdapter[FromWorker] = TypeAdapter(FromWorker)
