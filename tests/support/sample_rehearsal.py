"""Made-up rehearsal records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from firstbell.runner.rehearsal.arrivals import arrivals
from firstbell.runner.rehearsal.document import (
    CostRow,
    CountedRow,
    MediaSampleRow,
    PersonRow,
    RecordRow,
    RehearsalStepRow,
    SampleRow,
)
from firstbell.runner.rehearsal.run import RehearsalPlan

STEPS = (
    "opens the portal",
    "signs in",
    "finds the live session",
    "joins",
    "sees and hears the teacher",
    "still sees and hears the teacher",
    "leaves",
)
"""The steps of a student."""


def a_student(
    number: int,
    *,
    outcome: str = "passed",
    fails_at: str = "",
    sign: str = "",
    is_private: bool = False,
    signs_in_s: float = 1.0,
    latency_ms: float = 60.0,
    frames_per_s: float = 14.0,
) -> PersonRow:
    """Returns one student of a round; `fails_at` is the step that fails."""
    steps: list[RehearsalStepRow] = []
    for index, title in enumerate(STEPS):
        is_end = title == fails_at
        took_s = signs_in_s if title == "signs in" else 0.5
        bad = {"ending": outcome, "said": "it did not work", "sign": sign, "is_private": is_private} if is_end else {}
        steps.append(
            RehearsalStepRow(title=title, service="live-class", at_s=number + index * 2.0, took_s=took_s, **bad)
        )
        if is_end:
            break
    sample = MediaSampleRow(at_s=number + 9.0, latency_ms=latency_ms, frames_per_s=frames_per_s)
    return PersonRow(
        round=1,
        actor=f"student {number}",
        role="student",
        steps=tuple(steps),
        looks=() if fails_at else (sample,),
        outcome=outcome,
        said=f"{fails_at}: it did not work" if fails_at else "",
    )


def a_teacher(outcome: str = "passed") -> PersonRow:
    """Returns the teacher of a round."""
    step = RehearsalStepRow(title="opens the class", service="live-class", at_s=0.0, took_s=0.5)
    return PersonRow(round=1, actor="teacher", role="teacher", steps=(step,), outcome=outcome)


def a_plan(*, rounds: int = 1, ramp_s: float = 20.0, students: int = 1) -> RehearsalPlan:
    """Returns a rehearsal plan."""
    return RehearsalPlan(
        journey="live-class",
        arrivals=arrivals(
            {"teacher": "teacher"}, [f"student{number}" for number in range(students)], ramp_s=ramp_s, workers=2
        ),
        ramp_s=ramp_s,
        rounds=rounds,
        stay_s=5.0,
        cost=CostRow(arriving_s=2.0, staying_share=0.34, memory_mib=100.0),
        cores=2,
        carries=9,
        log=Path("rehearsal.log"),
        folder=Path("rehearsals"),
    )


def a_record(people: Sequence[PersonRow]) -> RecordRow:
    """Returns a record of one round."""
    students = sum(person.role == "student" for person in people)
    return RecordRow(
        id="20261125T080000-ab12",
        journey="live-class",
        district="Bayfront <County> & Co",
        location="here",
        began_at=datetime(2026, 11, 25, 13, tzinfo=UTC),
        took_s=40.0,
        students=students,
        teachers=len(people) - students,
        ramp_s=20.0,
        rounds=1,
        workers=2,
        cores=2,
        browser="chromium 156",
        version="0.1.0",
        cost=CostRow(arriving_s=2.0, staying_share=0.34, memory_mib=100.0),
        carries=9,
        people=tuple(people),
        samples=tuple(
            SampleRow(at_s=at * 0.5, busy_share=0.6, stolen_share=0.0, memory_free_mib=4000.0) for at in range(20)
        ),
        lost_share=0.05,
        counted=(CountedRow(title="joins", counted=students + 1, measured=students + 1),),
    )
