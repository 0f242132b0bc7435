"""Undocumented files and switches of Playwright's package (tried with 1.65). Never imports Playwright."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

# The recorder takes the browser's path by this and by nothing else (`launchContext`).
RECORDER_BROWSER = "PWTEST_CLI_EXECUTABLE_PATH"
RECORDER_HEADLESS = "PWTEST_CLI_HEADLESS"

# The device descriptors stand in the bundle as a JavaScript literal. The public `Playwright.devices` needs a driver,
# which would take half a second to start at each reading of a configuration.
BUNDLE = Path("lib", "coreBundle.js")
BEGINS, ENDS = "deviceDescriptorsSource_default = {\n", "\n    };"
ENTRY = re.compile(r'^ {6}"?(?P<name>[^"\n]+?)"?: \{\n(?P<body>.*?)^ {6}\}', re.MULTILINE | re.DOTALL)
ENGINE = re.compile(r'^ {8}defaultBrowserType: "(\w+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """The engine and form of a device. `engine` is "chromium", "firefox" or "webkit"."""

    engine: str
    is_mobile: bool


def package_folder() -> Path:
    """Returns the folder of Playwright's driver, beside its Python client."""
    found = find_spec("playwright")
    folders = (found and found.submodule_search_locations) or ["playwright"]
    return Path(folders[0]) / "driver" / "package"


def trace_viewer_folder() -> Path:
    """Returns the folder of the trace viewer's web pages."""
    return package_folder() / "lib" / "vite" / "traceViewer"


def browser_revisions() -> Mapping[str, str]:
    """Returns the revision of each browser that this Playwright downloads, by its name."""
    listed = json.loads((package_folder() / "browsers.json").read_text())["browsers"]
    return {entry["name"]: entry["revision"] for entry in listed}


def device_descriptors() -> Mapping[str, Descriptor]:
    """Returns all devices by name; empty if this Playwright keeps them elsewhere: then only the worker can check a
    name."""
    try:
        text = (package_folder() / BUNDLE).read_text(encoding="utf-8")
    except OSError:
        return {}
    _, _, rest = text.partition(BEGINS)
    entries = ENTRY.finditer(rest.partition(ENDS)[0])
    return {entry["name"]: _descriptor(entry["body"]) for entry in entries}


def _descriptor(body: str) -> Descriptor:
    engine = ENGINE.search(body)
    return Descriptor(engine=engine[1] if engine else "", is_mobile="isMobile: true" in body)
