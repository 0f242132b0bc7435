"""Failed and slow requests, and traffic figures of hosts, as plain data without Playwright."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRequest:
    """A request that was answered with 400 or more (`status`), failed (`error`, Chromium's name for the reason), has no
    answer yet (`waited_s`), or was answered late (`waited_s` and `status`).

    `host` includes the port, `kind` is Playwright's resource type (document, script, websocket, ...), `from_host` the
    host of the page or frame that made it, `page_host` that of the whole page at that moment, and `is_page` is true for
    the page itself. `meant_to_wait`: it is a stream or a long poll by its kind. `said` are the words of an error's
    body, bounded."""

    host: str
    path: str
    method: str
    kind: str
    from_host: str = ""
    page_host: str = ""
    is_page: bool = False
    status: int = 0
    error: str = ""
    waited_s: float = 0.0
    meant_to_wait: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTraffic:
    """One host's answers: their number, and the time to the slowest first byte."""

    host: str
    answers: int
    slowest_ms: float
