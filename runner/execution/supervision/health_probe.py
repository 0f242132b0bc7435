"""The health probe: opens a page in the warm browser and has it compute. It is a journey that is never scheduled.

`is_connected` proves nothing: a dead driver looks alive from inside (microsoft/playwright-python#3187).
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from firstbell.runner.execution.supervision.protocol import HEALTH_PROBE


@pytest.mark.journey(HEALTH_PROBE, roles=[])
def test_browser_answers(browser: Browser) -> None:
    """A page opens, computes, and closes."""
    context = browser.new_context()
    counted = context.new_page().evaluate("6 * 7")
    context.close()
    if counted != 42:
        raise RuntimeError("the browser cannot count")
