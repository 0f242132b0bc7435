"""Compares a rehearsal's figures with the practice school's own counters, to find a probe that miscounts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from firstbell.journeys.media.camera import FRAMES_PER_S
from firstbell.runner.outcome import Outcome
from firstbell.runner.rehearsal.arrivals import TEACHER
from firstbell.runner.rehearsal.document import CountedRow, PersonRow
from firstbell.runner.rehearsal.transcript import JOINS, LEAVES, OPENS_THE_CLASS, joins, peak

# The time from a student's leaving until the teacher's page has hung up: two messages through the school's socket, and
# pages that wait for a processor.
HANG_UP_S = 1.0
JOURNEY = "live-class"
"""The journey whose steps and figures the practice school counts too."""
JOINING = (JOINS, OPENS_THE_CLASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolCounts:
    """The school's counters at one moment. `frames` counts frames sent by the teachers' pages."""

    joins: int
    peak: int
    frames: int

    @classmethod
    def of(cls, counters: Mapping[str, Any]) -> Self:
        """Reads the counters of the school's live classes."""
        return cls(
            joins=counters["joins"], peak=counters["peak_people"], frames=counters["frames_sent"].get(TEACHER, 0)
        )


def cross_check(before: SchoolCounts, after: SchoolCounts, people: Sequence[PersonRow]) -> tuple[CountedRow, ...]:
    """Compares each figure that both have counted."""
    return tuple(_rows(before, after, people))


def _rows(before: SchoolCounts, after: SchoolCounts, people: Sequence[PersonRow]) -> Iterator[CountedRow]:
    unobserved = [person for person in people if _may_have_joined(person)]
    yield CountedRow(
        title="joins",
        counted=after.joins - before.joins,
        measured=joins(people),
        tolerance=len(unobserved),
        said=f"{len(unobserved)} may have joined unobserved" if unobserved else "",
    )
    # A person who was lost without a report left at an unknown moment.
    if not any(_is_lost(person) for person in people):
        yield _peak(after, people, len(unobserved))
    # A person who joined unobserved is sent frames that First Bell does not count.
    if not unobserved:
        yield from _frames(before, after, people)


def _is_lost(person: PersonRow) -> bool:
    return person.outcome == Outcome.ERRORED and person.failing is None


def _may_have_joined(person: PersonRow) -> bool:
    """Tells whether a person may have joined unobserved: lost before joining, or failed at joining without a message of
    the product that they were turned away."""
    if _has_joined(person):
        return False
    failing = person.failing
    return failing.title in JOINING and not failing.sign if failing else _is_lost(person)


def _has_joined(person: PersonRow) -> bool:
    return any(person.step(title) for title in JOINING)


def _peak(after: SchoolCounts, people: Sequence[PersonRow], unobserved: int) -> CountedRow:
    rounds = sorted({person.round for person in people})
    at_once = max((peak([person for person in people if person.round == number]) for number in rounds), default=0)
    # The school and First Bell see an aborted person leave at different moments: others may have joined in between.
    aborted = sum(_has_joined(person) and person.failing is not None for person in people)
    return CountedRow(
        title="most people at once",
        counted=after.peak,
        measured=at_once,
        tolerance=unobserved + aborted,
        said=f"{aborted} aborted in class" if aborted else "",
    )


def _frames(before: SchoolCounts, after: SchoolCounts, people: Sequence[PersonRow]) -> Iterator[CountedRow]:
    in_class = [person for person in people if person.role != TEACHER and person.step(JOINS)]
    teachers = [person for person in people if person.role == TEACHER]
    # A lost person's frames could not be read, and a lost teacher's page has reported no frames to the school.
    if not in_class or any(person.frames is None for person in in_class):
        return
    if any(teacher.outcome != Outcome.PASSED for teacher in teachers):
        return
    unread_s = sum(max(0.0, _hung_up_at_s(person) - person.frames_at_s) + HANG_UP_S for person in in_class)
    yield CountedRow(
        title="frames of the teacher",
        counted=after.frames - before.frames,
        measured=sum(person.frames or 0 for person in in_class),
        tolerance=math.ceil(FRAMES_PER_S * unread_s),
        said=f"sent in the {unread_s:.1f} s (all students together) between the last reading and the end of the calls",
    )


def _hung_up_at_s(person: PersonRow) -> float:
    """The end of a student's call: the end of the step "leaves", else the time when the page was closed."""
    left = person.step(LEAVES)
    return left.at_s + left.took_s if left else person.left_at_s
