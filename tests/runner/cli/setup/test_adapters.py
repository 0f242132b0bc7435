"""`firstbell adapters`, `firstbell check --adapter`, and mistakes in kind and options with their line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from firstbell.runner.cli.main import main

SCHOOL = '[school]\nname = "Bayfront"\ntimezone = "America/New_York"\n[classroom]\ntitle = "Math 1"\n'
ROOM = """
class Room:
    def __init__(self, service): ...
    def open(self, host, title): ...
    def class_of(self, title): return Lesson()
class Lesson:
    def join(self, actor, way_in): ...
    def leave(self, actor): ...
    def end(self, host): ...
    def say(self, actor, text): ...
    def expect_said(self, observer): ...
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = list(sys.path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.path[:] = path
    sys.modules.pop("own_room_of_a_test", None)


def firstbell(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def configure(folder: Path, service: str, kind: str, options: str = "") -> None:
    table = f'[services.{service}]\nowner = "IT"\nurl = "https://a.example"\nkind = "{kind}"\n'
    (folder / "firstbell.toml").write_text(f"{SCHOOL}{table}[services.{service}.options]\n{options}\n")


def test_the_list_says_how_far_each_kind_is_proven_and_which_permission_it_needs() -> None:
    kinds = json.loads(firstbell("adapters", "--json").stdout)["kinds"]
    assert {kind["proof"] for kind in kinds} <= {"proven here", "proven on a likeness", "recipe"}
    google = next(kind for kind in kinds if kind["name"] == "google")
    assert "Not permitted" in google["permission"]
    assert "css=#identifierId" in {option["default"] for option in google["options"]}


def test_one_kind_shows_its_words_and_an_unknown_one_is_refused() -> None:
    assert "css=#idSIButton9" in firstbell("adapters", "entra").stdout
    refused = firstbell("adapters", "entraa")
    assert refused.exit_code == 3
    assert "list them with: firstbell adapters" in refused.stderr


@pytest.mark.parametrize(
    ("kind", "options", "line", "said"),
    [
        ("redirect", 'usernam_label = "Name"', 11, "did you mean 'username_label'?"),
        ("entra", 'code_label = "/(/"', 11, "this regular expression cannot be read"),
        ("redirekt", "", 9, "did you mean 'redirect'?"),
    ],
)
def test_a_mistake_in_kind_or_options_is_told_with_its_line(
    folder: Path, kind: str, options: str, line: int, said: str
) -> None:
    configure(folder, "sign-in", kind, options)
    checked = firstbell("check")
    assert checked.exit_code == 3
    assert f"firstbell.toml:{line}" in checked.stdout
    assert said in " ".join(checked.stdout.split())


def test_an_adapter_of_a_districts_own_is_checked_part_by_part(folder: Path) -> None:
    (folder / "own_room_of_a_test.py").write_text(ROOM)
    configure(folder, "live-class", "own_room_of_a_test:Room")
    checked = firstbell("check", "--adapter", "live-class", "--json")
    found = {finding["said"]: finding["verdict"] for finding in json.loads(checked.stdout)["findings"]}
    other = "has expect_said(observer) instead of expect_said(observer, author, text); add it as the port has it"
    absent = "lacks raise_hand(actor), which a product may lack; journeys that use it cannot be played"
    assert found["has end, join, leave, say"] == "ok"
    assert found[other] == "error"
    assert found[absent] == "warning"
    assert checked.exit_code == 1


def test_a_service_without_a_kind_has_no_adapter_to_check(folder: Path) -> None:
    (folder / "firstbell.toml").write_text(f'{SCHOOL}[services.platform]\nowner = "IT"\nurl = "https://a.example"\n')
    checked = firstbell("check", "--adapter", "platform")
    assert checked.exit_code == 1
    assert "journeys of your own know its pages" in " ".join(checked.stdout.split())
