"""The traffic of one actor, in figures by host, without queries, headers or bodies; and the offset of hosts' clocks."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Request, Response, WebSocket

from firstbell.artifacts.redaction.by_pattern import RANDOM_TOKEN
from firstbell.artifacts.redaction.known_secrets import REMOVED
from firstbell.artifacts.request_failures import FailedRequest, HostTraffic

PATH_LIMIT = 500
FAILED_REQUESTS_LIMIT = 200
# Diagnosis needs only the first: a later request mostly fails because of an earlier one.
HOSTS_LIMIT = 40
# A request that has waited for less than this may still be answered as usual.
LONG_WAIT_S = 2.0
# A Date header is cut to whole seconds (RFC 9110, 6.6.1), and servers make it once a second: the true time is half a
# second later on average, and a second off at worst.
CLOCK_ROUND_TRIP_S = 0.5
PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class Traffic:
    """Counts requests by host, and notes the failed ones with their paths. Keeps no queries, headers or bodies, and no
    part of a path that looks random: such a part may grant access."""

    def __init__(self) -> None:
        self._statuses: dict[str, Counter[str]] = {}
        self._slowest_ms: dict[str, float] = {}
        self._failed_requests: list[FailedRequest] = []
        self._offsets_s: list[float] = []
        self._pending: dict[Request, float] = {}
        self._shown_after: dict[str, int] = {}

    def on_request(self, request: Request) -> None:
        """Note a request that went out."""
        self._pending[request] = time.monotonic()

    def on_response(self, response: Response) -> None:
        """Count an answer."""
        self._pending.pop(response.request, None)
        host, _ = _host_and_path(response.url)
        self._statuses.setdefault(host, Counter())[f"{response.status // 100}xx"] += 1
        self._measure_clock_offset(response)
        timing = response.request.timing
        self._slowest_ms[host] = max(self._slowest_ms.get(host, 0.0), timing["responseStart"] - timing["requestStart"])
        if response.status >= 400:
            self._note_failure(_failed_request(response.request, status=response.status))
        elif response.status < 300 and _is_page(response.request):
            self._shown_after[host] = len(self._failed_requests)

    def on_request_failed(self, request: Request) -> None:
        """Note a request without an answer, with Chromium's name for the reason."""
        self._pending.pop(request, None)
        host, _ = _host_and_path(request.url)
        self._statuses.setdefault(host, Counter())["failed"] += 1
        self._note_failure(_failed_request(request, error=(request.failure or "")[:80]))

    def on_websocket(self, socket: WebSocket) -> None:
        """Watch a WebSocket for failures."""
        socket.on("socketerror", lambda error: self._socket_failed(socket, str(error)))

    def _socket_failed(self, socket: WebSocket, error: str) -> None:
        host, path = _host_and_path(socket.url)
        self._note_failure(FailedRequest(host=host, path=path, method="GET", kind="websocket", error=error[:80]))

    def document(self) -> dict[str, Any]:
        """Return the content of network.json."""
        hosts = {
            host: {"answers": dict(sorted(counts.items())), "slowest_ms": round(self._slowest_ms.get(host, 0.0), 1)}
            for host, counts in sorted(self._statuses.items())
        }
        return {
            "schema": "firstbell.network/1",
            "hosts": hosts,
            "troubles": [_without_empty(failure) for failure in self._failed_requests],
            "clock_offset_s": self.clock_offset_s,
        }

    def failed_requests(self) -> tuple[FailedRequest, ...]:
        """Return the first failed requests, and those that wait for an answer now. A failed page that its host showed
        later, e.g. after a reload, is left out: it explains no later failure."""
        now = time.monotonic()
        waiting = [
            _failed_request(request, waited_s=round(now - since, 1))
            for request, since in self._pending.items()
            if now - since >= LONG_WAIT_S
        ]
        unresolved = [
            failure
            for number, failure in enumerate(self._failed_requests)
            if not failure.is_page or number >= self._shown_after.get(failure.host, 0)
        ]
        return (*unresolved[:HOSTS_LIMIT], *waiting[:HOSTS_LIMIT])

    def hosts(self) -> tuple[HostTraffic, ...]:
        """Return the figures of each host."""
        return tuple(
            HostTraffic(host=host, answers=counts.total(), slowest_ms=round(self._slowest_ms.get(host, 0.0), 1))
            for host, counts in sorted(self._statuses.items())
        )

    @property
    def clock_offset_s(self) -> float | None:
        """The median over all answers with a Date header, good to about a second; None if there were none."""
        return round(median(self._offsets_s), 2) if self._offsets_s else None

    def _measure_clock_offset(self, response: Response) -> None:
        """Measure the offset of an answer. One from a cache has an old Date, so it is ignored."""
        headers = response.headers
        if "date" not in headers or "age" in headers or response.status == 304:
            return
        try:
            document = parsedate_to_datetime(headers["date"])
        except (ValueError, OverflowError):
            return
        if document.tzinfo is not None:
            self._offsets_s.append((document - datetime.now(UTC)).total_seconds() + CLOCK_ROUND_TRIP_S)

    def _note_failure(self, failure: FailedRequest) -> None:
        if len(self._failed_requests) < FAILED_REQUESTS_LIMIT:
            self._failed_requests.append(failure)


def _failed_request(request: Request, *, status: int = 0, error: str = "", waited_s: float = 0.0) -> FailedRequest:
    host, path = _host_and_path(request.url)
    previous = request.redirected_from
    from_url = previous.url if previous else request.headers.get("referer", "")
    return FailedRequest(
        host=host,
        path=path,
        method=request.method,
        kind=request.resource_type,
        from_host=_host_and_path(from_url)[0],
        is_page=_is_page(request),
        status=status,
        error=error,
        waited_s=waited_s,
    )


def _is_page(request: Request) -> bool:
    return request.is_navigation_request() and request.frame.parent_frame is None


def _without_empty(failure: FailedRequest) -> dict[str, Any]:
    """Return a failed request as network.json has it, without empty fields."""
    return {name: value for name, value in asdict(failure).items() if value not in ("", 0, 0.0, False)}


def _host_and_path(url: str) -> tuple[str, str]:
    """Return an address's host with port, and its path without random parts; each empty if there is none."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    has_port = host.rpartition(":")[2].isdigit()
    if host and not has_port and parts.scheme in PORTS:
        host = f"{host}:{PORTS[parts.scheme]}"
    return host, RANDOM_TOKEN.sub(REMOVED, parts.path[:PATH_LIMIT])
