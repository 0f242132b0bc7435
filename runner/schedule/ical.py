"""Reads published calendars (iCalendar): days off to propose, and maintenance windows.

Their authors are strangers and write for people. So the effort is bounded before rules are expanded, and days off are
only proposed.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from icalendar import Component
from icalendar.timezone import tzp

from firstbell.runner.schedule.ical_cost import cost_us, listed
from firstbell.runner.schedule.ical_fetch import FeedError

TITLE_LIMIT = 120
OCCURRENCES = 2000
LONGEST_CLOSURE = timedelta(days=120)  # Longer than any summer, shorter than a school year written as one event.
EFFORT_US = 2_500_000  # For all rules of a calendar together, on an idle machine.
_ONE_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


class ProposalKind(Enum):
    """The kind of a proposed day."""

    CLOSED = "closed"
    EARLY = "early release"
    LATE = "late start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Dates, both included, that differ from the rule by a calendar's title."""

    first: date
    last: date
    kind: ProposalKind
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of time, in UTC, without its end."""

    start: datetime
    end: datetime
    title: str


_CLOSED = ProposalKind.CLOSED
# A break without another noun after it: "Spring Break (grades K-8)" and "Spring Break 2027", never "Spring Break Trip".
_ALONE = r"(?= *($|[-:;,(/!\d]|days?\b|weeks?\b|for (all|students|staff)\b|observ))"
_SEASON = (
    r"(fall|autumn|october|november|thanksgiving|december|winter|christmas|mid-?winter|february|april|spring|easter"
    r"|passover|summer|school)"
)
_STAFF = r"(teachers?|staff|faculty|professional|pd|institute|in-?service|planning)"
_DOES = r"(and|teachers?|staff|professional|development|learning|planning|work|prep|records?|in-?service|training)"
_NAMED = (
    r"(labor day|memorial day|veterans day|presidents day|columbus day|indigenous peoples day|juneteenth"
    r"|independence day|(martin luther king|mlk)( jr)?( day)?|thanksgiving( day)?|christmas( day| eve)?"
    r"|new years( day| eve)?|good friday)"
)
# The first pattern that matches decides. None: the title mentions such days, and proposes nothing.
TITLE_RULES: tuple[tuple[str, ProposalKind | None], ...] = (
    (r"\bno (early|late|delayed)\b", None),
    (r"\bearly (release|dismissal|out|closing)\b|\b(half|minimum|shortened|1/2)[- ]day\b", ProposalKind.EARLY),
    (r"\b(noon|\d{1,2}(:\d\d)? ?([ap]m)?) dismissal\b|\bdismiss\w* (early|at noon)\b", ProposalKind.EARLY),
    (r"\b(late|delayed) (start|opening|arrival)\b|\bhour (delay|late)\b", ProposalKind.LATE),
    (r"\bno[- ](school|class(es)?|students)\b.*\b(pre-?k|kindergarten|seniors?|grades?)\b", None),
    (r"\bno[- ]school[- ](board|lunch|bus|meals?|uniforms?|fees?|day (camp|care)|camp)\b", None),
    (r"\bno[- ](school|class(es)?|students)\b|\bstudents? off\b(?! to\b|-)", _CLOSED),
    (
        r"\b(schools?|district|campus(es)?)( (and|&) (district )?offices?)?( is| are| will be)? closed\b(?! (s|m)e)",
        _CLOSED,
    ),
    (r"\bschool closures?\b|^closed($| for\b| in\b|:| -)", _CLOSED),
    (r"\bnon[- ]?(student|instructional|school) days?\b|\b(student|pupil)[- ]free\b", _CLOSED),
    # Events, deadlines, and the days around a break.
    (r"\b(camps?|registration|enrollment|sign-?ups?|deadline|due|meeting|board|committee|session|hours|happy)\b", None),
    (r"\b(concert|fair|sale|games?|tournament|practice|party|parade|luncheon|assembly|program|appreciation)\b", None),
    (r"\b(resumes?|reopens?|returns?|back|before|after|begins?|starts?|ends?|opens?)\b", None),
    (rf"\b{_SEASON} (break|recess|vacation){_ALONE}|^(break|recess|vacation)$|\bholidays?{_ALONE}", _CLOSED),
    (rf"\b{_STAFF}([- /&]+{_DOES})*[- ]?(work)? ?days?\b|\b(teacher|staff) (planning|in-?service)$", _CLOSED),
    (rf"^{_NAMED}( \(?observ\w+\)?)?$|[-:(] ?closed\)?$", _CLOSED),
)


def proposal_kind_of(title: str) -> ProposalKind | None:
    """Returns the kind of day that a title proposes, if any."""
    plain = re.sub(r"[’'.,]", "", re.sub(r"[–—]", "-", title.casefold()))
    return next((kind for pattern, kind in TITLE_RULES if re.search(pattern, plain)), None)


def proposals(data: bytes, *, since: date, until: date, zone: ZoneInfo) -> list[Proposal]:
    """Returns the days that differ, from `since` to `until`, both included. Raises FeedError."""
    found = set()
    for event in _events_between(data, since, until, zone, lambda title: proposal_kind_of(title) is not None):
        first = event.start.astimezone(zone).date()
        last = max(first, (event.end - _INSTANT).astimezone(zone).date())
        kind = proposal_kind_of(event.title)
        if kind and first <= until and last >= since and last - first < LONGEST_CLOSURE:
            found.add(Proposal(first=max(first, since), last=min(last, until), kind=kind, title=event.title))
    return _merged(sorted(found, key=lambda day: (day.kind.value, day.title, day.first, day.last)))


def windows(data: bytes, *, since: datetime, until: datetime, zone: ZoneInfo) -> list[Window]:
    """Returns the events that overlap the time from `since` to `until`. A time without a zone is in `zone`."""
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    events = {event for event in _events_between(data, first, last, zone) if event.start < until and event.end > since}
    lasting = (event for event in events if event.start < event.end)
    return sorted(lasting, key=lambda event: (event.start, event.end, event.title))


def _merged(ordered: Iterable[Proposal]) -> list[Proposal]:
    """Joins days in a row with the same title into one proposal; in the order of their dates."""
    merged: list[Proposal] = []
    for day in ordered:
        before = merged[-1] if merged else None
        if before and (before.kind, before.title) == (day.kind, day.title) and day.first <= before.last + _ONE_DAY:
            merged[-1] = replace(before, last=max(before.last, day.last))
        else:
            merged.append(day)
    return sorted(merged, key=lambda day: (day.first, day.last, day.title))


def _events_between(
    data: bytes, since: date, until: date, zone: ZoneInfo, matches: Callable[[str], bool] = lambda _: True
) -> Iterator[Window]:
    """Yields the events between two dates (and a little around them: zones differ) whose titles match.

    Each series is expanded by itself, so a broken one affects no other.
    """
    titled = (series for series in _series(data) if any(matches(_title(part)) for part in series))
    found = 0
    for series in _affordable(titled, until):
        events: list[Window] = []
        with suppress(Exception):  # A hostile text can make the libraries raise anything.
            events = _expanded(series, since, until, zone)
        found += len(events)
        if found > OCCURRENCES:
            raise FeedError(f"this calendar has more than {OCCURRENCES:,} such events; ask for fewer days")
        yield from (event for event in events if matches(event.title))


def _affordable(all_series: Iterable[list[Component]], until: date) -> list[list[Component]]:
    """Returns the series that can be expanded in time. Raises FeedError if together they take too long."""
    spent_us, affordable = 0.0, []
    for series in all_series:
        with suppress(Exception):  # As above.
            spent_us += sum(cost_us(part, until) for part in series)
            affordable.append(series)
    if spent_us > EFFORT_US:
        raise FeedError(
            "this calendar has too many repeating events; ask its publisher for an export without repetitions"
        )
    return affordable


def _expanded(series: list[Component], since: date, until: date, zone: ZoneInfo) -> list[Window]:
    alone = icalendar.Calendar()
    alone.subcomponents = series
    events = recurring_ical_events.of(alone).between(since - _ONE_DAY, until + 2 * _ONE_DAY)
    return [_window(event, zone) for event in events if str(event.get("STATUS", "")).upper() != "CANCELLED"]


def _series(data: bytes) -> Iterable[list[Component]]:
    """Returns the events of a calendar, grouped with their repetitions and corrections."""
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
    series: dict[str, list[Component]] = {}
    events = (part for calendar in calendars for part in calendar.subcomponents if part.name == "VEVENT")
    for number, event in enumerate(events):
        series.setdefault(str(event.get("UID", number)), []).append(event)
    return series.values()


def _title(event: Any) -> str:
    """Returns the printable characters of a summary, on one line."""
    text = str((listed(event.get("SUMMARY")) or [""])[0])[: 4 * TITLE_LIMIT]
    spaced = "".join(" " if character.isspace() else character for character in text)
    return " ".join("".join(character for character in spaced if character.isprintable()).split())[
        :TITLE_LIMIT
    ].rstrip()


def _window(event: Any, zone: ZoneInfo) -> Window:
    start, end = (_in_utc(event[key].dt, zone) for key in ("DTSTART", "DTEND"))
    return Window(start=start, end=end, title=_title(event))


def _in_utc(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
