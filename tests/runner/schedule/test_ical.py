"""Published calendars: proposals by title, dates and zones, limits for hostile ones, and fetching."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstbell.runner.schedule import ical_fetch
from firstbell.runner.schedule.ical import Proposal, Window, proposals, windows
from firstbell.runner.schedule.ical_fetch import FeedError, fetch, redacted_source
from firstbell.runner.schedule.ical_titles import ProposalKind, proposal_kind_of
from firstbell.web_access import WebAccess

NEW_YORK = ZoneInfo("America/New_York")
SINCE, UNTIL = date(2026, 11, 1), date(2027, 10, 31)
CLOSED, EARLY, LATE = ProposalKind.CLOSED, ProposalKind.EARLY, ProposalKind.LATE
THANKSGIVING = ("SUMMARY:Thanksgiving Recess", "DTSTART;VALUE=DATE:20261125", "DTEND;VALUE=DATE:20261128")


def ics(*events: tuple[str, ...], before: str = "") -> bytes:
    numbered = [event if any(line.startswith("UID") for line in event) else (f"UID:{n}", *event)
                for n, event in enumerate(events)]  # fmt: skip
    bodies = "".join("\r\n".join(("BEGIN:VEVENT", *event, "END:VEVENT", "")) for event in numbered)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{before}{bodies}END:VCALENDAR\r\n".encode()


def proposed(data: bytes) -> list[Proposal]:
    return proposals(data, since=SINCE, until=UNTIL, zone=NEW_YORK).days


def proposal_lines(data: bytes) -> list[str]:
    return [f"{one.first}..{one.last} {one.kind.value}: {one.title}" for one in proposed(data)]


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        *((CLOSED, title) for title in (
            "No School", "NO SCHOOL - Teacher Work Day", "Labor Day - No School", "No-School Day", "No Classes",
            "No Students: Parent/Teacher Conferences", "Students Off", "School Closed", "Schools & Offices Closed",
            "All Schools and District Offices Closed", "District Closed", "Closed - Veterans Day", "Closed",
            "Juneteenth (Closed)", "School Closure: snow", "Thanksgiving Recess", "Mid-Winter Recess", "Winter Break",
            "Spring Break 2027", "Spring Break (grades K-12)", "Winter Break - Day 3", "April Vacation Week",
            "Fall Break/No School", "Holiday", "Holiday - Labor Day", "Student Holiday", "Labor Day Holiday",
            "District Holiday (Juneteenth)", "Teacher Planning Day", "Teacher Workday", "Teacher Work Day",
            "Teacher Planning", "Staff Development Day", "Professional Day", "Professional Development Day",
            "PD Day", "Teacher In-Service Day", "Staff Development/Planning Day", "Student-Free Day",
            "Non-Student Day", "Non-School Day", "Labor Day", "New Year’s Day", "Martin Luther King, Jr. Day",
            "Veterans Day (observed)", "No School – Winter Break begins", "Holiday for students",
        )),
        *((EARLY, title) for title in (
            "Early Release", "Early Dismissal - 12:30", "Half Day", "Half-day: professional development",
            "Minimum Day", "Noon Dismissal", "12:15 pm dismissal", "Early Release (no school for Pre-K)",
        )),
        *((LATE, title) for title in ("Late Start Wednesday", "Delayed Opening", "Two-Hour Delay", "2 hour delay")),
        *((None, title) for title in (
            "Spring Break Camp registration opens", "School board closed session", "Early bird registration", "",
            "Holiday Concert", "Holiday Party", "Happy Holidays!", "No School Board Meeting", "No School Lunch Served",
            "No School Day Camp", "Spring Break Trip to Spain", "Winter Break Reading List",
            "School resumes after winter break", "Classes resume", "Last day before Thanksgiving Break",
            "Winter Break begins", "Registration closed", "District closed session", "Pool closed for the season",
            "Teacher Appreciation Day", "Staff Picture Day", "Thanksgiving Luncheon", "Memorial Day Parade",
            "Veterans Day Assembly", "Indoor recess training", "Back to School Night", "No early release today",
            "PTA Meeting", "Vacation Bible School", "Breakfast with the principal", "Early Childhood screening",
            "Arrival and dismissal procedures", "Students off to state finals", "Office closed at noon",
        )),
    ],
)  # fmt: skip
def test_title_proposes_a_kind_of_day(kind: ProposalKind | None, title: str) -> None:
    assert proposal_kind_of(title) is kind


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(THANKSGIVING, ["2026-11-25..2026-11-27 closed: Thanksgiving Recess"], id="the end is exclusive"),
        pytest.param(
            ("SUMMARY:No School", "DTSTART;VALUE=DATE:20261125"),
            ["2026-11-25..2026-11-25 closed: No School"],
            id="a day without an end is one day",
        ),
        pytest.param(
            ("SUMMARY:No School", "DTSTART:20261125T000000", "DTEND:20261126T000000"),
            ["2026-11-25..2026-11-25 closed: No School"],
            id="from midnight to midnight is one day",
        ),
        pytest.param(
            ("SUMMARY:Early Release", "DTSTART:20261126T010000Z", "DTEND:20261126T020000Z"),
            ["2026-11-25..2026-11-25 early release: Early Release"],
            id="a time in UTC is on the date of the school",
        ),
        pytest.param(
            ("SUMMARY:No School", "DTSTART;TZID=Eastern Standard Time:20261125T080000", "DURATION:PT7H"),
            ["2026-11-25..2026-11-25 closed: No School"],
            id="a zone by its Windows name",
        ),
        pytest.param(
            ("SUMMARY:No School", "DTSTART;TZID=/vendor.example/America/New_York:20261125T233000", "DURATION:PT10M"),
            ["2026-11-25..2026-11-25 closed: No School"],
            id="a zone by a global name",
        ),
        pytest.param(
            ("SUMMARY:Spring Break", "DTSTART;VALUE=DATE:20270405", "RRULE:FREQ=DAILY;COUNT=5"),
            ["2027-04-05..2027-04-09 closed: Spring Break"],
            id="days in a row with one title are one proposal",
        ),
        pytest.param(
            ("SUMMARY:Labor Day", "DTSTART;VALUE=DATE:20000904", "RRULE:FREQ=YEARLY;BYMONTH=9;BYDAY=1MO"),
            ["2027-09-06..2027-09-06 closed: Labor Day"],
            id="a holiday that comes every year",
        ),
        pytest.param(
            ("SUMMARY:Late Start", "DTSTART;VALUE=DATE:20261104", "RRULE:FREQ=WEEKLY;COUNT=3",
             "EXDATE;VALUE=DATE:20261111"),
            ["2026-11-04..2026-11-04 late start: Late Start", "2026-11-18..2026-11-18 late start: Late Start"],
            id="a week left out",
        ),
        pytest.param(
            ("SUMMARY:Winter Break", "DTSTART;VALUE=DATE:20261025", "DTEND;VALUE=DATE:20261104"),
            ["2026-11-01..2026-11-03 closed: Winter Break"],
            id="what has begun is proposed from today",
        ),
        pytest.param(("SUMMARY:No School", "DTSTART;VALUE=DATE:20261031"), [], id="yesterday is not proposed"),
        pytest.param(("SUMMARY:No School", "DTSTART;VALUE=DATE:20271101"), [], id="nor what is too far ahead"),
        pytest.param((*THANKSGIVING, "STATUS:CANCELLED"), [], id="nor what is cancelled"),
        pytest.param(
            ("SUMMARY:Holiday", "DTSTART;VALUE=DATE:20260801", "DTEND;VALUE=DATE:20270701"), [],
            id="nor a whole year",
        ),
        pytest.param(
            ("SUMMARY:  No \\n School\t\u202e\u200b\x07 - [bold]caf\u00e9[/bold]", "DTSTART;VALUE=DATE:20261125"),
            ["2026-11-25..2026-11-25 closed: No School - [bold]café[/bold]"],
            id="a title is one line of what can be printed",
        ),
    ],
)  # fmt: skip
def test_dates_of_events_become_whole_days(lines: tuple[str, ...], expected: list[str]) -> None:
    assert proposal_lines(ics(lines)) == expected


NO_SCHOOL = "SUMMARY:No School"
EACH_DAY = "RRULE:FREQ=DAILY;COUNT=3"


@pytest.mark.parametrize(
    ("lines", "dates"),
    [
        pytest.param(("DTSTART;VALUE=DATE:20261223T000000Z", "DTEND;VALUE=DATE:20270102T000000Z"), "1223 0101", id="x"),
        pytest.param(("DTSTART;VALUE=DATE:20261223T000000Z",), "1223 1223", id="no end"),
        pytest.param(("DTSTART;VALUE=date:20261223T030000Z",), "1223 1223", id="any time"),
        pytest.param(("DTSTART;VALUE=DATE:20261223T000000Z", EACH_DAY), "1223 1225", id="repeated"),
        pytest.param(
            ("DTSTART;VALUE=DATE:20261223", EACH_DAY, "EXDATE:20261223T000000Z,20261225T000000Z"), "1224 1224",
            id="exceptions with a time",
        ),
        pytest.param(("DTSTART;VALUE=DATE:20261223", "DTEND:20261225T000000Z"), "1223 1224", id="the end alone"),
        pytest.param(("DTSTART:20261224T000000Z", "DTEND:20261225T000000Z"), "1224 1224", id="midnights of UTC"),
        pytest.param(("DTSTART:20261224T000000Z", "DTEND:20261224T235900Z"), "1224 1224", id="to 23:59"),
        pytest.param(("DTSTART:20261224T000000Z", "DTEND:20261224T235959Z"), "1224 1224", id="to 23:59:59"),
        pytest.param(("DTSTART:20261224T000000Z", "DURATION:P1D"), "1224 1224", id="for a day"),
        pytest.param(("DTSTART:20261224T000000Z",), "1224 1224", id="a midnight alone"),
        pytest.param(("DTSTART:20261221T000000Z", "DTEND:20270102T000000Z"), "1221 0101", id="weeks of midnights"),
        pytest.param(("DTSTART:20261221T000000Z", "DURATION:PT24H", EACH_DAY), "1221 1223", id="midnights repeated"),
        pytest.param(("DTSTART:20261224T000000Z", "DTEND;VALUE=DATE:20261225"), "1224 1224", id="to a date"),
        pytest.param(("DTSTART;TZID=Europe/Berlin:20261224T000000", "DURATION:P1D"), "1224 1224", id="of Berlin"),
        pytest.param(("DTSTART:20261224T050000Z", "DTEND:20261225T050000Z"), "1224 1224", id="midnights here, in UTC"),
        pytest.param(("DTSTART:20261224T060000Z", "DTEND:20261226T060000Z"), "1224 1225", id="of the next zone"),
        pytest.param(("DTSTART:20261224T040000Z", "DTEND:20261225T040000Z"), "1224 1224", id="of the zone before"),
        pytest.param(
            ("DTSTART:20261224T000000Z", "DTEND:20261224T080000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"), "1224 1224",
            id="Exchange says it is a whole day",
        ),
        pytest.param(("DTSTART:20270314T000000", "DTEND:20270315T000000"), "0314 0314", id="the clocks change"),
        pytest.param(("DTSTART:20261223T200000Z", "DTEND:20270104T130000Z"), "1224 0103", id="after school"),
        pytest.param(("DTSTART:20261223T130000Z", "DTEND:20261224T210000Z"), "1223 1224", id="school hours"),
    ],
)  # fmt: skip
def test_whole_day_keeps_the_date_that_is_written(lines: tuple[str, ...], dates: str) -> None:
    [one] = proposed(ics((NO_SCHOOL, *lines)))

    assert f"{one.first:%m%d} {one.last:%m%d}" == dates


@pytest.mark.parametrize("uid", ["UID:district", "UID:", "UID: ", "X-NO-UID:1"])
def test_events_with_one_uid_are_all_read(uid: str) -> None:
    days = [(f"SUMMARY:No School {day}", f"DTSTART;VALUE=DATE:202612{day}") for day in (21, 22, 23)]
    weekly = ("SUMMARY:Early Release", "DTSTART;VALUE=DATE:20261104", "RRULE:FREQ=WEEKLY;COUNT=2")
    late = ("SUMMARY:Late Start", "DTSTART;VALUE=DATE:20261106", "RRULE:FREQ=WEEKLY;COUNT=2")
    data = ics(*((uid, *event) for event in (*days, days[0], weekly, late)))

    assert [f"{one.first:%m%d} {one.title}" for one in proposed(data)] == [
        "1104 Early Release", "1106 Late Start", "1111 Early Release", "1113 Late Start",
        "1221 No School 21", "1222 No School 22", "1223 No School 23",
    ]  # fmt: skip


def test_correction_moves_a_day_of_the_rule_that_has_its_uid() -> None:
    weekly = ("UID:w", "SUMMARY:Early Release", "DTSTART;VALUE=DATE:20261104", "RRULE:FREQ=WEEKLY;COUNT=2")
    moved = ("UID:w", "SUMMARY:Early Release", "DTSTART;VALUE=DATE:20261112", "RECURRENCE-ID;VALUE=DATE:20261111")
    alone = ("UID:gone", NO_SCHOOL, "DTSTART;VALUE=DATE:20261120", "RECURRENCE-ID;VALUE=DATE:20261119")

    assert [f"{one.first:%m%d}" for one in proposed(ics(weekly, moved, alone))] == ["1104", "1112", "1120"]


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART;VALUE=DATE:2026-12-24",), ("DTSTART;VALUE=DATE:12/25/2026",), ("DTSTART:20261224 ",), ("DTSTART:",),
        ("DTSTART 20261224",), ("DTSTART;VALUE=DATE:20270229",), ("DTSTART;VALUE=DATE:20261223,20261224",), (),
        ("DTSTART;VALUE=DATE:20270118", "DTSTART;TZID=America/New_York:20270118T090000"),
        ("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261221"),
        ("DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:12/25/2026"),
        ("DTSTART;VALUE=DATE:20261224", "DURATION:soon"),
        ("DTSTART;VALUE=DATE:20261224", EACH_DAY, "EXDATE;VALUE=DATE:12/25/2026"),
        ("DTSTART;VALUE=DATE:20261224", "RRULE:FREQ=SOMETIMES"),
        ("DTSTART;VALUE=DATE:20261224", "RRULE:FREQ=SECONDLY"),
        ("DTSTART;VALUE=DATE:20261224", "RRULE;FREQ=DAILY"),
        ("DTSTART;VALUE=DATE:20260801", "DTEND;VALUE=DATE:20270701"),
    ],
)  # fmt: skip
def test_event_that_cannot_be_read_is_named(lines: tuple[str, ...]) -> None:
    data = ics((NO_SCHOOL, *lines), THANKSGIVING, ("SUMMARY:Soccer game", "DTSTART:soon"))

    found = proposals(data, since=SINCE, until=UNTIL, zone=NEW_YORK)
    assert [one.title for one in found.days] == ["Thanksgiving Recess"]
    assert found.unreadable == ["No School"]


def test_maintenance_that_cannot_be_read_is_named_and_keeps_its_times() -> None:
    whole = ("SUMMARY:Upgrade", "DTSTART:20261205T000000Z", "DTEND:20261206T000000Z")

    found = windows(ics(whole, ("SUMMARY:Patch", "DTSTART:soon")), **WINDOW, zone=NEW_YORK)
    assert [f"{one.start:%d %H:%M} {one.end:%d %H:%M}" for one in found.windows] == ["05 00:00 06 00:00"]
    assert found.unreadable == ["Patch"]


def test_titles_are_clipped_and_duplicate_days_proposed_once() -> None:
    day = ("SUMMARY:No School " + "x" * 5000, "DTSTART;VALUE=DATE:20261125")

    [one] = proposed(ics(day, day))
    assert len(one.title) == 120


def test_proposals_are_in_date_order_and_distinct_by_title() -> None:
    later = ("SUMMARY:No School", "DTSTART;VALUE=DATE:20261130")

    assert [one.title for one in proposed(ics(later, THANKSGIVING))] == ["Thanksgiving Recess", "No School"]


def test_cancelled_repetition_and_byte_order_mark_are_ignored() -> None:
    weekly = ("UID:w", "SUMMARY:Early Release", "DTSTART;VALUE=DATE:20261104", "RRULE:FREQ=WEEKLY;COUNT=2")
    off = ("UID:w", "SUMMARY:Early Release", "DTSTART;VALUE=DATE:20261111", "RECURRENCE-ID;VALUE=DATE:20261111",
           "STATUS:CANCELLED")  # fmt: skip

    assert proposal_lines(b"\xef\xbb\xbf" + ics(weekly, off)) == ["2026-11-04..2026-11-04 early release: Early Release"]


WINDOW = {"since": datetime(2026, 12, 1, tzinfo=UTC), "until": datetime(2026, 12, 31, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            ("DTSTART:20261205T030000Z", "DTEND:20261205T050000Z"), ["05 03:00 05 05:00"], id="a time in UTC"
        ),
        pytest.param(
            ("DTSTART:20261205T220000", "DTEND:20261206T020000"), ["06 03:00 06 07:00"], id="a floating time"
        ),
        pytest.param(
            ("DTSTART;TZID=Europe/Berlin:20261205T220000", "DURATION:PT1H"), ["05 21:00 05 22:00"], id="another zone"
        ),
        pytest.param(("DTSTART;VALUE=DATE:20261205",), ["05 05:00 06 05:00"], id="a whole day of the school"),
        pytest.param(
            ("DTSTART;TZID=America/New_York:20261004T010000", "DURATION:PT2H", "RRULE:FREQ=MONTHLY;BYDAY=1SU"),
            ["06 06:00 06 08:00"],
            id="the first Sunday of each month",
        ),
        pytest.param(("DTSTART:20261205T030000Z",), [], id="a moment is no window"),
        pytest.param(
            ("DTSTART:20261130T230000Z", "DTEND:20261201T000000Z"), [], id="it ended at the beginning of the span"
        ),
    ],
)  # fmt: skip
def test_windows_are_in_utc(lines: tuple[str, ...], expected: list[str]) -> None:
    found = windows(ics(("SUMMARY:Platform upgrade", *lines)), **WINDOW, zone=NEW_YORK).windows

    assert [f"{one.start:%d %H:%M} {one.end:%d %H:%M}" for one in found] == expected


def test_window_needs_no_title() -> None:
    data = ics(("DTSTART:20261205T030000Z", "DTEND:20261205T050000Z"))

    start, end = datetime(2026, 12, 5, 3, tzinfo=UTC), datetime(2026, 12, 5, 5, tzinfo=UTC)
    assert windows(data, **WINDOW, zone=NEW_YORK).windows == [Window(start=start, end=end, title="")]


def zone(rule: str, offset: str) -> str:
    parts = "".join(
        f"BEGIN:{part}\r\nDTSTART:1970{month}01T020000\r\nTZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\n{rule}\r\n"
        f"END:{part}\r\n"
        for part, month in (("STANDARD", "11"), ("DAYLIGHT", "03"))
    )
    return f"BEGIN:VTIMEZONE\r\nTZID:Custom\r\n{parts}END:VTIMEZONE\r\n"


IN_CUSTOM = ("SUMMARY:No School", "DTSTART;TZID=Custom:20261205T100000", "DURATION:PT1H")


def test_zones_of_one_calendar_do_not_affect_the_next() -> None:
    rule = "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU"
    hours = [
        one.start.hour
        for offset in ("-0800", "+0200")
        for one in windows(ics(IN_CUSTOM, before=zone(rule, offset)), **WINDOW, zone=NEW_YORK).windows
    ]

    assert hours == [18, 8]


@pytest.mark.parametrize("rule", ["FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "FREQ=YEARLY;INTERVAL=0"])
def test_zone_with_endless_rules_is_refused(rule: str) -> None:
    with pytest.raises(FeedError, match="cannot be read"):
        windows(ics(IN_CUSTOM, before=zone(f"RRULE:{rule}", "-0800")), **WINDOW, zone=NEW_YORK)


DAY = "DTSTART;VALUE=DATE:20261125"
MINUTES = ",".join(map(str, range(60)))


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "lines",
    [
        pytest.param((), id="nothing in it"),
        pytest.param(("DTSTART:soon",), id="no date"),
        pytest.param(("DTSTART;VALUE=TIME:100000",), id="a time without a date"),
        pytest.param(("DTSTART:P1D",), id="a duration for a date"),
        pytest.param(("DTSTART;VALUE=PERIOD:20261125T000000Z/PT1H",), id="a period for a date"),
        pytest.param((DAY, DAY), id="two beginnings"),
        pytest.param((DAY, "SEQUENCE:x"), id="a sequence that is no number"),
        pytest.param(("DTSTART:99991231T000000Z", "DURATION:P99999D"), id="past the end of time"),
        pytest.param((DAY, "DURATION:P999999999D"), id="longer than time"),
        pytest.param((DAY, "RRULE:FREQ=DAILY;UNTIL=soon"), id="until no date"),
        pytest.param((DAY, "RRULE:COUNT=3"), id="no frequency"),
        pytest.param((DAY, "RRULE:FREQ=SECONDLY"), id="every second"),
        pytest.param((DAY, "RRULE:FREQ=MINUTELY"), id="every minute"),
        pytest.param((DAY, "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"), id="every hour of no day"),
        pytest.param((DAY, "RRULE:FREQ=DAILY;INTERVAL=0"), id="every none days"),
        pytest.param((DAY, f"RRULE:FREQ=DAILY;BYHOUR=1,2;BYMINUTE={MINUTES};BYSECOND={MINUTES}"), id="by second"),
        pytest.param((DAY, "DURATION:P9999D", "RRULE:FREQ=DAILY"), id="always, each day"),
        pytest.param((DAY, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), id="30 February"),
        pytest.param((DAY, "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), id="30 February, tried each day"),
        pytest.param((DAY, "RRULE:FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30"), id="30 February, tried each week"),
    ],
)
def test_bad_event_does_not_lose_the_others(lines: tuple[str, ...]) -> None:
    assert "2026-11-25..2026-11-27 closed: Thanksgiving Recess" in proposal_lines(
        ics(("SUMMARY:No School", *lines), THANKSGIVING)
    )


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("event", "times"),
    [
        pytest.param(("DTSTART;VALUE=DATE:20260131", "RRULE:FREQ=YEARLY;BYMONTH=2"), 3000, id="31 February"),
        pytest.param((DAY, "RRULE:FREQ=MONTHLY;BYDAY=9MO"), 300, id="the ninth Monday"),
        pytest.param((DAY, "RRULE:FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20"), 300, id="the first Monday, the 20th"),
        pytest.param(("DTSTART:00010101T000000Z", "RRULE:FREQ=DAILY"), 300, id="daily since the year 1"),
        pytest.param((DAY, "RRULE:FREQ=DAILY"), 10, id="more than 2,000 days"),
        pytest.param((DAY,), 2001, id="2,001 events"),
    ],
)
def test_calendar_that_repeats_too_much_is_refused_quickly(event: tuple[str, ...], times: int) -> None:
    began = time.process_time()
    with pytest.raises(FeedError, match=r"too many repeating events|more than 2,000 such events"):
        proposed(ics(*[("SUMMARY:No School", *event)] * times))
    assert time.process_time() - began < 5


def test_events_that_propose_nothing_do_not_count_toward_the_limit() -> None:
    games = [("SUMMARY:Soccer game", DAY)] * 2500

    assert len(proposed(ics(*games, THANKSGIVING))) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"<!DOCTYPE html><html></html>", b"BEGIN:VCARD\r\nEND:VCARD\r\n", b"\x00\xff" * 50, ics(THANKSGIVING)[:-16]],
    ids=["empty", "a web page", "a card", "bytes", "cut off"],
)
def test_data_that_is_no_calendar_is_refused(data: bytes) -> None:
    with pytest.raises(FeedError, match="calendar"):
        proposed(data)


def test_nested_events_are_ignored() -> None:
    deep = b"BEGIN:VEVENT\r\n" * 9000 + b"END:VEVENT\r\n" * 9000

    assert proposal_lines(b"BEGIN:VCALENDAR\r\n" + deep + b"END:VCALENDAR\r\n") == []


@given(
    st.lists(st.sampled_from(ics(THANKSGIVING, IN_CUSTOM).decode().splitlines()), max_size=30), st.binary(max_size=9)
)
def test_any_data_gives_proposals_or_a_feed_error(lines: list[str], junk: bytes) -> None:
    for data in (b"\r\n".join([b"BEGIN:VCALENDAR", *(line.encode() for line in lines), junk]), junk):
        with suppress(FeedError):
            proposed(data)


class Publisher(BaseHTTPRequestHandler):
    """A district's web server, with its faults."""

    def do_GET(self) -> None:
        name, _, rest = self.path[1:].partition("/")
        body = ics(THANKSGIVING)
        match name:
            case "calendar.ics":
                self._answer(200, body)
            case "zipped.ics":
                self._answer(200, gzip.compress(body), ("Content-Encoding", "gzip"))
            case "large.ics":
                self._answer(200, b"x" * 3000)
            case "bomb.ics":
                self._answer(200, gzip.compress(b"x" * 3_000_000), ("Content-Encoding", "gzip"))
            case "hops" | "loop" | "away" | "to":
                self._answer(302, b"", ("Location", self._target(name, rest)))
            case "host.ics":
                self._answer(200, self.headers["Host"].encode())
            case "endless.ics":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for part in (body[:50], body[50:]):
                    self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")
            case _:
                self._answer(404, b"<html>")

    def _target(self, name: str, rest: str) -> str:
        hop = f"/hops/{int(rest) - 1}" if rest.isdigit() and rest != "0" else "/calendar.ics"
        return {"hops": hop, "loop": "/loop", "away": "file:///etc/passwd", "to": unquote(rest)}[name]

    def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture(scope="module")
def publisher() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Publisher) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["calendar.ics", "zipped.ics", "endless.ics", "hops/0", "hops/1"])
def test_calendar_is_fetched(publisher: str, path: str) -> None:
    assert fetch(f"{publisher}/{path}") == ics(THANKSGIVING)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.ics?key=opensesame", "/nowhere.ics answers 404; check the address"),
        ("large.ics", "/large.ics is larger than 2,000 bytes"),
        ("bomb.ics", "/bomb.ics is larger than 2,000 bytes"),
        ("loop", "redirects more than 2 times"),
        ("hops/2", "redirects more than 2 times"),
        ("away", "file:///etc/passwd cannot be read; give a file"),
    ],
)
def test_failed_fetch_is_one_sentence(publisher: str, path: str, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        fetch(f"{publisher}/{path}", limit_bytes=2000)
    assert message in str(refused.value)
    assert "opensesame" not in str(refused.value)


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/", "http://localhost:1/", "http://127.1:1/", "http://2130706433/", "http://0.0.0.0/",
        "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:a00:1]/", "http://[fe80::1]/", "http://[fd00::1]/",
        "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/", "https://172.16.0.1/", "//192.168.1.1/", "http://100.64.0.1/", "http://me@10.0.0.1/",
        "http://224.0.0.1/",
    ],
)  # fmt: skip
def test_redirect_into_this_machine_or_its_network_is_refused(publisher: str, target: str) -> None:
    with pytest.raises(FeedError, match="redirects into this machine or its network; give the address"):
        fetch(f"{publisher}/to/{quote(target, safe='')}")


def test_redirect_to_a_name_is_connected_to_the_address_that_was_checked(
    publisher: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ical_fetch, "_is_public", lambda address: str(address) == "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", rebinding(socket.getaddrinfo))
    port = publisher.rpartition(":")[2]
    target = f"http://district.example:{port}/host.ics"

    assert fetch(f"{publisher}/to/{quote(target, safe='')}") == f"district.example:{port}".encode()


def rebinding(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """A resolver that knows one name, for one question."""
    names = {"district.example": "127.0.0.1"}
    return lambda host, *rest, **options: resolve(names.pop(host, host), *rest, **options)


def test_redirect_from_https_to_http_is_refused() -> None:
    with pytest.raises(FeedError, match=r"https://a\.example/x redirects from https to http; give the address"):
        ical_fetch._checked_redirect("https://a.example/x?key=1", "http://a.example/x", "", WebAccess())


def test_slow_sender_is_cut_off(publisher: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ical_fetch, "WHOLE_S", -1.0)
    with pytest.raises(FeedError, match="takes longer than"):
        fetch(f"{publisher}/calendar.ics")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ftp://district.example/x.ics", "give a file, or an http, https or webcal address"),
        ("file:///etc/passwd", "give a file, or an http, https or webcal address"),
        ("nowhere/x.ics", "nowhere/x.ics cannot be read (No such file or directory)"),
        ("x\x00.ics", "x.ics cannot be read (it is not a path)"),
        (".", "cannot be read (Is a directory)"),
        ("http://127.0.0.1:1/x.ics", "cannot be reached"),
        ("webcal://127.0.0.1:1/x.ics", "https://127.0.0.1:1/x.ics cannot be reached"),
        ("http://[", "cannot be reached"),
    ],
)
def test_unreadable_source_is_one_sentence(source: str, message: str) -> None:
    with pytest.raises(FeedError) as refused:
        fetch(source)
    assert message in str(refused.value)


def test_calendar_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "calendar.ics"
    file.write_bytes(ics(THANKSGIVING))

    assert fetch(str(file)) == ics(THANKSGIVING)
    with pytest.raises(FeedError, match="larger than 10 bytes"):
        fetch(str(file), limit_bytes=10)


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("https://me:secret@cal.example/a.ics?key=1#x", "https://cal.example/a.ics"),
        ("https://cal.example", "https://cal.example"),
        ("a\nb?.ics", "ab?.ics"),
    ],
)
def test_source_is_shown_without_user_password_and_query(source: str, seen: str) -> None:
    assert redacted_source(source) == seen
