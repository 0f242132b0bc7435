"""Requests that did not end well, and hosts in figures: what a browser met, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRequest:
    """A request that did not end well: answered with 400 and more (`status`), not at all (`error`, Chromium's word for
    why), or not yet (`waited_s`). `host` is with its port, `kind` Playwright's word (document, script, websocket, ...);
    `from_host` whose page it came from; `is_page`: it was to be the page itself."""

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
    """One host's answers: how many, and how long the slowest first byte took."""

    host: str
    answers: int
    slowest_ms: float
