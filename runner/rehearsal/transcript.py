"""The minutes of a rehearsal: what its people said of themselves, written down as it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from firstbell.runner.outcome import Outcome
from firstbell.runner.rehearsal.arrivals import TEACHER, Arrival
from firstbell.runner.rehearsal.document import MediaSampleRow, PersonRow, RehearsalStepRow
from firstbell.runner.rehearsal.processes.protocol import (
    EVERYBODY,
    HOME,
    ActorArrived,
    ActorLeft,
    ActorPlaysWith,
    ActorStayed,
    ActorWaits,
    EvidenceKept,
    FromPlayers,
    MediaChecked,
    StepPlayed,
)
from firstbell.runner.rehearsal.scenario import ENDS_THE_CLASS, JOINS, LEAVES, OPENS_THE_CLASS

NOT_OPENED = "never came: the teacher did not open the class"


@dataclass(slots=True, kw_only=True)
class TranscriptEntry:
    """One person in the round in hand."""

    played_with: str = ""
    steps: list[RehearsalStepRow] = field(default_factory=list)
    looks: list[MediaSampleRow] = field(default_factory=list)
    frames_per_s: float | None = None
    arrived: ActorArrived | None = None
    kept: tuple[str, ...] = ()
    waits_for: str = ""
    left: ActorLeft | None = None


class Transcript:
    """Follows all rounds. Times count from `began_s`, a Unix time in seconds."""

    def __init__(self, seats: Sequence[Arrival], began_s: float) -> None:
        self._seats = seats
        self._began_s = began_s
        self.round = 0
        self._now: dict[str, TranscriptEntry] = {}
        self.people: list[PersonRow] = []
        self.lost_share = 0.0

    def begin(self) -> None:
        """A round begins."""
        self.round += 1
        self._now = {seat.actor: TranscriptEntry() for seat in self._seats}

    def hear(self, message: FromPlayers) -> None:
        """Write down what was said."""
        match message:
            case ActorPlaysWith():
                self._now[message.actor].played_with = message.played_with
            case StepPlayed():
                given = message.model_dump(exclude={"kind", "actor"})
                given |= {"at_s": round(message.at_s - self._began_s, 3), "took_s": round(message.took_s, 3)}
                self._now[message.actor].steps.append(RehearsalStepRow(**given))
            case ActorStayed():
                self._now[message.actor].frames_per_s = message.frames_per_s
            case ActorArrived():
                self._now[message.actor].arrived = message
            case EvidenceKept():
                self._now[message.actor].kept = message.names
            case MediaChecked():
                entry = self._now[message.actor]
                frames = message.frames_per_s if entry.frames_per_s is None else entry.frames_per_s
                look = message.model_dump(exclude={"kind", "actor"})
                look |= {"at_s": round(message.at_s - self._began_s, 3), "frames_per_s": round(frames, 2)}
                entry.looks.append(MediaSampleRow(**look))
            case ActorWaits():
                self._now[message.actor].waits_for = message.cue
            case ActorLeft():
                self._now[message.actor].left = message
                self.lost_share = max(self.lost_share, message.lost_share)

    def end(self) -> None:
        """The round is over: everybody's outcome stands."""
        teachers = [self._row(seat) for seat in self._seats if seat.role == TEACHER]
        why = next((teacher.outcome for teacher in teachers if teacher.outcome != Outcome.PASSED), "errored")
        self.people += [*teachers, *(self._row(seat, never=why) for seat in self._seats if seat.role != TEACHER)]

    def counts(self) -> dict[str, int]:
        """How many students of this round are where, for whoever looks on."""
        found: Counter[str] = Counter()
        for seat in self._seats:
            if seat.role != TEACHER:
                found[_current_state(self._now[seat.actor])] += 1
        return dict(found)

    def so_far(self, actor: str) -> PersonRow:
        """One person of this round, as it stands."""
        return self._row(next(seat for seat in self._seats if seat.actor == actor))

    def _row(self, seat: Arrival, never: str = "errored") -> PersonRow:
        entry = self._now[seat.actor]
        left = entry.left
        bad = next((step for step in entry.steps if step.ending), None)
        if left is None:
            outcome, said = never, NOT_OPENED
        elif bad is not None:
            outcome, said = bad.ending, f"{bad.title}: {bad.said}"
        else:
            outcome, said = left.ending or "passed", left.said
        return PersonRow(
            round=self.round,
            actor=seat.actor,
            role=seat.role,
            played_with=entry.played_with,
            steps=tuple(entry.steps),
            looks=tuple(entry.looks),
            outcome=outcome,
            said=said,
            left_at_s=round(left.at_s - self._began_s, 3) if left else 0.0,
            kept=entry.kept,
            frames=entry.arrived.frames if entry.arrived else None,
            frames_at_s=round(entry.arrived.at_s - self._began_s, 3) if entry.arrived else 0.0,
        )


def _current_state(entry: TranscriptEntry) -> str:
    if entry.left is not None:
        return "gone home" if not entry.left.ending and not any(step.ending for step in entry.steps) else "failed"
    if entry.waits_for in {EVERYBODY, HOME}:
        return "in class"
    return "on the way" if entry.steps else "to come"


def joins(people: Sequence[PersonRow]) -> int:
    """How often somebody came into the class, the teacher included."""
    return sum(person.step(title) is not None for person in people for title in (JOINS, OPENS_THE_CLASS))


def peak(people: Sequence[PersonRow]) -> int:
    """The most people who were in the class at once: each from the end of joining to the beginning of leaving."""
    changes: list[tuple[float, int]] = []
    for person in people:
        came = person.step(JOINS) or person.step(OPENS_THE_CLASS)
        if came is None:
            continue
        went = next((step for step in person.steps if step.title in {LEAVES, ENDS_THE_CLASS}), None)
        changes += [(came.at_s + came.took_s, 1), (went.at_s if went else person.left_at_s, -1)]
    most = now = 0
    for _, change in sorted(changes, key=lambda change: (change[0], -change[1])):
        now += change
        most = max(most, now)
    return most
