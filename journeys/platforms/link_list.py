"""Learning platforms in which a class is a named link: in a list, on a portal's tiles, or with a tool in a frame.

A link may lead on in the same tab, a new one, or a frame of the page; the actor goes on where it has led.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING

from firstbell.journeys.adapters.windows import LOOK_AGAIN_MS, Found, Sign, Windows
from firstbell.journeys.adapters.words import Word, words_of
from firstbell.journeys.platforms.link_list_words import LinkListWords, LtiWords, PortalWords
from firstbell.journeys.stage.ending import JourneyError
from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.pages.page_signs import TEXT_LIMIT, printable
from firstbell.journeys.stage.ports import Session

if TYPE_CHECKING:
    from playwright.sync_api import Frame, Locator

    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.ports import LiveClass
    from firstbell.journeys.stage.service import Service

# A list of a person's classes is shorter; text of pages is hostile.
TITLE_LIMIT, TITLES_LIMIT = 120, 200


class ListScreen(Enum):
    """The signs of a platform's pages."""

    CLASS = auto()
    WAY_IN = auto()
    NO_CLASSES = auto()
    OPEN = auto()
    TOOL = auto()
    NEW_TAB = auto()
    SESSION = auto()
    NOT_STARTED = auto()


class LinkListPlatform:
    """A list in which each class is a link with its title."""

    words: type[LinkListWords] = LinkListWords

    def __init__(self, service: Service) -> None:
        self._words = words_of(self.words, service)

    def classes(self, actor: Actor) -> tuple[str, ...]:
        """The first line of each link in the list."""
        with Windows(actor, with_frames=True) as windows:
            shown = self._list(windows, "")
            place = self._words.class_list.in_(shown.frame) if self._words.class_list else shown.frame
            links = place.get_by_role("link").or_(place.get_by_role("button")).filter(visible=True)
            texts = (text.strip().partition("\n")[0] for text in links.all_inner_texts()[:TITLES_LIMIT])
            return tuple(printable(text, TITLE_LIMIT) for text in texts if text)

    def find_class(self, actor: Actor, title: str) -> None:
        """Through the list to the page of a class."""
        with Windows(actor, with_frames=True) as windows:
            self._open_class(windows, title)

    def find_session(self, actor: Actor, class_: LiveClass) -> Session:
        """Through the list, and the tool if there is one, to the link that leads into the live session."""
        with Windows(actor, with_frames=True) as windows:
            self._open_class(windows, class_.title)
            self._open_tool(windows, class_.title)
            found = windows.wait_for(
                self._signs(
                    {ListScreen.SESSION: self._words.session_link, ListScreen.NOT_STARTED: self._words.not_started},
                    class_.title,
                )
            )
            if found.key is ListScreen.NOT_STARTED:
                raise Broken(f'no live session yet: "{printable(found.element.inner_text(), TEXT_LIMIT)}"')
            return Session(actor=actor, class_=class_, way_in=found.element)

    def _open_class(self, windows: Windows, title: str) -> None:
        link = self._list(windows, title)
        before = link.frame.url
        link.element.click()
        self._arrive(windows, link, before, title)

    def _list(self, windows: Windows, title: str) -> Found[ListScreen]:
        """The link of a class, or the list itself if no title is given. Raises Broken where the list lacks it."""
        words = self._words
        if not title and words.way_in and not words.class_list:
            raise JourneyError("the titles of a list behind way_in need a word for the list; set class_list")
        link = words.class_link if title else words.class_list or Word("css=body", words.class_list.look)
        named = {ListScreen.NO_CLASSES: words.no_classes, ListScreen.CLASS: link, ListScreen.WAY_IN: words.way_in}
        shown = self._find_in_list(windows, named, title)
        if shown.key is ListScreen.WAY_IN:
            shown.element.click()
            named = {ListScreen.NO_CLASSES: words.no_classes, ListScreen.CLASS: link}
            shown = self._find_in_list(windows, named, title)
        if shown.key is ListScreen.NO_CLASSES:
            said = printable(shown.element.inner_text(), TITLE_LIMIT)
            raise Broken(f'the list says "{said}"', sign="list-empty")
        return shown

    def _find_in_list(self, windows: Windows, named: Mapping[ListScreen, Word], title: str) -> Found[ListScreen]:
        try:
            return windows.wait_for(self._signs(named, title))
        except Broken as error:
            if not title or named.get(ListScreen.WAY_IN):
                raise
            said = f'the list does not show "{printable(title, TITLE_LIMIT)}": {error}'
            raise Broken(said, sign=error.sign, unresolved=error.unresolved) from None

    def _arrive(self, windows: Windows, link: Found[ListScreen], before: str, title: str) -> None:
        """Wait for the heading of the class, elsewhere than on the list: cards and tiles have headings, too."""
        deadline = time.monotonic() + windows.limit_s
        while True:
            found = windows.wait_for(self._signs({ListScreen.OPEN: self._words.class_heading}, title))
            if found.frame != link.frame or found.frame.url != before or not link.element.is_visible():
                return
            if time.monotonic() > deadline:
                raise Broken(f'a click on "{printable(title, TITLE_LIMIT)}" opens nothing')
            found.frame.page.wait_for_timeout(LOOK_AGAIN_MS)

    def _open_tool(self, windows: Windows, title: str) -> None:
        """Open the tool of a class where the words name one; and its own tab where the page offers that instead."""
        if not isinstance(self._words, LtiWords):
            return
        windows.wait_for(self._signs({ListScreen.TOOL: self._words.tool_link}, title)).element.click()
        signs = {
            ListScreen.SESSION: self._words.session_link,
            ListScreen.NOT_STARTED: self._words.not_started,
            ListScreen.NEW_TAB: self._words.new_tab_button,
        }
        found = windows.wait_for(self._signs(signs, title))
        if found.key is ListScreen.NEW_TAB:
            found.element.click()

    def _signs(self, named: Mapping[ListScreen, Word], title: str) -> dict[ListScreen, Sign]:
        return {key: _Named(word, title, self._place(key)) for key, word in named.items() if word}

    def _place(self, key: ListScreen) -> Word | None:
        """The list, for the links of classes where it has a word."""
        return self._words.class_list if key is ListScreen.CLASS and self._words.class_list else None


class PortalPlatform(LinkListPlatform):
    """A portal on which each class is a tile."""

    words = PortalWords


class LtiPlatform(LinkListPlatform):
    """A list of classes, each with a tool (LTI) that opens in a frame or a tab of its own."""

    words = LtiWords


class _Named:
    """A sign: a word with its title, inside a list if there is one."""

    def __init__(self, word: Word, title: str, place: Word | None) -> None:
        self._word, self._title, self._place = word, title, place

    def __call__(self, frame: Frame) -> Locator:
        if self._place is None or self._place is self._word:
            return self._word.in_(frame, title=self._title)
        return self._word.in_(self._place.in_(frame), title=self._title)
