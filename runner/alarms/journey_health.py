"""Health of one journey over its locations: a pure state machine over samples.

    OK -> SUSPECTED -> OPEN -> RECOVERING -> OK
                        ^----------'  a relapse stays in the same incident

Used twice: for what a journey says about a service (a confirmed failure breaks it), and for whether the journey can be
judged at all (errored, blind or missed too often in a row). A sample that could not be judged changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum


class HealthState(Enum):
    """State of a journey. A closed incident leaves it OK. The values are stored."""

    OK = "ok"
    SUSPECTED = "suspected"
    OPEN = "open"
    RECOVERING = "recovering"


class SampleResult(Enum):
    """Result of one sample at one location."""

    PASSED = "passed"
    UNCONFIRMED = "unconfirmed"  # broken, but seen once only
    BROKEN = "broken"  # broken, and seen twice
    NOT_JUDGED = "not judged"


class HealthReason(Enum):
    """Reason why a sample changed the state, or did not. The words go to the log and to an incident's history."""

    WORKING = "works"
    SEEN_ONCE = "seen once"
    FALSE_ALARM = "passed before it was confirmed"
    TOO_FEW_LOCATIONS = "broken at too few locations"
    CONFIRMED = "confirmed"
    STILL_BROKEN = "still broken"
    PASSING = "passed, but not often enough yet"
    RELAPSED = "broken again while recovering"
    RECOVERED = "recovered"
    NOT_WATCHED = "no longer watched"
    NOT_JUDGED = "could not be judged"
    BY_HAND = "closed by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRules:
    """Rules for opening and closing.

    `failures`: unconfirmed failures in a row at a location that count as a confirmed one; `locations`: how many must
    see the same broken within `window`; `passes`: passes in a row that close it, at each location that was broken.
    """

    failures: int = 2
    locations: int = 1
    window: timedelta = timedelta(minutes=15)
    passes: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationHealth:
    """Health at one location: `doubts` counts failures in a row that blame the same (`about`), `passes` passes in a
    row. `since` is when the failure that blames the same began; None where it works, or where an earlier version wrote
    the row. The names of the fields are stored."""

    at: datetime
    broken: bool = False
    doubts: int = 0
    passes: int = 0
    about: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Health of a journey, since when it fails, and the health at each location (`places`). The names are stored."""

    state: HealthState = HealthState.OK
    since: datetime | None = None
    places: Mapping[str, LocationHealth] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """True while the failure is confirmed and not over."""
        return self.state in (HealthState.OPEN, HealthState.RECOVERING)

    @property
    def broken_locations(self) -> tuple[str, ...]:
        """Locations that see it broken, by name."""
        return tuple(sorted(name for name, location in self.places.items() if location.broken))

    def broken_by(self, about: str) -> tuple[str, ...]:
        """Returns the locations that see it broken by one service, or by none that has a name."""
        return tuple(name for name in self.broken_locations if self.places[name].about in ("", about))

    def failing_since(self, about: str) -> datetime | None:
        """Returns when the failure that blames a service began, at the location that saw it first."""
        begins = [self.places[name].since for name in self.broken_by(about)]
        return min((begin for begin in begins if begin is not None), default=self.since)

    def set_back(self, at: datetime, now: datetime) -> Health:
        """Returns the health with what was seen after `now` seen at a moment that is not later."""
        then = min(at, now)

        def not_later(moment: datetime | None) -> datetime | None:
            return then if moment is not None and moment > now else moment

        places = {
            name: replace(
                place,
                at=then if place.at > now else place.at,
                since=not_later(place.since),
            )
            for name, place in self.places.items()
        }
        return replace(self, places=places, since=not_later(self.since))


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSample:
    """One result at one location; `about` is the service that it blames."""

    location: str
    at: datetime
    result: SampleResult
    about: str = ""


def next_health(health: Health, sample: HealthSample, rules: HealthRules) -> tuple[Health, HealthReason]:
    """Returns the health after a sample, and why. A sample older than the last one of its location changes nothing."""
    before = health.places.get(sample.location)
    if sample.result is SampleResult.NOT_JUDGED or (before is not None and sample.at < before.at):
        return health, HealthReason.NOT_JUDGED
    locations = {**health.places, sample.location: _location_after(before, sample, rules)}
    state, reason = _state(health, locations, sample, rules)
    since = None if state is HealthState.OK else health.since or sample.at
    return Health(state=state, since=since, places=locations), reason


def without_location(health: Health, location: str) -> Health:
    """Returns the health by the other locations alone: one that is no longer watched would never see it pass."""
    locations = {name: other for name, other in health.places.items() if name != location}
    is_over = not any(other.broken or other.doubts for other in locations.values())
    return Health(places=locations) if is_over else replace(health, places=locations)


def _location_after(before: LocationHealth | None, sample: HealthSample, rules: HealthRules) -> LocationHealth:
    at, about, last = sample.at, sample.about, before or LocationHealth(at=sample.at)
    is_same = about == last.about and last.since is not None
    failing = {"at": at, "about": about, "since": last.since if is_same else at}
    match sample.result:
        case SampleResult.PASSED:
            passes = last.passes + 1
            if last.broken and passes < rules.passes:
                return replace(last, at=at, doubts=0, passes=passes)
            return LocationHealth(at=at, passes=passes)
        case SampleResult.BROKEN:
            return LocationHealth(broken=True, doubts=last.doubts + 1, **failing)  # type: ignore[arg-type]
        case _:
            failures = last.doubts + 1 if about == last.about else 1
            is_broken = last.broken or failures >= rules.failures
            return LocationHealth(broken=is_broken, doubts=failures, **failing)  # type: ignore[arg-type]


def _state(
    health: Health, locations: Mapping[str, LocationHealth], sample: HealthSample, rules: HealthRules
) -> tuple[HealthState, HealthReason]:
    broken = [location for location in locations.values() if location.broken]
    is_failing = any(location.doubts for location in locations.values())
    if not health.is_open:
        if sample.result is not SampleResult.PASSED and _agreeing(broken, sample, rules) >= rules.locations:
            return HealthState.OPEN, HealthReason.CONFIRMED
        if broken or is_failing:
            return HealthState.SUSPECTED, HealthReason.TOO_FEW_LOCATIONS if broken else HealthReason.SEEN_ONCE
        was_ok = health.state is HealthState.OK
        return HealthState.OK, HealthReason.WORKING if was_ok else HealthReason.FALSE_ALARM
    if not broken and not is_failing:
        return HealthState.OK, HealthReason.RECOVERED
    if all(location.passes for location in broken) and not is_failing:
        return HealthState.RECOVERING, HealthReason.PASSING
    has_relapsed = health.state is HealthState.RECOVERING
    return HealthState.OPEN, HealthReason.RELAPSED if has_relapsed else HealthReason.STILL_BROKEN


def _agreeing(broken: list[LocationHealth], sample: HealthSample, rules: HealthRules) -> int:
    """Counts the locations that see the same broken within the window; one that has passed since does not count."""
    begin, same = sample.at - rules.window, (0, sample.about)
    return sum(location.at >= begin and (location.passes, location.about) == same for location in broken)
