"""The whole practice school: five services behind gates of their own, a control, and the faults that connect them."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import asdict
from typing import Any

from itsdangerous import URLSafeTimedSerializer
from starlette.types import ASGIApp

from firstbell.journeys.practice.faults import FaultSwitches
from firstbell.journeys.practice.network.network import PracticeNetwork
from firstbell.journeys.practice.network.servers import ServiceServer
from firstbell.journeys.practice.options import PracticeOptions
from firstbell.journeys.practice.seed_data import CLASS_TITLE, create_people
from firstbell.journeys.practice.services.control import Control
from firstbell.journeys.practice.services.http_faults import with_faults
from firstbell.journeys.practice.services.live_class import LiveClasses, Meetings
from firstbell.journeys.practice.services.oidc_client import RelyingParty
from firstbell.journeys.practice.services.oidc_provider import OidcClient, OidcProvider
from firstbell.journeys.practice.services.platform import PlatformApp
from firstbell.journeys.practice.services.portal import portal


class PracticeDistrict:
    """Built, opened, and closed once; everything in one event loop."""

    def __init__(self, setting: PracticeOptions) -> None:
        self._setting = setting
        self._board = FaultSwitches()
        self._people = create_people()
        self._doors = {service: ServiceServer() for service in setting.hosts}
        self._network = PracticeNetwork(setting, self._board)
        self._control = ServiceServer()
        self._token = secrets.token_urlsafe(24)
        self._code = secrets.token_urlsafe(6)
        self._build()

    def _build(self) -> None:
        people = {person.username: person for person in self._people.values()}
        clients = {name: self._client(name) for name in ("edge", "platform")}
        launch = URLSafeTimedSerializer(secrets.token_hex(), salt="launch")
        origins = self._network.origins
        self._provider = OidcProvider(self._people, clients, self._board)
        self._live = LiveClasses(launch, self._board)
        self._meetings = Meetings(self._code, self._board)
        platform = PlatformApp(
            self._relying(clients["platform"], home="/classes"),
            people,
            live=origins["live-class"],
            launch=launch,
            board=self._board,
        )
        apps: dict[str, ASGIApp] = {
            "edge": portal(self._relying(clients["edge"], home="/"), people, origins),
            "sign-in": self._provider.app(),
            "platform": platform.app(),
            "live-class": self._live.app(),
            "plan-b": self._meetings.app(),
        }
        self._apps = {service: with_faults(app, service, self._board) for service, app in apps.items()}

    def _client(self, name: str) -> OidcClient:
        redirect_uri = f"{self._network.origins[name]}/callback"
        return OidcClient(id=name, redirect_uri=redirect_uri, secret=secrets.token_hex())

    def _relying(self, client: OidcClient, *, home: str) -> RelyingParty:
        # Not through the gate: services reach each other inside, whatever the way from outside is like.
        back_channel = f"http://127.0.0.1:{self._doors['sign-in'].port}"
        provider = self._network.origins["sign-in"]
        return RelyingParty(client, provider=provider, back_channel=back_channel, home=home, board=self._board)

    async def open(self) -> None:
        """Open all doors, then the gates in front of them. Raises OSError where a port cannot be had."""
        await asyncio.gather(*(door.open(self._apps[service]) for service, door in self._doors.items()))
        await self._network.open({service: door.port for service, door in self._doors.items()})
        control = Control(
            self._token,
            self._board,
            self._setting,
            changed=self._changed,
            tells={
                ("GET", "/"): self.introduction,
                ("GET", "/counters"): self._counters,
                ("DELETE", "/counters/peak"): self._count_peak_anew,
            },
        )
        await self._control.open(control.app())
        await self._live.open()

    async def close(self) -> None:
        """Shut everything and give all ports back."""
        await self._network.close()
        await asyncio.gather(*(door.close() for door in (*self._doors.values(), self._control)))
        await self._live.close()

    def introduction(self) -> dict[str, Any]:
        """Everything that whoever started it must know, secrets included; for a pipe, never for a log."""
        return {
            "control": f"http://127.0.0.1:{self._control.port}",
            "token": self._token,
            "origins": self._network.origins,
            "accounts": {key: asdict(person) for key, person in self._people.items()},
            "class_title": CLASS_TITLE,
            "meeting_code": self._code,
            "ca": self._network.ca,
            "controls": self._network.controls,
            "outside": self._network.outside,
            "relay": self._live.relay,
            "names": self._setting.names if self._setting.has_names else "",
        }

    async def _changed(self) -> None:
        """Tell what does not look at the switchboard by itself: the network, and pages that are open."""
        await self._network.changed()
        await self._live.faults_changed()

    def _count_peak_anew(self) -> dict[str, Any]:
        self._live.counters.forget_peak()
        return {}

    def _counters(self) -> dict[str, Any]:
        return {
            "sign_ins": self._provider.sign_ins,
            "live_class": asdict(self._live.counters),
            "plan_b": asdict(self._meetings.counters),
        }
