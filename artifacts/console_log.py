"""The console of one actor: what all its pages logged, threw and said in dialogs, in one bounded list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, WebError

from firstbell.hostile_text import cut

CONSOLE_LINES = 500
TEXT_LIMIT = 500


class ConsoleLog:
    """Notes each line with the number of its tab, and the host of the page that wrote it: a vendor gets only the lines
    of its own pages. `number_of` gives the number of a page."""

    def __init__(self, context: BrowserContext, number_of: Callable[[Page], int]) -> None:
        self._number_of = number_of
        self._lines: list[dict[str, Any]] = []
        context.on("console", self._on_console)
        context.on("weberror", self._on_error)
        # Not "dialog": whoever listens to that has to answer, and the journey or Playwright does.
        context.on("dialogclosed", self._on_dialog)

    def document(self) -> dict[str, Any]:
        """Return the content of console.json."""
        return {"schema": "firstbell.console/1", "lines": self._lines}

    def _on_console(self, message: ConsoleMessage) -> None:
        self._add(message.type, message.text, message.page, message.location["url"])

    def _on_error(self, error: WebError) -> None:
        self._add("pageerror", str(error.error), error.page)

    def _on_dialog(self, dialog: Dialog) -> None:
        self._add("dialog", f"{dialog.type}: {' '.join(dialog.message.split())}", dialog.page)

    def _add(self, kind: str, text: str, page: Page | None, url: str = "") -> None:
        if len(self._lines) >= CONSOLE_LINES:
            return
        host = urlsplit(url or (page.url if page else "")).netloc.rpartition("@")[2]
        tab = self._number_of(page) if page else 0
        self._lines.append({"kind": kind, "tab": tab, "host": host, "text": cut(text, TEXT_LIMIT)})
