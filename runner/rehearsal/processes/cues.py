"""The cues of one round: a barrier that issues a cue when every remaining person waits for it."""

from __future__ import annotations

from collections.abc import Sequence

from firstbell.runner.rehearsal.arrivals import TEACHER, Arrival
from firstbell.runner.rehearsal.processes.protocol import (
    ALL_JOINED,
    END_CLASS,
    LEAVE_CLASS,
    STUDENTS_JOIN,
    ActorLeft,
    ActorWaits,
    FromPlayers,
)

ORDER = (STUDENTS_JOIN, ALL_JOINED, LEAVE_CLASS, END_CLASS)


class CueBarrier:
    """Follows a round. A person who has left, for whatever reason, is not waited for."""

    def __init__(self, arrivals: Sequence[Arrival]) -> None:
        self._teachers = {arrival.actor for arrival in arrivals if arrival.role == TEACHER}
        self._students = {arrival.actor for arrival in arrivals if arrival.role != TEACHER}
        self._waiting: dict[str, str] = {}
        self._left: set[str] = set()
        self._issued: list[str] = []

    @property
    def is_over(self) -> bool:
        """Tells whether the round is over: all have left, or the class was never opened."""
        return self._teachers <= self._left and (STUDENTS_JOIN not in self._issued or self._students <= self._left)

    @property
    def absent(self) -> set[str]:
        """The people who have not left."""
        return (self._teachers | self._students) - self._left

    def receive(self, message: FromPlayers) -> list[str]:
        """Processes a message, and returns the cues that are due now."""
        match message:
            case ActorWaits(actor=actor, cue=cue):
                self._waiting[actor] = cue
            case ActorLeft(actor=actor):
                self._left.add(actor)
        due = []
        while len(self._issued) < len(ORDER) and self._is_due(cue := ORDER[len(self._issued)]):
            self._issued.append(cue)
            due.append(cue)
        return due

    def _is_due(self, cue: str) -> bool:
        if cue == STUDENTS_JOIN:
            return all(self._waiting.get(teacher) == END_CLASS for teacher in self._teachers - self._left) and not (
                self._teachers & self._left
            )
        if cue == END_CLASS:
            return self._students <= self._left
        return all(self._waiting.get(student) == cue for student in self._students - self._left)
