"""A rehearsal's figures beside what the practice school counted itself: a probe that miscounts would show here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from firstbell.journeys.media.camera import FRAMES_PER_S
from firstbell.runner.outcome import Outcome
from firstbell.runner.rehearsal.arrivals import TEACHER
from firstbell.runner.rehearsal.document import CountedRow, PersonRow
from firstbell.runner.rehearsal.scenario import JOINS, LEAVES, OPENS_THE_CLASS
from firstbell.runner.rehearsal.transcript import joins, peak

# From a student's going until the teacher's page has hung up: two ways through the school's socket, and pages that wait
# for a processor meanwhile.
HANGS_UP_S = 1.0
COMING = (JOINS, OPENS_THE_CLASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolCounts:
    """What the school had counted at one moment. `frames` are those that its teachers' pages have sent."""

    joins: int
    peak: int
    frames: int

    @classmethod
    def of(cls, counters: Mapping[str, Any]) -> Self:
        """From what the school tells of its live classes."""
        return cls(
            joins=counters["joins"], peak=counters["peak_people"], frames=counters["frames_sent"].get(TEACHER, 0)
        )


def cross_check(before: SchoolCounts, after: SchoolCounts, people: Sequence[PersonRow]) -> tuple[CountedRow, ...]:
    """Each figure that both have."""
    return tuple(_rows(before, after, people))


def _rows(before: SchoolCounts, after: SchoolCounts, people: Sequence[PersonRow]) -> Iterator[CountedRow]:
    unseen = [person for person in people if _may_be_in_unseen(person)]
    yield CountedRow(
        title="joins",
        counted=after.joins - before.joins,
        measured=joins(people),
        tolerance=len(unseen),
        said=f"{len(unseen)} may have come in without our seeing it" if unseen else "",
    )
    # Who was lost without a word left at a moment that nobody knows.
    if not any(_is_lost(person) for person in people):
        yield _most(after, people, len(unseen))
    # Whoever is in unseen is sent pictures that nobody of ours counts.
    if not unseen:
        yield from _frames(before, after, people)


def _is_lost(person: PersonRow) -> bool:
    return person.outcome == Outcome.ERRORED and person.failing is None


def _may_be_in_unseen(person: PersonRow) -> bool:
    """Whether the school may have let in somebody who could not see it: lost on the way, or stopped at the very step
    with no word of the product's that they were turned away."""
    if _has_come(person):
        return False
    failing = person.failing
    return failing.title in COMING and not failing.sign if failing else _is_lost(person)


def _has_come(person: PersonRow) -> bool:
    return any(person.step(title) for title in COMING)


def _most(after: SchoolCounts, people: Sequence[PersonRow], unseen: int) -> CountedRow:
    rounds = sorted({person.round for person in people})
    most = max((peak([one for one in people if one.round == number]) for number in rounds), default=0)
    # Whoever broke off is gone for us and for the school at moments of their own: others may have come between these.
    broke_off = sum(_has_come(person) and person.failing is not None for person in people)
    return CountedRow(
        title="most people at once",
        counted=after.peak,
        measured=most,
        tolerance=unseen + broke_off,
        said=f"{broke_off} broke off in class" if broke_off else "",
    )


def _frames(before: SchoolCounts, after: SchoolCounts, people: Sequence[PersonRow]) -> Iterator[CountedRow]:
    in_class = [person for person in people if person.role != TEACHER and person.step(JOINS)]
    teachers = [person for person in people if person.role == TEACHER]
    # Who was lost could not be read, and a lost teacher's page has told the school nothing.
    if not in_class or any(person.frames is None for person in in_class):
        return
    if any(teacher.outcome != Outcome.PASSED for teacher in teachers):
        return
    late_s = sum(max(0.0, _hung_up_at_s(person) - person.frames_at_s) + HANGS_UP_S for person in in_class)
    yield CountedRow(
        title="frames of the teacher",
        counted=after.frames - before.frames,
        measured=sum(person.frames or 0 for person in in_class),
        tolerance=math.ceil(FRAMES_PER_S * late_s),
        said=f"sent in the {late_s:.1f} s, all students together, between our last reading and the end of their calls",
    )


def _hung_up_at_s(person: PersonRow) -> float:
    """When a student's own page had ended the call: before it says that they have left; else, when it was closed."""
    left = person.step(LEAVES)
    return left.at_s + left.took_s if left else person.left_at_s
