"""Titles of steps, which may hold text of a page, are one bounded line that can be sent and stored."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from firstbell.journeys.stage.actor import Actor
from firstbell.journeys.stage.observer import NoObserver
from firstbell.journeys.stage.stage import Stage
from firstbell.journeys.stage.step import TITLE_LIMIT


@pytest.mark.parametrize(
    ("given", "title"),
    [
        ("opens Grade 3 Reading", "opens Grade 3 Reading"),
        ("", ""),
        ("opens a\x00b", "opens a b"),
        ("opens \ud83d", "opens"),
        ("opens\n\ttwo\r\nlines", "opens two lines"),
        ("opens \x1b[31mred\u202e", "opens [31mred"),
        ("abre Año 🎓", "abre Año 🎓"),
        ("x" * 100_000, "x" * TITLE_LIMIT),
    ],
)
def test_a_title_is_one_bounded_line(given: str, title: str) -> None:
    stage = Stage(run_token="x", observer=NoObserver(), limit_s=1)
    actor = SimpleNamespace(name="student", tabs=SimpleNamespace(step_began=lambda: None))
    with stage.step(cast("Actor", actor), given, "platform", picture=False):
        pass
    assert [record.step.title for record in stage.steps] == [title]
