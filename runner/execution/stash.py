"""What a worker leaves for our fixtures in pytest's own stash; plain pytest finds nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    pass

DISTRICT = pytest.StashKey["District"]()
AUDIENCE = pytest.StashKey["Audience"]()
RUN_TOKEN = pytest.StashKey[str]()
