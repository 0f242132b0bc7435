"""What can be played, under which name: each journey that was collected, and each entry of the configuration that
plays one of them for other groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runner.config.model import Settings
from runner.config.timetable import JourneySection
from runner.execution.casting import MEETS, Part
from runner.execution.messages import JourneyCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One thing to play. `name` is what schedules and history call it; `card` is None when no file defines it."""

    name: str
    section: JourneySection
    card: JourneyCard | None

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
    pieces = {name: Piece(name=name, section=settings.journey(name), card=card) for name, card in by_id.items()}
    for name, section in settings.journeys.items():
        pieces[name] = Piece(name=name, section=section, card=by_id.get(section.plays or name))
    return pieces
