"""Facts from the browsers of one attempt at the moment a step failed: failed requests, hosts, pages, calls."""

from __future__ import annotations

from dataclasses import dataclass

from firstbell.artifacts.request_failures import FailedRequest, HostTraffic
from firstbell.journeys.stage.pages.page_signs import PageSigns


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserFacts:
    """Browser facts of one attempt. `failed_requests` and `dialogs` (their words, the last one at the end) belong to
    the actor whose step failed. The page on which it failed comes first in `pages`, under the actor's name; the actor's
    other open pages are "student tab 2" and so on. `slow_answers` are its answers that came late, the latest last;
    `receives` names the actors of a call who received a picture at the end."""

    failed_requests: tuple[FailedRequest, ...] = ()
    slow_answers: tuple[FailedRequest, ...] = ()
    hosts: tuple[HostTraffic, ...] = ()
    pages: tuple[PageSigns, ...] = ()
    receives: tuple[str, ...] = ()
    dialogs: tuple[str, ...] = ()
