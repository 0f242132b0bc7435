"""The roster: participants of a room, as its page lists them. A participant who is not expected is a stranger.

Children are never recorded. A room's list is followed from the moment of joining: the page reports each change by
itself, so that a person who comes and goes between two steps is noticed too, and a page that hangs is not asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

BINDING = "firstbellRoster"
FOLLOW = """list => {
  const names = %s;
  const changes = { childList: true, subtree: true, characterData: true };
  new MutationObserver(() => window.%s(names(list))).observe(list, changes);
  return names(list);
}"""


class Roster:
    """The names that one actor's rooms have listed. They stay in here: only the number of strangers is reported."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._seen: set[str] = set()
        self._is_bound = False

    def follow(self, people: Locator, names: str) -> None:
        """Follow a list on the page; `names` is a JavaScript function from its element to the names that it shows."""
        if not self._is_bound:
            self._page.expose_binding(BINDING, lambda _source, seen: self._note(seen))
            self._is_bound = True
        self._note(people.evaluate(FOLLOW % (names, BINDING)))

    def strangers(self, expected: Collection[str]) -> int:
        """The number of different participants who are not expected."""
        return len(self._seen - {_plain(name) for name in expected})

    def _note(self, names: Sequence[object]) -> None:
        self._seen.update(plain for name in names if (plain := _plain(str(name))))


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
