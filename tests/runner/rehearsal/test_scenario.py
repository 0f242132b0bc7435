"""The steps of a rehearsal are those of the live-class journey, apart from named exceptions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from firstbell.journeys import live_class
from firstbell.runner.rehearsal import scenario

# Steps of a class of many only. All others are the journey's, with the same titles.
FOR_MANY = {"still does, with everybody there"}
# Steps of a class of two only.
FOR_TWO = {"reads the chat", "still sees and hears the teacher", "sees and hears the student", "sees the raised hand"}


def steps_in(file: str | None, actor: str) -> list[tuple[str, str]]:
    """Title and service of each step of an actor in a file, in order."""
    assert file is not None
    return [
        (_title(call.args[0]), ast.literal_eval(next(word.value for word in call.keywords if word.arg == "relies_on")))
        for call in _calls(ast.parse(Path(file).read_text(encoding="utf-8")))
        if ast.unparse(call.func) == f"{actor}.step"
    ]


def _calls(tree: ast.AST) -> list[ast.Call]:
    """Calls in the order of the file; ast.walk goes by depth."""
    return sorted((node for node in ast.walk(tree) if isinstance(node, ast.Call)), key=lambda node: node.lineno)


def _title(given: ast.expr) -> str:
    return getattr(scenario, given.id) if isinstance(given, ast.Name) else str(ast.literal_eval(given))


@pytest.mark.parametrize("actor", ["student", "teacher"])
def test_steps_of_a_rehearsal_are_those_of_the_journey(actor: str) -> None:
    journey, rehearsed = (steps_in(module.__file__, actor) for module in (live_class, scenario))
    assert [step for step in rehearsed if step[0] not in FOR_MANY] == [
        step for step in journey if step[0] not in FOR_TWO
    ]
    assert len(rehearsed) >= 5


def test_criteria_know_every_step_of_a_student() -> None:
    assert tuple(title for title, _ in steps_in(scenario.__file__, "student")) == scenario.STEPS
