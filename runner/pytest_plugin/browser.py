"""The browser of a pytest session, and the contexts of its actors.

Heavy modules are imported inside the functions: the plugin loads this module in every project.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from firstbell.runner.config.search import nearest_config
from firstbell.runner.execution.worker.stash_keys import COMMAND_LINE_OPTIONS, DISTRICT

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

    from firstbell.runner.diagnosis.location import Location
    from firstbell.runner.execution.browsers.per_actor import ActorBrowser
    from firstbell.runner.execution.district import District


# Launch options of the session's browser that apply to any other one as well.
ANY_BROWSER = frozenset({"headless", "slow_mo", "timeout"})


def apply_options(config: pytest.Config) -> None:
    """Records the browser and device given on the command line, and selects the browser that a firstbell.toml names if
    none is given."""
    options = {"browser": ("browser", "browser_channel"), "device": ("device",)}
    config.stash[COMMAND_LINE_OPTIONS] = frozenset(
        option for option, names in options.items() if any(config.getoption(name, None) for name in names)
    )
    if "browser" not in config.stash[COMMAND_LINE_OPTIONS] and (name := _named_browser(config)):
        from firstbell.runner.config.browsers import BROWSER_KINDS

        if kind := BROWSER_KINDS.get(name):
            config.option.browser, config.option.browser_channel = [kind.engine], kind.channel or None


def launch_arguments(request: pytest.FixtureRequest, launch_args: dict[str, Any]) -> dict[str, Any]:
    """Returns First Bell's launch options for the engine that is launched next. Raises NoBrowser."""
    from firstbell.runner.config.browsers import BROWSER_KINDS
    from firstbell.runner.execution.browsers.discovery import Browser, find_browser, is_headed, launch_options

    channel, engine = launch_args.get("channel"), str(request.getfixturevalue("browser_name"))
    if channel or launch_args.get("executable_path"):  # The project's own choice.
        found = Browser(path=None, origin="given", kind=BROWSER_KINDS[engine])
    else:
        configured = _configured_browser(request.config) if engine == "chromium" else ""
        found = find_browser(configured, engine, headed=is_headed(launch_args, os.environ))
    return launch_options(found, egress_of(request.config))


def uses_first_bell(request: pytest.FixtureRequest) -> bool:
    """True if this session uses First Bell: in a worker, beside a firstbell.toml, or if an item uses its stage."""
    if DISTRICT in request.config.stash or nearest_config(request.config.invocation_params.dir):
        return True
    return any("stage" in getattr(item, "fixturenames", ()) for item in request.session.items)


def _config_file(config: pytest.Config) -> Path | None:
    """Returns the configuration that is asked for, or the nearest."""
    explicit = config.getoption("--firstbell-config")
    return Path(explicit) if explicit else nearest_config(config.invocation_params.dir)


def _configured_browser(config: pytest.Config) -> str:
    """Returns the path in [browser], without opening a whole district for it."""
    if DISTRICT in config.stash:
        return config.stash[DISTRICT].browser
    file = _config_file(config)
    if file is None:
        return ""
    from firstbell.runner.config.load import load

    return load(file).settings.browser.executable


def egress_of(config: pytest.Config) -> tuple[Location, Path | None] | None:
    """Returns the location of this session and its browser's HOME; None outside a worker."""
    district = config.stash.get(DISTRICT, None)
    return (district.location, district.home) if district else None


def _named_browser(config: pytest.Config) -> str:
    """Returns the name in [browser] of the nearest configuration. Mistakes in the file are reported when the district
    is opened."""
    file = _config_file(config)
    if file is None:
        return ""
    import tomllib

    try:
        return str(tomllib.loads(file.read_text(encoding="utf-8-sig"))["browser"]["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def context_for(choice: ActorBrowser, district: District, request: pytest.FixtureRequest) -> BrowserContext:
    """Opens a context in an actor's browser. Context options of the project and the command line take precedence."""
    from firstbell.runner.execution.browsers.per_actor import context_opener, open_context

    context_args: dict[str, Any] = request.getfixturevalue("browser_context_args")
    marker = request.node.get_closest_marker("browser_context_args")
    fixed = {**context_args, **(marker.kwargs if marker else {})}
    new_context: Callable[..., BrowserContext] = request.getfixturevalue("new_context")
    if not choice.is_usual:
        browser = request.getfixturevalue("_firstbell_other_browsers").browser(choice.browser)
        new_context = context_opener(browser, fixed, request.getfixturevalue("_firstbell_cleanup"))
    devices = request.getfixturevalue("playwright").devices
    return open_context(new_context, choice.device, devices, district.location, fixed)


def browser_options(config: pytest.Config) -> frozenset[str]:
    """Returns the choices on the command line; a worker's command line is the district's own."""
    return frozenset() if DISTRICT in config.stash else config.stash[COMMAND_LINE_OPTIONS]


def session_browser_name(request: pytest.FixtureRequest) -> str:
    """Returns the name of this session's browser."""
    channel = request.getfixturevalue("browser_type_launch_args").get("channel")
    return str(channel or request.getfixturevalue("browser_name"))
