"""A web room: any live-class product that people join by browser, known by words in the configuration alone.

It is entered by its own address, from the class's page on the platform, or by a link that the platform shows; in the
same tab, a window or a frame. A part whose word is empty is not there: `lacks` names what the room cannot do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from firstbell.journeys.adapters.words import BadOption, words_of
from firstbell.journeys.rooms.web_room_entry import Entry, RoomView, missing_words
from firstbell.journeys.rooms.web_room_words import WebRoomWords
from firstbell.journeys.stage.failures import Blind, Broken
from firstbell.journeys.stage.ports import RoomPart

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.ports import LiveClass
    from firstbell.journeys.stage.service import Classroom, Service


_NEEDED = {
    RoomPart.CHAT: ("chat_field", "chat_messages"),
    RoomPart.HAND: ("hand_button", "raised_hand"),
    RoomPart.PEOPLE: ("people",),
}
"""Part of a room -> the words that it needs."""


class WebRoom:
    """The room from the host's side."""

    words = WebRoomWords

    def __init__(self, service: Service) -> None:
        self._service = service
        self._words = _words(service)

    @staticmethod
    def watches_participants(service: Service) -> bool:
        """Whether the words of a service name a list of participants or their number."""
        return bool(service.options.get("people") or service.options.get("people_count"))

    def open(self, host: Actor, title: str) -> LiveClass:
        """Go to the room's address, or press what opens it on the class's page; and be in it."""
        class_ = self._class(title)
        class_.open(host)
        return class_

    def class_of(self, title: str) -> LiveClass:
        """The class of that title, for an actor who did not open it."""
        return self._class(title)

    def _class(self, title: str) -> WebClass:
        return WebClass(self._service, self._words, title)


class WebClass:
    """One class in a web room. Its people are known by their actors: each has the room open in a page of their own."""

    def __init__(self, service: Service, words: WebRoomWords, title: str) -> None:
        self.title = title
        self._words = words
        self._address = words.address or service.url
        self._service = service
        self._views: dict[str, RoomView] = {}
        self._host: RoomView | None = None

    @property
    def lacks(self) -> frozenset[RoomPart]:
        """The parts that this room does not have."""
        return frozenset(
            part for part, needed in _NEEDED.items() if not all(getattr(self._words, name) for name in needed)
        )

    def open(self, host: Actor) -> None:
        """Be in the room as its host."""
        entry = Entry(self._words, host)
        address = self._words.host_address or self._address
        self._host = entry.by_address(address, self.title) if address else entry.by_button(self.title)
        self._views[host.name] = self._host

    def join(self, actor: Actor, way_in: Locator | None = None) -> None:
        """Enter by a link of the platform, or by the room's own address; the host admits where the product asks."""
        entry = Entry(self._words, actor, host=self._host)
        if way_in is None and not self._address:
            raise Blind(f"the room has no address; add services.{self._service.name}.url")
        self._views[actor.name] = (
            entry.by_address(self._address, self.title) if way_in is None else entry.by_link(way_in)
        )

    def expect_participants(self, observer: Actor, *others: Actor) -> None:
        """The list shows each of the others; the roster finds strangers. Many products do not list the person who
        looks, or write "You"."""
        view = self._view(observer, RoomPart.PEOPLE)
        view.show_people()
        people = view.find(self._words.people)
        for person in others:
            name = person.account.display_name
            entry = people.filter(has_text=name).or_(people.get_by_text(name)).first
            expect(entry, f'the list of participants does not show "{name}"').to_be_visible()

    def leave(self, actor: Actor) -> None:
        """Leave; the class goes on."""
        view = self._view(actor)
        view.press(self._words.leave_button)
        self._confirm(view, "leave_confirm_button")

    def end(self, host: Actor) -> None:
        """End the class for everyone; where the product has no button for it, the host leaves."""
        words, view = self._words, self._view(host)
        if not words.end_button:
            self.leave(host)
            return
        if words.end_menu_button:
            view.press(words.end_menu_button)
        view.press(words.end_button)
        self._confirm(view, "end_confirm_button")

    def say(self, actor: Actor, text: str) -> None:
        """Write a line in the chat."""
        view = self._open_chat(actor)
        field = view.find(self._words.chat_field).first
        field.fill(text)
        if self._words.send_button:
            view.press(self._words.send_button)
        else:
            field.press("Enter")
        view.show_people()

    def expect_said(self, observer: Actor, author: Actor, text: str) -> None:
        """The line is there; many products write its author's name once above several lines."""
        del author
        view = self._open_chat(observer)
        messages = view.find(self._words.chat_messages)
        expect(messages.filter(has_text=text).first).to_be_visible()
        view.show_people()

    def raise_hand(self, actor: Actor) -> None:
        """Raise a hand."""
        self._view(actor, RoomPart.HAND).press(self._words.hand_button)

    def expect_raised_hand(self, observer: Actor, raiser: Actor) -> None:
        """The sign of the hand is there."""
        view = self._view(observer, RoomPart.HAND)
        view.wait_for_first(view.find(self._words.raised_hand, name=raiser.account.display_name))

    def _open_chat(self, actor: Actor) -> RoomView:
        view = self._view(actor, RoomPart.CHAT)
        if self._words.chat_button and not view.is_there(self._words.chat_field):
            view.press(self._words.chat_button)
            view.wait_for_first(view.find(self._words.chat_field))
        return view

    def _view(self, actor: Actor, part: RoomPart | None = None) -> RoomView:
        if part in self.lacks:
            missing = next(name for name in _NEEDED[part] if not getattr(self._words, name))
            raise BadOption(
                f"this room has no {part.value}, as far as its words say; add "
                f"services.{self._service.name}.options.{missing}, or leave the step out",
                name=missing,
            )
        # An actor who came in by another object of the same class has the room open all the same.
        return self._views.setdefault(actor.name, RoomView(self._words, actor))

    def _confirm(self, view: RoomView, name: str) -> None:
        """Press what asks once more, if it does, until the room is left. A window that closes itself has been left, and
        so has a frame that is taken away."""
        words, actor, page = self._words, view.actor, view.actor.page
        left, confirm = words.left, getattr(words, name)
        try:
            if confirm:
                asks = view.find(confirm)
                if view.wait_for_first(asks, *([view.find(left)] if left else [])) is asks:
                    view.click(asks)
            if left:
                view.wait_for_first(view.find(left))
            else:
                view.find(words.leave_button).first.wait_for(state="hidden")
        except (PlaywrightError, Broken):
            if not (page.is_closed() or view.is_gone):
                raise
        actor.roster.left()
        self._views.pop(actor.name, None)


class WebMeetingRoom:
    """The same room as a fallback (plan B): entered at its own address, with the classroom's code where it asks."""

    words = WebRoomWords

    def __init__(self, service: Service) -> None:
        self._service = service
        self._words = _words(service)
        self._class = WebClass(service, self._words, "")

    watches_participants = WebRoom.watches_participants

    def enter(self, actor: Actor, classroom: Classroom) -> None:
        """Be in the room."""
        code = classroom.meeting_code.reveal() if classroom.meeting_code else ""
        if self._words.code_field and not code:
            raise Blind("no meeting code is configured; add classroom.meeting_code")
        Entry(self._words, actor, code=code).by_address(self._words.address or self._service.url, classroom.title)

    def leave(self, actor: Actor) -> None:
        """Leave the room."""
        self._class.leave(actor)


def _words(service: Service) -> WebRoomWords:
    words = words_of(WebRoomWords, service)
    for name, said in missing_words(words):
        raise BadOption(f"[services.{service.name}.options] {name}: {said}", name=name)
    return words
