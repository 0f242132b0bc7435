"""What can be played, under which name: each journey that was collected, and each entry of the configuration that
plays one of them for other groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from journeys.stage.school import KINDS
from runner.config.model import Settings
from runner.config.timetable import JourneySection
from runner.execution.casting import MEETS, Part
from runner.execution.messages import JourneyCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One thing to play. `name` is what schedules and history call it; `card` is None when no file defines it.
    `lacks`: what a district must configure before a journey that came with First Bell can be played there."""

    name: str
    section: JourneySection
    card: JourneyCard | None
    lacks: str = ""

    @property
    def part(self) -> Part:
        """Who must be cast."""
        card = self.card
        return Part(
            roles=card.roles if card else (),
            groups=self.section.groups,
            meets=bool(card and MEETS & set(self.relies_on)),
        )

    @property
    def relies_on(self) -> Sequence[str]:
        """The services that it needs."""
        return (self.card.relies_on if self.card else ()) or self.section.relies_on


def repertoire(cards: Iterable[JourneyCard], settings: Settings) -> Mapping[str, Piece]:
    """All pieces, the collected ones first. What the configuration names and no file defines is there without a card:
    it is planned, and missed, rather than forgotten."""
    by_id = {card.id: card for card in cards}
    pieces = {name: _piece(name, card, settings) for name, card in by_id.items()}
    for name, section in settings.journeys.items():
        pieces[name] = Piece(name=name, section=section, card=by_id.get(section.plays or name))
    return pieces


def _piece(name: str, card: JourneyCard, settings: Settings) -> Piece:
    """A collected journey. One that came with First Bell, and that the file does not ask for, is not played where the
    district has not what it goes to: who watches a library alone has no live class that could break."""
    section = settings.journey(name)
    lacks = ", ".join(_lacks(card, settings)) if card.is_shipped and name not in settings.journeys else ""
    enabled = section.model_copy(update={"enabled": False}) if lacks else section
    return Piece(name=name, section=enabled, card=card, lacks=lacks)


def _lacks(card: JourneyCard, settings: Settings) -> Iterator[str]:
    """The tables and keys that would have to be added; none beside the practice school, which has everything."""
    if settings.school.practice:
        return
    for name in card.relies_on:
        if name not in settings.services:
            yield f"[services.{name}]"
        elif name in KINDS and not settings.services[name].kind:
            yield f"services.{name}.kind"
    roles = {account.role or name for name, account in settings.accounts.items()}
    yield from (f"[accounts.{role}]" for role in card.roles if role not in roles)
