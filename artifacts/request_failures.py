"""Failed requests and traffic figures of hosts, as plain data without Playwright."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRequest:
    """A request that was answered with 400 or more (`status`), failed (`error`, Chromium's name for the reason), or has
    no answer yet (`waited_s`). `host` includes the port, `kind` is Playwright's resource type (document, script,
    websocket, ...), `from_host` the host of the page that made it, and `is_page` is true for the page itself."""

    host: str
    path: str
    method: str
    kind: str
    from_host: str = ""
    is_page: bool = False
    status: int = 0
    error: str = ""
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTraffic:
    """One host's answers: their number, and the time to the slowest first byte."""

    host: str
    answers: int
    slowest_ms: float
