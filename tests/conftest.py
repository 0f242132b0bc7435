"""What all tests share: the browser that First Bell itself would choose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runner.execution.browser import find_browser, launch_options
from tests.servers import INSTALLED, Postgres


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
    return {**browser_type_launch_args, **launch_options(find_browser())}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fast ones first: whoever broke something simple hears of it before a browser has started."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
