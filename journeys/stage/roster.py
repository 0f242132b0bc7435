"""The roster: participants of a room, as its page lists them. A participant who is not expected is a stranger.

Children are never recorded. A room's list is followed from the moment of joining: the page reports each change by
itself, so that a person who comes and goes between two steps is noticed too, and a page that hangs is not asked.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error as PlaywrightError

from firstbell.journeys.stage.participant_names import counted, is_expected, plain, surplus

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Frame, Locator

BINDING = "firstbellRoster"
FOLLOW = Path(__file__).with_name("roster.js").read_text()
# A page that invents rows without end fills no memory.
MOST_ROWS = 5000
MOST_CROWDS = 200
_NUMBERS = itertools.count(1)


class Watch(Enum):
    """The state of an actor's watch over the people in a room."""

    NO_ROOM = "no room"  # the actor is in no room, as far as First Bell knows
    WATCHED = "watched"  # a list of participants is followed
    LOST = "lost"  # a list was followed, and is no longer on the page, or cannot be read
    UNWATCHED = "unwatched"  # the actor is in a room, and no list of it was ever followed


@dataclass(slots=True, kw_only=True)
class _List:
    """A list that is followed: how its page is asked for it, and how it was last seen."""

    people: Locator
    asked: Mapping[str, object]
    is_there: bool = False
    is_awaited: bool = False
    unreadable: int = 0


@dataclass(slots=True)
class Roster:
    """The people whom one actor's rooms have listed. Names stay in here: only the number of strangers is reported.

    Lists may be in any tab, window or frame of the actor's `context`.
    """

    context: BrowserContext
    _binding: str = ""
    _lists: dict[int, _List] = field(default_factory=dict)
    _seen: set[tuple[str, ...]] = field(default_factory=set)
    _crowds: set[tuple[tuple[str, ...], ...]] = field(default_factory=set)
    _most: int = 0
    _is_in_room: bool = False
    _has_left: bool = False
    returns: int = 0
    """How often the actor came into a room anew, in earlier attempts too: some rooms list its old connection beside the
    new one for a while."""

    def follow(
        self,
        people: Locator | None = None,
        *,
        name: str = "",
        attribute: str = "",
        count: Locator | None = None,
    ) -> None:
        """Follow a list of participants, given by its element or by its rows, and a text that counts them.

        `name` is a CSS selector of the name in a row, `attribute` one that holds it; without them each text of a row is
        compared. Waits until they are on the page. Raises Playwright's TimeoutError.
        """
        self.entered()
        if people is not None:
            self._add(people, {"name": name, "attribute": attribute, "isCount": False})
        if count is not None:
            self._add(count, {"name": "", "attribute": "", "isCount": True})

    def entered(self) -> None:
        """Note that the actor is in a room from now on."""
        self.returns += self._has_left
        self._is_in_room, self._has_left = True, False

    def left(self) -> None:
        """Note that the actor is in no room any more; strangers who were seen stay noted."""
        self._is_in_room, self._has_left = False, True
        self._lists.clear()

    @property
    def watch(self) -> Watch:
        """The state of the watch now."""
        if not self._is_in_room:
            return Watch.NO_ROOM
        if not self._lists:
            return Watch.UNWATCHED
        is_whole = all(one.is_there and not one.unreadable for one in self._lists.values())
        return Watch.WATCHED if is_whole else Watch.LOST

    def strangers(self, expected: Collection[str]) -> int:
        """The number of different participants who are not among the expected, each of whom may be there as often as
        named.

        A second person of an expected name is one of them, and so is a row that has no name now.
        """
        names = Counter(map(plain, expected))
        # An actor who enters later is expected later: only those who are expected now are forgotten.
        self._seen = {row for row in self._seen if not is_expected(row, names)}
        self._crowds = {crowd for crowd in self._crowds if surplus(crowd, names) > 0}
        # The longest text of a row is the name: icons, initials and roles come and go.
        people = {max(map(plain, row), key=len) for row in self._seen}
        namesakes = max((surplus(crowd, names) for crowd in self._crowds), default=0)
        unreadable = sum(one.unreadable for one in self._lists.values())
        return max(len(people) + namesakes + unreadable, self._most - names.total())

    def _add(self, people: Locator, how: Mapping[str, object]) -> None:
        if not self._binding:
            self._binding = f"{BINDING}{next(_NUMBERS)}"
            self.context.expose_binding(self._binding, lambda _source, seen: self._hear(seen))
        number = next(_NUMBERS)
        followed = _List(people=people, asked={**how, "number": number, "binding": self._binding})
        people.first.wait_for(state="attached")
        self._lists[number] = followed
        self._look(followed)
        people.page.on("framenavigated", lambda frame: self._moved(number, frame))

    def _look(self, followed: _List) -> None:
        """Ask the page for the list, and have it report each change from now on."""
        seen = followed.people.evaluate_all(FOLLOW, followed.asked)
        if seen is not None:
            self._note(followed, seen)
            return
        followed.is_there = False
        self._wait(followed)

    def _wait(self, followed: _List) -> None:
        """Wait, however long, until a list that has gone is back: its page may load again, and ask to be joined."""
        if followed.is_awaited:
            return
        followed.is_awaited = True
        try:
            followed.people.first.wait_for(state="attached", timeout=0)
        finally:
            followed.is_awaited = False
        if followed in self._lists.values():
            self._look(followed)

    def _hear(self, seen: Mapping[str, Any]) -> None:
        """Take what a page reports, in a fiber of its own. A page is not trusted: its numbers may be anything."""
        followed = self._lists.get(seen["number"])
        if followed is None:
            return
        if not seen.get("again"):
            self._note(followed, seen)
            return
        with contextlib.suppress(PlaywrightError):
            self._look(followed)

    def _moved(self, number: int, frame: Frame) -> None:
        """A document may be gone, and its list with it; the next one may have a list again."""
        followed = self._lists.get(number)
        if followed is None or frame.page.is_closed():
            return
        self.returns += followed.is_there and frame.parent_frame is None
        followed.is_there = False
        with contextlib.suppress(PlaywrightError):
            self._wait(followed)

    def _note(self, followed: _List, seen: Mapping[str, Any]) -> None:
        rows = [tuple(str(text) for text in row) for row in seen["rows"]]
        followed.is_there = bool(seen["is_there"])
        if followed.asked["isCount"]:
            self._most = max([self._most, *(counted(" ".join(row)) for row in rows)])
            return
        self._most = max(self._most, int(seen["size"]))
        followed.unreadable = sum(not any(map(plain, row)) for row in rows)
        self._seen.update(row for row in rows[: MOST_ROWS - len(self._seen)] if any(map(plain, row)))
        crowds: dict[int, list[tuple[str, ...]]] = {}
        for number, row in zip(seen["lists"], rows, strict=True):
            crowds.setdefault(int(number), []).append(row)
        self._crowds.update(tuple(sorted(crowd)) for crowd in crowds.values() if len(self._crowds) < MOST_CROWDS)
