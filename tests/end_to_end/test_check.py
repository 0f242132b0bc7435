"""`firstbell check`: reports each kind of mistake with its line, and none for a correct configuration."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.end_to_end.conftest import Firstbell

WRONG = """\
[school]
name = "P"
timezone = "America/New_York"
practice = true
journeys = ["mine"]

[services.library]
owner = "Library"
url = "https://library.nowhere.invalid"

[accounts.counselor]
username = "zz"
password = "env:FIRSTBELL_NOT_SET"
totp = "file:{folder}/key"

[journeys.math-pge]
every = "10m"

[browser]
executable = "/no/such/chrome"

[[alarms.routes]]
name = "it"
to = ["slack:env:FIRSTBELL_NO_SLACK", "smtp:it@localhost"]
"""
JOURNEY = """\
import pytest


@pytest.mark.journey("math-page", relies_on=["platfrom"])
def test_math(student, actor, school):
    with student.step("", relies_on="edge"):
        school.open_portal(student)
    with student.step("signs in", relies_on="sign-inn"):
        student.page.get_by_label("Password").fill("hunter2")
    actor("counsellor")
    student.go("https://x.example/j/9?pwd=QWx")
"""
MARKED = """\
import pytest
from playwright.sync_api import expect


@pytest.mark.journey("marked", relies_on=["edge"])
def test_marked(student):
    with student.step("", relies_on="edge"):
        expect(student.page.get_by_role("main")).to_match_aria_snapshot("- main")
"""


def findings(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    document = json.loads(done.stdout)
    assert document["schema"] == "firstbell.check/1"
    found: list[dict[str, Any]] = document["findings"]
    return found


def test_check_reports_each_kind_of_mistake_at_its_line(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(WRONG.format(folder=tmp_path))
    (tmp_path / "key").write_text("not base32!")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").touch()
    (tmp_path / "mine" / "test_math.py").write_text(JOURNEY)
    (tmp_path / "mine" / "test_marked.py").write_text(MARKED, encoding="utf-8-sig")
    (tmp_path / "mine" / "test_cookie.py").write_bytes(b"# coding: latin-1\n# \xe9\ndef test_plain():\n    pass\n")
    (tmp_path / "mine" / "test_broken.py").write_text("\nimport nothing_of_that_name\n")
    done = firstbell("check", "--json")
    assert done.returncode == 1, done.stderr
    reported = [
        (finding["area"], Path(finding["file"]).name, finding["line"], finding["said"])
        for finding in findings(done)
        if finding["verdict"] != "ok"
    ]
    expected = [
        ("journeys", "test_broken.py", 2, "nothing_of_that_name"),
        ("journeys", "test_marked.py", 7, "a step needs a name"),
        ("journeys", "test_marked.py", 8, "a snapshot contains all text of the page"),
        ("journeys", "test_cookie.py", 3, "test_plain is never scheduled"),
        ("journeys", "test_math.py", 5, "test_math passes on an empty page"),
        ("journeys", "test_math.py", 11, "an address has its 'pwd' here in clear"),
        ("journeys", "test_math.py", 4, "relies on the service 'platfrom', which is not configured; did you mean"),
        ("journeys", "test_math.py", 6, "a step needs a name"),
        ("journeys", "test_math.py", 8, "the service 'sign-inn'"),
        ("journeys", "test_math.py", 9, "the text for 'Password' is written here in clear"),
        ("journeys", "test_math.py", 10, "no account for 'counsellor'; did you mean 'counselor'?"),
        ("journeys", "firstbell.toml", 16, "no file defines the journey 'math-pge'; did you mean 'math-page'?"),
        ("secrets", "firstbell.toml", 13, "env:FIRSTBELL_NOT_SET is not set"),
        ("secrets", "firstbell.toml", 14, "is no base32 key"),
        ("channels", "firstbell.toml", 24, "route 'it': env:FIRSTBELL_NO_SLACK is not set"),
        ("browser", "firstbell.toml", 20, "/no/such/chrome is not a program"),
        ("host names", "firstbell.toml", 9, "its host name is not found"),
    ]
    for *position, text in expected:
        assert any([*found] == position and text in message for *found, message in reported), (position, text, reported)
    assert len(reported) == len(expected)
    assert not any(secret in done.stdout + done.stderr for secret in ("hunter2", "QWx"))


def test_starter_passes_the_check_and_a_configuration_mistake_ends_it(firstbell: Firstbell, tmp_path: Path) -> None:
    firstbell("init")
    done = firstbell("check")
    assert done.returncode == 0, done.stdout
    assert " error" not in done.stdout
    assert "live-class" in done.stdout
    file = tmp_path / "firstbell.toml"
    file.write_text(file.read_text().replace("timezone", "timezon"))
    done = firstbell("check")
    assert done.returncode == 3
    assert "firstbell.toml:8  unknown key; did you mean 'timezone'?" in done.stdout
    assert "the rest was not checked" in done.stdout


def test_new_journey_runs_with_firstbell_and_with_pytest(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text('[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n')
    printed = firstbell("new", "math-page").stdout
    assert 'journeys = ["my_journeys"]' in printed
    with (tmp_path / "firstbell.toml").open("a") as file:
        file.write('journeys = ["my_journeys"]\n')
    played = firstbell("run", "math-page")
    assert played.returncode == 0, played.stdout + played.stderr
    by_pytest = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", "my_journeys"]
    done = subprocess.run(by_pytest, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
