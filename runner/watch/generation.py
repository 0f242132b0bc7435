"""A generation: what the service plays with one configuration. A new configuration makes a new generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from firstbell.runner.app.runtime import Runtime, check_services
from firstbell.runner.config.to_schedule import timetable_of
from firstbell.runner.execution.journey_catalog import JourneyEntry, journey_catalog
from firstbell.runner.execution.supervision.protocol import BrokenFile, Ready
from firstbell.runner.history.slots.account_allocation import AccountAllocation
from firstbell.runner.schedule.slots import Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The journeys of one configuration and their timetable. Two generations with the same number are the same."""

    number: int
    runtime: Runtime
    entries: Mapping[str, JourneyEntry]
    broken: Sequence[BrokenFile]
    timetable: Timetable

    def allocate(self, journey: str, taken: frozenset[str]) -> AccountAllocation | None:
        """Returns free accounts for a journey, or None. A journey that is no longer configured needs no accounts: its
        slot is skipped."""
        entry = self.entries.get(journey)
        return (
            self.runtime.district.account_pool.allocate(entry.account_request, taken) if entry else AccountAllocation()
        )

    def why_unplayable(self, journey: str) -> str:
        """Says why no file defines a journey; empty if one does."""
        entry = self.entries.get(journey)
        if entry is None or entry.journey_info is not None:
            return ""
        causes = "; ".join(f"{broken.file}:{broken.line}: {broken.cause}" for broken in self.broken)
        return f"no journey file defines it{f' ({causes})' if causes else ''}"


def generation_of(number: int, runtime: Runtime, ready: Ready) -> Generation:
    """Returns the generation of a configuration whose journeys a worker has collected. Raises ConfigError."""
    settings = runtime.config.settings
    entries = journey_catalog(ready.journeys, settings)
    enabled = [entry for entry in entries.values() if entry.section.enabled]
    check_services(enabled, runtime)
    return Generation(
        number=number,
        runtime=runtime,
        entries=entries,
        broken=ready.broken,
        timetable=timetable_of(settings, [entry.name for entry in enabled]),
    )
