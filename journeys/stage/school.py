"""A district's services as journeys speak to them, each through the adapter that knows its pages."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from firstbell.errors import CONFIG, FirstBellError
from firstbell.journeys.auth import SIGN_IN_WAYS
from firstbell.journeys.platforms import PLATFORMS
from firstbell.journeys.rooms import MEETING_ROOMS, ROOMS
from firstbell.journeys.stage.ending import JourneyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from firstbell.journeys.stage.actor import Actor
    from firstbell.journeys.stage.ports import MeetingRoom, Platform, Room, SignIn
    from firstbell.journeys.stage.service import Service


class UnknownKind(JourneyError, FirstBellError):
    """A service names an adapter that does not exist, or none where one is needed."""

    exit_code = CONFIG


class School:
    """One district, built from its services; each attribute is the adapter for one of them."""

    def __init__(self, *, name: str, services: Mapping[str, Service]) -> None:
        self.name = name
        self.services = services

    def open_portal(self, actor: Actor) -> None:
        """Open the district's front page."""
        actor.go(self.service("edge").url)

    def sign_in(self, actor: Actor) -> None:
        """Sign in, in the way of this district."""
        sign_in: SignIn = self._adapter("sign-in", SIGN_IN_WAYS)
        sign_in.sign_in(actor)

    @property
    def platform(self) -> Platform:
        """The learning platform."""
        platform: Platform = self._adapter("platform", PLATFORMS)
        return platform

    @property
    def live_class(self) -> Room:
        """The live-class product."""
        room: Room = self._adapter("live-class", ROOMS)
        return room

    @property
    def plan_b(self) -> MeetingRoom:
        """The meeting room that works when the rest is down."""
        room: MeetingRoom = self._adapter("plan-b", MEETING_ROOMS)
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

    def _adapter(self, name: str, table: Mapping[str, str]) -> Any:
        service = self.service(name)
        return load_adapter(service, table)(service)


def load_adapter(service: Service, table: Mapping[str, str]) -> Callable[[Service], Any]:
    """The adapter that a service's `kind` names in a table of "module:Class". Raises UnknownKind with a suggestion."""
    if not service.kind:
        problem = f"[services.{service.name}] has no kind, so its pages are not known; add kind ({_known(table)}), "
        raise UnknownKind(f"{problem}or let the journey find its own way through them")
    if service.kind not in table:
        near = difflib.get_close_matches(service.kind, table, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"known kinds: {_known(table)}"
        raise UnknownKind(f"there is no {service.name} of kind '{service.kind}'; {hint}")
    module, _, name = table[service.kind].partition(":")
    adapter: Callable[[Service], Any] = getattr(importlib.import_module(module), name)
    return adapter


def _known(table: Mapping[str, str]) -> str:
    return ", ".join(sorted(table))


KINDS: Mapping[str, Mapping[str, str]] = {
    "sign-in": SIGN_IN_WAYS,
    "platform": PLATFORMS,
    "live-class": ROOMS,
    "plan-b": MEETING_ROOMS,
}
"""Service -> table of its adapters."""
