"""Figures beside the practice school's own: what agrees, what may be late, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from runner.rehearsal.counted import Count, counted
from runner.rehearsal.document import CountedRow, PersonRow
from tests.runner.a_rehearsal import a_student, a_teacher

FRAMES, MOST = "frames of the teacher", "most people at once"
BEFORE = Count(joins=5, peak=2, frames=1000)


def who_left(number: int, *, frames: int | None = 200, after_s: float = 1.0) -> PersonRow:
    student = a_student(number)
    left = student.step("leaves")
    assert left is not None
    read_at_s = left.at_s + left.took_s - after_s
    return student.model_copy(update={"frames": frames, "frames_at_s": read_at_s, "left_at_s": 99.0})


def rows(people: Sequence[PersonRow], *, frames: int) -> dict[str, CountedRow]:
    after = Count(joins=8, peak=3, frames=1000 + frames)
    return {row.title: row for row in counted(BEFORE, after, people)}


@pytest.mark.parametrize(
    ("sent", "agrees"),
    [(400, True), (460, True), (461, False), (399, False)],
    ids=["all", "what two students were sent in two seconds each", "one more than that", "more than were sent"],
)
def test_frames_agree_but_for_those_sent_while_somebody_left(sent: int, agrees: bool) -> None:  # noqa: FBT001  # a column
    row = rows([a_teacher(), who_left(1), who_left(2)], frames=sent)[FRAMES]
    assert (row.measured, row.counted, row.tolerance) == (400, sent, 60)
    assert row.agrees is agrees


@pytest.mark.parametrize(
    "people",
    [
        [a_teacher(), who_left(1), who_left(2, frames=None)],
        [a_teacher(outcome="errored"), who_left(1)],
        [a_teacher(), a_student(1, outcome="failed", fails_at="joins")],
    ],
    ids=["a student who was lost", "a teacher who was lost", "nobody came in"],
)
def test_frames_that_one_side_could_not_count_are_not_compared(people: Sequence[PersonRow]) -> None:
    assert FRAMES not in rows(people, frames=400)


def test_a_join_too_many_is_a_disagreement() -> None:
    assert rows([a_teacher(), who_left(1), who_left(2)], frames=400)["joins"].agrees
    assert not rows([a_teacher(), who_left(1)], frames=200)["joins"].agrees


def test_the_most_at_once_is_not_compared_where_somebody_was_lost() -> None:
    lost = who_left(2).model_copy(update={"outcome": "errored", "said": "the process that played them died"})
    assert MOST in rows([a_teacher(), who_left(1), who_left(2)], frames=400)
    assert MOST not in rows([a_teacher(), who_left(1), lost], frames=400)
