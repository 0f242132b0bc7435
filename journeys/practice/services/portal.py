"""The district's portal: its front page, with links to the other services."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstbell.journeys.practice.seed_data import Person
from firstbell.journeys.practice.services.oidc_client import RelyingParty
from firstbell.journeys.practice.services.pages import page, service


def portal(relying_party: RelyingParty, people: Mapping[str, Person], origins: Mapping[str, str]) -> Starlette:
    """Builds the portal's application. `people` by username; `origins` by service."""

    async def front(request: Request) -> Response:
        username = relying_party.username(request)
        person = people.get(username) if username else None
        return page(request, "portal.html", person=person, origins=origins)

    return service([Route("/", front), *relying_party.routes()])
