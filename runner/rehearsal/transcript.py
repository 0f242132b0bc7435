"""The transcript of a rehearsal: collects the messages of its player processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from firstbell.runner.outcome import Outcome
from firstbell.runner.rehearsal.arrivals import Arrival
from firstbell.runner.rehearsal.document import MediaSampleRow, PersonRow, RehearsalStepRow
from firstbell.runner.rehearsal.processes.protocol import (
    STAY,
    STAYED,
    ActorLeft,
    ActorPlaysWith,
    ActorWaits,
    EvidenceKept,
    FramesReceived,
    FromPlayers,
    GuestNotSeen,
    MediaChecked,
    StepPlayed,
)

OPENS_THE_CLASS, JOINS, LEAVES, ENDS_THE_CLASS = "opens the class", "joins", "leaves", "ends the class"
"""The steps of the shipped journey "live-class" that the practice school counts too."""
NOT_OPENED = "did not begin: the host did not get that far"


@dataclass(slots=True, kw_only=True)
class TranscriptEntry:
    """One person in the current round."""

    played_with: str = ""
    steps: list[RehearsalStepRow] = field(default_factory=list)
    looks: list[MediaSampleRow] = field(default_factory=list)
    frames_received: FramesReceived | None = None
    kept: tuple[str, ...] = ()
    waits_for: str = ""
    not_seen: str = ""
    left: ActorLeft | None = None


class Transcript:
    """Follows all rounds. Times count from `began_s`, a Unix time in seconds."""

    def __init__(self, arrivals: Sequence[Arrival], began_s: float) -> None:
        self._arrivals = arrivals
        self._began_s = began_s
        self.round = 0
        self._entries: dict[str, TranscriptEntry] = {}
        self.people: list[PersonRow] = []
        self.lost_share = 0.0

    def begin_round(self) -> None:
        """Begins a round."""
        self.round += 1
        self._entries = {arrival.actor: TranscriptEntry() for arrival in self._arrivals}

    def record(self, message: FromPlayers) -> None:
        """Records a message."""
        match message:
            case ActorPlaysWith():
                self._entries[message.actor].played_with = message.played_with
            case StepPlayed():
                fields = message.model_dump(exclude={"kind", "actor"})
                fields |= {"at_s": round(message.at_s - self._began_s, 3), "took_s": round(message.took_s, 3)}
                self._entries[message.actor].steps.append(RehearsalStepRow(**fields))
            case FramesReceived():
                self._entries[message.actor].frames_received = message
            case EvidenceKept():
                self._entries[message.actor].kept = message.names
            case MediaChecked():
                sample = message.model_dump(exclude={"kind", "actor"})
                sample |= {"at_s": round(message.at_s - self._began_s, 3)}
                self._entries[message.actor].looks.append(MediaSampleRow(**sample))
            case GuestNotSeen():
                self._entries[message.actor].not_seen = message.said
            case ActorWaits():
                self._entries[message.actor].waits_for = message.path
            case ActorLeft():
                self._entries[message.actor].left = message
                self.lost_share = max(self.lost_share, message.lost_share)

    def end_round(self) -> None:
        """Ends a round: adds the final outcome of each person to `people`."""
        hosts = [self._row(arrival) for arrival in self._arrivals if not arrival.is_guest]
        host_outcome = next((host.outcome for host in hosts if host.outcome != Outcome.PASSED), "errored")
        self.people += [
            *hosts,
            *(self._row(arrival, if_absent=host_outcome) for arrival in self._arrivals if arrival.is_guest),
        ]

    def counts(self) -> dict[str, int]:
        """Counts the students of this round by state, for a progress display."""
        found: Counter[str] = Counter()
        for arrival in self._arrivals:
            if arrival.is_guest:
                found[_current_state(self._entries[arrival.actor])] += 1
        return dict(found)

    def so_far(self, actor: str) -> PersonRow:
        """The row of one person in this round so far."""
        return self._row(next(arrival for arrival in self._arrivals if arrival.actor == actor))

    def _row(self, arrival: Arrival, if_absent: str = "errored") -> PersonRow:
        entry = self._entries[arrival.actor]
        left = entry.left
        failing = next((step for step in entry.steps if step.ending), None)
        if left is None:
            outcome, text = if_absent, NOT_OPENED
        elif left.is_alone and arrival.is_guest:
            outcome, text = if_absent, left.said
        elif failing is not None:
            outcome, text = failing.ending, f"{failing.title}: {failing.said}"
        elif entry.not_seen and not left.ending:
            outcome, text = Outcome.FAILED.value, entry.not_seen
        else:
            outcome, text = left.ending or "passed", left.said
        return PersonRow(
            round=self.round,
            actor=arrival.actor,
            role=arrival.role,
            played_with=entry.played_with,
            steps=tuple(entry.steps),
            looks=tuple(entry.looks),
            outcome=outcome,
            said=text,
            left_at_s=round(left.at_s - self._began_s, 3) if left else 0.0,
            kept=entry.kept,
            frames=entry.frames_received.frames if entry.frames_received else None,
            frames_at_s=round(entry.frames_received.at_s - self._began_s, 3) if entry.frames_received else 0.0,
        )


def _current_state(entry: TranscriptEntry) -> str:
    if entry.left is not None:
        return "left" if not entry.left.ending and not any(step.ending for step in entry.steps) else "failed"
    if entry.waits_for in {STAY, STAYED} or entry.looks:
        return "in class"
    return "joining" if entry.steps else "waiting"


def joins(people: Sequence[PersonRow]) -> int:
    """Counts joins of the class, the teacher's included."""
    return sum(person.step(title) is not None for person in people for title in (JOINS, OPENS_THE_CLASS))


def peak(people: Sequence[PersonRow]) -> int:
    """The most people in the class at once: each counts from the end of joining to the start of leaving."""
    changes: list[tuple[float, int]] = []
    for person in people:
        joined = person.step(JOINS) or person.step(OPENS_THE_CLASS)
        if joined is None:
            continue
        left = next((step for step in person.steps if step.title in {LEAVES, ENDS_THE_CLASS}), None)
        changes += [(joined.at_s + joined.took_s, 1), (left.at_s if left else person.left_at_s, -1)]
    most = now = 0
    for _, change in sorted(changes, key=lambda change: (change[0], -change[1])):
        now += change
        most = max(most, now)
    return most
