"""The traffic of one actor, in figures by host, without queries, headers or bodies; and the offset of hosts' clocks."""

from __future__ import annotations

import contextlib
import time
from collections import Counter, deque
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Page, Request, Response, WebSocket

from firstbell.artifacts.redaction.by_pattern import RANDOM_TOKEN
from firstbell.artifacts.redaction.known_secrets import REMOVED
from firstbell.artifacts.request_failures import FailedRequest, HostTraffic
from firstbell.artifacts.requests.error_bodies import BODY_LIMIT, words_of_body
from firstbell.artifacts.requests.waiting import is_meant_to_wait, waits_regularly
from firstbell.compat.playwright import frame_of
from firstbell.hostile_text import cut

PATH_LIMIT = 500
ERROR_LIMIT = 80
FAILED_REQUESTS_LIMIT = 200
# Diagnosis needs only the first: a later request mostly fails because of an earlier one.
HOSTS_LIMIT = 40
# A request that has waited for less than this may still be answered as usual.
LONG_WAIT_S = 2.0
# A Date header is cut to whole seconds (RFC 9110, 6.6.1), and servers make it once a second: the true time is half a
# second later on average, and a second off at worst.
CLOCK_ROUND_TRIP_S = 0.5
# Error answers whose bodies are read when a step has failed: the last ones say most.
BODIES_READ = 6
WITH_BODY = frozenset({"xhr", "fetch", "document"})
PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """A request on its way: since when by the monotonic clock, and the hosts of its frame and of its page."""

    since: float
    from_host: str
    page_host: str


class Traffic:
    """Counts requests by host, and notes the failed ones with their paths. Keeps no queries and headers, no body but
    the words of short error answers, and no part of a path that looks random: such a part may grant access."""

    def __init__(self) -> None:
        self._statuses: dict[str, Counter[str]] = {}
        self._slowest_ms: dict[str, float] = {}
        self._failed_requests: list[FailedRequest] = []
        self._offsets_s: list[float] = []
        self._pending: dict[Request, _Sent] = {}
        self._slow_answers: deque[FailedRequest] = deque(maxlen=HOSTS_LIMIT)
        self._waits_s: dict[tuple[str, str], list[float]] = {}
        self._refusals: deque[tuple[int, Response]] = deque(maxlen=BODIES_READ)
        self._finished: set[Request] = set()
        self._shown_after: dict[str, int] = {}
        self.hides_paths = False

    def on_request(self, request: Request) -> None:
        """Note a request that went out."""
        from_host, page_host = _origin(request)
        self._pending[request] = _Sent(since=time.monotonic(), from_host=from_host, page_host=page_host)

    def on_response(self, response: Response) -> None:
        """Count an answer."""
        request = response.request
        sent = self._pending.pop(request, None)
        host, path = _host_and_path(response.url)
        self._statuses.setdefault(host, Counter())[f"{response.status // 100}xx"] += 1
        self._measure_clock_offset(response)
        timing = request.timing
        took_ms = timing["responseStart"] - timing["requestStart"]
        self._slowest_ms[host] = max(self._slowest_ms.get(host, 0.0), took_ms)
        if took_ms >= LONG_WAIT_S * 1000:
            self._note_slow(response, sent, host, path, took_ms / 1000)
        if response.status >= 400:
            if request.resource_type in WITH_BODY and len(self._failed_requests) < FAILED_REQUESTS_LIMIT:
                self._refusals.append((len(self._failed_requests), response))
            self._note_failure(_failed_request(request, sent, status=response.status))
        elif response.status < 300 and _is_page(request):
            self._shown_after[host] = len(self._failed_requests)

    def _note_slow(self, response: Response, sent: _Sent | None, host: str, path: str, took_s: float) -> None:
        waits_s = self._waits_s.setdefault((host, path), [])
        waits_s.append(took_s)
        slow = _failed_request(response.request, sent, status=response.status, waited_s=round(took_s, 1))
        is_stream = is_meant_to_wait(slow.kind, "", "", response.headers)
        is_regular = not slow.is_page and waits_regularly(waits_s)
        self._slow_answers.append(replace(slow, meant_to_wait=slow.meant_to_wait or is_stream or is_regular))

    def on_request_finished(self, request: Request) -> None:
        """Note that the body of an answer has arrived, so that reading it does not wait."""
        if any(response.request == request for _, response in self._refusals):
            self._finished.add(request)

    def on_request_failed(self, request: Request) -> None:
        """Note a request without an answer, with Chromium's name for the reason."""
        sent = self._pending.pop(request, None)
        host, _ = _host_and_path(request.url)
        self._statuses.setdefault(host, Counter())["failed"] += 1
        self._note_failure(_failed_request(request, sent, error=cut(request.failure or "", ERROR_LIMIT)))

    def follow_sockets(self, page: Page) -> None:
        """Watch the WebSockets of a page."""
        page.on("websocket", self.on_websocket)

    def on_websocket(self, socket: WebSocket) -> None:
        """Watch a WebSocket for failures."""
        socket.on("socketerror", lambda error: self._socket_failed(socket, str(error)))

    def _socket_failed(self, socket: WebSocket, error: str) -> None:
        host, path = _host_and_path(socket.url)
        self._note_failure(
            FailedRequest(host=host, path=path, method="GET", kind="websocket", error=cut(error, ERROR_LIMIT))
        )

    def document(self) -> dict[str, Any]:
        """Return the content of network.json; without paths if `hides_paths`."""
        hosts = {
            host: {"answers": dict(sorted(counts.items())), "slowest_ms": round(self._slowest_ms.get(host, 0.0), 1)}
            for host, counts in sorted(self._statuses.items())
        }
        return {
            "schema": "firstbell.network/1",
            "hosts": hosts,
            "troubles": [
                _without_empty(replace(failure, path="", said="") if self.hides_paths else failure)
                for failure in self._failed_requests
            ],
            "clock_offset_s": self.clock_offset_s,
        }

    def failed_requests(self, *, with_words: bool = False) -> tuple[FailedRequest, ...]:
        """Return the first failed requests, and those that wait for an answer now. A failed page that its host showed
        later, e.g. after a reload, is left out: it explains no later failure. `with_words` reads the bodies of the last
        error answers, which asks the browser."""
        now = time.monotonic()
        waiting = [
            self._waiting(request, sent, now - sent.since)
            for request, sent in self._pending.items()
            if now - sent.since >= LONG_WAIT_S
        ]
        words = self._words() if with_words else {}
        unresolved = [
            replace(failure, said=words.get(number, ""))
            for number, failure in enumerate(self._failed_requests)
            if not failure.is_page or number >= self._shown_after.get(failure.host, 0)
        ]
        # The first failures are the causes of later ones, and the last have words.
        kept = unresolved[: HOSTS_LIMIT - BODIES_READ] + unresolved[HOSTS_LIMIT - BODIES_READ :][-BODIES_READ:]
        return (*kept, *waiting[:HOSTS_LIMIT])

    def _waiting(self, request: Request, sent: _Sent, waited_s: float) -> FailedRequest:
        waiting = _failed_request(request, sent, waited_s=round(waited_s, 1))
        is_regular = not waiting.is_page and waits_regularly(self._waits_s.get((waiting.host, waiting.path), ()))
        return replace(waiting, meant_to_wait=waiting.meant_to_wait or is_regular)

    def _words(self) -> dict[int, str]:
        """Return the words of error bodies that have arrived, by the number of the failure."""
        found = {}
        for number, response in self._refusals:
            if response.request in self._finished:
                with contextlib.suppress(PlaywrightError):
                    found[number] = _words_of(response)
        return found

    def slow_answers(self) -> tuple[FailedRequest, ...]:
        """Return the answers that came late, the latest last."""
        return tuple(self._slow_answers)

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


def _failed_request(
    request: Request, sent: _Sent | None, *, status: int = 0, error: str = "", waited_s: float = 0.0
) -> FailedRequest:
    host, path = _host_and_path(request.url)
    from_host, page_host = (sent.from_host, sent.page_host) if sent else _origin(request)
    url = urlsplit(request.url)
    return FailedRequest(
        host=host,
        path=path,
        method=request.method,
        kind=request.resource_type,
        from_host=from_host,
        page_host=page_host,
        is_page=_is_page(request),
        status=status,
        error=error,
        waited_s=waited_s,
        meant_to_wait=waited_s > 0 and is_meant_to_wait(request.resource_type, url.path, url.query, request.headers),
    )


def _is_page(request: Request) -> bool:
    """Tell whether a request is for a whole page, also for one of a window that is not there yet."""
    if not request.is_navigation_request():
        return False
    frame = frame_of(request)
    return frame is None or frame.parent_frame is None


def _origin(request: Request) -> tuple[str, str]:
    """Return the hosts of the frame and of the whole page that made a request; for a page, the host that led to it."""
    referer = _host_and_path(request.headers.get("referer", ""))[0]
    if (previous := request.redirected_from) is not None:
        referer = _host_and_path(previous.url)[0]
    frame = frame_of(request)
    if frame is None or request.is_navigation_request():
        return referer, _page_host(frame)
    inner: Frame | None = frame
    while inner is not None and not (host := _host_and_path(inner.url)[0]):
        inner = inner.parent_frame  # An empty frame, or one with a text for its address, is part of its parent.
    return host if inner is not None else referer, _page_host(frame)


def _page_host(frame: Frame | None) -> str:
    while frame is not None and frame.parent_frame is not None:
        frame = frame.parent_frame
    return _host_and_path(frame.url)[0] if frame is not None else ""


def _words_of(response: Response) -> str:
    kind = response.headers.get("content-type", "").lower()
    length = response.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > BODY_LIMIT or "html" in kind:
        return ""
    if response.request.sizes()["responseBodySize"] > BODY_LIMIT:
        return ""
    return words_of_body(response.body(), kind)


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
    return host, RANDOM_TOKEN.sub(REMOVED, cut(parts.path, PATH_LIMIT))
