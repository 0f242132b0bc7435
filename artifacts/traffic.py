"""What one actor's requests came to, by host, in figures, without queries, headers or bodies; and the hosts' clocks."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Request, Response

PATH_LIMIT = 500
TROUBLES = 200
# A Date header is cut to whole seconds (RFC 9110, 6.6.1), and servers draw it up once a second: what was meant lies
# half a second later on average, and a second off at worst.
HALF_S = 0.5


class Traffic:
    """What went over the wire, by host: counts of all, and of what failed the path. No queries, headers, bodies."""

    def __init__(self) -> None:
        self._statuses: dict[str, Counter[str]] = {}
        self._slowest_ms: dict[str, float] = {}
        self._troubles: list[dict[str, Any]] = []
        self._offsets_s: list[float] = []

    def answered(self, response: Response) -> None:
        """An answer arrived."""
        host, path = _place(response.url)
        self._statuses.setdefault(host, Counter())[f"{response.status // 100}xx"] += 1
        self._compare_clocks(response)
        timing = response.request.timing
        self._slowest_ms[host] = max(self._slowest_ms.get(host, 0.0), timing["responseStart"] - timing["requestStart"])
        if response.status >= 400:
            self._trouble({"host": host, "path": path, "method": response.request.method, "status": response.status})

    def failed(self, request: Request) -> None:
        """A request got no answer. Chromium's name for why is all that is known."""
        host, path = _place(request.url)
        self._statuses.setdefault(host, Counter())["failed"] += 1
        self._trouble({"host": host, "path": path, "method": request.method, "error": (request.failure or "")[:80]})

    def told(self) -> dict[str, Any]:
        """The content of network.json."""
        hosts = {
            host: {"answers": dict(sorted(counts.items())), "slowest_ms": round(self._slowest_ms.get(host, 0.0), 1)}
            for host, counts in sorted(self._statuses.items())
        }
        return {
            "schema": "firstbell.network/1",
            "hosts": hosts,
            "troubles": self._troubles,
            "clock_offset_s": self.clock_offset_s,
        }

    @property
    def clock_offset_s(self) -> float | None:
        """The median over all answers that said what time it was, good to about a second; None where none did."""
        return round(median(self._offsets_s), 2) if self._offsets_s else None

    def _compare_clocks(self, response: Response) -> None:
        """An answer from a cache tells the time of then, so it does not count."""
        headers = response.headers
        if "date" not in headers or "age" in headers or response.status == 304:
            return
        try:
            told = parsedate_to_datetime(headers["date"])
        except ValueError:
            return
        if told.tzinfo is not None:
            self._offsets_s.append((told - datetime.now(UTC)).total_seconds() + HALF_S)

    def _trouble(self, trouble: dict[str, Any]) -> None:
        if len(self._troubles) < TROUBLES:
            self._troubles.append(trouble)


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2], parts.path[:PATH_LIMIT]
