"""What parent and worker say to each other: one JSON object a line, each checked as it arrives.

To the worker: Hello once, then Play for each attempt, then Quit. Back: Ready once, then each thing as it happens.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from artifacts.evidence import Artifact
from artifacts.policy import Recording
from journeys.media.proof import MediaProof
from journeys.stage.ending import Ending
from journeys.stage.step import Step, StepRecord
from runner.diagnosis.seen import Seen

PULSE = "firstbell-pulse"
"""The journey that is no journey: the health probe of a worker."""


class Message(BaseModel):
    """One line on the pipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def as_line(self) -> bytes:
        """The message as one line."""
        return self.model_dump_json().encode() + b"\n"


class PracticePlace(Message):
    """Where the practice school runs, and the secret that lets one ask it for its accounts."""

    control: str
    token: str


class Hello(Message):
    """How the worker should set itself up. Secrets travel by this pipe and never by arguments or environment.

    The configuration travels as text: what stands in its file may have changed, and be wrong, since it was loaded.
    `location` is whose way out is taken; the first one where it is empty.
    """

    kind: Literal["hello"] = "hello"
    config: Path | None
    text: str = ""
    practice: PracticePlace | None = None
    headed: bool = False
    location: str = ""


class Play(Message):
    """Play one attempt; `folder` is private to it, and the worker leaves there what it records.

    `accounts` says which account plays each role; `relies_on` what a test without steps of its own relies on; `browser`
    what its people play in, where that is not the district's.
    """

    kind: Literal["play"] = "play"
    run_id: str
    journey: str
    attempt: int
    folder: Path
    recording: Recording
    accounts: dict[str, str] = Field(default_factory=dict)
    relies_on: tuple[str, ...] = ()
    browser: str = ""


class Quit(Message):
    """Close the browser and end."""

    kind: Literal["quit"] = "quit"


class JourneyCard(Message):
    """A journey as collected: what its marker and its file say. `is_shipped`: it came with First Bell."""

    id: str
    title: str
    relies_on: tuple[str, ...]
    roles: tuple[str, ...]
    file: str
    line: int
    source_sha256: str = ""
    is_shipped: bool = False


class BrokenFile(Message):
    """A journey file that could not be read, with the cause in one line."""

    file: str
    line: int
    cause: str


class Ready(Message):
    """The worker has collected and waits for work."""

    kind: Literal["ready"] = "ready"
    journeys: tuple[JourneyCard, ...]
    broken: tuple[BrokenFile, ...]


class StepBegan(Message):
    """A step is being played."""

    kind: Literal["step began"] = "step began"
    step: Step


class StepEnded(Message):
    """A step is over."""

    kind: Literal["step ended"] = "step ended"
    record: StepRecord


class MediaJudged(Message):
    """Somebody looked at somebody else."""

    kind: Literal["media judged"] = "media judged"
    proof: MediaProof


class Witnessed(Message):
    """What the browsers had seen when the first step failed."""

    kind: Literal["witnessed"] = "witnessed"
    seen: Seen


class Judged(Message):
    """The last step is over: how the attempt ended. What comes after can no longer change it.

    `lost_share`: of the worker's time, how much it was not run (see `doubt.Machine`).
    """

    kind: Literal["judged"] = "judged"
    started_at: datetime
    took_s: float
    ending: Ending | None
    browser: str
    lost_share: float


class Recorded(Message):
    """What was recorded lies in the attempt's folder. `is_private`: a stranger came in, perhaps after the judgement.

    `clock_offset_s`: how far the clocks of the hosts that answered are ahead of ours, good to about a second.
    """

    kind: Literal["recorded"] = "recorded"
    artifacts: tuple[Artifact, ...]
    is_private: bool = False
    clock_offset_s: float | None = None


class AttemptEnded(Message):
    """Everything is closed, or `unclosed` says what could not be."""

    kind: Literal["attempt ended"] = "attempt ended"
    unclosed: str


class Unwell(Message):
    """The worker cannot work at all, and why."""

    kind: Literal["unwell"] = "unwell"
    said: str


ToWorker = Annotated[Hello | Play | Quit, Field(discriminator="kind")]
FromWorker = Annotated[
    Ready | StepBegan | StepEnded | MediaJudged | Witnessed | Judged | Recorded | AttemptEnded | Unwell,
    Field(discriminator="kind"),
]

TO_WORKER: TypeAdapter[ToWorker] = TypeAdapter(ToWorker)
FROM_WORKER: TypeAdapter[FromWorker] = TypeAdapter(FromWorker)
