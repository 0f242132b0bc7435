"""Reads published calendars (iCalendar): days off to propose, and maintenance windows.

Their authors write for people, so days off are only proposed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from firstbell.runner.schedule.ical_events import Event, events_between
from firstbell.runner.schedule.ical_titles import ProposalKind, proposal_kind_of

LONGEST_CLOSURE = timedelta(days=120)  # Longer than any summer, shorter than a school year written as one event.
NOON_H = 12
_NEAR_H = 6  # The zones of one country.
_SHORTEST_DAY = timedelta(hours=23)  # When the clocks go forward.
_ONE_DAY = timedelta(days=1)
_ONE_MINUTE = timedelta(minutes=1)
_INSTANT = timedelta(microseconds=1)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """The days to propose, in the order of their dates, and the titles of events that cannot be read."""

    days: list[Proposal]
    unreadable: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The windows, in the order of their times, and the titles of events that cannot be read."""

    windows: list[Window]
    unreadable: list[str]


def proposals(data: bytes, *, since: date, until: date, zone: ZoneInfo) -> Proposals:
    """Returns the days that differ, from `since` to `until`, both included. Raises FeedError."""
    events = events_between(data, since, until, lambda title: proposal_kind_of(title) is not None, dates=True)
    found, unreadable = set(), list(events.unreadable)
    for event in events.read:
        kind = proposal_kind_of(event.title)
        try:
            first, last = dates_of(event, zone)
        except (ValueError, OverflowError, TypeError):  # Past the end of time, or one end without a zone.
            unreadable.append(event.title)
            continue
        if kind is None or first > until or last < since:
            continue
        if last - first < LONGEST_CLOSURE:
            found.add(Proposal(first=max(first, since), last=min(last, until), kind=kind, title=event.title))
        else:
            unreadable.append(event.title)
    days = _merged(sorted(found, key=lambda day: (day.kind.value, day.title, day.first, day.last)))
    return Proposals(days=days, unreadable=unreadable)


def dates_of(event: Event, zone: ZoneInfo) -> tuple[date, date]:
    """Returns the first and the last date of an event, both included; never more dates than the event has days.

    A whole day keeps the date that is written, whatever its zone: exports that know no dates write it as a midnight of
    UTC to the next, or to 23:59.
    """
    if not isinstance(event.start, datetime):
        return event.start, max(event.start, _last_written(event.end))
    start = event.start
    end = event.end if isinstance(event.end, datetime) else datetime.combine(event.end, time(), start.tzinfo)
    length = end.astimezone(UTC) - start.astimezone(UTC) if start.tzinfo and end.tzinfo else end - start
    is_whole = event.is_whole_day or (timedelta(0) < length and (-length) % _ONE_DAY <= _ONE_MINUTE)
    if start.time() == time() and (is_whole or not length or (length >= _SHORTEST_DAY and _ends_a_day(end))):
        return start.date(), max(start.date(), _last_written(end))
    local, local_end = _in_zone(start, zone), _in_zone(end, zone)
    if is_whole and not timedelta(hours=_NEAR_H) < local - datetime.combine(local, time()) < timedelta(
        hours=24 - _NEAR_H
    ):
        first = (local + _ONE_DAY / 2).date()  # The midnight of a zone near this one.
        return first, first + (max(1, round(length / _ONE_DAY)) - 1) * _ONE_DAY
    first, last = local.date(), max(local.date(), (local_end - _INSTANT).date())
    if first == last:
        return first, last
    # Lasts from one day into another: what begins after noon, or ends before it, leaves that day its school.
    begins, ends = first + (local.hour >= NOON_H) * _ONE_DAY, last - (local_end.time() <= time(NOON_H)) * _ONE_DAY
    return (begins, ends) if begins <= ends else (first, first)


def _last_written(end: date) -> date:
    if isinstance(end, datetime):
        return (end - _INSTANT).date()
    return end - _ONE_DAY


def _ends_a_day(end: datetime) -> bool:
    return end.time() == time() or end.time() >= time(23)


def _in_zone(value: datetime, zone: ZoneInfo) -> datetime:
    """Returns a time as the clocks of a zone show it, without a zone."""
    return (value.astimezone(zone) if value.tzinfo else value).replace(tzinfo=None)


def windows(data: bytes, *, since: datetime, until: datetime, zone: ZoneInfo) -> Windows:
    """Returns the events that overlap the time from `since` to `until`. A time without a zone is in `zone`."""
    events = events_between(data, since.astimezone(zone).date(), until.astimezone(zone).date())
    found, unreadable = set(), list(events.unreadable)
    for event in events.read:
        try:
            window = Window(start=_in_utc(event.start, zone), end=_in_utc(event.end, zone), title=event.title)
        except (ValueError, OverflowError):
            unreadable.append(event.title)
            continue
        if window.start < window.end and window.start < until and window.end > since:
            found.add(window)
    ordered = sorted(found, key=lambda window: (window.start, window.end, window.title))
    return Windows(windows=ordered, unreadable=unreadable)


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


def _in_utc(value: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
