"""The failure report of plain pytest asks a page that may hang, and never hangs with it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from firstbell.runner.pytest_plugin.failure_report import page_lines

pytestmark = pytest.mark.browser


def test_a_page_is_told_with_its_title_and_one_that_hangs_without(page: Page) -> None:
    page.set_content("<title>Room 4</title>")
    assert page_lines(page, "student") == ['student: about:blank   "Room 4"']
    page.set_content("")
    assert page_lines(page, "student") == ['student: about:blank   ""']
    page.evaluate("() => { setTimeout(() => { for (;;); }, 0) }")
    (line,) = page_lines(page, "student")
    assert line.startswith("student: the page does not answer (")
