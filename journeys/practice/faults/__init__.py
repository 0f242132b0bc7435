"""Catalogue of the practice school's faults: one row per fault, with its service, its cause and what people see.

Each service's rows have their own module; here they are joined, with the switches that turn them on and off.
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
    """There is no fault of that name. The message lists the known ones."""

    def __str__(self) -> str:
        return str(self.args[0])


class FaultSwitches:
    """The set of faults that are on."""

    def __init__(self) -> None:
        self._on: set[str] = set()

    def is_on(self, name: str) -> bool:
        """Tells whether a fault is on. Raises UnknownFault, so that a misspelt name cannot stay unnoticed."""
        return _known(name) in self._on

    def switch(self, name: str, *, on: bool) -> None:
        """Switches a fault on or off. Raises UnknownFault."""
        (self._on.add if on else self._on.discard)(_known(name))

    def heal_all(self) -> None:
        """Switches all faults off."""
        self._on.clear()

    def names(self) -> list[str]:
        """Returns the names of the faults that are on, sorted."""
        return sorted(self._on)


def _known(name: str) -> str:
    if name not in FAULTS:
        raise UnknownFault(f"no fault '{name}'; there are: {', '.join(sorted(FAULTS))}")
    return name
