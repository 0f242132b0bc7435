"""Private parts of pytest (tried with 9.2): playing an item again, its fixtures, configuration files, report texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest._code.code import TerminalRepr
from _pytest.config import ConftestImportFailure
from _pytest.config.findpaths import CONFIG_LOADERS_BY_NAME, load_config_dict_from_file
from _pytest.runner import runtestprotocol

__all__ = [
    "CONFIG_FILES",
    "ConftestImportFailure",
    "TerminalRepr",
    "fixture_definitions",
    "is_config",
    "play_item",
    "value_by_pytest",
]

CONFIG_FILES = tuple(CONFIG_LOADERS_BY_NAME)
"""Names of files that may configure pytest, in its order of precedence."""


def is_config(file: Path) -> bool:
    """True if pytest would take its configuration from this file."""
    return load_config_dict_from_file(file) is not None


def play_item(item: pytest.Function, *, before: pytest.Item) -> None:
    """Plays an item, also one that has been played: `_initrequest` gives it a clean start. `before` must be another
    item of the session, or function-scoped fixtures stay alive."""
    item._initrequest()
    runtestprotocol(item, log=False, nextitem=before)


def fixture_definitions(item: pytest.Function, name: str) -> list[pytest.FixtureDef[object]]:
    """The fixtures of a name that an item sees; a later one overrides those before it."""
    return list(item._fixtureinfo.name2fixturedefs.get(name, ()))


def value_by_pytest(item: pytest.Function, name: str) -> object:
    """The value of a session's fixture, set up by pytest itself."""
    return item._request.getfixturevalue(name)
