"""A district's services as journeys speak to them, each through the adapter that knows its pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firstbell.journeys.adapters.loading import UnknownKind, load_adapter

if TYPE_CHECKING:
    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.ports import MeetingRoom, Platform, Room, SignIn
    from firstbell.journeys.stage.service import Service


class School:
    """One district, built from its services; each attribute is the adapter for one of them. `folder` is that of the
    configuration, beside which adapters of the district's own are found."""

    def __init__(self, *, name: str, services: Mapping[str, Service], folder: Path = Path()) -> None:
        self.name = name
        self._folder = folder
        self.services = services

    def open_portal(self, actor: Actor) -> None:
        """Open the district's front page."""
        actor.go(self.service("edge").url)

    def sign_in(self, actor: Actor) -> None:
        """Sign in, in the way of this district."""
        sign_in: SignIn = self._adapter("sign-in")
        sign_in.sign_in(actor)

    @property
    def platform(self) -> Platform:
        """The learning platform."""
        platform: Platform = self._adapter("platform")
        return platform

    @property
    def live_class(self) -> Room:
        """The live-class product."""
        room: Room = self._adapter("live-class")
        return room

    @property
    def plan_b(self) -> MeetingRoom:
        """The meeting room that works when the rest is down."""
        room: MeetingRoom = self._adapter("plan-b")
        return room

    def service(self, name: str) -> Service:
        """A service by name. Raises UnknownKind when the configuration has none of that name."""
        try:
            return self.services[name]
        except KeyError:
            known = ", ".join(sorted(self.services)) or "none"
            raise UnknownKind(
                f"no service '{name}' is configured (there are: {known}); add [services.{name}]"
            ) from None

    def _adapter(self, name: str) -> Any:
        return load_adapter(self.service(name), self._folder).build()
