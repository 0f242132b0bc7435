"""The whole practice school: five services on origins of their own, a control, and the faults that connect them."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from itsdangerous import URLSafeTimedSerializer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from journeys.practice.doors import Door
from journeys.practice.faults import FAULTS, Switchboard, UnknownFault
from journeys.practice.gate import Gate, Trouble, Way
from journeys.practice.live import LiveClasses, Meetings
from journeys.practice.people import CLASS_TITLE, enrol
from journeys.practice.platform import Platform
from journeys.practice.portal import portal
from journeys.practice.provider import Client, Provider
from journeys.practice.relying import RelyingParty

HOSTS = {
    "edge": "portal.localhost",
    "sign-in": "sign-in.localhost",
    "platform": "learn.localhost",
    "live-class": "live.localhost",
    "plan-b": "meet.localhost",
}
"""Chromium resolves every name under .localhost to this machine by itself (RFC 6761)."""

TROUBLES: Mapping[str, Mapping[str, Trouble]] = {
    "edge": {"portal-unreachable": Trouble.REFUSES},
}
"""What each fault does to the gate of a service; of several that are on, the first."""


class PracticeDistrict:
    """Built, opened, and closed once; everything in one event loop."""

    def __init__(self) -> None:
        self._board = Switchboard()
        self._people = enrol()
        self._doors = {name: Door() for name in HOSTS}
        self._gates = {name: Gate() for name in HOSTS}
        self._control = Door()
        self._token = secrets.token_urlsafe(24)
        self._code = secrets.token_urlsafe(6)
        self.origins = {name: f"http://{host}:{self._gates[name].port}" for name, host in HOSTS.items()}
        self._build()

    def _build(self) -> None:
        people = {person.username: person for person in self._people.values()}
        clients = {name: self._client(name) for name in ("edge", "platform")}
        launch = URLSafeTimedSerializer(secrets.token_hex(), salt="launch")
        self._provider = Provider(self._people, clients, self._board)
        self._live = LiveClasses(launch, self._board)
        self._meetings = Meetings(self._code, self._board)
        platform = Platform(
            self._relying(clients["platform"], home="/classes"),
            people,
            live=self.origins["live-class"],
            launch=launch,
            board=self._board,
        )
        self._apps: dict[str, Starlette] = {
            "edge": portal(self._relying(clients["edge"], home="/"), people, self.origins, self._board),
            "sign-in": self._provider.app(),
            "platform": platform.app(),
            "live-class": self._live.app(),
            "plan-b": self._meetings.app(),
        }

    def _client(self, name: str) -> Client:
        return Client(id=name, redirect_uri=f"{self.origins[name]}/callback", secret=secrets.token_hex())

    def _relying(self, client: Client, *, home: str) -> RelyingParty:
        back_channel = f"http://127.0.0.1:{self._doors['sign-in'].port}"
        return RelyingParty(client, provider=self.origins["sign-in"], back_channel=back_channel, home=home)

    async def open(self) -> None:
        """Open all doors, then the gates in front of them."""
        await asyncio.gather(*(door.open(self._apps[name]) for name, door in self._doors.items()))
        await self._lead()
        await self._control.open(self._control_app())

    async def close(self) -> None:
        """Shut everything and give all ports back."""
        await asyncio.gather(*(gate.close() for gate in self._gates.values()))
        await asyncio.gather(*(door.close() for door in (*self._doors.values(), self._control)))

    def introduction(self) -> dict[str, Any]:
        """Everything that whoever started it must know, secrets included; for a pipe, never for a log."""
        return {
            "control": f"http://127.0.0.1:{self._control.port}",
            "token": self._token,
            "origins": self.origins,
            "accounts": {key: asdict(person) for key, person in self._people.items()},
            "class_title": CLASS_TITLE,
            "meeting_code": self._code,
        }

    def _control_app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._introduce),
                Route("/faults", self._heal_all, methods=["DELETE"]),
                Route("/faults", self._faults),
                Route("/faults/{name}", self._switch, methods=["PUT", "DELETE"]),
                Route("/counters", self._counters),
            ]
        )

    def _refusal(self, request: Request) -> Response | None:
        given = request.headers.get("authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return None
        return JSONResponse({"error": "the control token is missing or wrong"}, status_code=401)

    async def _introduce(self, request: Request) -> Response:
        return self._refusal(request) or JSONResponse(self.introduction())

    async def _faults(self, request: Request) -> Response:
        return self._refusal(request) or JSONResponse({"on": self._board.names(), "known": sorted(FAULTS)})

    async def _switch(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        try:
            self._board.switch(request.path_params["name"], on=request.method == "PUT")
        except UnknownFault as unknown:
            return JSONResponse({"error": str(unknown)}, status_code=404)
        await self._apply()
        return JSONResponse({"on": self._board.names()})

    async def _heal_all(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        self._board.heal_all()
        await self._apply()
        return JSONResponse({"on": []})

    async def _apply(self) -> None:
        """What does not look at the switchboard by itself: gates, and pages that are open."""
        await self._lead()
        await self._live.faults_changed()

    async def _lead(self) -> None:
        for name, gate in self._gates.items():
            troubles = [trouble for fault, trouble in TROUBLES.get(name, {}).items() if self._board.is_on(fault)]
            await gate.lead(Way(port=self._doors[name].port, trouble=next(iter(troubles), Trouble.NONE)))

    async def _counters(self, request: Request) -> Response:
        counted = {
            "sign_ins": self._provider.sign_ins,
            "live_class": asdict(self._live.counters),
            "plan_b": asdict(self._meetings.counters),
        }
        return self._refusal(request) or JSONResponse(counted)
