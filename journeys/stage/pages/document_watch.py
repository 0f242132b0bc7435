"""Watches which document a page loads: its address before redirects, its status, and what of it was lost."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, Response

from firstbell.journeys.stage.failures import LostDocument, lost_document


class DocumentWatch:
    """The document of one page. `lost` says why the document now shown is an error page, `lost_script` which script of
    it was refused, `asked` is the host that was asked for it first, before any redirect."""

    def __init__(self, page: Page) -> None:
        self.lost: LostDocument | None = None
        self.lost_script = self.asked = ""
        self.has_crashed = False
        self._page = page
        page.on("response", self._notice)
        page.on("requestfailed", self._miss)
        page.on("crash", self._crashed)

    def _crashed(self, _page: Page) -> None:
        self.has_crashed = True

    def _notice(self, answer: Response) -> None:
        """Remember whether the document now shown is an error page, so that no step waits in vain."""
        if answer.request.resource_type == "script" and answer.status >= 400:
            self.lost_script = _refusal(answer)
        if not self._is_document(answer.request):
            return
        self.lost = LostDocument(said=_refusal(answer)) if answer.status >= 400 else None
        self.lost_script = ""
        self.asked = _first_asked(answer.request)

    def _miss(self, request: Request) -> None:
        """Remember that the document cannot be loaded. One that another navigation has cut off does not count."""
        error = request.failure or ""
        if error == "net::ERR_ABORTED" or not self._is_document(request):
            return
        self.lost = lost_document(urlsplit(request.url).netloc, error)

    def _is_document(self, request: Request) -> bool:
        return request.is_navigation_request() and request.frame == self._page.main_frame


def _first_asked(request: Request) -> str:
    """The host that was asked first, before any redirect."""
    while (before := request.redirected_from) is not None:
        request = before
    return urlsplit(request.url).hostname or ""


def _refusal(answer: Response) -> str:
    return f"{urlsplit(answer.url).hostname} answered {answer.status} {answer.status_text}".strip()
