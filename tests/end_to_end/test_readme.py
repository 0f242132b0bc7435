"""Runs the journey of the README as written; tests/test_docs.py covers the rest of README and docs/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Firstbell

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.mark.browser
def test_journey_of_the_readme_passes(firstbell: Firstbell, tmp_path: Path) -> None:
    (written,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert firstbell("init").returncode == 0
    (tmp_path / "my_journeys").mkdir()
    (tmp_path / "my_journeys" / "test_math.py").write_text(written)
    starter = (tmp_path / "firstbell.toml").read_text()
    (tmp_path / "firstbell.toml").write_text(
        starter.replace('# journeys = ["my_journeys"]', 'journeys = ["my_journeys"]')
    )
    done = firstbell("run", "math-page")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "opens the maths class" in done.stdout
