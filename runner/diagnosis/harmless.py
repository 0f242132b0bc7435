"""Requests that failed or waited although their journey passed: on another day they explain no failure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from firstbell.artifacts.request_failures import FailedRequest

# A request that waits this much longer than in passing runs is slow all the same.
WAITS_LONGER = 3.0
_NUMBER = re.compile(r"[0-9a-f]{8,}(-[0-9a-f]{4,})*|\d+", re.IGNORECASE)
ROUTE_LIMIT = 200


class HarmlessEffect(Enum):
    """The way in which a request differed from one that is answered at once. The values are stored."""

    FAILED = "failed"
    WAITED = "waited"
    NEVER_ANSWERED = "never answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmlessRequest:
    """One kind of request: its host with port, its path without numbers, and the longest wait in seconds."""

    host: str
    route: str
    effect: HarmlessEffect
    waited_s: float = 0.0

    def covers(self, request: FailedRequest) -> bool:
        """Tells whether a request is of this kind, and no worse. A page never is: people see that it failed."""
        if request.is_page or (self.host, self.route) != (request.host, route_of(request.path)):
            return False
        if not request.waited_s:
            return self.effect is HarmlessEffect.FAILED
        is_usual = self.effect is HarmlessEffect.WAITED and request.waited_s <= WAITS_LONGER * self.waited_s
        return self.effect is HarmlessEffect.NEVER_ANSWERED or is_usual


def harmless_of(requests: Iterable[FailedRequest]) -> tuple[HarmlessRequest, ...]:
    """Returns the kinds of requests that failed or waited in a passing attempt, each once with its longest wait.

    A page that came late is none: people wait for it, and a passing run on a slow day must not excuse a slower one."""
    found: dict[tuple[str, str, HarmlessEffect], float] = {}
    for request in requests:
        if not request.is_page:
            key = (request.host, route_of(request.path), _effect(request))
            found[key] = max(found.get(key, 0.0), request.waited_s)
    return tuple(
        HarmlessRequest(host=host, route=route, effect=effect, waited_s=waited_s)
        for (host, route, effect), waited_s in found.items()
    )


def route_of(path: str) -> str:
    """Returns a path without its numbers, which differ from class to class."""
    return _NUMBER.sub("#", path)[:ROUTE_LIMIT]


def _effect(request: FailedRequest) -> HarmlessEffect:
    if not request.waited_s:
        return HarmlessEffect.FAILED
    return HarmlessEffect.WAITED if request.status else HarmlessEffect.NEVER_ANSWERED
