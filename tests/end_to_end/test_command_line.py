"""Tests of the commands by their output, and of user mistakes: one sentence each, and the right exit code."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from firstbell.runner.cli.main import main
from tests.end_to_end.conftest import Firstbell

PRACTICE = '[school]\nname = "P"\ntimezone = "America/New_York"\npractice = true\n'


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The message on standard error, which is never a traceback."""
    assert "Traceback" not in done.stderr + done.stdout
    return done.stderr.strip()


@pytest.mark.browser
def test_init_run_runs_and_show(firstbell: Firstbell, tmp_path: Path) -> None:
    assert firstbell("init").returncode == 0
    played = firstbell("run", "class-list", "--json")
    assert played.returncode == 0, played.stderr
    (document,) = json.loads(played.stdout)["runs"]
    assert document["outcome"] == "passed"
    assert (tmp_path / document["evidence"] / "run.json").is_file()
    listed = firstbell("runs")
    assert document["id"][-6:] in listed.stdout
    shown = firstbell("show", document["id"][-6:])
    assert "sees today's classes" in shown.stdout
    assert "PASSED" in shown.stdout
    events = [json.loads(line) for line in played.stderr.splitlines()]
    assert [event["event"] for event in events][:2] == ["run.began", "step.ended"]
    assert {event["run_id"] for event in events} == {document["id"]}


@pytest.mark.browser
def test_own_journey_runs_and_a_broken_file_beside_it_is_reported(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(PRACTICE + 'journeys = ["mine"]\n')
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "test_portal.py").write_text(
        '"""The front page opens."""\nimport pytest\n\n'
        '@pytest.mark.journey("front-page", relies_on=["edge"])\n'
        "def test_front_page(student, school):\n"
        '    with student.step("opens the portal", relies_on="edge"):\n'
        "        school.open_portal(student)\n"
    )
    (tmp_path / "mine" / "test_broken.py").write_text("def broken(:\n")
    (tmp_path / "mine" / "test_import.py").write_text("\n\nimport nothing_of_that_name\n")
    done = firstbell("run", "front-page")
    assert done.returncode == 2
    assert "PASSED" in done.stdout
    assert "test_broken.py:1: syntax error" in done.stderr
    assert "test_import.py:3: ModuleNotFoundError: No module named 'nothing_of_that_name'" in done.stderr


@pytest.mark.browser
def test_unknown_service_or_role_is_refused_with_what_to_add(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(PRACTICE + 'journeys = ["mine"]\n')
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "test_mine.py").write_text(
        "import pytest\n\n"
        '@pytest.mark.journey("library", relies_on=["library"])\n'
        "def test_library(student):\n    pass\n\n"
        '@pytest.mark.journey("counsel", relies_on=["edge"])\n'
        'def test_counsel(actor):\n    actor("counselor")\n'
    )
    done = firstbell("run", "library")
    assert done.returncode == 3
    assert "relies on the service 'library', which is not configured; add [services.library]" in sentence(done)
    done = firstbell("run", "counsel")
    assert done.returncode == 2
    assert "no account for 'counselor'" in done.stdout
    assert "add [accounts.counselor]" in done.stdout


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        pytest.param(
            None,
            3,
            "there is no firstbell.toml in this folder or above it; write one with: firstbell init",
            id="no config",
        ),
        pytest.param("[school\n", 3, "firstbell.toml:1:8: this is not TOML", id="broken TOML"),
        pytest.param(
            '[school]\nname = "B"\ntimezone = "UTC"\n[classroom]\ntitle = "x"\n'
            '[services.sign-in]\nowner = "o"\nurl = "https://x.example"\nkind = "redirekt"\n',
            3,
            "firstbell.toml:9:1: services.sign-in.kind: there is no sign-in of kind 'redirekt'; did you mean",
            id="unknown kind",
        ),
        pytest.param(
            PRACTICE + '[accounts.student]\nusername = "zz"\npassword = "env:FIRSTBELL_NOT_SET"\n',
            3,
            "env:FIRSTBELL_NOT_SET is not set; set the environment variable FIRSTBELL_NOT_SET",
            id="unresolvable secret",
        ),
        pytest.param(PRACTICE + '[store]\nurl = "./firstbell.toml"\n', 2, "cannot be written", id="unwritable store"),
        pytest.param(PRACTICE + '[store]\nurl = "gs://x"\n', 3, "gs:// is not supported", id="unknown store"),
        pytest.param(
            PRACTICE + '[browser]\nexecutable = "/no/such/chrome"\n',
            2,
            "/no/such/chrome is not a program",
            id="browser",
        ),
        pytest.param(
            PRACTICE + '[history]\nurl = "sqlite:////proc/history.db"\n',
            2,
            "history.url: /proc/history.db cannot be created",
            id="history",
        ),
    ],
)
def test_user_mistake_is_one_sentence_and_leaves_no_evidence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None, code: int, message: str
) -> None:
    if text is not None:
        (tmp_path / "firstbell.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["run"])
    assert isinstance(done.exception, SystemExit), done.exception
    assert message in done.stderr
    assert done.exit_code == code
    assert not done.stdout
    assert not (tmp_path / "evidence" / "runs").exists()


@pytest.mark.browser
def test_district_without_shipped_journeys_reads_how_to_begin(firstbell: Firstbell, tmp_path: Path) -> None:
    library = '[school]\nname = "B"\ntimezone = "UTC"\n[services.library]\nowner = "o"\nurl = "http://localhost:1"\n'
    (tmp_path / "firstbell.toml").write_text(library)
    done = firstbell("run")
    assert done.returncode == 3
    assert "no journey is enabled, because the shipped journeys need services that are not configured" in sentence(done)
    assert "firstbell new NAME" in sentence(done)
    named = firstbell("run", "sign-in")
    assert named.returncode == 3
    assert "relies on the service 'edge', which is not configured; add [services.edge]" in sentence(named)
    assert "not scheduled without [services.edge]" in firstbell("schedule", COLUMNS="200").stdout


@pytest.mark.browser
def test_unknown_journey_is_refused_with_the_known_names(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(PRACTICE)
    done = firstbell("run", "life-class")
    assert done.returncode == 3
    assert (
        "no journey is called 'life-class'; there are: class-list, live-class, plan-b, room-class, sign-in"
        in sentence(done)
    )


def test_missing_browser_is_reported_with_the_command_to_install(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(PRACTICE)
    done = firstbell("run", PATH=str(tmp_path), PLAYWRIGHT_BROWSERS_PATH=str(tmp_path))
    assert done.returncode == 2
    assert "no browser found; run: firstbell browser install" in sentence(done)


def test_init_leaves_an_existing_file_unchanged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text("# mine\n")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["init"])
    assert done.exit_code == 3
    assert "was left as it is" in done.stderr
    assert (tmp_path / "firstbell.toml").read_text() == "# mine\n"


def test_practice_break_without_a_school_says_how_to_open_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["practice", "break", "slow"])
    assert done.exit_code == 2
    assert "start one with: firstbell practice" in done.stderr


def test_output_to_a_pipe_has_no_colours(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(PRACTICE)
    assert "\x1b[" not in firstbell("runs").stdout
    assert os.environ.get("FORCE_COLOR") is None
