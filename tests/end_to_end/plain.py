"""pytest as a person runs it, as another process, and what it writes for a CI."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xmlschema

SCHEMA = Path(__file__).with_name("pytest_junit.xsd")


def by_pytest(folder: Path, *arguments: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """`before` is what runs it, such as xvfb-run."""
    command = [*before, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


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
