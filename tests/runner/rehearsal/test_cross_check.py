"""Cross-check with the practice school's counters: agreement, tolerance, and figures that cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from firstbell.runner.rehearsal.document import CountedRow, PersonRow
from firstbell.runner.rehearsal.results.cross_check import SchoolCounts, cross_check
from tests.support.sample_rehearsal import a_student, a_teacher

FRAMES, PEAK = "frames of the teacher", "most people at once"
BEFORE = SchoolCounts(joins=5, peak=2, frames=1000)


def student_who_left(number: int, *, frames: int | None = 200, after_s: float = 1.0) -> PersonRow:
    student = a_student(number)
    left = student.step("leaves")
    assert left is not None
    read_at_s = left.at_s + left.took_s - after_s
    return student.model_copy(update={"frames": frames, "frames_at_s": read_at_s, "left_at_s": 99.0})


def rows(people: Sequence[PersonRow], *, frames: int) -> dict[str, CountedRow]:
    after = SchoolCounts(joins=8, peak=3, frames=1000 + frames)
    return {row.title: row for row in cross_check(BEFORE, after, people)}


@pytest.mark.parametrize(
    ("sent", "agrees"),
    [(400, True), (460, True), (461, False), (399, False)],
    ids=["all", "what two students were sent in two seconds each", "one more than that", "more than were sent"],
)
def test_frames_agree_apart_from_those_sent_during_leaving(sent: int, agrees: bool) -> None:  # noqa: FBT001  # a column
    row = rows([a_teacher(), student_who_left(1), student_who_left(2)], frames=sent)[FRAMES]
    assert (row.measured, row.counted, row.tolerance) == (400, sent, 60)
    assert row.agrees is agrees


@pytest.mark.parametrize(
    "people",
    [
        [a_teacher(), student_who_left(1), student_who_left(2, frames=None)],
        [a_teacher(outcome="errored"), student_who_left(1)],
        [a_teacher(), a_student(1, outcome="failed", fails_at="joins")],
    ],
    ids=["a student who was lost", "a teacher who was lost", "nobody came in"],
)
def test_frames_that_one_side_could_not_count_are_not_compared(people: Sequence[PersonRow]) -> None:
    assert FRAMES not in rows(people, frames=400)


def test_extra_join_is_a_disagreement() -> None:
    assert rows([a_teacher(), student_who_left(1), student_who_left(2)], frames=400)["joins"].agrees
    assert not rows([a_teacher(), student_who_left(1)], frames=200)["joins"].agrees


@pytest.mark.parametrize(
    ("third", "joins", "agrees"),
    [
        (a_student(3, outcome="failed", fails_at="joins"), 4, True),
        (a_student(3, outcome="failed", fails_at="joins"), 5, False),
        (a_student(3, outcome="failed", fails_at="joins", sign="capacity"), 4, False),
        (a_student(3, outcome="failed", fails_at="signs in"), 4, False),
        (a_student(3, outcome="failed", fails_at="sees and hears the teacher"), 5, False),
    ],
    ids=[
        "a page that never said so may have been let in",
        "but not twice",
        "whom the class called one too many was not",
        "whoever did not come so far was not",
        "whoever came in is counted once",
    ],
)
def test_joins_seen_by_the_school_alone_are_tolerated(third: PersonRow, joins: int, agrees: bool) -> None:  # noqa: FBT001  # a column
    people = [a_teacher(), student_who_left(1), student_who_left(2), third]
    after = SchoolCounts(joins=5 + joins, peak=3, frames=1400)
    found = {row.title: row for row in cross_check(BEFORE, after, people)}
    assert found["joins"].agrees is agrees


def test_frames_are_not_compared_after_a_possible_unobserved_join() -> None:
    people = [a_teacher(), student_who_left(1), student_who_left(2)]
    assert FRAMES in rows([*people, a_student(3, outcome="failed", fails_at="joins", sign="capacity")], frames=400)
    assert FRAMES not in rows([*people, a_student(3, outcome="failed", fails_at="joins")], frames=400)


@pytest.mark.parametrize(("most", "agrees"), [(2, True), (3, True), (4, False), (1, False)])
def test_peak_tolerates_a_person_who_aborted_in_class(most: int, agrees: bool) -> None:  # noqa: FBT001  # a column
    # The third had gone before the others came, as we saw it; as the school did, perhaps not.
    early = a_student(3, outcome="failed", fails_at="sees and hears the teacher")
    early = early.model_copy(
        update={"steps": tuple(step.model_copy(update={"at_s": 0.1}) for step in early.steps), "left_at_s": 1.0}
    )
    after = SchoolCounts(joins=8, peak=most, frames=1400)
    row = {
        row.title: row
        for row in cross_check(BEFORE, after, [a_teacher(), student_who_left(1), student_who_left(2), early])
    }[PEAK]
    assert (row.measured, row.agrees) == (2, agrees)


def test_peak_is_not_compared_after_a_lost_person() -> None:
    lost = student_who_left(2).model_copy(update={"outcome": "errored", "said": "the player process crashed"})
    assert PEAK in rows([a_teacher(), student_who_left(1), student_who_left(2)], frames=400)
    assert PEAK not in rows([a_teacher(), student_who_left(1), lost], frames=400)
