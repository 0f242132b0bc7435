"""What a worker leaves for our fixtures in pytest's own stash; plain pytest finds nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from journeys.stage.audience import Audience
    from journeys.stage.stage import Stage
    from runner.execution.district import District
    from runner.execution.messages import JourneyCard

# Annotated rather than subscripted: a subscript would be evaluated, and import what only journeys need.
DISTRICT: pytest.StashKey[District] = pytest.StashKey()
AUDIENCE: pytest.StashKey[Audience] = pytest.StashKey()
RUN_TOKEN: pytest.StashKey[str] = pytest.StashKey()
ACCOUNTS: pytest.StashKey[dict[str, str]] = pytest.StashKey()
BROWSER: pytest.StashKey[str] = pytest.StashKey()
TOLD: pytest.StashKey[frozenset[str]] = pytest.StashKey()
"""What a person has asked for on the command line: "browser", "device"."""
LAUNCHING: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
"""What the session's browser is launched with before anything of ours is added."""
PLAYING: pytest.StashKey[pytest.Item] = pytest.StashKey()
"""The test that brought people on last."""
STAGE: pytest.StashKey[Stage] = pytest.StashKey()
"""On an item: where it is played."""
CARD: pytest.StashKey[JourneyCard] = pytest.StashKey()
"""On an item: what its marker and its file say."""
KEPT_IN: pytest.StashKey[str] = pytest.StashKey()
"""On an item: the folder that pytest-playwright keeps its files in."""
IS_TOLD: pytest.StashKey[bool] = pytest.StashKey()
"""On an item: it has been said that nothing is told of it."""
