"""Runs pytest as a separate process, and reads its JUnit report."""

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
    """Runs pytest in `folder`. `before` is a command in front, such as xvfb-run; `within` extends the environment."""
    command = [*before, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, **(within or {})}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def junit_properties(file: Path) -> list[dict[str, list[str]]]:
    """Returns the properties of each test. Raises XMLSchemaValidationError if the file is not valid JUnit."""
    document: Any = xmlschema.XMLSchema(SCHEMA).to_dict(str(file))
    (suite,) = document["testsuite"]
    tests = []
    for case in suite["testcase"]:
        properties: dict[str, list[str]] = {}
        for row in case.get("properties", {}).get("property", ()):
            properties.setdefault(row["@name"], []).append(row["@value"])
        tests.append(properties)
    return tests
