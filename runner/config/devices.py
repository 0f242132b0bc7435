"""The devices that Playwright can emulate: their names, and the browser engine of each real device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, Field

from firstbell.compat.playwright_package import device_descriptors
from firstbell.runner.config.browsers import BrowserKind, nearest_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device by Playwright's name, with the engine of the real device. Firefox emulates none that `is_mobile`."""

    name: str
    engine: str
    is_mobile: bool

    def shortfall(self, kind: BrowserKind) -> str:
        """Says what this browser does not emulate of the device; empty if it has the device's own engine."""
        if kind.engine == self.engine:
            return ""
        return f"{self.name}'s screen, touch and user agent in {kind.engine}, not its {self.engine} engine"


@cache
def devices() -> Mapping[str, Device]:
    """Returns all devices by name. Empty if they cannot be read: then the worker reports a wrong name first."""
    descriptors = device_descriptors().items()
    return {name: Device(name=name, engine=found.engine, is_mobile=found.is_mobile) for name, found in descriptors}


def _known_device(value: str) -> str:
    if value and devices() and value not in devices():
        hint = nearest_name(
            value, devices(), "write a name of Playwright's, such as 'iPad (gen 7)' or 'Desktop Chrome'"
        )
        raise ValueError(f"this device does not exist; {hint}")
    return value


DeviceName = Annotated[str, AfterValidator(_known_device), Field(examples=["iPad (gen 7)"])]
