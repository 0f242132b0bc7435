"""The ports that adapters implement: sign-in, learning platform, live class, meeting room."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.service import Classroom


class SignIn(Protocol):
    """A sign-in: from the portal's front page to its signed-in page."""

    def sign_in(self, actor: Actor) -> None:
        """Sign in with the actor's account. Raises Broken with what the page said."""


class RoomPart(Enum):
    """A part of a live class that some products do not have; the values are for people."""

    CHAT = "chat"
    HAND = "raised hands"
    PEOPLE = "list of participants"


_METHODS = {
    RoomPart.CHAT: ("say", "expect_said"),
    RoomPart.HAND: ("raise_hand", "expect_raised_hand"),
    RoomPart.PEOPLE: ("expect_participants",),
}


class LiveClass(Protocol):
    """An open live class, as the people in it use it. The first argument is always the actor who acts or observes."""

    title: str

    def join(self, actor: Actor, way_in: Locator | None = None) -> None:
        """Enter by a link that the platform showed, or else by the room's own address, through the lobby if there is
        one, and have the actor's roster follow the list of participants from then on: a room that cannot be watched for
        strangers is not pictured."""

    def expect_participants(self, observer: Actor, *others: Actor) -> None:
        """`observer`'s list of participants shows these others; also the observer, where the product lists oneself."""

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


def offers(class_: LiveClass, part: RoomPart) -> bool:
    """Whether a class has a part. It says so by `lacks`, a set of parts, or by having no such methods."""
    lacks: frozenset[RoomPart] = getattr(class_, "lacks", frozenset())
    return part not in lacks and all(hasattr(class_, name) for name in _METHODS[part])


class Room(Protocol):
    """A live-class product, from the host's side."""

    def open(self, host: Actor, title: str) -> LiveClass:
        """Open the class whose page the host is on, and be in it."""

    def class_of(self, title: str) -> LiveClass:
        """The class of that title, for an actor who did not open it."""


class MeetingRoom(Protocol):
    """A meeting room that a code opens: the fallback of a district (plan B)."""

    def enter(self, actor: Actor, classroom: Classroom) -> None:
        """Be in the room that the classroom's code opens."""

    def leave(self, actor: Actor) -> None:
        """Leave the room."""


class Platform(Protocol):
    """A learning platform: the classes of today, and their live sessions."""

    def classes(self, actor: Actor) -> tuple[str, ...]:
        """The titles listed for today, as the page shows them. Raises Broken when there are none."""

    def find_class(self, actor: Actor, title: str) -> None:
        """Go to the page of a class, through today's list."""

    def find_session(self, actor: Actor, class_: LiveClass) -> Session:
        """Find the link into a live class, through today's list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A live session that an actor has found and may join."""

    actor: Actor
    class_: LiveClass
    way_in: Locator

    def join(self) -> None:
        """Enter the session."""
        self.class_.join(self.actor, self.way_in)
