"""The practice school's learning platform: today's classes, and the page of each."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from firstbell.journeys.stage.failures import Broken
from firstbell.journeys.stage.ports import Session

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.ports import LiveClass
    from firstbell.journeys.stage.service import Service


# The practice school's clock.
ZONE = ZoneInfo("America/New_York")


class PracticePlatform:
    """Reached from the portal by the link "My classes", as a pupil would."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def classes(self, actor: Actor) -> tuple[str, ...]:
        """The titles in today's list."""
        return tuple(text.strip() for text in self._todays_links(actor).all_inner_texts())

    def find_class(self, actor: Actor, title: str) -> None:
        """Through today's list to the page of a class."""
        links = self._todays_links(actor)
        wanted = links.filter(has_text=title)
        if wanted.count() == 0:
            raise Broken(f'the list does not show "{title}" (it shows {links.count()} others)')
        wanted.first.click()
        actor.wait_for_first(actor.page.get_by_role("heading", name=title, exact=True, level=1))

    def find_session(self, actor: Actor, class_: LiveClass) -> Session:
        """Through today's list to the link that leads into the live session."""
        self.find_class(actor, class_.title)
        way_in = actor.page.get_by_role("link", name="Join live session", exact=True)
        actor.wait_for_first(way_in)
        return Session(actor=actor, class_=class_, way_in=way_in)

    def _must_be_todays(self, actor: Actor) -> None:
        """Raises Broken when the list says that it is of another day."""
        now = datetime.now(ZONE)
        today = f"{now:%A, %B} {now.day}"
        said = actor.page.get_by_role("heading").filter(has_text=re.compile(r"\w+day, \w+ \d+"))
        if said.count() and today not in (shown := said.first.inner_text().strip()):
            raise Broken(f'the list is "{shown}", and today is {today}', sign="wrong-day")

    def _todays_links(self, actor: Actor) -> Locator:
        page = actor.page
        my_classes = page.get_by_role("link", name="My classes", exact=True)
        if my_classes.is_visible():
            my_classes.click()
        links = page.get_by_role("list", name="Today's classes").get_by_role("link")
        empty = page.get_by_text("No classes today", exact=True)
        if actor.wait_for_first(links, empty) is empty:
            raise Broken('the list says "No classes today"', sign="list-empty")
        self._must_be_todays(actor)
        return links
