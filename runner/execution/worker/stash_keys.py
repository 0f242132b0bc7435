"""What a worker leaves for our fixtures in pytest's own stash; plain pytest finds nothing there."""

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
"""What a person has asked for on the command line: "browser", "device"."""
LAUNCH_OPTIONS: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
"""What the session's browser is launched with before anything of ours is added."""
CURRENT_ITEM: pytest.StashKey[pytest.Item] = pytest.StashKey()
"""The test that brought people on last."""
STAGE: pytest.StashKey[Stage] = pytest.StashKey()
"""On an item: where it is played."""
JOURNEY_INFO: pytest.StashKey[JourneyInfo] = pytest.StashKey()
"""On an item: what its marker and its file say."""
OUTPUT_FOLDER: pytest.StashKey[str] = pytest.StashKey()
"""On an item: the folder that pytest-playwright keeps its files in."""
REDACTION_REPORTED: pytest.StashKey[bool] = pytest.StashKey()
"""On an item: it has been said that nothing is told of it."""
