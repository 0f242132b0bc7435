"""Who comes when: the teacher before everybody, then students, ever more of them the nearer the bell."""

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
    """One person's place in a rehearsal. `number` tells their camera from the others', `worker` is the process that
    plays them; `comes_s` counts from when the class is open, and is 0 for the teacher, who opens it."""

    number: int
    actor: str
    role: str
    account: str
    worker: int
    comes_s: float


def arrivals(teacher: str, students: Sequence[str], *, ramp_s: float, workers: int) -> tuple[Arrival, ...]:
    """A place for each account. The last student comes as the bell rings, `ramp_s` after the class is open."""
    width = len(str(len(students)))
    return (
        Arrival(number=0, actor=TEACHER, role=TEACHER, account=teacher, worker=0, comes_s=0.0),
        *(
            Arrival(
                number=number,
                actor=f"{STUDENT} {number:0{width}}",
                role=STUDENT,
                account=account,
                # The teacher's browser shows everybody, so the first students go elsewhere where there is an elsewhere.
                worker=number % workers,
                comes_s=_comes_s(number, len(students), ramp_s),
            )
            for number, account in enumerate(students, start=1)
        ),
    )


def _comes_s(number: int, students: int, ramp_s: float) -> float:
    """The root makes arrivals denser towards the bell: half of all come in the last 29 % of the time."""
    share = 1.0 if students == 1 else (number - 1) / (students - 1)
    return round(ramp_s * math.sqrt(share), 3)


def begins_at(bell: time, now: datetime, ramp_s: float) -> datetime:
    """When to begin so that the last student comes at the next `bell`, by the clock and in the zone of `now`."""
    early = timedelta(seconds=ramp_s + TEACHER_S)
    today = datetime.combine(now.date(), bell, tzinfo=now.tzinfo) - early
    return today if today >= now else datetime.combine(now.date() + timedelta(days=1), bell, tzinfo=now.tzinfo) - early
