"""What can be played, under which name: each journey that was collected, and each entry of the configuration that
plays one of them for other groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from firstbell.journeys.stage.school import KINDS
from firstbell.runner.config.model import Settings
from firstbell.runner.config.sections.journeys import JourneySection
from firstbell.runner.execution.accounts.allocation import MEETS, AccountRequest
from firstbell.runner.execution.supervision.protocol import JourneyInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyEntry:
    """One thing to play. `name` is what schedules and history call it; `card` is None when no file defines it.
    `lacks`: what a district must configure before a journey that came with First Bell can be played there."""

    name: str
    section: JourneySection
    card: JourneyInfo | None
    lacks: str = ""

    @property
    def part(self) -> AccountRequest:
        """Who must be cast."""
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
    """All pieces, the collected ones first. What the configuration names and no file defines is there without a card:
    it is planned, and missed, rather than forgotten."""
    by_id = {card.id: card for card in cards}
    pieces = {name: _journey_entry(name, card, settings) for name, card in by_id.items()}
    for name, section in settings.journeys.items():
        pieces[name] = JourneyEntry(name=name, section=section, card=by_id.get(section.plays or name))
    return pieces


def _journey_entry(name: str, card: JourneyInfo, settings: Settings) -> JourneyEntry:
    """A collected journey. One that came with First Bell, and that the file does not ask for, is not played where the
    district has not what it goes to: who watches a library alone has no live class that could break."""
    section = settings.journey(name)
    lacks = ", ".join(_lacks(card, settings)) if card.is_shipped and name not in settings.journeys else ""
    enabled = section.model_copy(update={"enabled": False}) if lacks else section
    return JourneyEntry(name=name, section=enabled, card=card, lacks=lacks)


def _lacks(card: JourneyInfo, settings: Settings) -> Iterator[str]:
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
