"""The messages between a rehearsal's parent and its player processes: one JSON object per line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from firstbell.runner.execution.supervision.protocol import PipeMessage, WorkerSetup
from firstbell.runner.rehearsal.arrivals import Arrival
from firstbell.runner.rehearsal.document import CostRow

STAY, STAYED, END = "=stay", "=stayed", "=end"
"""Paths of what every guest does besides the statements of a journey: be there for the stay, have stayed, and end."""

EXCHANGED = ("path", "value", "role", "names")
"""Fields that players give to each other, such as the address of the class, and names of files: no text for people."""


class PreparePlayers(PipeMessage):
    """To a process: the journey, all people, and the `worker` whose people it plays. `stay_s` is how long all stay
    together, `keep` the folder for evidence of
    failures, `mask` the selectors to mask in pictures. Without arrivals the process measures the cost of a student,
    reports it, and ends."""

    kind: Literal["engage"] = "engage"
    hello: WorkerSetup
    journey: str = ""
    arrivals: tuple[Arrival, ...] = ()
    worker: int = 0
    guests: tuple[str, ...] = ()
    stay_s: float = 0.0
    keep: Path = Path()
    mask: tuple[str, ...] = ()


class BeginRound(PipeMessage):
    """To a process: begin a round. The teacher opens the class; all cameras' signatures derive from `token`."""

    kind: Literal["begin"] = "begin"
    token: str


class GuestsCome(PipeMessage):
    """To a process: the hosts are ready, and guests arrive from now on."""

    kind: Literal["come"] = "come"


class Cue(PipeMessage):
    """To a process: go on, for people who wait until those of `role` have played a statement, or have left.

    `value` is what the statement gave to its name, as JSON; empty if it gave nothing that can be sent. `is_played` is
    false if the people of a host's role left before, with a failure."""

    kind: Literal["cue"] = "cue"
    path: str
    role: str
    value: str = ""
    is_played: bool = True


class HostValues(PipeMessage):
    """To a process: the values (JSON) that a host's statements gave to their names, by path."""

    kind: Literal["values"] = "values"
    values: dict[str, str]


class PersonLeft(PipeMessage):
    """To a process: a person has left, wherever they were."""

    kind: Literal["gone"] = "gone"
    actor: str


class Stuck(PipeMessage):
    """To a process: all wait for another person, so that no person can go on."""

    kind: Literal["stuck"] = "stuck"
    said: str


class EndPlayers(PipeMessage):
    """To a process: close the browser and end."""

    kind: Literal["dismiss"] = "dismiss"


class PlayersReady(PipeMessage):
    """From a process: its browser is open."""

    kind: Literal["engaged"] = "engaged"
    browser: str


class CapacityMeasured(PipeMessage):
    """From a process without people: the cost of one student, and the cores in use by other programs."""

    kind: Literal["measured"] = "measured"
    cost: CostRow
    others_cores: float
    memory_free_mib: float


class PlayersFailed(PipeMessage):
    """From a process: it cannot play, and the reason."""

    kind: Literal["unable"] = "unable"
    said: str


class ActorPlaysWith(PipeMessage):
    """From a process: a person has a page now; with its browser and the device that it emulates."""

    kind: Literal["holds"] = "holds"
    actor: str
    played_with: str


class StepPlayed(PipeMessage):
    """From a process: a step ended. `at_s` is its start in Unix seconds; `ending` is empty if it passed."""

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
    """From a process: a media sample of the teacher at a student. `fault` is empty if picture and sound are proved."""

    kind: Literal["seen"] = "seen"
    actor: str
    at_s: float
    fault: str = ""
    latency_ms: float | None = None
    frames_per_s: float = 0.0
    is_guarded: bool = True


class FramesReceived(PipeMessage):
    """From a process: the number of the teacher's frames received by a student until `at_s`, just before leaving."""

    kind: Literal["arrived"] = "arrived"
    actor: str
    at_s: float
    frames: int


class GuestNotSeen(PipeMessage):
    """From a process: a host did not see and hear a guest, for the reason in `said`."""

    kind: Literal["unseen"] = "unseen"
    actor: str
    said: str


class EvidenceKept(PipeMessage):
    """From a process: evidence of a failed person, by names in the folder; the picture, if any, first."""

    kind: Literal["kept"] = "kept"
    actor: str
    names: tuple[str, ...]


class PlayedStatement(PipeMessage):
    """A statement and its value: see Cue."""

    path: str
    value: str = ""


class StatementsPlayed(PipeMessage):
    """From a process: a person has played these statements of the journey."""

    kind: Literal["statements"] = "statements"
    actor: str
    statements: tuple[PlayedStatement, ...]


class ActorWaits(PipeMessage):
    """From a process: a person waits until those of `role` have played a statement."""

    kind: Literal["waits"] = "waits"
    actor: str
    path: str
    role: str


class ActorLeft(PipeMessage):
    """From a process: a person has finished a round. `ending` and `said` report a failure between steps; `is_alone`:
    they could not go on, because one of another role had failed; `lost_share` is the share of time in which the process
    was not scheduled."""

    kind: Literal["left"] = "left"
    actor: str
    at_s: float
    ending: str = ""
    said: str = ""
    is_alone: bool = False
    lost_share: float = 0.0


ToPlayers = Annotated[
    PreparePlayers | BeginRound | GuestsCome | Cue | HostValues | PersonLeft | Stuck | EndPlayers,
    Field(discriminator="kind"),
]
FromPlayers = Annotated[
    PlayersReady
    | CapacityMeasured
    | PlayersFailed
    | ActorPlaysWith
    | StepPlayed
    | MediaChecked
    | FramesReceived
    | EvidenceKept
    | GuestNotSeen
    | StatementsPlayed
    | ActorWaits
    | ActorLeft,
    Field(discriminator="kind"),
]
TO_PLAYERS: TypeAdapter[ToPlayers] = TypeAdapter(ToPlayers)
FROM_PLAYERS: TypeAdapter[FromPlayers] = TypeAdapter(FromPlayers)
