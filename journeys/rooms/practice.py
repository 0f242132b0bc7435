"""The practice school's live class, as teacher and students use it: by role and label, never by page structure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from firstbell.journeys.stage.failures import Blind, Broken

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.ports import LiveClass
    from firstbell.journeys.stage.service import Service


# A page that has lost its room tries again every two seconds; one that is let in at once was not broken.
RECONNECT_S = 4.5


class PracticeRoom:
    """Opened from the class's page on the platform, by the teacher."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def open(self, host: Actor, title: str) -> LiveClass:
        """Open the class whose page the host is on."""
        way_in = host.page.get_by_role("link", name="Open live session", exact=True)
        host.wait_for_first(way_in)
        class_ = PracticeClass(title)
        class_.join(host, way_in)
        return class_

    def class_of(self, title: str) -> LiveClass:
        """The class of that title, for an actor who did not open it."""
        return PracticeClass(title)


class PracticeClass:
    """One open class."""

    def __init__(self, title: str) -> None:
        self.title = title

    def join(self, actor: Actor, way_in: Locator | None = None) -> None:
        """Go in, through the lobby until the teacher has opened. Raises Blind without a link of the platform's."""
        if way_in is None:
            raise Blind("the practice school's room has no address of its own; play live-class instead")
        way_in.click()
        wait_until_inside(actor, "class")
        actor.watch_participants(actor.page.get_by_role("list", name="Participants"))

    def expect_participants(self, observer: Actor, *others: Actor) -> None:
        """The list shows all expected participants, and no others."""
        people = observer.page.get_by_role("list", name="Participants").get_by_role("listitem")
        for person in (observer, *others):
            expect(people.filter(has_text=person.account.display_name)).to_have_count(1)
        expect(people).to_have_count(len(others) + 1)

    def leave(self, actor: Actor) -> None:
        """Leave; the class goes on."""
        actor.page.get_by_role("button", name="Leave class").click()
        expect(actor.page.get_by_role("status")).to_have_text("You left the class")
        actor.roster.left()

    def end(self, host: Actor) -> None:
        """End the class for everyone."""
        host.page.get_by_role("button", name="End class for everyone").click()
        expect(host.page.get_by_role("status")).to_have_text("The class has ended")
        host.roster.left()

    def say(self, actor: Actor, text: str) -> None:
        """Write a line in the chat."""
        actor.page.get_by_role("textbox", name="Message").fill(text)
        actor.page.get_by_role("button", name="Send", exact=True).click()

    def expect_said(self, observer: Actor, author: Actor, text: str) -> None:
        """The line arrives, under its author's name."""
        log = observer.page.get_by_role("log", name="Chat messages")
        expect(log).to_contain_text(f"{author.account.display_name}: {text}")

    def raise_hand(self, actor: Actor) -> None:
        """Raise a hand."""
        actor.page.get_by_role("button", name="Raise hand").click()

    def expect_raised_hand(self, observer: Actor, raiser: Actor) -> None:
        """The list of participants shows the hand."""
        people = observer.page.get_by_role("list", name="Participants").get_by_role("listitem")
        expect(people.filter(has_text=raiser.account.display_name)).to_contain_text("hand raised")


SIGNS = {" is full": "capacity", "Connection lost": "signalling"}
"""Status text -> cause. Any other text means that the actor is kept in the lobby."""


def wait_until_inside(actor: Actor, place: str) -> None:
    """Wait until the room's page says that the actor is in the `place` ("class", "meeting").

    Raises Broken as soon as it says that the room is full, or has lost its connection and does not get it back.
    """
    inside, full, lost = f"In {place}", f"This {place} is full", "Connection lost"
    signs = actor.page.get_by_role("status").filter(has_text=re.compile(f"{inside}|{full}|{lost}"))
    said = _read(actor, place, signs, actor.limit_s)
    if said.startswith(lost):
        said = _read(actor, place, signs.filter(has_not_text=lost), min(RECONNECT_S, actor.limit_s))
    if said != inside:
        raise Broken(f'not in {place}: the room says "{said}"', sign=_sign_of(said))


def _read(actor: Actor, place: str, signs: Locator, within_s: float) -> str:
    """The room's status text, as soon as it holds one of the signs."""
    try:
        return actor.wait_for_first(signs, within_s=within_s).inner_text().strip()
    except Broken as error:
        status = actor.page.get_by_role("status")
        if not status.is_visible():
            raise
        said = status.inner_text().strip()
        told = f'not in {place} after {within_s:g} s: the room says "{said or "nothing"}"'
        raise Broken(told, sign=_sign_of(said)) from error


def _sign_of(said: str) -> str:
    """The cause that the room's status text stands for; empty for no text."""
    return next((sign for words, sign in SIGNS.items() if words in said), "lobby") if said else ""
