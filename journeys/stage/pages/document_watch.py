"""Watches which document a page loads: its address before redirects, its answer, and what of it was lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request, Response

from firstbell.compat.playwright import frame_of
from firstbell.journeys.stage.failures import LostDocument, lost_document

# Addresses that a browser's own error page has (Chromium, Firefox, WebKit).
_ERROR_PAGES = ("chrome-error:", "about:neterror", "about:certerror")
# The answer's own word that it is a challenge and not the page: Cloudflare's cf-mitigated (developers.cloudflare.com,
# "Detect a challenge page response") and the action of AWS WAF (docs.aws.amazon.com/waf, "CAPTCHA and challenge").
_CHALLENGE_HEADERS = {
    "cf-mitigated": ("Cloudflare", ("challenge",)),
    "x-amzn-waf-action": ("AWS WAF", ("captcha", "challenge")),
}


@dataclass(slots=True)
class _Document:
    """The document that a page shows, from its answer on."""

    asked: str = ""
    refusal: str = ""
    refreshes: bool = False
    challenge: str = ""
    lost_scripts: dict[str, str] = field(default_factory=dict)
    server_error: str = ""


class DocumentWatch:
    """The document of one page, and whether another is on its way.

    The first document of a new tab is answered before Playwright reports its page: `Tabs` hands it in."""

    def __init__(self, page: Page) -> None:
        self.has_crashed = False
        self._page = page
        self._document = _Document()
        self._unreachable: LostDocument | None = None
        self._on_the_way: set[Request] = set()
        page.on("request", self._begin)
        page.on("response", self.notice)
        page.on("requestfinished", self._finish)
        page.on("requestfailed", self.miss)
        page.on("crash", self._crashed)

    @property
    def asked(self) -> str:
        """The host that was asked first for the document now shown, before any redirect."""
        return self._document.asked

    @property
    def refused(self) -> str:
        """The answer of a server that sent the document now shown with an error status; empty if it did not."""
        return self._document.refusal

    @property
    def challenge(self) -> str:
        """The maker of the bot wall that the answer itself names; mostly empty."""
        return self._document.challenge

    @property
    def refreshes(self) -> bool:
        """Whether the answer asks the browser to load it again."""
        return self._document.refreshes

    @property
    def lost_scripts(self) -> dict[str, str]:
        """Address -> reason, for each script of the document now shown that did not load."""
        return self._document.lost_scripts

    @property
    def server_error(self) -> str:
        """The error with which the page's own host answered something that was sent to it from here; mostly empty."""
        return self._document.server_error

    @property
    def unreachable(self) -> LostDocument | None:
        """The reason why the browser shows an error page of its own; None while it shows anything else. A navigation
        that leaves the page where it is, such as one to a program on this machine, loses nothing."""
        return self._unreachable if self._page.url.startswith(_ERROR_PAGES) else None

    @property
    def is_loading(self) -> bool:
        """Whether another document is on its way."""
        return bool(self._on_the_way)

    def _crashed(self, _page: Page) -> None:
        self.has_crashed = True

    def _begin(self, request: Request) -> None:
        if self._is_document(request):
            self._on_the_way.add(request)

    def _finish(self, request: Request) -> None:
        self._on_the_way.discard(request)

    def notice(self, answer: Response) -> None:
        """Remember the answer that is the document now, and refusals of what belongs to it."""
        request = answer.request
        if self._is_document(request):
            self._document = _document(answer)
        elif answer.status >= 400 and request.resource_type == "script":
            self._document.lost_scripts[request.url] = _refusal(answer)
        elif answer.status >= 500 and request.method != "GET" and _host(answer.url) == _host(self._page.url):
            self._document.server_error = _refusal(answer)

    def miss(self, request: Request) -> None:
        """Remember a document or script that cannot be loaded."""
        self._on_the_way.discard(request)
        error = request.failure or ""
        if error == "net::ERR_ABORTED":  # Another navigation has cut this one off, or its answer is known.
            return
        if request.resource_type == "script":
            self._document.lost_scripts[request.url] = lost_document(_host(request.url), error).said
        elif self._is_document(request):
            self._unreachable = lost_document(urlsplit(request.url).netloc, error)

    def _is_document(self, request: Request) -> bool:
        return request.is_navigation_request() and frame_of(request) == self._page.main_frame


def _document(answer: Response) -> _Document:
    headers = answer.headers
    walls = (maker for name, (maker, words) in _CHALLENGE_HEADERS.items() if headers.get(name, "").lower() in words)
    return _Document(
        asked=_first_asked(answer.request),
        refusal=_refusal(answer) if answer.status >= 400 else "",
        refreshes="refresh" in headers,
        challenge=next(walls, ""),
    )


def _first_asked(request: Request) -> str:
    """The host that was asked first, before any redirect."""
    while (before := request.redirected_from) is not None:
        request = before
    return _host(request.url)


def _refusal(answer: Response) -> str:
    return f"{_host(answer.url)} answered {answer.status} {answer.status_text}".strip()


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""
