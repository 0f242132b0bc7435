"""Reads the events of an iCalendar text and expands their repetitions, within a bounded effort.

Their authors are strangers, and a hostile text can make the libraries raise anything: so each series is read by itself,
and the title of one that cannot be read is kept.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import icalendar
import recurring_ical_events
from icalendar import Component, vDDDLists, vDDDTypes
from icalendar.timezone import tzp

from firstbell.runner.schedule.ical_cost import cost_us, listed
from firstbell.runner.schedule.ical_fetch import FeedError

TITLE_LIMIT = 120
OCCURRENCES = 2000
EFFORT_US = 2_500_000  # For all rules of a calendar together, on an idle machine.
_ONE_DAY = timedelta(days=1)
_REPEATS = ("RRULE", "RDATE")
# Without these, or with a broken one, an event would be missing, or on other dates than its author meant.
_NEEDED = ("SUMMARY", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_UNPARSED = re.compile(rf"[^']*'({'|'.join(_NEEDED)})\b", re.IGNORECASE)
# As Exchange and Funambol mark a whole day that is written with times.
_WHOLE_DAY = ("X-MICROSOFT-CDO-ALLDAYEVENT", "X-FUNAMBOL-ALLDAY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One occurrence, with its times as they are written; `end` is exclusive."""

    start: date | datetime
    end: date | datetime
    title: str
    is_whole_day: bool


@dataclass(slots=True, kw_only=True)
class Events:
    """The events that were read, and the titles of those that could not be read."""

    read: list[Event] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def events_between(
    data: bytes, since: date, until: date, matches: Callable[[str], bool] = lambda _: True, *, dates: bool = False
) -> Events:
    """Returns the events between two dates (and a little around them: zones differ) whose titles match.

    With `dates`, a value that says it is a date is one, whatever time stands behind it. Raises FeedError.
    """
    found = Events()
    titled = [series for series in _series(data) if any(matches(_title(part)) or _lacks_title(part) for part in series)]
    for series in _affordable(titled, until, found):
        try:
            occurrences = _expanded(series, since, until, dates=dates)
        except Exception:  # As above.
            found.unreadable.append(_title(series[0]))
            continue
        found.read += [event for event in occurrences if matches(event.title)]
        if len(found.read) > OCCURRENCES:
            raise FeedError(f"this calendar has more than {OCCURRENCES:,} such events; ask for fewer days")
    return found


def _affordable(all_series: Iterable[list[Component]], until: date, found: Events) -> list[list[Component]]:
    """Returns the series that can be expanded in time. Raises FeedError if together they take too long."""
    spent_us, affordable = 0.0, []
    for series in all_series:
        try:
            if any(_is_broken(part) for part in series):
                raise ValueError
            spent_us += sum(cost_us(part, until) for part in series)
        except Exception:  # As above.
            found.unreadable.append(_title(series[0]))
        else:
            affordable.append(series)
    if spent_us > EFFORT_US:
        raise FeedError(
            "this calendar has too many repeating events; ask its publisher for an export without repetitions"
        )
    return affordable


def _expanded(series: list[Component], since: date, until: date, *, dates: bool) -> list[Event]:
    if dates:
        for part in series:
            _keep_dates(part)
    if len(series) == 1 and not any(key in series[0] for key in _REPEATS):
        [part] = series
        events = [] if _is_cancelled(part) else [_event(part)]
        first, last = since - _ONE_DAY, until + 2 * _ONE_DAY
        return [event for event in events if _day(event.start) <= last and _day(event.end) >= first]
    alone = icalendar.Calendar()
    alone.subcomponents = series
    occurrences = recurring_ical_events.of(alone).between(since - _ONE_DAY, until + 2 * _ONE_DAY)
    return [_event(part) for part in occurrences if not _is_cancelled(part)]


def _event(part: Any) -> Event:
    """Returns an occurrence. Raises for dates that are missing, doubled or in the wrong order."""
    start = part["DTSTART"].dt
    if "DTEND" in part:
        end = part["DTEND"].dt
    else:
        end = start + (part["DURATION"].dt if "DURATION" in part else timedelta(days=0 if _has_time(start) else 1))
    if not isinstance(start, date) or not isinstance(end, date) or _day(end) < _day(start) - _ONE_DAY:
        raise ValueError(start)
    if _has_time(start) == _has_time(end) and end < start:
        raise ValueError(end)
    flags = (str(part.get(flag, "")).strip().upper() for flag in _WHOLE_DAY)
    return Event(
        start=start,
        end=end,
        title=_title(part),
        is_whole_day=not _has_time(start) or any(f in ("TRUE", "1") for f in flags),
    )


def _keep_dates(part: Any) -> None:
    """Cuts the times off values that say they are dates, and off the exceptions of an event that begins on a date."""
    for key in ("DTSTART", "DTEND"):
        value = part.get(key)
        if isinstance(value, vDDDTypes) and str(value.params.get("VALUE", "")).upper() == "DATE":
            part[key] = vDDDTypes(_day(value.dt))
    if _has_time(part["DTSTART"].dt):
        return
    if isinstance(value := part.get("RECURRENCE-ID"), vDDDTypes):
        part["RECURRENCE-ID"] = vDDDTypes(_day(value.dt))
    for key in ("EXDATE", "RDATE"):
        if values := [each.dt for dates in listed(part.get(key)) for each in dates.dts]:
            part[key] = vDDDLists([_day(value[0] if isinstance(value, tuple) else value) for value in values])


def _has_time(value: date) -> bool:
    return isinstance(value, datetime)


def _day(value: Any) -> date:
    """Returns the date of a date or a time. Raises TypeError for anything else."""
    if not isinstance(value, date):
        raise TypeError(value)
    return value.date() if isinstance(value, datetime) else value


def _is_broken(part: Any) -> bool:
    """Tells whether a property that decides when the event is could not be parsed."""
    return any(name in _NEEDED or (name is None and _UNPARSED.match(str(why))) for name, why in part.errors)


def _lacks_title(part: Any) -> bool:
    return not _title(part) and _is_broken(part)


def _is_cancelled(part: Any) -> bool:
    return str(part.get("STATUS", "")).strip().upper() == "CANCELLED"


def _series(data: bytes) -> list[list[Component]]:
    """Returns the events of a calendar, each repeating one with its corrections.

    Some generators give every event one UID, or an empty one, so only a rule and its corrections belong together.
    """
    corrections: dict[str, list[Component]] = {}
    series: list[tuple[str, list[Component]]] = []
    for event in _components(data):
        uid = str(event.get("UID", "")).strip()
        if "RECURRENCE-ID" in event:
            corrections.setdefault(uid, []).append(event)
        else:
            series.append((uid, [event]))
    for uid, events in corrections.items():
        corrected = [parts for other, parts in series if uid and other == uid and _is_corrected(parts[0], events)]
        for corrected_parts in corrected:
            corrected_parts.extend(events)
        if not corrected:
            series += [("", [event]) for event in events]
    return [parts for _, parts in series]


def _is_corrected(event: Any, corrections: list[Component]) -> bool:
    """Tells whether corrections are of this event: it repeats, or one names its beginning."""
    return any(key in event for key in _REPEATS) or any(
        correction["RECURRENCE-ID"] == event.get("DTSTART") for correction in corrections
    )


def _components(data: bytes) -> list[Component]:
    """Returns the events of all calendars in a text. Raises FeedError."""
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:15].upper() != b"BEGIN:VCALENDAR":
        raise FeedError("this is no calendar; give the address of the calendar itself (.ics)")
    tzp.use_default()  # Forgets the zones of the last calendar, because names such as "Custom" recur.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # It warns when it guesses the name of a zone.
            calendars = icalendar.Calendar.from_ical(text, multiple=True)
        zones = [zone for calendar in calendars for zone in calendar.walk("VTIMEZONE")]
        zones_us = sum(cost_us(rule, date.max) for zone in zones for rule in zone.subcomponents)
    except Exception as error:
        # As above. Its message may repeat the text, so only its type is reported.
        raise FeedError(
            f"this calendar cannot be read ({type(error).__name__}); ask its publisher for another export"
        ) from None
    if not calendars:
        raise FeedError("this calendar is cut off: its end is missing; fetch it again")
    if zones_us > EFFORT_US:
        raise FeedError("this calendar's time zones have rules without end; ask its publisher for another export")
    return [part for calendar in calendars for part in calendar.subcomponents if part.name == "VEVENT"]


def _title(event: Any) -> str:
    """Returns the printable characters of a summary, on one line."""
    text = str((listed(event.get("SUMMARY")) or [""])[0])[: 4 * TITLE_LIMIT]
    spaced = "".join(" " if character.isspace() else character for character in text)
    return " ".join("".join(character for character in spaced if character.isprintable()).split())[
        :TITLE_LIMIT
    ].rstrip()
