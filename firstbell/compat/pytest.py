"""Private parts of pytest (tried with 9.2): playing an item again, its fixtures, configuration files, report texts."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from _pytest._code.code import TerminalRepr
from _pytest.config import ConftestImportFailure
from _pytest.config.findpaths import CONFIG_LOADERS_BY_NAME, load_config_dict_from_file
from _pytest.junitxml import xml_key
from _pytest.runner import runtestprotocol

__all__ = [
    "CONFIG_FILES",
    "ConftestImportFailure",
    "TerminalRepr",
    "fixture_definitions",
    "is_config",
    "log_handlers",
    "play_item",
    "rename_item",
    "suite_properties",
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


def rename_item(item: pytest.Item, name: str, nodeid: str) -> None:
    """Gives a collected item another name and id, by which all reporters call it."""
    item.name = name
    if hasattr(item, "_id"):
        item._id = type(item._id).parse(nodeid)
    else:  # Before pytest 9.2.
        item._nodeid = nodeid  # type: ignore[attr-defined]


def log_handlers(config: pytest.Config) -> list[logging.Handler]:
    """The handlers of `--log-file` and of live logs; empty where a project has switched pytest's logging off."""
    plugin = config.pluginmanager.getplugin("logging-plugin")
    found = [getattr(plugin, name, None) for name in ("log_file_handler", "log_cli_handler")]
    return [handler for handler in found if isinstance(handler, logging.Handler)]


def suite_properties(config: pytest.Config) -> list[tuple[str, object]]:
    """The properties of the whole suite that JUnit XML will have; changes of the list count."""
    properties: list[tuple[str, object]] = getattr(config.stash.get(xml_key, None), "global_properties", [])
    return properties


def fixture_definitions(item: pytest.Function, name: str) -> list[pytest.FixtureDef[object]]:
    """The fixtures of a name that an item sees; a later one overrides those before it."""
    return list(item._fixtureinfo.name2fixturedefs.get(name, ()))


def value_by_pytest(item: pytest.Function, name: str) -> object:
    """The value of a session's fixture, set up by pytest itself."""
    return item._request.getfixturevalue(name)
