"""What all tests share: the browser that First Bell itself would choose."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from firstbell.runner.execution.browsers.discovery import find_browser, is_headed, launch_options
from tests.support.servers import INSTALLED, Postgres

# How long an example takes says how busy the machine is.
settings.register_profile("firstbell", parent=settings.default, deadline=None)
settings.load_profile("firstbell")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of the session's own."""
    if not INSTALLED:
        pytest.skip("no PostgreSQL server on this machine; to run this test: apt-get install postgresql")
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's own, with the browser found on this machine and what the signed camera needs."""
    found = find_browser(headed=is_headed(browser_type_launch_args, os.environ))
    return {**browser_type_launch_args, **launch_options(found)}


SERVERS = {"postgresql", "s3", "postgres", "s3_address"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fast ones first: whoever broke something simple hears of it before a browser has started. What starts a
    server or a command of its own takes as long as a browser does, and goes with those."""
    for item in items:
        given = getattr(item, "callspec", None)
        used = {*getattr(item, "fixturenames", ()), *(map(str, given.params.values()) if given else ())}
        if used & SERVERS or "end_to_end" in item.path.parts:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
