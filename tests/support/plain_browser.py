"""Minimal HTTP client for sign-ins: cookies by host, forms, and redirects with a limit."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3

from firstbell.journeys.practice.client import PracticeSchool

REDIRECT_LIMIT = 20
"""The number at which Chromium reports "redirected you too many times"."""


class TooManyRedirects(Exception):
    """The redirects do not end within the limit."""


@dataclass
class Answer:
    status: int
    text: str
    location: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Browser:
    """An HTTP client with cookies. Every name resolves to loopback; ports are kept."""

    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    def ask(self, method: str, url: str, form: dict[str, str] | None = None) -> Answer:
        parts = urlsplit(url)
        jar = self.cookies.setdefault(parts.hostname or "", {})
        headers = {"Host": parts.netloc, "Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())}
        # A fault resets kept connections, on which a browser would retry; this client keeps none.
        headers["Connection"] = "close"
        body = urlencode(form) if form is not None else None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = f"http://127.0.0.1:{parts.port}{parts.path or '/'}?{parts.query}"
        answer = urllib3.request(method, target, body=body, headers=headers, redirect=False, retries=False)
        for cookie in answer.headers.getlist("set-cookie"):
            self._keep(jar, cookie)
        location = answer.headers.get("location", "")
        return Answer(answer.status, answer.data.decode(), location, {k.lower(): v for k, v in answer.headers.items()})

    def follow(self, answer: Answer, origin: str = "") -> Answer:
        """Follows redirects to the end. `origin` is the address of the first answer, if its location is only a path."""
        for _ in range(REDIRECT_LIMIT):
            if not answer.location:
                return answer
            origin = urljoin(origin, answer.location)
            answer = self.ask("GET", origin)
        raise TooManyRedirects

    def open(self, url: str) -> Answer:
        return self.follow(self.ask("GET", url), url)

    @staticmethod
    def _keep(jar: dict[str, str], cookie: str) -> None:
        """Stores a cookie as browsers do: drops expired ones, and ignores SameSite=None without Secure."""
        name, _, value = cookie.partition(";")[0].partition("=")
        attributes = cookie.lower()
        if "max-age=0" in attributes:
            jar.pop(name, None)
        elif "samesite=none" not in attributes or "; secure" in attributes:
            jar[name] = value.strip('"')


def hidden(page: Answer) -> dict[str, str]:
    """Returns the hidden fields of a form."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def sign_in(browser: Browser, practice: PracticeSchool, account: str, password: str | None = None) -> Answer:
    """Opens the portal's sign-in form and submits it. Returns the response."""
    origins, person = practice.introduction.origins, practice.introduction.accounts[account]
    form = browser.follow(browser.ask("GET", f"{origins['edge']}/sign-in"))
    fields = {**hidden(form), "username": person.username, "password": password or person.password}
    return browser.ask("POST", f"{origins['sign-in']}/sign-in", fields)
