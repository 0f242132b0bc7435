"""Rows of expected people are known under the additions that products make; a row of another person never is."""

from __future__ import annotations

import pytest

from firstbell.journeys.stage.participant_names import counted, is_expected, plain, surplus

NAMES = frozenset(map(plain, ("Ada Student", "Ms. Rivera (teacher)", "Zoë Müller", "Maria e Silva")))


@pytest.mark.parametrize(
    "row",
    [
        ["Ada Student"],
        ["ada  student"],
        ["Ada Student (You)"],
        ["Ada Student (Host, me)"],
        ["Ada Student [Guest]"],
        ["Ada Student Guest"],
        ["Ada Student - Organizer"],
        ["Ada Student, Guest, You"],
        ["AS", "Ada Student", "mic_off", "more_vert"],
        ["AS", "Ada", "Student"],
        ["Ada", "Student"],
        ["Student, Ada"],
        ["Ms. Rivera (teacher)", "hand raised"],
        ["Zoe\N{COMBINING DIAERESIS} Mu\N{COMBINING DIAERESIS}ller", "Muted"],
        ["\N{LEFT-TO-RIGHT MARK}Ada\N{NO-BREAK SPACE}Student\N{ZERO WIDTH SPACE} \N{RAISED HAND}"],
        ["Maria e Silva (Gast)"],
        ["Ada Student, Maria e Silva"],
        ["You"],
        ["Y", "You", "Host"],
        ["自分"],
        ["Ada Student (ゲスト)", "ホスト"],
        ["Ada Student ゲスト"],
    ],
)
def test_row_of_an_expected_person(row: list[str]) -> None:
    assert is_expected(row, NAMES)


@pytest.mark.parametrize(
    "row",
    [
        ["Robin Somebody"],
        ["Ada Studentson"],
        ["Ada Student Robin"],
        ["Ada Student, Robin Somebody"],
        ["Ada"],
        ["Bob"],
        ["B", "Bob"],
        ["AS", "Robin Somebody"],
        ["You and Robin Somebody"],
        ["Teacher"],
        ["Robin (Ada Student)"],
        ["Guest 4711"],
        ["+1 555 0100"],
        ["ME", "Guest"],
    ],
)
def test_row_of_a_stranger(row: list[str]) -> None:
    assert not is_expected(row, NAMES)


@pytest.mark.parametrize(
    ("text", "people"),
    [("Participants (3)", 3), ("12", 12), ("Teilnehmer: ٣", 3), ("People", 0), ("", 0)],
)
def test_people_counted_in_a_text(text: str, people: int) -> None:
    assert counted(text) == people


@pytest.mark.parametrize(
    ("rows", "too_many"),
    [
        ([["Ada Student"], ["Zoë Müller"]], 0),
        ([["Ada Student"], ["AS", "Ada Student", "Guest"]], 1),
        ([["Ada Student"], ["Ada Student", "Your presentation"]], 0),
        ([["You"], ["Ada Student"], ["Zoë Müller"]], 1),
        ([["Ada"], ["Ada Student"]], 0),
        ([["Ada"], ["Ada"]], 1),
        ([["Twin"], ["Twin"]], 0),
        ([["Robin"], ["Robin"]], 0),
    ],
)
def test_people_of_one_list_who_are_too_many(rows: list[list[str]], too_many: int) -> None:
    names = {"ada student": 1, "zoe muller": 1}
    if rows[0] == ["Ada"]:
        names = {"ada student": 1, "ada": 1}
    if rows[0] == ["Twin"]:
        names = {"twin": 2}
    assert surplus(rows, names) == too_many
