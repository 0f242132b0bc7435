"""The whole practice school: five services behind their fault gates, the control API and the fault switches."""

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
    """The five services of the district. Built, opened and closed once, all in one event loop."""

    def __init__(self, options: PracticeOptions) -> None:
        self._options = options
        self._switches = FaultSwitches()
        self._people = create_people()
        self._servers = {service: ServiceServer() for service in options.hosts}
        self._network = PracticeNetwork(options, self._switches)
        self._control = ServiceServer()
        self._token = secrets.token_urlsafe(24)
        self._code = secrets.token_urlsafe(6)
        self._build()

    def _build(self) -> None:
        people = {person.username: person for person in self._people.values()}
        clients = {name: self._client(name) for name in ("edge", "platform")}
        launch = URLSafeTimedSerializer(secrets.token_hex(), salt="launch")
        origins = self._network.origins
        self._provider = OidcProvider(self._people, clients, self._switches)
        self._live_classes = LiveClasses(launch, self._switches)
        self._meetings = Meetings(self._code, self._switches)
        platform = PlatformApp(
            self._relying_party(clients["platform"], home="/classes"),
            people,
            live=origins["live-class"],
            launch=launch,
            switches=self._switches,
        )
        apps: dict[str, ASGIApp] = {
            "edge": portal(self._relying_party(clients["edge"], home="/"), people, origins),
            "sign-in": self._provider.app(),
            "platform": platform.app(),
            "live-class": self._live_classes.app(),
            "plan-b": self._meetings.app(),
        }
        self._apps = {service: with_faults(app, service, self._switches) for service, app in apps.items()}

    def _client(self, name: str) -> OidcClient:
        redirect_uri = f"{self._network.origins[name]}/callback"
        return OidcClient(id=name, redirect_uri=redirect_uri, secret=secrets.token_hex())

    def _relying_party(self, client: OidcClient, *, home: str) -> RelyingParty:
        # Not through the gate: services reach each other inside, whatever is wrong with the path from outside.
        back_channel = f"http://127.0.0.1:{self._servers['sign-in'].port}"
        provider = self._network.origins["sign-in"]
        return RelyingParty(client, provider=provider, back_channel=back_channel, home=home, switches=self._switches)

    async def open(self) -> None:
        """Opens all servers, then the gates in front of them. Raises OSError if a port cannot be opened."""
        await asyncio.gather(*(server.open(self._apps[service]) for service, server in self._servers.items()))
        await self._network.open({service: server.port for service, server in self._servers.items()})
        control = Control(
            self._token,
            self._switches,
            self._options,
            on_change=self._apply_switches,
            queries={
                ("GET", "/"): self.introduction,
                ("GET", "/counters"): self._counters,
                ("DELETE", "/counters/peak"): self._reset_peak,
            },
        )
        await self._control.open(control.app())
        await self._live_classes.open()

    async def close(self) -> None:
        """Closes everything and frees all ports."""
        await self._network.close()
        await asyncio.gather(*(server.close() for server in (*self._servers.values(), self._control)))
        await self._live_classes.close()

    def introduction(self) -> dict[str, Any]:
        """Returns the addresses, accounts and secrets for the parent process; for a pipe, never for a log."""
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
            "relay": self._live_classes.relay,
            "names": self._options.names if self._options.has_names else "",
        }

    async def _apply_switches(self) -> None:
        """Applies the switches to what does not read them by itself: the network, and pages that are open."""
        await self._network.apply_switches()
        await self._live_classes.faults_changed()

    def _reset_peak(self) -> dict[str, Any]:
        self._live_classes.counters.reset_peak()
        return {}

    def _counters(self) -> dict[str, Any]:
        return {
            "sign_ins": self._provider.sign_ins,
            "live_class": asdict(self._live_classes.counters),
            "plan_b": asdict(self._meetings.counters),
        }
