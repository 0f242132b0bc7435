"""What can go wrong in the practice school: one row a fault, with whose it is, why, and what people see of it.

The rows stand in a file for each service; here they come together, and here is the board that they are switched on.
"""

from __future__ import annotations

from collections.abc import Mapping

from firstbell.journeys.practice.faults.fault import Fault
from firstbell.journeys.practice.faults.live_class import LIVE_CLASS
from firstbell.journeys.practice.faults.network import NETWORK
from firstbell.journeys.practice.faults.platform import PLATFORM
from firstbell.journeys.practice.faults.sign_in import SIGN_IN

__all__ = ["FAULTS", "Fault", "FaultSwitches", "UnknownFault"]

FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in (*NETWORK, *SIGN_IN, *PLATFORM, *LIVE_CLASS)}
"""All faults by name."""


class UnknownFault(KeyError):
    """No fault of that name; the message lists those there are."""

    def __str__(self) -> str:
        return str(self.args[0])


class FaultSwitches:
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
