"""Which trace `firstbell trace` opens."""

from __future__ import annotations

import pytest

from runner.cli.trace import chosen_trace

TWO = ["index.html", "attempt-2/student/trace.zip", "attempt-2/teacher/trace.zip", "attempt-2/both.zip", "viewer/x.zip"]


@pytest.mark.parametrize(
    ("names", "actor", "chosen"),
    [
        pytest.param(TWO, "", "attempt-2/both.zip", id="all on one time line"),
        pytest.param(TWO, "teacher", "attempt-2/teacher/trace.zip", id="one person's"),
        pytest.param(TWO, "parent", "", id="nobody of that name"),
        pytest.param(TWO[:2], "", "attempt-2/student/trace.zip", id="the only one"),
        pytest.param(["index.html", "viewer/x.zip"], "", "", id="none"),
    ],
)
def test_the_trace_that_is_meant(names: list[str], actor: str, chosen: str) -> None:
    assert chosen_trace(names, actor) == chosen
