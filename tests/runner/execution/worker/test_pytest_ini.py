"""Tests that a project's own pytest configuration is found as pytest finds it, and never First Bell's."""

from __future__ import annotations

from pathlib import Path

import pytest

from firstbell.runner.execution.worker.pytest_ini import pytest_ini_for

INI = "[pytest]\nbase_url = http://x\n"
TOML = '[tool.pytest.ini_options]\nbase_url = "http://x"\n'


@pytest.mark.parametrize(
    ("files", "played", "found"),
    [
        pytest.param({"pytest.ini": INI}, ["mine"], "pytest.ini", id="beside the configuration"),
        pytest.param({"pytest.ini": ""}, ["mine"], "pytest.ini", id="an empty pytest.ini is one"),
        pytest.param({"pyproject.toml": TOML}, ["tests/e2e/test_a.py::test_b"], "pyproject.toml", id="in pyproject"),
        pytest.param({"setup.cfg": "[tool:pytest]\n", "tox.ini": ""}, ["mine"], "setup.cfg", id="what says something"),
        pytest.param(
            {"tests/pytest.ini": INI, "pytest.ini": INI}, ["tests/e2e"], "tests/pytest.ini", id="the nearer of two"
        ),
        pytest.param(
            {"tests/pytest.ini": INI, "pytest.ini": INI}, ["tests/e2e", "mine"], "pytest.ini", id="what all share"
        ),
        pytest.param({"tests/pytest.ini": INI}, [], "", id="nothing of theirs is played"),
        pytest.param({"pyproject.toml": '[tool.ruff]\n[project]\nname = "x"\n'}, ["mine"], "", id="none that speaks"),
    ],
)
def test_configuration_is_the_one_that_pytest_would_take(
    tmp_path: Path, files: dict[str, str], played: list[str], found: str
) -> None:
    for folder in ("mine", "tests/e2e"):
        (tmp_path / folder).mkdir(parents=True)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found_file = pytest_ini_for([tmp_path / path for path in played], tmp_path)
    assert found_file.file == (tmp_path / found if found else None)
    assert found_file.root == (tmp_path / found).parent if found else tmp_path


def test_journeys_elsewhere_use_the_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "district").mkdir()
    (tmp_path / "shared").mkdir()
    (tmp_path / "district" / "pytest.ini").write_text(INI)
    found_file = pytest_ini_for([tmp_path / "shared"], tmp_path / "district")
    assert found_file.file == tmp_path / "district" / "pytest.ini"
