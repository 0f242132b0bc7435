"""What only shows when parts of the file are read together: intervals, bells, groups, roles, names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from firstbell.runner.config.sections.alarms import AlarmsSection, RouteSection
from firstbell.runner.config.sections.diagnosis import DiagnosisSection
from firstbell.runner.config.sections.timetable import JourneySection
from firstbell.runner.config.toml_positions import KeyPath
from firstbell.runner.diagnosis.targets import target_of
from firstbell.runner.schedule.calendar import DEFAULT, WEEKDAYS
from firstbell.runner.schedule.crontab import shortest_gap_s

Mistake = tuple[KeyPath, str]


def check_rhythm(name: str, journey: JourneySection) -> Iterator[Mistake]:
    """A journey that would be due again before its last attempt must have ended."""
    here: KeyPath = ("journeys", name)
    if journey.crontab and (journey.every is not None or journey.lead_in is not None):
        yield (*here, "crontab"), "crontab says when by itself; leave out every and lead_in"
    if journey.crontab and (gap := shortest_gap_s(journey.crontab)) < journey.deadline:
        yield (*here, "crontab"), _too_often(gap, journey.deadline)
    intervals: dict[KeyPath, float] = {("after_hours",): journey.after_hours}
    if not journey.crontab:
        intervals[("every",) if journey.every else ("deadline",)] = journey.every_s
    if journey.lead_in is not None:
        intervals["lead_in", "every"] = journey.lead_in.every
    for path, every_s in intervals.items():
        if every_s < journey.deadline:
            yield (*here, *path), _too_often(every_s, journey.deadline)


def _too_often(every_s: float, deadline_s: float) -> str:
    return (
        f"due every {every_s:.0f} s, which is less than the deadline of {deadline_s:.0f} s; "
        "play less often, or set a shorter deadline"
    )


def check_bells(schedules: Iterable[str], named: Iterable[tuple[KeyPath, str]]) -> Iterator[Mistake]:
    """Names of bell schedules: each once, and none that does not exist."""
    known: list[str] = []
    for number, name in enumerate(schedules):
        if name in known:
            yield ("bells", number, "name"), f"there is already a bell schedule called '{name}'; give this one another"
        known.append(name)
    for path, name in named:
        if name not in known:
            yield path, _unknown("bell schedule", name, known, "[[bells]]")


def check_calendar_bells(keys: Iterable[str], cycle: Iterable[str]) -> Iterator[Mistake]:
    """A weekday, a cycle day or `default`."""
    known = [*WEEKDAYS, *cycle, DEFAULT]
    for key in keys:
        if key not in known:
            yield ("calendar", "bells", key), f"this is no weekday, no day of the cycle and not '{DEFAULT}'"


def check_routes(given: Sequence[RouteSection]) -> Iterator[Mistake]:
    """Routes: each name once, escalation to somebody there is and after some time, and no public one that is ours."""
    known: list[str] = []
    for number, route in enumerate(given):
        here: KeyPath = ("alarms", "routes", number)
        if route.name in known:
            yield (*here, "name"), f"there is already a route called '{route.name}'; give this one another name"
        known.append(route.name)
        if bool(route.escalate_after) != bool(route.escalate_to):
            yield here, "escalate_after and escalate_to belong together; write both, or neither"
        if route.public and route.operator:
            yield (*here, "public"), "a public route is told nothing of First Bell's own troubles; leave out operator"
        if route.public and route.escalate_to:
            yield (*here, "escalate_to"), "nobody acknowledges a notice to the public; leave out escalate_to"
        yield from check_names(
            (*here, "escalate_to"), "route", route.escalate_to, [one.name for one in given], "[alarms]"
        )
        if _leads_back(route.name, given):
            yield (*here, "escalate_to"), f"this leads back to '{route.name}', and each would wait for the other"


def check_reach(given: AlarmsSection, locations: int) -> Iterator[Mistake]:
    """Alarms that could never open an incident, or reach nobody. `locations` is how many there are."""
    if given.places > locations:
        said = f"{given.places} of {locations} locations can never see a failure"
        yield ("alarms", "places"), f"{said}; add [locations], or say with alarms.locations how many there are"
    people = [route for route in given.routes if not route.public]
    if people and all(route.operator and not route.services for route in people):
        said = "every route is the operator's: nobody is told when a service breaks"
        yield ("alarms", "routes", 0, "operator"), f"{said}; leave out operator, or name services"


def _leads_back(name: str, given: Sequence[RouteSection]) -> bool:
    """Whether escalation from a route comes back to it."""
    further = {route.name: route.escalate_to for route in given}
    seen: set[str] = set()
    ahead = list(further[name])
    while ahead:
        at = ahead.pop()
        if at not in seen:
            seen.add(at)
            ahead += further.get(at, ())
    return name in seen


def check_host_checks(given: DiagnosisSection, doors: Mapping[str, str]) -> Iterator[Mistake]:
    """Front doors that nobody could knock at, and a look at the hosts that would still go on when the next is due."""
    for name, url in doors.items():
        try:
            target_of(url or "https://unset.invalid")
        except ValueError as error:
            yield ("services", name, "url"), f"this is no address ({error})"
    if given.within >= given.checks_every:
        yield ("diagnosis", "within"), f"a look may take less than the {given.checks_every:.0f} s to the next one"


def check_names(path: KeyPath, what: str, given: Iterable[str], known: Iterable[str], where: str) -> Iterator[Mistake]:
    """Names that must be known elsewhere in the file."""
    for number, name in enumerate(given):
        if name not in known:
            yield (*path, number), _unknown(what, name, known, where)


def _unknown(what: str, name: str, known: Iterable[str], where: str) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"add it in {where}"
    return f"there is no {what} called '{name}'; {hint}"
