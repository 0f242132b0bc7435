"""How one thing is that we keep an eye on, over its locations: a pure state machine over what was seen.

    OK -> SUSPECTED -> OPEN -> RECOVERING -> OK
                        ^----------'  a relapse is the same story

Used twice: for what a journey says about a service (a failure that was confirmed breaks it), and for whether the
journey can be judged at all (so many errored, blind or missed in a row do). What could not be judged turns nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum


class HealthState(Enum):
    """How it is. Closed is OK again."""

    OK = "ok"
    SUSPECTED = "suspected"
    OPEN = "open"
    RECOVERING = "recovering"


class SampleResult(Enum):
    """What one look at one location says."""

    FINE = "fine"
    DOUBTFUL = "doubtful"  # broken, but seen once only
    BROKEN = "broken"  # broken, and seen twice
    SILENT = "silent"  # nothing could be seen


class HealthReason(Enum):
    """Why a look changed something, or did not. The same words go to log, history and people."""

    WELL = "well"
    SEEN_ONCE = "seen once"
    FALSE_ALARM = "passed before it was confirmed"
    TOO_FEW_LOCATIONS = "broken at too few places"
    CONFIRMED = "confirmed"
    STILL_BROKEN = "still broken"
    BETTER = "passed, but not often enough yet"
    RELAPSED = "broken again while recovering"
    RECOVERED = "recovered"
    RETIRED = "no longer watched"
    NOT_JUDGED = "could not be judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRules:
    """When it opens and when it closes.

    `looks`: doubtful looks in a row at a location that count as one confirmed; `places` of all locations must see the
    same broken within `window`; `passes` in a row at each location that was broken close it.
    """

    looks: int = 2
    places: int = 1
    window: timedelta = timedelta(minutes=15)
    passes: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationHealth:
    """What was last seen at one location: whether it is `broken`, and looks in a row that were doubtful (`about` the
    same) or fine."""

    at: datetime
    broken: bool = False
    doubts: int = 0
    passes: int = 0
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How one thing is, since when it has been in trouble, and what each location last saw."""

    state: HealthState = HealthState.OK
    since: datetime | None = None
    places: Mapping[str, LocationHealth] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether people are, or should have been, told."""
        return self.state in (HealthState.OPEN, HealthState.RECOVERING)

    @property
    def broken_locations(self) -> tuple[str, ...]:
        """The locations that see it broken, by name."""
        return tuple(sorted(name for name, place in self.places.items() if place.broken))

    def broken_by(self, about: str) -> tuple[str, ...]:
        """The locations that see it broken by one thing, or by nothing that has a name."""
        return tuple(name for name in self.broken_locations if self.places[name].about in ("", about))


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSample:
    """One look at one location; `about` is what it saw broken."""

    location: str
    at: datetime
    sign: SampleResult
    about: str = ""


def next_health(health: Health, look: HealthSample, rules: HealthRules) -> tuple[Health, HealthReason]:
    """How it is after a look, and why. Looks of one location come in the order of time; an older one says nothing."""
    before = health.places.get(look.location)
    if look.sign is SampleResult.SILENT or (before is not None and look.at < before.at):
        return health, HealthReason.NOT_JUDGED
    places = {**health.places, look.location: _location_after(before, look, rules)}
    state, reason = _state(health, places, look, rules)
    since = None if state is HealthState.OK else health.since or look.at
    return Health(state=state, since=since, places=places), reason


def without_location(health: Health, location: str) -> Health:
    """How it is by the other locations alone: one that looks no more would never see it pass."""
    places = {name: place for name, place in health.places.items() if name != location}
    is_over = not any(place.broken or place.doubts for place in places.values())
    return Health(places=places) if is_over else replace(health, places=places)


def _location_after(before: LocationHealth | None, look: HealthSample, rules: HealthRules) -> LocationHealth:
    last = before or LocationHealth(at=look.at)
    match look.sign:
        case SampleResult.FINE:
            passes = last.passes + 1
            is_broken = last.broken and passes < rules.passes
            return LocationHealth(at=look.at, broken=is_broken, passes=passes, about=last.about if is_broken else "")
        case SampleResult.BROKEN:
            return LocationHealth(at=look.at, broken=True, doubts=last.doubts + 1, about=look.about)
        case _:
            doubts = last.doubts + 1 if look.about == last.about else 1
            return LocationHealth(
                at=look.at, broken=last.broken or doubts >= rules.looks, doubts=doubts, about=look.about
            )


def _state(
    health: Health, places: Mapping[str, LocationHealth], look: HealthSample, rules: HealthRules
) -> tuple[HealthState, HealthReason]:
    broken = [place for place in places.values() if place.broken]
    is_doubted = any(place.doubts for place in places.values())
    if not health.is_open:
        # A look that is fine opens nothing, and a place that has passed since, or sees something else broken, agrees to
        # nothing.
        agree = [
            one for one in broken if one.at >= look.at - rules.window and (one.passes, one.about) == (0, look.about)
        ]
        if look.sign is not SampleResult.FINE and len(agree) >= rules.places:
            return HealthState.OPEN, HealthReason.CONFIRMED
        if broken or is_doubted:
            return HealthState.SUSPECTED, HealthReason.TOO_FEW_LOCATIONS if broken else HealthReason.SEEN_ONCE
        return HealthState.OK, HealthReason.WELL if health.state is HealthState.OK else HealthReason.FALSE_ALARM
    if not broken and not is_doubted:
        return HealthState.OK, HealthReason.RECOVERED
    if all(place.passes for place in broken) and not is_doubted:
        return HealthState.RECOVERING, HealthReason.BETTER
    return (
        HealthState.OPEN,
        HealthReason.RELAPSED if health.state is HealthState.RECOVERING else HealthReason.STILL_BROKEN,
    )
