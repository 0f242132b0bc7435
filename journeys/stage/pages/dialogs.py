"""The dialogs of an actor's pages: alert, confirm, prompt, and the question before one leaves a page.

Listened to only when they close. Without a listener for an open dialog, Playwright answers it as before: it dismisses
alert, confirm and prompt, and leaves the page; a journey's own `page.on("dialog")` is the only one that can answer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firstbell.journeys.stage.pages.page_signs import printable

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Dialog

# A page may open dialogs in a loop.
DIALOGS_KEPT = 20
# Half of a reason in one line (`failures.REASON_LIMIT`).
WORDS_LIMIT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardDialog:
    """A dialog that is closed. `kind` is Playwright's word; `words` are the page's, in one bounded line, and empty for
    "beforeunload"; `at_s` is a second of the monotonic clock."""

    kind: str
    words: str
    at_s: float


class DialogLog:
    """The last dialogs of all pages of a browser context."""

    def __init__(self, context: BrowserContext) -> None:
        self._heard: list[HeardDialog] = []
        context.on("dialogclosed", self._hear)

    def since(self, at_s: float) -> tuple[HeardDialog, ...]:
        """The dialogs with words that closed at or after a second of the monotonic clock, the last one at the end."""
        return tuple(dialog for dialog in self._heard if dialog.at_s >= at_s and dialog.words)

    def _hear(self, dialog: Dialog) -> None:
        words = printable(dialog.message, WORDS_LIMIT)
        self._heard.append(HeardDialog(kind=dialog.type, words=words, at_s=time.monotonic()))
        del self._heard[:-DIALOGS_KEPT]
