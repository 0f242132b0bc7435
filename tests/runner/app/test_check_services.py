"""Journeys of files that cannot be scheduled are refused with their file and line."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from firstbell.runner.app.runtime import Runtime, check_services
from firstbell.runner.config.errors import ConfigError
from firstbell.runner.config.load import parse
from firstbell.runner.config.sections import NAME_LIMIT
from firstbell.runner.execution.journey_catalog import journey_catalog
from firstbell.runner.execution.supervision.protocol import JourneyInfo

CONFIG = parse('[school]\nname = "x"\npractice = true\ntimezone = "America/New_York"\n', Path("firstbell.toml"))


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [
        ("a" * NAME_LIMIT, False),
        ("a" * (NAME_LIMIT + 1), True),
        ("variant-" * 1000, True),
        ("nul\x00", True),
        ("half \ud800", True),
        ("two\nlines", True),
        ("Año", False),
    ],
)
def test_a_journey_whose_name_cannot_be_stored_is_refused(name: str, *, is_refused: bool) -> None:
    info = JourneyInfo(id=name, title="x", relies_on=(), roles=(), file="test_x.py", line=7, source_sha256="")
    runtime = cast("Runtime", SimpleNamespace(config=CONFIG, run_context=SimpleNamespace(owners={})))
    entries = list(journey_catalog([info], CONFIG.settings).values())
    if not is_refused:
        check_services(entries, runtime)
        return
    with pytest.raises(ConfigError, match=r"\(test_x.py:7\) has a name that history cannot store; write at most 80"):
        check_services(entries, runtime)
