"""Estimates how long it takes to expand a repeating event, from its rules and before they are expanded.

dateutil follows a rule that never fits (30 February, INTERVAL=0) to the year 9999, or without end.
"""

from __future__ import annotations

import math
from datetime import MAXYEAR, date, timedelta
from typing import Any

LONGEST = timedelta(days=366)
TIMES_A_DAY = 4
# The time to expand a rule over one year, in microseconds (measured with dateutil 2.9, python 3.11).
YEAR_US = {"DAILY": 366, "WEEKLY": 159, "MONTHLY": 36, "YEARLY": 20}
RDATE_US = 50
TOO_LONG_US = 1_000_000
# Parts with which a rule still recurs, if its frequency is high enough. With others it may never match.
RECURRING_PARTS = {"BYDAY", "BYMONTH", "BYMONTHDAY"}
OFTEN = {"DAILY": 1, "WEEKLY": 4, "MONTHLY": 1}
ALWAYS = {"BYDAY": 4, "BYMONTHDAY": 28, "BYMONTH": 12}  # Every month has a fourth Monday, and a 28th.
PLAIN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
TIMES = {"BYHOUR", "BYMINUTE", "BYSECOND"}


def cost_us(part: Any, until: date) -> float:
    """Returns about how long its rules take to expand; raises for rules that no school has: too frequent, too long."""
    if "RRULE" not in part and "RDATE" not in part:
        return 0.0
    start, end = part["DTSTART"].dt, part["DTEND"].dt if "DTEND" in part else None
    length = end - start if end else part["DURATION"].dt if "DURATION" in part else timedelta(days=1)
    if abs(length) > LONGEST:
        raise ValueError(length)
    date_count = sum(len(dates.dts) for dates in listed(part.get("RDATE")))
    return RDATE_US * date_count + sum(_rule_cost_us(rule, start, until.year) for rule in listed(part.get("RRULE")))


def _rule_cost_us(rule: Any, start: date, until: int) -> float:
    frequency, interval = rule["FREQ"][0], int(rule.get("INTERVAL", [1])[0])
    times = math.prod(len(rule.get(name, [0])) for name in TIMES)
    if frequency not in YEAR_US or interval < 1 or times > TIMES_A_DAY:
        raise ValueError(frequency)
    years = max(1, (until if _surely_recurs(rule, frequency, interval, start) else MAXYEAR) - start.year + 2)
    cost = years * YEAR_US[frequency] / interval * times
    if cost > TOO_LONG_US:
        raise ValueError(cost)
    return cost


def _surely_recurs(rule: Any, frequency: str, interval: int, start: date) -> bool:
    """Tells whether a rule surely recurs, so that its expansion ends at the requested date."""
    parts = set(rule) - PLAIN - TIMES
    if not parts <= RECURRING_PARTS or parts >= {"BYDAY", "BYMONTHDAY"}:
        return False
    if parts and interval > OFTEN.get(frequency, interval):
        return False
    if "BYMONTH" in parts and start.day > ALWAYS["BYMONTHDAY"]:  # Without a day, its first day counts.
        return False
    numbers = [(name, abs(int(day))) for name in parts - {"BYDAY"} for day in rule[name]]
    numbers += [("BYDAY", abs(day.relative or 1)) for day in rule.get("BYDAY", ())]
    return all(1 <= number <= ALWAYS[name] for name, number in numbers)


def listed(value: Any) -> list[Any]:
    """Returns the values of a key that may occur any number of times."""
    return value if isinstance(value, list) else [] if value is None else [value]
