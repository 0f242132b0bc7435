"""An address that was answered with an error, on a page that can be used all the same, perhaps.

Some sign-in pages come with 401, and some apps are served as the server's error document. The journey shows that such a
page works by looking for something on it. One that never does may have opened an error page with a link to the front
page, and says so at its end.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from firstbell.compat.playwright import listen_to_calls
from firstbell.journeys.stage.pages.document_watch import DocumentWatch


class RefusedAddress:
    """Follows whether a journey looks for anything on the page, from now until `close`."""

    def __init__(self, page: Page, watch: DocumentWatch) -> None:
        self._watch = watch
        self._was_used = False
        self._close = listen_to_calls(page, self._began)

    @property
    def refusal(self) -> str:
        """The answer, if the page still shows it and nothing was looked for on it; else empty."""
        return "" if self._was_used or self._close is None else self._watch.refused

    def close(self) -> None:
        """Stop following."""
        if self._close is not None:
            self._close()

    def _began(self, _call: Any, message: Any) -> None:
        self._was_used = self._was_used or "selector" in (message.get("params") or {})
