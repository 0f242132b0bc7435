"""What all tests share: the browser that First Bell itself would choose."""

from __future__ import annotations

from typing import Any

import pytest

from runner.execution.browser import find_browser, launch_options


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's own, with the browser found on this machine and what the signed camera needs."""
    return {**browser_type_launch_args, **launch_options(find_browser())}
