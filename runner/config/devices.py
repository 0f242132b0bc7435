"""The devices that Playwright can pretend to be: their names, and the engine that each has in truth."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from runner.config.browsers import Kind, nearest

# In Playwright's package the descriptors stand in this file as a JavaScript literal (1.65). Asking a driver for them
# would take half a second for each reading of the file.
BUNDLE = Path("driver", "package", "lib", "coreBundle.js")
BEGINS, ENDS = "deviceDescriptorsSource_default = {\n", "\n    };"
ENTRY = re.compile(r'^ {6}"?(?P<name>[^"\n]+?)"?: \{\n(?P<body>.*?)^ {6}\}', re.MULTILINE | re.DOTALL)
ENGINE = re.compile(r'^ {8}defaultBrowserType: "(\w+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device by Playwright's name. `engine` is what it has in truth; `is_mobile` is what Firefox cannot pretend."""

    name: str
    engine: str
    is_mobile: bool

    def shortfall(self, kind: Kind) -> str:
        """What is not like the device when it is played in this browser; empty where the engine is its own."""
        if kind.engine == self.engine:
            return ""
        return f"{self.name}'s screen, touch and user agent in {kind.engine}, not its {self.engine} engine"


@cache
def devices() -> Mapping[str, Device]:
    """All devices by name. Empty where this Playwright keeps them elsewhere: then the worker is the first to know."""
    found = find_spec("playwright")
    if found is None or not found.submodule_search_locations:
        return {}
    try:
        text = (Path(found.submodule_search_locations[0]) / BUNDLE).read_text(encoding="utf-8")
    except OSError:
        return {}
    _, _, rest = text.partition(BEGINS)
    entries = ENTRY.finditer(rest.partition(ENDS)[0])
    return {entry["name"]: _device(entry["name"], entry["body"]) for entry in entries}


def _device(name: str, body: str) -> Device:
    engine = ENGINE.search(body)
    return Device(name=name, engine=engine[1] if engine else "", is_mobile="isMobile: true" in body)


def _known(value: str) -> str:
    if value and devices() and value not in devices():
        hint = nearest(value, devices(), "names are Playwright's, such as 'iPad (gen 7)' or 'Desktop Chrome'")
        raise ValueError(f"this device is not known; {hint}")
    return value


DeviceName = Annotated[str, AfterValidator(_known), Field(examples=["iPad (gen 7)"])]
