"""What parent and worker say to each other: one JSON object a line, each checked as it arrives.

To the worker: Hello once, then Play for each attempt, then Quit. Back: Ready once, then each thing as it happens.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from firstbell.artifacts.evidence import Artifact
from firstbell.artifacts.policy import RecordingOptions
from firstbell.journeys.media.proof import MediaProof
from firstbell.journeys.stage.ending import Ending
from firstbell.journeys.stage.step import Step, StepRecord
from firstbell.runner.diagnosis.browser_facts import BrowserFacts

HEALTH_PROBE = "firstbell-pulse"
"""The journey that is no journey: the health probe of a worker."""


class PipeMessage(BaseModel):
    """One line on the pipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def as_line(self) -> bytes:
        """The message as one line."""
        return self.model_dump_json().encode() + b"\n"


class PracticeAddress(PipeMessage):
    """Where the practice school runs, and the secret that lets one ask it for its accounts."""

    control: str
    token: str


class WorkerSetup(PipeMessage):
    """How the worker should set itself up. Secrets travel by this pipe and never by arguments or environment.

    The configuration travels as text: what stands in its file may have changed, and be wrong, since it was loaded.
    `location` is whose way out is taken; the first one where it is empty.
    """

    kind: Literal["hello"] = "hello"
    config: Path | None
    text: str = ""
    practice: PracticeAddress | None = None
    headed: bool = False
    location: str = ""


class PlayAttempt(PipeMessage):
    """Play one attempt; `folder` is private to it, and the worker leaves there what it records.

    `accounts` says which account plays each role; `relies_on` what a test without steps of its own relies on; `browser`
    what its people play in, where that is not the district's.
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
    """Close the browser and end."""

    kind: Literal["quit"] = "quit"


class JourneyInfo(PipeMessage):
    """A journey as collected: what its marker and its file say. `is_shipped`: it came with First Bell."""

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


class StepBegan(PipeMessage):
    """A step is being played."""

    kind: Literal["step began"] = "step began"
    step: Step


class StepEnded(PipeMessage):
    """A step is over."""

    kind: Literal["step ended"] = "step ended"
    record: StepRecord


class MediaJudged(PipeMessage):
    """Somebody looked at somebody else."""

    kind: Literal["media judged"] = "media judged"
    proof: MediaProof


class BrowserFactsCollected(PipeMessage):
    """What the browsers had seen when the first step failed."""

    kind: Literal["witnessed"] = "witnessed"
    seen: BrowserFacts


class AttemptJudged(PipeMessage):
    """The last step is over: how the attempt ended. What comes after can no longer change it.

    `lost_share`: of the worker's time, how much it was not run (see `doubt.Machine`).
    """

    kind: Literal["judged"] = "judged"
    started_at: datetime
    took_s: float
    ending: Ending | None
    browser: str
    lost_share: float


class EvidenceRecorded(PipeMessage):
    """What was recorded lies in the attempt's folder. `is_private`: a stranger came in, perhaps after the judgement.

    `clock_offset_s`: how far the clocks of the hosts that answered are ahead of ours, good to about a second.
    """

    kind: Literal["recorded"] = "recorded"
    artifacts: tuple[Artifact, ...]
    is_private: bool = False
    clock_offset_s: float | None = None


class AttemptEnded(PipeMessage):
    """Everything is closed, or `unclosed` says what could not be."""

    kind: Literal["attempt ended"] = "attempt ended"
    unclosed: str


class WorkerBroken(PipeMessage):
    """The worker cannot work at all, and why."""

    kind: Literal["unwell"] = "unwell"
    said: str


ToWorker = Annotated[WorkerSetup | PlayAttempt | Quit, Field(discriminator="kind")]
FromWorker = Annotated[
    Ready
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
