"""pytest as a person runs it, as another process, and what it writes for a CI."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xmlschema

SCHEMA = Path(__file__).with_name("junit.xsd")


def by_pytest(
    folder: Path, *arguments: str, before: Sequence[str] = (), within: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`before` is what runs it, such as xvfb-run; `within` is added to its environment."""
    command = [*before, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, **(within or {})}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def told_to_junit(file: Path) -> list[dict[str, list[str]]]:
    """The properties of each test, by name. Raises XMLSchemaValidationError where a CI could not read the file."""
    document: Any = xmlschema.XMLSchema(SCHEMA).to_dict(str(file))
    (suite,) = document["testsuite"]
    told = []
    for case in suite["testcase"]:
        properties: dict[str, list[str]] = {}
        for one in case.get("properties", {}).get("property", ()):
            properties.setdefault(one["@name"], []).append(one["@value"])
        told.append(properties)
    return told
