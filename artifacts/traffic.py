"""What one actor's requests came to, by host, in figures, without queries, headers or bodies; and the hosts' clocks."""

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
# What a rule needs is among the first: what fails later mostly fails because of it.
HOSTS_LIMIT = 40
# A request that has waited for less than this may still be answered as usual.
LONG_WAIT_S = 2.0
# A Date header is cut to whole seconds (RFC 9110, 6.6.1), and servers draw it up once a second: what was meant lies
# half a second later on average, and a second off at worst.
CLOCK_ROUND_TRIP_S = 0.5
PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class Traffic:
    """What went over the wire, by host: counts of all, and of what failed the path. No queries, headers, bodies, and
    nothing of a path that looks drawn by lot: such a part lets in whoever knows it."""

    def __init__(self) -> None:
        self._statuses: dict[str, Counter[str]] = {}
        self._slowest_ms: dict[str, float] = {}
        self._troubles: list[FailedRequest] = []
        self._offsets_s: list[float] = []
        self._pending: dict[Request, float] = {}
        self._well_since: dict[str, int] = {}

    def asked(self, request: Request) -> None:
        """A request went out."""
        self._pending[request] = time.monotonic()

    def answered(self, response: Response) -> None:
        """An answer arrived."""
        self._pending.pop(response.request, None)
        host, _ = _place(response.url)
        self._statuses.setdefault(host, Counter())[f"{response.status // 100}xx"] += 1
        self._measure_clock_offset(response)
        timing = response.request.timing
        self._slowest_ms[host] = max(self._slowest_ms.get(host, 0.0), timing["responseStart"] - timing["requestStart"])
        if response.status >= 400:
            self._trouble(_failed_request(response.request, status=response.status))
        elif response.status < 300 and _is_page(response.request):
            self._well_since[host] = len(self._troubles)

    def failed(self, request: Request) -> None:
        """A request got no answer. Chromium's name for why is all that is known."""
        self._pending.pop(request, None)
        host, _ = _place(request.url)
        self._statuses.setdefault(host, Counter())["failed"] += 1
        self._trouble(_failed_request(request, error=(request.failure or "")[:80]))

    def opened(self, socket: WebSocket) -> None:
        """A WebSocket was opened; one that fails is trouble."""
        socket.on("socketerror", lambda said: self._socket_failed(socket, str(said)))

    def _socket_failed(self, socket: WebSocket, said: str) -> None:
        host, path = _place(socket.url)
        self._trouble(FailedRequest(host=host, path=path, method="GET", kind="websocket", error=said[:80]))

    def told(self) -> dict[str, Any]:
        """The content of network.json."""
        hosts = {
            host: {"answers": dict(sorted(counts.items())), "slowest_ms": round(self._slowest_ms.get(host, 0.0), 1)}
            for host, counts in sorted(self._statuses.items())
        }
        return {
            "schema": "firstbell.network/1",
            "hosts": hosts,
            "troubles": [_short(trouble) for trouble in self._troubles],
            "clock_offset_s": self.clock_offset_s,
        }

    def troubles(self) -> tuple[FailedRequest, ...]:
        """The first requests that did not end well, and those that wait for an answer now. A page that its host showed
        after all, such as after a reload, has been got over and explains nothing that came later."""
        now = time.monotonic()
        waiting = [
            _failed_request(request, waited_s=round(now - since, 1))
            for request, since in self._pending.items()
            if now - since >= LONG_WAIT_S
        ]
        lasting = [
            trouble
            for number, trouble in enumerate(self._troubles)
            if not trouble.is_page or number >= self._well_since.get(trouble.host, 0)
        ]
        return (*lasting[:HOSTS_LIMIT], *waiting[:HOSTS_LIMIT])

    def hosts(self) -> tuple[HostTraffic, ...]:
        """How each host answered."""
        return tuple(
            HostTraffic(host=host, answers=counts.total(), slowest_ms=round(self._slowest_ms.get(host, 0.0), 1))
            for host, counts in sorted(self._statuses.items())
        )

    @property
    def clock_offset_s(self) -> float | None:
        """The median over all answers that said what time it was, good to about a second; None where none did."""
        return round(median(self._offsets_s), 2) if self._offsets_s else None

    def _measure_clock_offset(self, response: Response) -> None:
        """An answer from a cache tells the time of then, so it does not count."""
        headers = response.headers
        if "date" not in headers or "age" in headers or response.status == 304:
            return
        try:
            told = parsedate_to_datetime(headers["date"])
        except (ValueError, OverflowError):
            return
        if told.tzinfo is not None:
            self._offsets_s.append((told - datetime.now(UTC)).total_seconds() + CLOCK_ROUND_TRIP_S)

    def _trouble(self, trouble: FailedRequest) -> None:
        if len(self._troubles) < FAILED_REQUESTS_LIMIT:
            self._troubles.append(trouble)


def _failed_request(request: Request, *, status: int = 0, error: str = "", waited_s: float = 0.0) -> FailedRequest:
    host, path = _place(request.url)
    before = request.redirected_from
    led_from = before.url if before else request.headers.get("referer", "")
    return FailedRequest(
        host=host,
        path=path,
        method=request.method,
        kind=request.resource_type,
        from_host=_place(led_from)[0],
        is_page=_is_page(request),
        status=status,
        error=error,
        waited_s=waited_s,
    )


def _is_page(request: Request) -> bool:
    return request.is_navigation_request() and request.frame.parent_frame is None


def _short(trouble: FailedRequest) -> dict[str, Any]:
    """A trouble as network.json has it: what does not apply is left out."""
    return {name: value for name, value in asdict(trouble).items() if value not in ("", 0, 0.0, False)}


def _place(url: str) -> tuple[str, str]:
    """Host with port, as everybody else here names hosts, and path. Empty where an address has none."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    has_port = host.rpartition(":")[2].isdigit()
    if host and not has_port and parts.scheme in PORTS:
        host = f"{host}:{PORTS[parts.scheme]}"
    return host, RANDOM_TOKEN.sub(REMOVED, parts.path[:PATH_LIMIT])
