"""What the browsers of one attempt had seen when a step failed: requests in trouble, hosts, pages, calls."""

from __future__ import annotations

from dataclasses import dataclass

from firstbell.artifacts.request_failures import FailedRequest, HostTraffic
from firstbell.journeys.stage.pages.page_signs import PageSigns


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserFacts:
    """`troubles` are the requests of the actor whose step failed, `pages` begin with that actor's page. `receives`
    names the actors in a call to whom a picture came in at the end."""

    troubles: tuple[FailedRequest, ...] = ()
    hosts: tuple[HostTraffic, ...] = ()
    pages: tuple[PageSigns, ...] = ()
    receives: tuple[str, ...] = ()
