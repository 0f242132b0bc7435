"""What the README says is so: its journey runs as written, and its commands and names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from journeys.media.proof import MediaFault
from runner.cli.main import main
from tests.end_to_end.conftest import Firstbell

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.mark.browser
def test_the_ten_minute_path_leads_to_a_journey_that_passes(firstbell: Firstbell, tmp_path: Path) -> None:
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


def test_every_command_is_in_the_readme() -> None:
    commands = set(main.commands) - {"demo"}
    assert [name for name in sorted(commands) if f"firstbell {name}" not in README] == []
    assert "make demo" in README


def test_every_command_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"(?:^|`|\s)firstbell ([a-z]+)", README))
    assert named <= set(main.commands)


def test_every_class_of_media_fault_is_in_the_readme() -> None:
    text = " ".join(README.split())
    assert [fault.value for fault in MediaFault if fault.value not in text] == []
