"""Plans arrivals: the teacher first, then students, denser towards the bell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

TEACHER = "teacher"
STUDENT = "student"
# A teacher who signs in and opens the class takes a few seconds; on a busy machine more.
TEACHER_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The arrival of one person. `number` identifies their camera; `worker` is the process that plays them; `comes_s`
    is the time of arrival after the class was opened, 0 for the teacher, who opens it."""

    number: int
    actor: str
    role: str
    account: str
    worker: int
    comes_s: float


def arrivals(teacher: str, students: Sequence[str], *, ramp_s: float, workers: int) -> tuple[Arrival, ...]:
    """Plans an arrival for each account. The last student arrives at the bell, `ramp_s` after the class was opened."""
    width = len(str(len(students)))
    return (
        Arrival(number=0, actor=TEACHER, role=TEACHER, account=teacher, worker=0, comes_s=0.0),
        *(
            Arrival(
                number=number,
                actor=f"{STUDENT} {number:0{width}}",
                role=STUDENT,
                account=account,
                # The teacher's browser decodes all students, so the first students go to other workers, if any.
                worker=number % workers,
                comes_s=_comes_s(number, len(students), ramp_s),
            )
            for number, account in enumerate(students, start=1)
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
