"""The way into a web room: its address or link, its window and frame, the pages before it, and its waiting room."""

from __future__ import annotations

import re
import time
from functools import reduce
from typing import TYPE_CHECKING
from urllib.parse import quote

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from firstbell.hostile_text import cut
from firstbell.journeys.stage.failures import Blind, Broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Frame

    from firstbell.journeys.adapters.words import Word
    from firstbell.journeys.rooms.web_room_words import WebRoomWords
    from firstbell.journeys.stage.actor import Actor

# The time in which a field or a button may still appear beside what is already there.
GRACE_S = 2.0
# The interval at which the mouse moves while something is awaited.
STIR_S = 1.0
# A notice that comes back for ever is left where it is.
MOST_NOTICES = 5
_SAID_LIMIT = 120
_FULL = re.compile(r"\bfull\b|capacity|maximum number|limit (?:is|was|has been) reached", re.IGNORECASE)


class Entry:
    """One actor's way in. `code` opens the room, where it asks for one; `host` is in it already, and can admit."""

    def __init__(self, words: WebRoomWords, actor: Actor, *, code: str = "", host: RoomView | None = None) -> None:
        self._words = words
        self._actor = actor
        self._code = code
        self._host = host

    def by_address(self, address: str, title: str) -> RoomView:
        """Go to the address, and be in the room."""
        name = self._actor.account.display_name
        values = {"title": title, "name": name, "code": self._code}
        filled = re.sub(r"\{(title|name|code)\}", lambda found: quote(values[found[1]], safe=""), address)
        self._actor.go(filled)
        return self.by_button(title)

    def by_button(self, title: str) -> RoomView:
        """Press what leads from the page that is open to the room, if anything does, and be in the room."""
        button = self._words.open_button
        return self.by_link(button.in_(self._actor.page, title=title)) if button else self._through()

    def by_link(self, link: Locator) -> RoomView:
        """Follow a link, and be in the room."""
        actor = self._actor
        if self._words.opens_in == "window":
            found = actor.wait_for_first(link).first
            with actor.page.expect_popup() as opened:
                found.click()
            actor.page = opened.value
        else:
            actor.click(link)
        return self._through()

    def _through(self) -> RoomView:
        """Pass the pages before the room, until the person is inside."""
        view = RoomView(self._words, self._actor)
        words, open_steps = self._words, [name for name in _BEFORE if getattr(self._words, name)]
        is_waiting, notices = False, 0
        while True:
            signs = ["inside", "refused", *open_steps, *(() if is_waiting else ("waiting",))]
            found = self._first(view, signs, is_waiting=is_waiting)
            if found == "inside":
                view.settle()
                return view
            if found == "refused":
                raise _not_let_in("not let in", view.find(words.refused))
            if found == "waiting":
                is_waiting = True
                if self._host is not None:
                    self._host.admit(self._actor.account.display_name)
                continue
            self._take(view, found, open_steps)
            notices += found == "dismiss_button"
            if found != "dismiss_button" or notices >= MOST_NOTICES:
                open_steps.remove(found)

    def _first(self, view: RoomView, signs: list[str], *, is_waiting: bool) -> str:
        """The first of several words, by name, of which something is on the page."""
        present = [name for name in signs if getattr(self._words, name)]
        places = [view.find(getattr(self._words, name)) for name in present]
        try:
            found = view.wait_for_first(*places)
        except Broken:
            if is_waiting and (waiting := view.find(self._words.waiting)).first.is_visible():
                raise _not_let_in(f"kept waiting for {self._actor.limit_s:g} s", waiting, sign="lobby") from None
            raise
        return present[places.index(found)]

    def _take(self, view: RoomView, name: str, open_steps: list[str]) -> None:
        """Do what a page before the room asks for."""
        if name == "join_button":
            for field in [step for step in open_steps if step in _FIELDS]:
                if view.comes(getattr(self._words, field)):
                    self._take(view, field, open_steps)
                    open_steps.remove(field)
        target = view.find(getattr(self._words, name)).first
        if name == "code_field" and not self._code:
            raise Blind("the room asks for a code; add classroom.meeting_code, or put it into the address")
        if name in _FIELDS:
            target.fill(self._actor.account.display_name if name == "name_field" else self._code)
        else:
            view.click(target)


# The words of the pages before a room, in the order in which they are dealt with when several are there.
_FIELDS = ("name_field", "code_field")
_BEFORE = (
    "dismiss_button",
    "browser_button",
    *_FIELDS,
    "camera_on_button",
    "microphone_on_button",
    "join_button",
)


class RoomView:
    """A room's page as one actor has it open: the parts of it, in whichever window or frame they are."""

    def __init__(self, words: WebRoomWords, actor: Actor) -> None:
        self.words = words
        self.actor = actor
        self._frame: Frame | None = None

    @property
    def is_gone(self) -> bool:
        """Whether the frame that the room was in is no longer there."""
        return self._frame is not None and self._frame.is_detached()

    def find(self, word: Word, **values: str) -> Locator:
        """A part of the room. In a room without a frame, a part of the page."""
        return word.in_(self._place(), **values)

    def is_there(self, word: Word, **values: str) -> bool:
        """Whether a part of the room is visible now."""
        return bool(word) and self.find(word, **values).first.is_visible()

    def wait_for_first(self, *places: Locator) -> Locator:
        """The first of several parts that is visible. Bars that hide themselves come back when the mouse moves, so it
        moves while nothing is there. Raises Broken when the time is over."""
        began, either = time.monotonic(), reduce(Locator.or_, places).first
        while time.monotonic() - began < self.actor.limit_s:
            self._wake()
            try:
                either.wait_for(timeout=STIR_S * 1000)
            except PlaywrightTimeout:
                continue
            if found := next((place for place in places if place.first.is_visible()), None):
                return found
        return self.actor.wait_for_first(*places, within_s=STIR_S, waited_s=time.monotonic() - began)

    def press(self, word: Word, **values: str) -> None:
        """Press a part of the room as soon as it is there, also on a bar that hides itself at the wrong moment."""
        self.click(self.find(word, **values))

    def click(self, target: Locator) -> None:
        """The same for a part that has been found. It is tried first: a click that ends by time may have been made."""
        deadline, patience_s = time.monotonic() + self.actor.limit_s, STIR_S
        while True:
            self.wait_for_first(target)
            try:
                target.first.click(trial=True, timeout=patience_s * 1000)
            except PlaywrightTimeout:
                if time.monotonic() >= deadline:
                    raise
                patience_s *= 2  # A busy machine takes longer to try than a bar takes to hide.
            else:
                return target.first.click()

    def comes(self, word: Word, **values: str) -> bool:
        """Whether a part of the room is there, or comes by itself: a button that opens a list may also close it."""
        try:
            self.find(word, **values).first.wait_for(timeout=GRACE_S * 1000)
        except PlaywrightTimeout:
            return False
        return True

    def _wake(self) -> None:
        for x in (200, 240):
            self.actor.page.mouse.move(x, 200)

    def settle(self) -> None:
        """Turn on what the product turns on after joining, and follow the list of participants."""
        words = self.words
        for step in (words.audio_button, words.echo_button, words.camera_button, words.camera_confirm_button):
            if step:
                self.press(step)
        self.actor.roster.entered()
        if not (words.people or words.people_count):
            return
        self.show_people()
        self.actor.watch_participants(
            self.find(words.people) if words.people else None,
            name=words.person_name,
            attribute=words.person_attribute,
            count=self.find(words.people_count).first if words.people_count else None,
        )

    def show_people(self) -> None:
        """Have the list of participants open: it is followed only while it is on the page."""
        words = self.words
        if words.people_button and words.people and not self.is_there(words.people):
            self.press(words.people_button)
            self.wait_for_first(self.find(words.people))

    def admit(self, name: str) -> None:
        """Let a person in who waits, where the product asks the host."""
        words = self.words
        if not words.admit_button:
            return
        if words.requests_button and not self.comes(words.admit_button, name=name):
            self.press(words.requests_button)
        self.press(words.admit_button, name=name)
        self.show_people()

    def _place(self) -> Frame:
        """The frame of the room, waited for; the page's own where none is named."""
        page = self.actor.page
        if not self.words.frame:
            return page.main_frame
        if self._frame is None or self._frame.is_detached():
            element = self.words.frame.in_(page).first
            element.wait_for(state="attached")
            handle = element.element_handle()
            self._frame = handle.content_frame() if handle else None
        if self._frame is None:
            raise Broken(f"{self.words.frame} is no frame")
        return self._frame


def _not_let_in(what: str, sign_of_it: Locator, *, sign: str = "") -> Broken:
    """The failure of an entry, with what the page says."""
    try:
        said = cut(" ".join(sign_of_it.first.inner_text().split()), _SAID_LIMIT)
    except PlaywrightError:
        said = ""
    return Broken(f'{what}: the room says "{said}"', sign=sign or ("capacity" if _FULL.search(said) else ""))


def missing_words(words: WebRoomWords) -> Iterator[tuple[str, str]]:
    """The words without which no room can be used: key, and one sentence."""
    for name in ("inside", "leave_button"):
        if not getattr(words, name):
            yield name, "this word is needed; write it"
