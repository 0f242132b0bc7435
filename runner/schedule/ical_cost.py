"""How long the repetitions of an event take to follow, told from its rules before anything follows them.

dateutil follows a rule that never fits (30 February, INTERVAL=0) to the year 9999, or without end.
"""

from __future__ import annotations

import math
from datetime import MAXYEAR, date, timedelta
from typing import Any

LONGEST = timedelta(days=366)
TIMES_A_DAY = 4
# What it takes to follow a rule through one year, in microseconds (measured with dateutil 2.9, python 3.11).
YEAR_US = {"DAILY": 366, "WEEKLY": 159, "MONTHLY": 36, "YEARLY": 20}
RDATE_US = 50
TOO_LONG_US = 1_000_000
# Parts beside which a rule still comes again and again, if it looks often enough. With others it may never fit.
SURE = {"BYDAY", "BYMONTH", "BYMONTHDAY"}
OFTEN = {"DAILY": 1, "WEEKLY": 4, "MONTHLY": 1}
ALWAYS = {"BYDAY": 4, "BYMONTHDAY": 28, "BYMONTH": 12}  # Every month has a fourth Monday, and a 28th.
PLAIN = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
TIMES = {"BYHOUR", "BYMINUTE", "BYSECOND"}


def cost_us(part: Any, until: date) -> float:
    """About how long its rules take to follow; raises where that is no school's rule: too often, too long."""
    if "RRULE" not in part and "RDATE" not in part:
        return 0.0
    start, end = part["DTSTART"].dt, part["DTEND"].dt if "DTEND" in part else None
    length = end - start if end else part["DURATION"].dt if "DURATION" in part else timedelta(days=1)
    if abs(length) > LONGEST:
        raise ValueError(length)
    dates = sum(len(one.dts) for one in listed(part.get("RDATE")))
    return RDATE_US * dates + sum(_rule_cost_us(rule, start, until.year) for rule in listed(part.get("RRULE")))


def _rule_cost_us(rule: Any, start: date, until: int) -> float:
    frequency, interval = rule["FREQ"][0], int(rule.get("INTERVAL", [1])[0])
    times = math.prod(len(rule.get(name, [0])) for name in TIMES)
    if frequency not in YEAR_US or interval < 1 or times > TIMES_A_DAY:
        raise ValueError(frequency)
    years = max(1, (until if _is_sure(rule, frequency, interval, start) else MAXYEAR) - start.year + 2)
    cost = years * YEAR_US[frequency] / interval * times
    if cost > TOO_LONG_US:
        raise ValueError(cost)
    return cost


def _is_sure(rule: Any, frequency: str, interval: int, start: date) -> bool:
    """Whether a rule comes again and again, so that following it ends where it is asked to."""
    parts = set(rule) - PLAIN - TIMES
    if not parts <= SURE or parts >= {"BYDAY", "BYMONTHDAY"}:
        return False
    if parts and interval > OFTEN.get(frequency, interval):
        return False
    if "BYMONTH" in parts and start.day > ALWAYS["BYMONTHDAY"]:  # Where no day is given, the day it starts on counts.
        return False
    numbers = [(name, abs(int(day))) for name in parts - {"BYDAY"} for day in rule[name]]
    numbers += [("BYDAY", abs(day.relative or 1)) for day in rule.get("BYDAY", ())]
    return all(1 <= number <= ALWAYS[name] for name, number in numbers)


def listed(value: Any) -> list[Any]:
    """What stands under a key that may be there never, once or often."""
    return value if isinstance(value, list) else [] if value is None else [value]
