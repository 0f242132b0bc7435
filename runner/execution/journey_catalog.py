"""The catalogue of runnable journeys: the collected ones, and the configuration's entries that play one of them for
other groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from firstbell.journeys.stage.school import KINDS
from firstbell.runner.config.model import Settings
from firstbell.runner.config.sections.timetable import JourneySection
from firstbell.runner.execution.accounts.allocation import MEETS, AccountRequest
from firstbell.runner.execution.supervision.protocol import JourneyInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyEntry:
    """One journey of the catalogue. `name` is its name in schedules and history; `journey_info` is None if no file
    defines it. `lacks`: what a district must configure before a shipped journey can be played there."""

    name: str
    section: JourneySection
    card: JourneyInfo | None
    lacks: str = ""

    @property
    def part(self) -> AccountRequest:
        """The accounts that it needs."""
        card = self.card
        return AccountRequest(
            roles=card.roles if card else (),
            groups=self.section.groups,
            meets=bool(card and MEETS & set(self.relies_on)),
        )

    @property
    def relies_on(self) -> Sequence[str]:
        """The services that it needs."""
        return (self.card.relies_on if self.card else ()) or self.section.relies_on


def journey_catalog(cards: Iterable[JourneyInfo], settings: Settings) -> Mapping[str, JourneyEntry]:
    """Returns all entries, the collected ones first. An entry that the configuration names and no file defines has no
    `journey_info`: it is planned, and missed, rather than forgotten."""
    by_id = {card.id: card for card in cards}
    pieces = {name: _journey_entry(name, card, settings) for name, card in by_id.items()}
    for name, section in settings.journeys.items():
        pieces[name] = JourneyEntry(name=name, section=section, card=by_id.get(section.plays or name))
    return pieces


def _journey_entry(name: str, card: JourneyInfo, settings: Settings) -> JourneyEntry:
    """Returns the entry of a collected journey. A shipped one that the file does not mention is disabled if the
    district lacks its services: a district that monitors a library alone has no live class."""
    section = settings.journey(name)
    lacks = ", ".join(_lacks(card, settings)) if card.is_shipped and name not in settings.journeys else ""
    enabled = section.model_copy(update={"enabled": False}) if lacks else section
    return JourneyEntry(name=name, section=enabled, card=card, lacks=lacks)


def _lacks(card: JourneyInfo, settings: Settings) -> Iterator[str]:
    """Yields the tables and keys that must be added; none for the practice school, which has everything."""
    if settings.school.practice:
        return
    for name in card.relies_on:
        if name not in settings.services:
            yield f"[services.{name}]"
        elif name in KINDS and not settings.services[name].kind:
            yield f"services.{name}.kind"
    roles = {account.role or name for name, account in settings.accounts.items()}
    yield from (f"[accounts.{role}]" for role in card.roles if role not in roles)
