"""The district's portal: its front door, and the way on to everything else."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstbell.journeys.practice.seed_data import Person
from firstbell.journeys.practice.services.oidc_client import RelyingParty
from firstbell.journeys.practice.services.pages import page, service


def portal(relying: RelyingParty, people: Mapping[str, Person], origins: Mapping[str, str]) -> Starlette:
    """The portal's application. `people` by username; `origins` by service."""

    async def front(request: Request) -> Response:
        username = relying.username(request)
        person = people.get(username) if username else None
        return page(request, "portal.html", person=person, origins=origins)

    return service([Route("/", front), *relying.routes()])
