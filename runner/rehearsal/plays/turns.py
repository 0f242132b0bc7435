"""The turns of one player: each statement of a journey is played here, or waited for while another player plays it.

Rewritten journeys call this module (`rewriting`). Where no player is set, a statement is simply played.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextvars import ContextVar
from typing import Protocol

from firstbell.journeys.media.camera import signature_for
from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.ending import JourneyError
from firstbell.journeys.stage.secret import Secret
from firstbell.journeys.stage.service import Account
from firstbell.runner.rehearsal.plays.stand_in import Absent, PlayedElsewhere, StandIn, StandInPerson

__all__ = ["PLAYER", "CannotRehearse", "NotPlayed", "PlayedElsewhere", "Player", "Turn", "is_here", "returned", "turns"]

# A media proof takes about half a second, so that the host proves a sample of many guests.
MEDIA_SAMPLE = 3


NOTHING = object()
"""The value of a statement that gives none, or one that cannot be sent."""


class CannotRehearse(JourneyError):
    """A statement of a journey cannot be divided among its people. The message names it and the reason."""


class NotPlayed(JourneyError):
    """A statement that this player waits for was not played: the person whose turn it is has failed."""


class PartLink(Protocol):
    """The connection of one player to the others."""

    def played(self, path: str, value: object) -> None:
        """Tells the others that a statement has been played here, and the value that it gave to its name."""

    def wait_until_played(self, path: str, role: str) -> object:
        """Waits until all present people of a role have played a statement, and returns its value, or NOTHING.
        Raises NotPlayed."""

    def value_of_host(self, path: str) -> object:
        """The text or number that a host's statement of this path gave to its name; NOTHING if none is known."""

    def present(self, role: str) -> list[StandInPerson]:
        """The people of a role who have not left."""


class Player:
    """One person's player, with the statement that it is at. `waits_for` are the roles that it waits for; None for all:
    while its fixtures are set up, a host waits for no guest, who may not come before the host is ready."""

    def __init__(self, link: PartLink) -> None:
        self.link = link
        self.current: Turn | None = None
        self.waits_for: Collection[str] | None = None
        self._statements: Counter[str] = Counter()

    def path_of(self, key: str) -> str:
        """The path of a statement that begins now: that of the calling statement, its own key, its number there."""
        counts = self.current.statements if self.current else self._statements
        counts[key] += 1
        return f"{self.current.path}/{key}#{counts[key]}" if self.current else f"{key}#{counts[key]}"

    def stand_in(self, role: str) -> StandIn:
        """A stand-in for the people of a role."""

        unknown = StandInPerson(role, signature_for("", 0), Account(username="", display_name="", password=Secret(str)))

        def person(attribute: str) -> StandInPerson:
            if self.current is not None:
                self.current.is_about_another = True
            # A name alone, as in a message, makes no statement one about each person.
            if self.current is None or (attribute == "name" and not self.current.has_people):
                return next(iter(self.link.present(role)), unknown)
            return self.current.stands_for(role, is_seen=attribute == "signature")

        return StandIn(role, person)


PLAYER: ContextVar[Player | None] = ContextVar("PLAYER", default=None)


class Turn:
    """One statement as it is played. `value` is the value that it gave to its only name; `is_about_another`: it used
    the name or the account of another person, so that its value is not the same for all."""

    def __init__(self, player: Player, key: str, names: Collection[str], seen: Mapping[str, object]) -> None:
        self.path = player.path_of(key)
        self.statements: Counter[str] = Counter()
        self.value: object = NOTHING
        self.is_about_another = False
        self._people: list[StandInPerson] = []
        self._role = ""
        self._number = 0
        self._key = key
        self._player = player
        self._parent: Turn | None = None
        self._used = {name: _value_of(name, seen) for name in names}
        self._is_skipped = False

    def begin(self) -> None:
        """Begins the statement. Raises PlayedElsewhere for one with a value of another person's page, and without a
        person of this player: a function of Playwright would refuse what stands for the value."""
        self._parent, self._player.current = self._player.current, self
        self.statements = Counter()
        absent = [value for value in self._used.values() if isinstance(value, Absent)]
        if absent and not any(isinstance(value, Actor) for value in self._used.values()):
            raise PlayedElsewhere(absent[0].role)

    def end(self) -> None:
        """Ends the statement, however it went."""
        self._player.current = self._parent

    def skipped(self, error: PlayedElsewhere) -> object:
        """Waits until the statement has been played elsewhere; returns its value, or what stands for it."""
        self._is_skipped = True
        if self._player.waits_for is not None and error.role not in self._player.waits_for:
            return Absent(error.role)
        value = self._player.link.wait_until_played(self.path, error.role)
        return Absent(error.role) if value is NOTHING else value

    def kept(self, value: object) -> object:
        """The value that a statement gives to its name. A text or number that the host has made there counts for all:
        it may be random, or hold the time."""
        known = NOTHING if self.is_about_another else self._player.link.value_of_host(self.path)
        self.value = value if known is NOTHING or type(known) is not type(value) else known
        return self.value

    def stands_for(self, role: str, *, is_seen: bool) -> StandInPerson:
        """The person that a stand-in of a role stands for in this statement, which is repeated for each of them; if
        they are seen and heard, for a sample of those with sound. Raises PlayedElsewhere if there is none."""
        if not self._people:
            present = self._player.link.present(role)
            heard = [person for person in present if person.has_sound]
            self._people, self._role = (heard[:MEDIA_SAMPLE] if is_seen else present), role
        if not self._people:
            raise PlayedElsewhere(role)
        return self._people[self._number]

    def is_void(self) -> bool:
        """Tells whether a failure of the statement says nothing: the person that it is about has left meanwhile. Raises
        CannotRehearse for the failure of a function that was given a value of another person's page."""
        error = sys.exc_info()[1]
        if isinstance(error, TypeError | ValueError) and Absent.__name__ in str(error):
            raise CannotRehearse(
                f"{self._key}: a value of another person's page cannot be handed over; "
                "hand over its text, or write one statement for each person"
            )
        if not self._people:
            return False
        return self._people[self._number] not in self._player.link.present(self._role)

    @property
    def has_people(self) -> bool:
        """Tells whether the statement is about each person of another role."""
        return bool(self._people)

    def absent(self) -> Absent:
        """The stand-in for the value of a statement that was about a person who has left."""
        return Absent(self._role)

    def is_repeated(self) -> bool:
        """Tells whether the statement is to be played again, for the next person that a stand-in stands for."""
        self._number += 1
        return not self._is_skipped and self._number < len(self._people)

    def finish(self) -> None:
        """Reports a statement that was played here."""
        if not self._is_skipped:
            self._player.link.played(self.path, NOTHING if self.is_about_another else self.value)


class NoTurn:
    """A statement outside of any player."""

    def kept(self, value: object) -> object:
        """Returns the value."""
        return value

    def begin(self) -> None:
        """Does nothing."""

    def end(self) -> None:
        """Does nothing."""

    def is_void(self) -> bool:
        """Never."""
        return False

    def absent(self) -> object:
        """Returns None."""
        return None

    def skipped(self, error: PlayedElsewhere) -> object:
        """Raises the error: no other player is there."""
        raise error


def turns(key: str, names: Collection[str], seen: Mapping[str, object]) -> Iterator[Turn | NoTurn]:
    """Yields once for each time that a statement is to be played. `seen` are the local variables."""
    player = PLAYER.get()
    if player is None:
        yield NoTurn()
        return
    turn = Turn(player, key, names, seen)
    yield turn
    while turn.is_repeated():
        yield turn
    turn.finish()


def returned(value: object) -> object:
    """The value that a function returns. Raises PlayedElsewhere for one of another person's page: the statement that
    has called the function is played there too."""
    if isinstance(value, Absent):
        raise PlayedElsewhere(value.role)
    return value


def _value_of(name: str, seen: Mapping[str, object]) -> object:
    """The value of a local variable or of an attribute that it keeps itself; None without one."""
    variable, _, attribute = name.partition(".")
    value = seen.get(variable)
    return getattr(value, "__dict__", {}).get(attribute) if attribute else value


def is_here(held: object, names: Collection[str], seen: Mapping[str, object]) -> bool:
    """Tells whether the block that a value leads into is played here. Raises CannotRehearse if it is not, and yet a
    person of this player acts in it."""
    if not isinstance(held, Absent):
        return True
    own = [person.role for name in names if isinstance(person := seen.get(name), Actor)]
    if own:
        raise CannotRehearse(
            f"a block that depends on the page of the {held.role} has a part of the {own[0]} in it; "
            "put that part before or after the block"
        )
    return False
