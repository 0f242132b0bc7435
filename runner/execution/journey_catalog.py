"""The catalogue of runnable journeys: the collected ones, and the configuration's entries that play one of them for
other groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from firstbell.journeys.adapters.loading import KINDS
from firstbell.runner.config.model import Settings
from firstbell.runner.config.sections.journeys import JourneySection
from firstbell.runner.execution.accounts.allocation import MEETS, AccountRequest
from firstbell.runner.execution.supervision.protocol import JourneyInfo

SUPERSEDED = {"room-class": "live-class"}
"""A shipped journey that is for districts without a platform -> the one that others play instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyEntry:
    """One journey of the catalogue. `name` is its name in schedules and history; `journey_info` is None if no file
    defines it. `lacks`: what a district must configure before a shipped journey can be played there."""

    name: str
    section: JourneySection
    journey_info: JourneyInfo | None
    lacks: str = ""

    @property
    def account_request(self) -> AccountRequest:
        """The accounts that it needs."""
        journey_info = self.journey_info
        return AccountRequest(
            roles=journey_info.roles if journey_info else (),
            groups=self.section.groups,
            meets=bool(journey_info and MEETS & set(self.relies_on)),
        )

    @property
    def relies_on(self) -> Sequence[str]:
        """The services that it needs."""
        return (self.journey_info.relies_on if self.journey_info else ()) or self.section.relies_on


def journey_catalog(collected: Iterable[JourneyInfo], settings: Settings) -> Mapping[str, JourneyEntry]:
    """Returns all entries, the collected ones first. An entry that the configuration names and no file defines has no
    `journey_info`: it is planned, and missed, rather than forgotten."""
    by_id = {journey_info.id: journey_info for journey_info in collected}
    entries = {name: _journey_entry(name, journey_info, settings) for name, journey_info in by_id.items()}
    for name, section in settings.journeys.items():
        entries[name] = JourneyEntry(name=name, section=section, journey_info=by_id.get(section.plays or name))
    return entries


def _journey_entry(name: str, journey_info: JourneyInfo, settings: Settings) -> JourneyEntry:
    """Returns the entry of a collected journey. A shipped one that the file does not mention is disabled if the
    district lacks its services: a district that monitors a library alone has no live class."""
    section = settings.journey(name)
    lacks = (
        ", ".join(_lacks(journey_info, settings)) if journey_info.is_shipped and name not in settings.journeys else ""
    )
    enabled = section.model_copy(update={"enabled": False}) if lacks else section
    return JourneyEntry(name=name, section=enabled, journey_info=journey_info, lacks=lacks)


def _lacks(journey_info: JourneyInfo, settings: Settings) -> Iterator[str]:
    """Yields the tables and keys that must be added; none for the practice school, which has everything."""
    if journey_info.id in SUPERSEDED and (settings.school.practice or "platform" in settings.services):
        yield f"[journeys.{journey_info.id}], because {SUPERSEDED[journey_info.id]} enters the room too"
        return
    if settings.school.practice:
        return
    for name in journey_info.relies_on:
        if name not in settings.services:
            yield f"[services.{name}]"
        elif name in KINDS and not settings.services[name].kind:
            yield f"services.{name}.kind"
    roles = {account.role or name for name, account in settings.accounts.items()}
    yield from (f"[accounts.{role}]" for role in journey_info.roles if role not in roles)
