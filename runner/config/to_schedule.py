"""Builds timetable, calendar and maintenance from the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from firstbell.runner.config.model import Settings
from firstbell.runner.config.sections.calendar import BellsSection
from firstbell.runner.config.sections.journeys import JourneySection
from firstbell.runner.schedule.bells import BellSchedule, Period
from firstbell.runner.schedule.calendar import DEFAULT, CalendarRules, SchoolCalendar, SpecialDay
from firstbell.runner.schedule.maintenance import Maintenance
from firstbell.runner.schedule.slots import LeadIn, Rhythm, Timetable, is_school_time


def timetable_of(settings: Settings, journeys: Iterable[str]) -> Timetable:
    """Returns the timetable of those of these journeys that are enabled."""
    sections = {name: settings.journey(name) for name in journeys}
    proof_of_life = settings.calendar.proof_of_life
    rhythms = [_rhythm(name, section, proof_of_life) for name, section in sections.items() if section.enabled]
    return Timetable(rhythms, calendar_of(settings))


def calendar_of(settings: Settings) -> SchoolCalendar:
    """Returns the school's calendar. The first bell schedule is the default and need not be named."""
    section = settings.calendar
    closed = [SpecialDay(dates=dates, in_session=False) for dates in section.closed]
    special = [
        SpecialDay(dates=day.dates, in_session=day.in_session, bells=day.bells, cycle_day=day.cycle_day, why=day.why)
        for day in section.days
    ]
    bells = dict(section.bells)
    if settings.bells:
        bells.setdefault(DEFAULT, settings.bells[0].name)
    return SchoolCalendar(
        CalendarRules(
            zone=ZoneInfo(settings.school.timezone),
            weekdays=frozenset(section.in_session),
            term=section.term,
            cycle=section.cycle,
            bells=bells,
            schedules={schedule.name: _bells(schedule) for schedule in settings.bells},
            special=[*closed, *special],
        )
    )


def school_time_of(settings: Settings) -> Callable[[str, datetime], bool | None]:
    """Returns a function that tells whether a journey's class is on, or about to begin; None without bells."""
    calendar = calendar_of(settings)

    def is_in_class(journey: str, at: datetime) -> bool | None:
        rhythm = _rhythm(journey, settings.journey(journey), settings.calendar.proof_of_life)
        return is_school_time(rhythm, calendar, at)

    return is_in_class


def first_bell_of(settings: Settings) -> Callable[[str, datetime], datetime | None]:
    """Returns a function that gives the first bell of a journey's groups on the day of a moment; None without one."""
    calendar = calendar_of(settings)

    def first_bell(journey: str, at: datetime) -> datetime | None:
        day = calendar.day(at.astimezone(calendar.zone).date())
        if not day.in_session or day.bells is None:
            return None
        bell = day.bells.first_bells(settings.journey(journey).groups)[0]
        return datetime.combine(day.date, bell, calendar.zone).astimezone(UTC)

    return first_bell


def maintenance_of(settings: Settings) -> list[Maintenance]:
    """Returns the windows that the file itself gives, without those of its iCalendar sources."""
    zone = ZoneInfo(settings.school.timezone)
    return [
        Maintenance(
            services=section.services,
            start=_in_utc(section.start, zone),
            end=_in_utc(section.end, zone),
            run=section.run,
            why=section.why,
        )
        for section in settings.maintenance
        if section.start is not None and section.end is not None
    ]


def _rhythm(name: str, section: JourneySection, proof_of_life: time) -> Rhythm:
    lead_in = section.lead_in
    return Rhythm(
        journey=name,
        every_s=section.every_s,
        crontab=section.crontab,
        follows_bells=section.hours == "school",
        lead_in=LeadIn(before_bell_s=lead_in.before_bell, every_s=lead_in.every) if lead_in else None,
        after_hours_s=section.after_hours,
        closed_days=section.closed_days,
        proof_of_life=proof_of_life,
        groups=section.groups,
    )


def _bells(section: BellsSection) -> BellSchedule:
    return BellSchedule(
        name=section.name,
        first_bell=section.first_bell,
        last_bell=section.last_bell,
        periods=tuple(Period(name=period.name, start=period.start, end=period.end) for period in section.periods),
    )


def _in_utc(time_: datetime, zone: ZoneInfo) -> datetime:
    return (time_ if time_.tzinfo else time_.replace(tzinfo=zone)).astimezone(UTC)
