"""The devices that Playwright can pretend to be: their names, and the engine that each has in truth."""

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
    """A device by Playwright's name. `engine` is what it has in truth; `is_mobile` is what Firefox cannot pretend."""

    name: str
    engine: str
    is_mobile: bool

    def shortfall(self, kind: BrowserKind) -> str:
        """What is not like the device when it is played in this browser; empty where the engine is its own."""
        if kind.engine == self.engine:
            return ""
        return f"{self.name}'s screen, touch and user agent in {kind.engine}, not its {self.engine} engine"


@cache
def devices() -> Mapping[str, Device]:
    """All devices by name. Empty where they cannot be read: then the worker is the first to know."""
    found = device_descriptors().items()
    return {name: Device(name=name, engine=one.engine, is_mobile=one.is_mobile) for name, one in found}


def _known(value: str) -> str:
    if value and devices() and value not in devices():
        hint = nearest_name(value, devices(), "names are Playwright's, such as 'iPad (gen 7)' or 'Desktop Chrome'")
        raise ValueError(f"this device is not known; {hint}")
    return value


DeviceName = Annotated[str, AfterValidator(_known), Field(examples=["iPad (gen 7)"])]
