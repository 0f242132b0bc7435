"""Keys of pytest's stash for First Bell's fixtures; plain pytest leaves most of them unset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from firstbell.journeys.stage.observer import Observer
    from firstbell.journeys.stage.stage import Stage
    from firstbell.runner.execution.district import District
    from firstbell.runner.execution.supervision.protocol import JourneyInfo

# Annotated rather than subscripted: a subscript would be evaluated, and import what only journeys need.
DISTRICT: pytest.StashKey[District] = pytest.StashKey()
OBSERVER: pytest.StashKey[Observer] = pytest.StashKey()
RUN_TOKEN: pytest.StashKey[str] = pytest.StashKey()
ACCOUNTS: pytest.StashKey[dict[str, str]] = pytest.StashKey()
BROWSER: pytest.StashKey[str] = pytest.StashKey()
COMMAND_LINE_OPTIONS: pytest.StashKey[frozenset[str]] = pytest.StashKey()
"""The options given on the command line: "browser", "device"."""
LAUNCH_OPTIONS: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
"""The launch options of the session's browser before First Bell adds its own."""
CURRENT_ITEM: pytest.StashKey[pytest.Item] = pytest.StashKey()
"""The last test that brought actors on."""
STAGE: pytest.StashKey[Stage] = pytest.StashKey()
"""On an item: its stage."""
JOURNEY_INFO: pytest.StashKey[JourneyInfo] = pytest.StashKey()
"""On an item: its marker and its file."""
OUTPUT_FOLDER: pytest.StashKey[str] = pytest.StashKey()
"""On an item: the folder of pytest-playwright's files."""
REDACTION_REPORTED: pytest.StashKey[bool] = pytest.StashKey()
"""On an item: a report has said that the rest is withheld."""
