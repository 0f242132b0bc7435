"""Control API of the practice school: switches faults and reads counters, with a token."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from firstbell.journeys.practice.faults import FAULTS, FaultSwitches, UnknownFault
from firstbell.journeys.practice.options import PracticeOptions

QueryTable = Mapping[tuple[str, str], Callable[[], dict[str, Any]]]
"""Queries by method and path."""


class Control:
    """The control API. `on_change` is called after each switch."""

    def __init__(
        self,
        token: str,
        switches: FaultSwitches,
        options: PracticeOptions,
        *,
        on_change: Callable[[], Awaitable[None]],
        queries: QueryTable,
    ) -> None:
        self._token = token
        self._switches = switches
        self._options = options
        self._on_change = on_change
        self._queries = queries

    def app(self) -> Starlette:
        """Builds the application that answers on the control port."""
        return Starlette(
            routes=[
                Route("/faults", self._heal_all, methods=["DELETE"]),
                Route("/faults", self._faults),
                Route("/faults/{name}", self._switch, methods=["PUT", "DELETE"]),
                *(
                    Route(path, self._answer(query), methods=[method])
                    for (method, path), query in self._queries.items()
                ),
            ]
        )

    def _refusal(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return None
        return JSONResponse({"error": "the control token is missing or wrong"}, status_code=401)

    def _answer(self, query: Callable[[], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return self._refusal(request) or JSONResponse(query())

        return answer

    async def _faults(self, request: Request) -> Response:
        return self._refusal(request) or JSONResponse({"on": self._switches.names(), "known": sorted(FAULTS)})

    async def _switch(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        name, is_on = request.path_params["name"], request.method == "PUT"
        if name in FAULTS and is_on and (lacks := self._options.lacks(FAULTS[name].needs)):
            return JSONResponse({"error": f"{name} cannot happen here; {lacks}"}, status_code=409)
        try:
            self._switches.switch(name, on=is_on)
        except UnknownFault as unknown:
            return JSONResponse({"error": str(unknown)}, status_code=404)
        await self._on_change()
        return JSONResponse({"on": self._switches.names()})

    async def _heal_all(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        self._switches.heal_all()
        await self._on_change()
        return JSONResponse({"on": []})
