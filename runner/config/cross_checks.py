"""Checks parts of the file against each other: intervals, bells, routes, locations, names."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from firstbell.runner.config.sections.accounts import AccountSection
from firstbell.runner.config.sections.alarms import AlarmsSection, RouteSection
from firstbell.runner.config.sections.diagnosis import DiagnosisSection
from firstbell.runner.config.sections.journeys import JourneySection
from firstbell.runner.config.toml_positions import KeyPath
from firstbell.runner.diagnosis.targets import target_of
from firstbell.runner.schedule.calendar import DEFAULT, WEEKDAYS
from firstbell.runner.schedule.crontab import shortest_gap_s

Mistake = tuple[KeyPath, str]


def check_intervals(name: str, journey: JourneySection) -> Iterator[Mistake]:
    """Yields intervals that are shorter than the deadline: a journey would be due before its last attempt has ended."""
    table: KeyPath = ("journeys", name)
    if journey.crontab and (journey.every is not None or journey.lead_in is not None):
        yield (*table, "crontab"), "crontab replaces every and lead_in; leave these out"
    if journey.crontab and (gap := shortest_gap_s(journey.crontab)) < journey.deadline:
        yield (*table, "crontab"), _too_often(gap, journey.deadline)
    intervals: dict[KeyPath, float] = {("after_hours",): journey.after_hours}
    if not journey.crontab:
        intervals[("every",) if journey.every else ("deadline",)] = journey.every_s
    if journey.lead_in is not None:
        intervals["lead_in", "every"] = journey.lead_in.every
    for path, every_s in intervals.items():
        if every_s < journey.deadline:
            yield (*table, *path), _too_often(every_s, journey.deadline)


def _too_often(every_s: float, deadline_s: float) -> str:
    return (
        f"due every {every_s:.0f} s, which is less than the deadline of {deadline_s:.0f} s; "
        "play less often, or set a shorter deadline"
    )


def check_passwords(accounts: Mapping[str, AccountSection], services: Collection[str]) -> Iterator[Mistake]:
    """Yields accounts without a password in a district that has a sign-in."""
    for name, account in accounts.items():
        if account.password is None and "sign-in" in services:
            yield ("accounts", name), "people sign in here, so the account needs a password; add password"


def check_bells(schedules: Iterable[str], uses: Iterable[tuple[KeyPath, str]]) -> Iterator[Mistake]:
    """Yields bell schedules with the same name, and names of bell schedules that do not exist."""
    known: list[str] = []
    for number, name in enumerate(schedules):
        if name in known:
            yield (
                ("bells", number, "name"),
                f"there is already a bell schedule called '{name}'; give this one another name",
            )
        known.append(name)
    for path, name in uses:
        if name not in known:
            yield path, _unknown("bell schedule", name, known, "[[bells]]")


def check_calendar_bells(keys: Iterable[str], cycle: Iterable[str]) -> Iterator[Mistake]:
    """Yields keys of calendar.bells that are no weekday, no cycle day and not `default`."""
    known = [*WEEKDAYS, *cycle, DEFAULT]
    for key in keys:
        if key not in known:
            yield ("calendar", "bells", key), f"this key does not exist; write one of: {', '.join(known)}"


def check_routes(routes: Sequence[RouteSection]) -> Iterator[Mistake]:
    """Yields routes with the same name, with an escalation that cannot happen, or public ones of the operator."""
    known: list[str] = []
    for number, route in enumerate(routes):
        table: KeyPath = ("alarms", "routes", number)
        if route.name in known:
            yield (*table, "name"), f"there is already a route called '{route.name}'; give this one another name"
        known.append(route.name)
        if bool(route.escalate_after) != bool(route.escalate_to):
            yield table, "escalate_after and escalate_to belong together; write both or neither"
        if route.public and route.operator:
            yield (*table, "public"), "a public route gets no notices about First Bell itself; leave out operator"
        if route.public and route.escalate_to:
            yield (*table, "escalate_to"), "a public notice cannot be acknowledged; leave out escalate_to"
        yield from check_names(
            (*table, "escalate_to"), "route", route.escalate_to, [other.name for other in routes], "[alarms]"
        )
        if _leads_back(route.name, routes):
            yield (*table, "escalate_to"), f"this leads back to '{route.name}'; escalate to a route that does not"


def check_alarms(alarms: AlarmsSection, location_count: int) -> Iterator[Mistake]:
    """Yields alarms that could never open an incident, or would notify no route of a service."""
    if alarms.places > location_count:
        message = f"{alarms.places} locations must confirm a failure, but the number of locations is {location_count}"
        yield ("alarms", "places"), f"{message}; lower places, add [locations], or set alarms.locations to their number"
    people = [route for route in alarms.routes if not route.public]
    if people and all(route.operator and not route.services for route in people):
        message = "every route is the operator's, so none is notified when a service breaks"
        yield ("alarms", "routes", 0, "operator"), f"{message}; leave out operator, or name services"


def _leads_back(name: str, routes: Sequence[RouteSection]) -> bool:
    """True if escalation from a route comes back to it."""
    next_routes = {route.name: route.escalate_to for route in routes}
    reached: set[str] = set()
    open_ = list(next_routes[name])
    while open_:
        if (route := open_.pop()) not in reached:
            reached.add(route)
            open_ += next_routes.get(route, ())
    return name in reached


def check_host_checks(diagnosis: DiagnosisSection, urls: Mapping[str, str]) -> Iterator[Mistake]:
    """Yields addresses of services that cannot be checked, and a time limit that reaches to the next check."""
    for name, url in urls.items():
        try:
            target_of(url or "https://unset.invalid")
        except ValueError as error:
            yield ("services", name, "url"), f"this address cannot be checked ({error}); correct it"
    if diagnosis.within >= diagnosis.checks_every:
        yield (
            ("diagnosis", "within"),
            f"a check must end before the next one; write less than {diagnosis.checks_every:.0f}s",
        )


def check_names(path: KeyPath, noun: str, names: Iterable[str], known: Iterable[str], table: str) -> Iterator[Mistake]:
    """Yields names that no table of the file defines."""
    for number, name in enumerate(names):
        if name not in known:
            yield (*path, number), _unknown(noun, name, known, table)


def _unknown(noun: str, name: str, known: Iterable[str], table: str) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"add it in {table}"
    return f"there is no {noun} called '{name}'; {hint}"
