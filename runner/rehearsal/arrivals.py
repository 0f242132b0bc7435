"""Plans arrivals: the teacher first, then students, denser towards the bell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

TEACHER = "teacher"
STUDENT = "student"
# A teacher who signs in and opens the class takes a few seconds; on a busy machine more.
TEACHER_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The arrival of one person. `number` identifies their camera; `worker` is the process that plays them; `comes_s`
    is the time of arrival after the first guest may come, 0 for a host, who comes before all guests."""

    number: int
    actor: str
    role: str
    account: str
    worker: int
    comes_s: float
    is_guest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The roles of a journey in a rehearsal: the guests' role is played by many, each host's by one."""

    guest: str
    hosts: tuple[str, ...] = ()

    @classmethod
    def of(cls, roles: Sequence[str]) -> Cast:
        """The cast for the roles of a journey: students are the guests, or else the people of its last role."""
        guest = STUDENT if STUDENT in roles else roles[-1]
        return cls(guest=guest, hosts=tuple(role for role in roles if role != guest))


def arrivals(
    hosts: Mapping[str, str], guests: Sequence[str], *, guest: str = STUDENT, ramp_s: float, workers: int
) -> tuple[Arrival, ...]:
    """Plans an arrival for each account: `hosts` by role, and the accounts of all guests. The last guest arrives at the
    bell, `ramp_s` after the first may come."""
    width = len(str(len(guests)))
    return (
        *(
            Arrival(
                # A host's camera must not be a guest's.
                number=0 if index == 0 else len(guests) + index,
                actor=role,
                role=role,
                account=account,
                worker=0,
                comes_s=0.0,
                is_guest=False,
            )
            for index, (role, account) in enumerate(hosts.items())
        ),
        *(
            Arrival(
                number=number,
                actor=f"{guest} {number:0{width}}",
                role=guest,
                account=account,
                # The host's browser decodes all guests, so the first guests go to other workers, if any.
                worker=number % workers,
                comes_s=_comes_s(number, len(guests), ramp_s),
                is_guest=True,
            )
            for number, account in enumerate(guests, start=1)
        ),
    )


def _comes_s(number: int, students: int, ramp_s: float) -> float:
    """The square root makes arrivals denser towards the bell: half of them fall into the last 29 % of the time."""
    share = 1.0 if students == 1 else (number - 1) / (students - 1)
    return round(ramp_s * math.sqrt(share), 3)


def begins_at(bell: time, now: datetime, ramp_s: float) -> datetime:
    """The time to begin so that the last student arrives at the next `bell`, in the zone of `now`."""
    early = timedelta(seconds=ramp_s + TEACHER_S)
    today = datetime.combine(now.date(), bell, tzinfo=now.tzinfo) - early
    return today if today >= now else datetime.combine(now.date() + timedelta(days=1), bell, tzinfo=now.tzinfo) - early
