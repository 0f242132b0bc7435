"""The programme: what one configuration makes of the service. A new configuration makes a new programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from firstbell.runner.app.runtime import Runtime, check_services
from firstbell.runner.config.to_schedule import timetable_of
from firstbell.runner.execution.journey_catalog import JourneyEntry, journey_catalog
from firstbell.runner.execution.supervision.protocol import BrokenFile, Ready
from firstbell.runner.history.slots.claims import AccountAllocation
from firstbell.runner.schedule.slots import Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """Who plays what and when. Two programmes are the same only if they have the same number."""

    number: int
    staging: Runtime
    pieces: Mapping[str, JourneyEntry]
    broken: Sequence[BrokenFile]
    timetable: Timetable

    def cast(self, journey: str, taken: frozenset[str]) -> AccountAllocation | None:
        """Who could play a journey now. One that is no longer in the programme needs nobody: it ends at once."""
        piece = self.pieces.get(journey)
        return (
            self.staging.district.account_pool.allocate(piece.account_request, taken) if piece else AccountAllocation()
        )

    def why_unplayable(self, journey: str) -> str:
        """Why no file defines a journey; empty when one does."""
        piece = self.pieces.get(journey)
        if piece is None or piece.journey_info is not None:
            return ""
        causes = "; ".join(f"{broken.file}:{broken.line}: {broken.cause}" for broken in self.broken)
        return f"no journey file defines it{f' ({causes})' if causes else ''}"


def generation_of(number: int, staging: Runtime, ready: Ready) -> Generation:
    """The programme of a configuration whose journeys a worker has collected. Raises ConfigError."""
    settings = staging.config.settings
    pieces = journey_catalog(ready.journeys, settings)
    enabled = [piece for piece in pieces.values() if piece.section.enabled]
    check_services(enabled, staging)
    return Generation(
        number=number,
        staging=staging,
        pieces=pieces,
        broken=ready.broken,
        timetable=timetable_of(settings, [piece.name for piece in enabled]),
    )
