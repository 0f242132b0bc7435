"""New journeys: a valid file for any role, and no existing file overwritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from firstbell.runner.authoring.journey_ast import read_journeys
from firstbell.runner.authoring.template import NewJourney, refusal_of, text_of
from firstbell.runner.cli.main import main

PRACTICE = '[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n'
ALL = ("edge", "sign-in", "platform", "live-class")


@pytest.mark.parametrize(
    ("roles", "services", "arguments", "steps"),
    [
        pytest.param(["student"], ALL, "student, school", ["edge", "sign-in", "platform"], id="a student"),
        pytest.param(["counselor"], ALL, "actor, school", ["edge", "sign-in", "platform"], id="somebody else"),
        pytest.param(["class"], ALL, "actor, school", ["edge", "sign-in", "platform"], id="a word of Python's"),
        pytest.param(["student"], ["library"], "student, school", ["library"] * 2, id="one service alone"),
        pytest.param(
            ["teacher", "student"], ["edge"], "teacher, student, school", ["edge"] * 4, id="two people at one door"
        ),
    ],
)
def test_new_journey_relies_on_configured_services(
    roles: list[str], services: list[str], arguments: str, steps: list[str]
) -> None:
    text = text_of(NewJourney(name="math-page", roles=roles, services=services))
    read = read_journeys(text)
    assert [name for _, name in read.journeys] == ["math-page"]
    assert [step.service for step in read.steps] == steps
    assert f"def test_math_page({arguments}):" in text
    assert not read.unmarked


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("Math Page", "'math-page'"),
        ("math_page", "'math-page'"),
        ("a--b", "'a-b'"),
        ("../x", "'x'"),
        ("", "'math-page'"),
    ],
)
def test_invalid_name_is_answered_with_a_valid_one(name: str, near: str) -> None:
    assert near in refusal_of(name)


def test_folder_is_created_and_existing_file_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(PRACTICE)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["new", "math-page"])
    assert done.exit_code == 0, done.output
    assert 'journeys = ["my_journeys"]' in done.stdout
    file = tmp_path / "my_journeys" / "test_math_page.py"
    file.write_text("# mine\n")
    done = CliRunner().invoke(main, ["new", "math-page"])
    assert (done.exit_code, file.read_text()) == (3, "# mine\n")
    assert "was not changed" in done.stderr


def test_configured_folder_is_used_and_names_are_unique(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(PRACTICE + 'journeys = ["mine"]\n')
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "test_other.py").write_text(text_of(NewJourney(name="maths", roles=["student"], services=ALL)))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["new", "history"])
    assert (done.exit_code, "Add under" in done.stdout) == (0, False)
    assert (tmp_path / "mine" / "test_history.py").is_file()
    for taken in ("maths", "live-class"):
        done = CliRunner().invoke(main, ["new", taken])
        assert done.exit_code == 3
        assert f"already a journey called '{taken}'" in done.stderr


@pytest.mark.parametrize(
    "coded",
    [
        pytest.param(lambda text: b"\xef\xbb\xbf" + text.encode(), id="with a byte order mark"),
        pytest.param(lambda text: ("# coding: latin-1\n" + text + "# \xe9\n").encode("latin-1"), id="by a cookie"),
    ],
)
def test_name_is_taken_by_a_file_in_any_encoding(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, coded: Callable[[str], bytes]
) -> None:
    (tmp_path / "firstbell.toml").write_text(PRACTICE + 'journeys = ["mine"]\n')
    (tmp_path / "mine").mkdir()
    text = text_of(NewJourney(name="maths", roles=["student"], services=ALL))
    (tmp_path / "mine" / "test_other.py").write_bytes(coded(text))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["new", "maths"])
    assert "already a journey called 'maths'" in done.stderr


@pytest.mark.parametrize("named", ['"my_journeys"', '"a/b"', '"a/b", "../there"'])
def test_only_missing_folder_is_created(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named: str) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    (tmp_path / "here" / "firstbell.toml").write_text(PRACTICE + f"journeys = [{named}]\n")
    monkeypatch.chdir(tmp_path / "here")
    done = CliRunner().invoke(main, ["new", "math-page"])
    made = named.split('"')[1]
    assert done.exit_code == 0, done.output
    assert f"Created the folder {made}, which the configuration names." in done.stdout
    assert (tmp_path / "here" / made).is_dir()
    assert "Add under" not in done.stdout


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param('journeys = ["a", "b"]', id="two are too many to choose from"),
        pytest.param('journeys = ["../away"]', id="one that is somewhere else"),
        pytest.param('journeys = ["away/test_x.py"]', id="a file"),
        pytest.param('journeys = ["away"]\n[watch]\nevery = 3', id="another mistake besides"),
        pytest.param('journeys = ["away"]\n[browser]\nname = "firefox"\nexecutable = "x"', id="another gap besides"),
        pytest.param("journeys = [3]", id="no folder at all"),
    ],
)
def test_other_configuration_errors_are_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wrong: str) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "firstbell.toml").write_text(f"{PRACTICE}{wrong}\n")
    monkeypatch.chdir(tmp_path / "here")
    done = CliRunner().invoke(main, ["new", "math-page"])
    assert (done.exit_code, "firstbell.toml:" in done.stderr) == (3, True)
    assert [path.name for path in tmp_path.rglob("*")] == ["here", "firstbell.toml"]


def test_a_sign_in_without_an_adapter_is_left_to_the_journey() -> None:
    without = NewJourney(name="books", roles=["student"], services=["library", "sign-in"], has_sign_in=False)
    assert 'student.go(school.service("library").url)' in text_of(without)
    alone = NewJourney(name="books", roles=["student"], services=["sign-in"], has_sign_in=False)
    assert 'student.go(school.service("sign-in").url)' in text_of(alone)
    assert "school.sign_in" not in text_of(without) + text_of(alone)
