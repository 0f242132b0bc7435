"""Stand-ins: a person whom another player plays, and a value that exists only there."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

    from firstbell.journeys.media.camera import Signature
    from firstbell.journeys.stage.service import Account


class PlayedElsewhere(BaseException):
    """A statement touches a person of another player. No `except Exception` of a journey may catch it."""

    def __init__(self, role: str) -> None:
        super().__init__(f"this is played by the {role}")
        self.role = role


class Absent:
    """A value of another player's page. Any use of it belongs to that player."""

    def __init__(self, role: str) -> None:
        object.__setattr__(self, "role", role)

    role: str

    def __repr__(self) -> str:
        return f"<a value of the {self.role}>"

    def _raise(self, *_: object, **__: object) -> NoReturn:
        raise PlayedElsewhere(self.role)

    def __getattr__(self, name: str) -> NoReturn:
        raise PlayedElsewhere(object.__getattribute__(self, "role"))

    __call__ = __iter__ = __bool__ = __str__ = __len__ = __getitem__ = __contains__ = __enter__ = __exit__ = _raise
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __add__ = __radd__ = __mod__ = __int__ = __float__ = _raise
    __format__ = __index__ = __setattr__ = __setitem__ = __truediv__ = __rtruediv__ = _raise
    __hash__ = object.__hash__


class StandIn:
    """A person whom another player plays. Name, account and camera are known; anything else is played there.

    `person` returns whom it stands for now: a host stands before many guests, one after the other.
    """

    role: str
    _person: Callable[[str], StandInPerson]

    def __init__(self, role: str, person: Callable[[str], StandInPerson]) -> None:
        object.__setattr__(self, "role", role)
        object.__setattr__(self, "_person", person)

    def __repr__(self) -> str:
        return f"<a {self.role} of another player>"

    @property
    def name(self) -> str:
        """The name of the person in evidence."""
        return self._person("name").name

    @property
    def signature(self) -> Signature:
        """The signature of the person's camera."""
        return self._person("signature").signature

    @property
    def account(self) -> Account:
        """The account of the person."""
        return self._person("account").account

    def step(
        self, title: str, *, relies_on: str, picture: bool = True, quotes: bool = False
    ) -> AbstractContextManager[None]:
        """A step of the person, whose statements are played or waited for one by one."""
        del title, relies_on, picture, quotes
        return nullcontext()

    def __getattr__(self, name: str) -> Any:
        raise PlayedElsewhere(object.__getattribute__(self, "role"))

    def __setattr__(self, name: str, value: object) -> None:
        """Keeps nothing: the person's own player does."""


class StandInPerson:
    """The person that a stand-in stands for."""

    def __init__(self, name: str, signature: Signature, account: Account, *, has_sound: bool = True) -> None:
        self.name = name
        self.signature = signature
        self.account = account
        self.has_sound = has_sound
