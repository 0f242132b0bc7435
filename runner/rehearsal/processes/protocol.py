"""What a rehearsal's parent and the processes that play its people say to each other: one JSON object a line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from firstbell.runner.execution.supervision.protocol import PipeMessage, WorkerSetup
from firstbell.runner.rehearsal.arrivals import Arrival
from firstbell.runner.rehearsal.document import CostRow

COME, EVERYBODY, HOME, END = "come", "everybody", "home", "end"
"""The cues, in order: students come; everybody is in; students leave; the teacher ends the class."""


class PreparePlayers(PipeMessage):
    """To a process: whom it plays. `stay_s` is how long everybody stays together, `keep` the folder for what remains of
    those who fail and `mask` what no picture shows; with nobody to play it measures what a student costs, says so, and
    ends."""

    kind: Literal["engage"] = "engage"
    hello: WorkerSetup
    seats: tuple[Arrival, ...] = ()
    guests: tuple[str, ...] = ()
    stay_s: float = 0.0
    keep: Path = Path()
    mask: tuple[str, ...] = ()


class BeginRound(PipeMessage):
    """To a process: a round begins. Its teacher opens the class; the signatures of all cameras come from `token`."""

    kind: Literal["begin"] = "begin"
    token: str


class Cue(PipeMessage):
    """To a process: what its people wait for has come."""

    kind: Literal["cue"] = "cue"
    cue: str


class EndPlayers(PipeMessage):
    """To a process: close the browser and end."""

    kind: Literal["dismiss"] = "dismiss"


class PlayersReady(PipeMessage):
    """From a process: its browser is open."""

    kind: Literal["engaged"] = "engaged"
    browser: str


class CapacityMeasured(PipeMessage):
    """From a process without people: what one student costs here, and what others take of this machine's cores."""

    kind: Literal["measured"] = "measured"
    cost: CostRow
    others_cores: float
    memory_free_mib: float


class PlayersFailed(PipeMessage):
    """From a process: it cannot play, and why."""

    kind: Literal["unable"] = "unable"
    said: str


class ActorPlaysWith(PipeMessage):
    """From a process: somebody has a page now; in which browser, and what it is made to look like."""

    kind: Literal["holds"] = "holds"
    actor: str
    played_with: str


class StepPlayed(PipeMessage):
    """From a process: a step is over. `at_s` is Unix time in seconds; `ending` is empty where it ended well."""

    kind: Literal["played"] = "played"
    actor: str
    title: str
    service: str
    at_s: float
    took_s: float
    ending: str = ""
    said: str = ""
    sign: str = ""
    is_private: bool = False


class MediaChecked(PipeMessage):
    """From a process: what a student saw and heard of the teacher. `fault` is empty where it is proved."""

    kind: Literal["seen"] = "seen"
    actor: str
    at_s: float
    fault: str = ""
    latency_ms: float | None = None
    frames_per_s: float = 0.0


class ActorStayed(PipeMessage):
    """From a process: the frames that a student was shown while everybody was there, a second on average."""

    kind: Literal["stayed"] = "stayed"
    actor: str
    frames_per_s: float


class ActorArrived(PipeMessage):
    """From a process: how many of the teacher's frames had arrived at a student by `at_s`, just before they left."""

    kind: Literal["arrived"] = "arrived"
    actor: str
    at_s: float
    frames: int


class EvidenceKept(PipeMessage):
    """From a process: what remains of somebody who failed, by names in the folder; the picture, if any, first."""

    kind: Literal["kept"] = "kept"
    actor: str
    names: tuple[str, ...]


class ActorWaits(PipeMessage):
    """From a process: somebody waits for a cue."""

    kind: Literal["waits"] = "waits"
    actor: str
    cue: str


class ActorLeft(PipeMessage):
    """From a process: somebody is done with a round, one way or another. What went wrong between steps is told here;
    `lost_share` is how much of the round's time the process was not run."""

    kind: Literal["left"] = "left"
    actor: str
    at_s: float
    ending: str = ""
    said: str = ""
    lost_share: float = 0.0


ToPlayers = Annotated[PreparePlayers | BeginRound | Cue | EndPlayers, Field(discriminator="kind")]
FromPlayers = Annotated[
    PlayersReady
    | CapacityMeasured
    | PlayersFailed
    | ActorPlaysWith
    | StepPlayed
    | MediaChecked
    | ActorStayed
    | ActorArrived
    | EvidenceKept
    | ActorWaits
    | ActorLeft,
    Field(discriminator="kind"),
]
TO_PLAYERS: TypeAdapter[ToPlayers] = TypeAdapter(ToPlayers)
FROM_PLAYERS: TypeAdapter[FromPlayers] = TypeAdapter(FromPlayers)
