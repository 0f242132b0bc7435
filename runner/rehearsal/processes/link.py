"""The connection of one player to the others, by messages to the parent of all."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeGuard

from firstbell.runner.rehearsal.plays.turns import NOTHING, CannotRehearse, NotPlayed
from firstbell.runner.rehearsal.processes.protocol import (
    ActorWaits,
    Cue,
    HostValues,
    PersonLeft,
    PlayedStatement,
    StatementsPlayed,
    Stuck,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from firstbell.journeys.stage.ports import LiveClass
    from firstbell.journeys.stage.school import School
    from firstbell.runner.execution.supervision.protocol import PipeMessage
    from firstbell.runner.rehearsal.plays.stand_in import StandInPerson

# The interval at which a person who waits looks for the cue.
CUE_MS = 250
# A statement that took less has asked no page anything, so that no person waits for it: it is reported with the next.
QUICK_S = 0.0005
MOST_UNREPORTED = 500
# More than a class's address or code needs.
VALUE_LIMIT = 10_000
LIVE_CLASS = "firstbell live class"


class RoundState:
    """The parent's messages of this round, for all people of one process."""

    def __init__(self) -> None:
        self.cues: dict[tuple[str, str], Cue] = {}
        self.values: dict[str, str] = {}
        self.left: set[str] = set()
        self.stuck = ""

    def receive(self, message: Cue | HostValues | PersonLeft | Stuck) -> None:
        """Takes note of a message."""
        match message:
            case Cue(path=path, role=role):
                self.cues[path, role] = message
            case HostValues(values=values):
                self.values |= values
            case PersonLeft(actor=actor):
                self.left.add(actor)
            case Stuck(said=said):
                self.stuck = said


class PipeLink:
    """One person's connection. `page` returns the page on which the person waits."""

    def __init__(
        self,
        actor: str,
        state: RoundState,
        send: Callable[[PipeMessage], None],
        *,
        people: dict[str, list[StandInPerson]],
        school: School,
    ) -> None:
        self._actor = actor
        self._state = state
        self.send = send
        self._people = people
        self._school = school
        self._unreported: list[PlayedStatement] = []
        self._last_s = time.monotonic()
        self.page: Callable[[], Page] | None = None
        self.live_class: LiveClass | None = None

    def played(self, path: str, value: object) -> None:
        """See PartLink."""
        if is_live_class(value):
            self.live_class = value
        self._unreported.append(PlayedStatement(path=path, value=as_text(value)))
        now_s = time.monotonic()
        if now_s - self._last_s > QUICK_S or len(self._unreported) >= MOST_UNREPORTED:
            self.report()
        self._last_s = now_s

    def report(self) -> None:
        """Reports all that has been played."""
        if self._unreported:
            self.send(StatementsPlayed(actor=self._actor, statements=tuple(self._unreported)))
            self._unreported = []

    def wait_until_played(self, path: str, role: str) -> object:
        """See PartLink."""
        self.report()
        if (path, role) not in self._state.cues:
            self.send(ActorWaits(actor=self._actor, path=path, role=role))
        while (cue := self._state.cues.get((path, role))) is None or self._state.stuck:
            if self._state.stuck:
                raise CannotRehearse(self._state.stuck)
            if self.page is None:
                raise CannotRehearse(f"a fixture waits for the {role}, and this person has no page yet")
            self.page().wait_for_timeout(CUE_MS)
        self._last_s = time.monotonic()
        if not cue.is_played:
            raise NotPlayed(f"could not go on: the {role} did not get that far")
        return self._value(cue.value)

    def value_of_host(self, path: str) -> object:
        """See PartLink."""
        value = json.loads(text) if (text := self._state.values.get(path)) else NOTHING
        return value if isinstance(value, str | int | float) else NOTHING

    def present(self, role: str) -> list[StandInPerson]:
        """See PartLink."""
        return [person for person in self._people[role] if person.name not in self._state.left]

    def _value(self, text: str) -> object:
        value = json.loads(text) if text else NOTHING
        if isinstance(value, dict) and value.keys() == {LIVE_CLASS}:
            return self._school.live_class.class_of(value[LIVE_CLASS])
        return value


def as_text(value: object) -> str:
    """A value as JSON, if it is plain text, numbers, and lists of them, or a live class; else an empty text."""
    if is_live_class(value):
        return json.dumps({LIVE_CLASS: getattr(value, "title", "")})
    if value is NOTHING or not isinstance(value, str | int | float | bool | list | dict | None):
        return ""
    try:
        text = json.dumps(value)
        return text if len(text) <= VALUE_LIMIT and json.loads(text) == value else ""
    except (TypeError, ValueError, RecursionError):
        return ""


def is_live_class(value: object) -> TypeGuard[LiveClass]:
    """Tells whether a value is an open class of an adapter (`stage.ports.LiveClass`)."""
    methods = (getattr(type(value), name, None) for name in ("join", "leave", "end", "say"))
    return all(map(callable, methods)) and isinstance(getattr(value, "title", None), str)
