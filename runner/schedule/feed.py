"""Calendars that districts and vendors publish (iCalendar): days off to propose, and maintenance windows.

What is in them is written by strangers for people. So it is bounded, cleaned, and of days off only ever proposed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component, Event

TITLE_LIMIT = 120
OCCURRENCES = 2000
REPEATING = 300
_ONE_DAY = timedelta(days=1)


class FeedError(Exception):
    """A calendar cannot be read; one sentence says which, and what to do."""


class ProposalKind(Enum):
    """What a day is proposed to be."""

    CLOSED = "closed"
    EARLY = "early release"
    LATE = "late start"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Proposal:
    """Dates, both included, that a calendar seems to say are different."""

    first: date
    last: date
    kind: ProposalKind
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A span of time, in UTC."""

    start: datetime
    end: datetime
    title: str


# In this order: the first that fits decides. None: about school days, but nothing to propose.
SAYS: tuple[tuple[str, ProposalKind | None], ...] = (
    (r"\b(camp|registration|registrations|sign-?ups?|deadline|meeting|board|concert|fair|sale|game)\b", None),
    (r"\bearly (release|dismissal|out|closing)\b|\bhalf[- ]day\b|\bdismiss\w* early\b", ProposalKind.EARLY),
    (r"\b(late|delayed) (start|opening|arrival)\b|\btwo[- ]hour delay\b", ProposalKind.LATE),
    (
        r"\bno (school|classes|students)\b|\bschools? (is |are |will be )?closed\b|\bstudents? off\b",
        ProposalKind.CLOSED,
    ),
    (r"\b(holiday|recess|vacation|closed|closure)\b", ProposalKind.CLOSED),
    (r"\b(fall|autumn|thanksgiving|winter|christmas|holiday|mid-?winter|spring|easter) break\b", ProposalKind.CLOSED),
    (
        r"\b(teacher|staff|professional)[- ]?(planning|work|in-?service|learning|development)?[- ]?(work)?days?\b",
        ProposalKind.CLOSED,
    ),
    (r"\b(teacher|staff|professional) (development|learning|planning)\b", ProposalKind.CLOSED),
    (r"\b(labor|memorial|veterans?|presidents?|martin luther king|mlk|juneteenth)\b.*\bday\b", ProposalKind.CLOSED),
    (r"^(thanksgiving|christmas|new year|juneteenth|good friday|yom kippur|rosh hashanah|eid)\b", ProposalKind.CLOSED),
)


def said_by(title: str) -> ProposalKind | None:
    """What a title proposes, if anything."""
    lowered = title.lower().replace("’", "").replace("'", "")
    return next((kind for pattern, kind in SAYS if re.search(pattern, lowered)), None)


def proposals(data: bytes, *, since: date, until: date) -> list[Proposal]:
    """The days that a calendar says are different, from `since` to `until`. Raises FeedError."""
    found = set()
    for event in _events(data, since, until):
        title, (first, last) = _title(event), _dates(event)
        if (kind := said_by(title)) is not None:
            found.add(Proposal(first=max(first, since), last=min(last, until), kind=kind, title=title))
    return list(_merged(sorted(found, key=lambda one: (one.kind.value, one.title, one.first))))


def windows(data: bytes, *, since: datetime, until: datetime, zone: ZoneInfo) -> list[Window]:
    """The spans of time in a calendar that touch `since` to `until`. A time without a zone is the school's."""
    return [
        Window(start=start, end=end, title=_title(event))
        for event in _events(data, since.date(), until.date() + _ONE_DAY)
        for start, end in [(_as_moment(event.start, zone), _as_moment(event.end, zone))]
        if start < until and end > since
    ]


def _merged(ordered: Iterable[Proposal]) -> Iterator[Proposal]:
    """Days in a row with one title are one proposal; in the order of their dates."""
    merged: list[Proposal] = []
    for one in ordered:
        last = merged[-1] if merged else None
        if last and (last.kind, last.title) == (one.kind, one.title) and one.first <= last.last + _ONE_DAY:
            merged[-1] = replace(last, last=max(last.last, one.last))
        else:
            merged.append(one)
    return iter(sorted(merged, key=lambda one: (one.first, one.last, one.title)))


def _events(data: bytes, since: date, until: date) -> Iterator[Event]:
    """What happens from one date to another, repetitions included; one bad event does not lose the others."""
    try:
        calendar = Calendar.from_ical(data)
        calendar.subcomponents = list(_bounded(calendar.subcomponents))
        query = recurring_ical_events.of(calendar, skip_bad_series=True)
        found = query.between(since, until + _ONE_DAY)
    except FeedError:
        raise
    except Exception as error:
        # The two libraries raise whatever a hostile text makes them raise.
        raise FeedError(f"this is no calendar that can be read ({type(error).__name__}); check its address") from None
    if len(found) > OCCURRENCES:
        raise FeedError(f"this calendar has more than {OCCURRENCES} events in the time asked for; ask for fewer days")
    return (event for event in found if isinstance(event, Event) and _as_date(event.start) <= until)


def _bounded(parts: Iterable[Component]) -> Iterator[Component]:
    """What can be expanded in bounded time."""
    repeating = 0
    for part in parts:
        repeating += "RRULE" in part
        if repeating > REPEATING:
            raise FeedError(f"this calendar has more than {REPEATING} repeating events; that is no school's calendar")
        if not _repeats_too_often(part):
            yield part


def _repeats_too_often(part: object) -> bool:
    """No school day and no maintenance comes every minute; expanding what says so would never end."""
    rule = part.get("RRULE") if isinstance(part, Event) else None
    rules = rule if isinstance(rule, list) else [rule]
    return any({"SECONDLY", "MINUTELY", "HOURLY"} & set(one.get("FREQ", ())) for one in rules if one is not None)


def _title(event: Event) -> str:
    text = "".join(character if character.isprintable() else " " for character in str(event.get("SUMMARY", "")))
    return " ".join(text.split())[:TITLE_LIMIT]


def _dates(event: Event) -> tuple[date, date]:
    """The first and last day. The end of an all-day event is the day after it (RFC 5545, 3.6.1)."""
    first, end = _as_date(event.start), event.end
    last = _as_date(end) if isinstance(end, datetime) else end - _ONE_DAY
    return first, max(first, last)


def _as_date(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _as_moment(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), zone).astimezone(UTC)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
