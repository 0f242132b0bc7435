"""Who is waited for: the cues of one round, given when everybody who is still there waits for them."""

from __future__ import annotations

from collections.abc import Sequence

from firstbell.runner.rehearsal.arrivals import TEACHER, Arrival
from firstbell.runner.rehearsal.processes.protocol import COME, END, EVERYBODY, HOME, ActorLeft, ActorWaits, FromPlayers

ORDER = (COME, EVERYBODY, HOME, END)


class CueBarrier:
    """Follows a round. Somebody who has left, well or not, is not waited for."""

    def __init__(self, seats: Sequence[Arrival]) -> None:
        self._teachers = {seat.actor for seat in seats if seat.role == TEACHER}
        self._students = {seat.actor for seat in seats if seat.role != TEACHER}
        self._waiting: dict[str, str] = {}
        self._left: set[str] = set()
        self._given: list[str] = []

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen: all have left, or the class was never opened."""
        return self._teachers <= self._left and (COME not in self._given or self._students <= self._left)

    @property
    def absent(self) -> set[str]:
        """Those who have not left."""
        return (self._teachers | self._students) - self._left

    def hear(self, message: FromPlayers) -> list[str]:
        """Take in what was said, and return the cues that are due now."""
        match message:
            case ActorWaits(actor=actor, cue=cue):
                self._waiting[actor] = cue
            case ActorLeft(actor=actor):
                self._left.add(actor)
        due = []
        while len(self._given) < len(ORDER) and self._is_due(cue := ORDER[len(self._given)]):
            self._given.append(cue)
            due.append(cue)
        return due

    def _is_due(self, cue: str) -> bool:
        if cue == COME:
            return all(self._waiting.get(teacher) == END for teacher in self._teachers - self._left) and not (
                self._teachers & self._left
            )
        if cue == END:
            return self._students <= self._left
        return all(self._waiting.get(student) == cue for student in self._students - self._left)
