"""What an adapter must be able to do: sign people in, list their classes, hold a live class or a meeting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.service import Classroom


class SignIn(Protocol):
    """A way in: from the portal's front page to its signed-in page."""

    def sign_in(self, actor: Actor) -> None:
        """Sign in with the actor's account. Raises Broken with what the page said."""


class LiveClass(Protocol):
    """An open live class, as the people in it use it. The first argument is always who acts or who looks."""

    title: str

    def join(self, actor: Actor, way_in: Locator) -> None:
        """Go in by a link that the platform showed, through the lobby if there is one, and have the actor's roster
        follow the list of participants from then on: a room that cannot be watched for strangers is not recorded."""

    def expect_participants(self, observer: Actor, *others: Actor) -> None:
        """`observer`'s list of participants shows exactly these others, and the observer."""

    def leave(self, actor: Actor) -> None:
        """Leave; the class goes on."""

    def end(self, host: Actor) -> None:
        """End the class for everyone."""

    def say(self, actor: Actor, text: str) -> None:
        """Write a line in the chat."""

    def expect_said(self, observer: Actor, author: Actor, text: str) -> None:
        """`observer` reads what `author` wrote."""

    def raise_hand(self, actor: Actor) -> None:
        """Raise a hand."""

    def expect_raised_hand(self, observer: Actor, raiser: Actor) -> None:
        """`observer` sees that `raiser` has a hand up."""


class Room(Protocol):
    """A live-class product, from the host's side."""

    def open(self, host: Actor, title: str) -> LiveClass:
        """Open the class whose page the host is on, and be in it."""

    def class_of(self, title: str) -> LiveClass:
        """The class of that title, as those use it who did not open it."""


class MeetingRoom(Protocol):
    """A room of its own that a code opens: what a district falls back to."""

    def enter(self, actor: Actor, classroom: Classroom) -> None:
        """Be in the room that the classroom's code opens."""

    def leave(self, actor: Actor) -> None:
        """Leave the room."""


class Platform(Protocol):
    """A learning platform: what is on today, and the way into it."""

    def classes(self, actor: Actor) -> tuple[str, ...]:
        """The titles listed for today, as the page shows them. Raises Broken when there are none."""

    def find_class(self, actor: Actor, title: str) -> None:
        """Go to the page of a class, through today's list."""

    def find_session(self, actor: Actor, class_: LiveClass) -> Session:
        """Find the way into a live class, through today's list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A live session that somebody has found and may join."""

    actor: Actor
    class_: LiveClass
    way_in: Locator

    def join(self) -> None:
        """Go in."""
        self.class_.join(self.actor, self.way_in)
