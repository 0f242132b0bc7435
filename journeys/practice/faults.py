"""What can go wrong in the practice school: one row a fault, with whose it is and what people see of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault to switch on. `service` is whose it truly is; `seen` is what a person would report on the telephone."""

    name: str
    service: str
    seen: str


_ROWS = (
    Fault(name="portal-unreachable", service="edge", seen="The district's front page cannot be reached at all."),
    Fault(name="slow", service="edge", seen="Every page takes 15 seconds and more."),
    Fault(name="sign-in-refuses", service="sign-in", seen='Everybody is told "Wrong username or password."'),
    Fault(name="sign-in-503", service="sign-in", seen="The sign-in page says that the service is unavailable."),
    Fault(name="sessions-empty", service="platform", seen='Live sessions are not showing up: "No classes today".'),
    Fault(name="lobby-stuck", service="live-class", seen="Students stay in the lobby although the teacher is in."),
    Fault(name="no-media", service="live-class", seen="Everybody is on the list, but nobody is seen or heard."),
    Fault(name="teacher-black", service="live-class", seen="The teacher's picture is black."),
    Fault(name="teacher-silent", service="live-class", seen="The teacher cannot be heard."),
    Fault(name="stranger-comes-in", service="live-class", seen="Somebody whom nobody expects is in the class."),
)

FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in _ROWS}
"""All faults by name."""


class UnknownFault(KeyError):
    """No fault of that name; the message lists those there are."""

    def __str__(self) -> str:
        return str(self.args[0])


class Switchboard:
    """Which faults are on."""

    def __init__(self) -> None:
        self._on: set[str] = set()

    def is_on(self, name: str) -> bool:
        """Whether a fault is on. Raises UnknownFault, so that a misspelt switch cannot stay unnoticed."""
        return _known(name) in self._on

    def switch(self, name: str, *, on: bool) -> None:
        """Break or heal."""
        (self._on.add if on else self._on.discard)(_known(name))

    def heal_all(self) -> None:
        """Everything works again."""
        self._on.clear()

    def names(self) -> list[str]:
        """The faults that are on, sorted."""
        return sorted(self._on)


def _known(name: str) -> str:
    if name not in FAULTS:
        raise UnknownFault(f"no fault '{name}'; there are: {', '.join(sorted(FAULTS))}")
    return name
