"""The parts of the file that say when, as the schedule's own nouns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from firstbell.runner.config.model import Settings
from firstbell.runner.config.sections.timetable import BellsSection, JourneySection
from firstbell.runner.schedule.bells import BellSchedule, Period
from firstbell.runner.schedule.calendar import DEFAULT, CalendarRules, SchoolCalendar, SpecialDay
from firstbell.runner.schedule.maintenance import Maintenance
from firstbell.runner.schedule.slots import LeadIn, Rhythm, Timetable, is_school_time


def timetable_of(settings: Settings, journeys: Iterable[str]) -> Timetable:
    """When those of these journeys are due that are enabled."""
    sections = {name: settings.journey(name) for name in journeys}
    proof = settings.calendar.proof_of_life
    rhythms = [_rhythm(name, section, proof) for name, section in sections.items() if section.enabled]
    return Timetable(rhythms, calendar_of(settings))


def calendar_of(settings: Settings) -> SchoolCalendar:
    """The school's calendar. One bell schedule needs no naming: it holds on every day in session."""
    given = settings.calendar
    closed = [SpecialDay(dates=dates, in_session=False) for dates in given.closed]
    special = [
        SpecialDay(dates=day.dates, in_session=day.in_session, bells=day.bells, cycle_day=day.cycle_day, why=day.why)
        for day in given.days
    ]
    bells = dict(given.bells)
    if settings.bells:
        bells.setdefault(DEFAULT, settings.bells[0].name)
    return SchoolCalendar(
        CalendarRules(
            zone=ZoneInfo(settings.school.timezone),
            weekdays=frozenset(given.in_session),
            term=given.term,
            cycle=given.cycle,
            bells=bells,
            schedules={schedule.name: _bells(schedule) for schedule in settings.bells},
            special=[*closed, *special],
        )
    )


def school_time_of(settings: Settings) -> Callable[[str, datetime], bool | None]:
    """Whether class is held for a journey at a moment, or about to be; None where no bells are known."""
    calendar = calendar_of(settings)

    def is_held(journey: str, at: datetime) -> bool | None:
        rhythm = _rhythm(journey, settings.journey(journey), settings.calendar.proof_of_life)
        return is_school_time(rhythm, calendar, at)

    return is_held


def maintenance_of(settings: Settings) -> list[Maintenance]:
    """The windows that stand in the file itself; those of a calendar are read elsewhere."""
    zone = ZoneInfo(settings.school.timezone)
    return [
        Maintenance(
            services=given.services,
            start=_in_utc(given.start, zone),
            end=_in_utc(given.end, zone),
            run=given.run,
            why=given.why,
        )
        for given in settings.maintenance
        if given.start is not None and given.end is not None
    ]


def _rhythm(name: str, given: JourneySection, proof: time) -> Rhythm:
    lead_in = given.lead_in
    return Rhythm(
        journey=name,
        every_s=given.every_s,
        crontab=given.crontab,
        follows_bells=given.hours == "school",
        lead_in=LeadIn(before_bell_s=lead_in.before_bell, every_s=lead_in.every) if lead_in else None,
        after_hours_s=given.after_hours,
        closed_days=given.closed_days,
        proof_of_life=proof,
        groups=given.groups,
    )


def _bells(given: BellsSection) -> BellSchedule:
    return BellSchedule(
        name=given.name,
        first_bell=given.first_bell,
        last_bell=given.last_bell,
        periods=tuple(Period(name=period.name, start=period.start, end=period.end) for period in given.periods),
    )


def _in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
