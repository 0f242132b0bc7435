"""Rehearsals in real browsers: figures against the school's counters, interruptions, and the page with axe."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner.app.build import district_of, practice_address
from firstbell.runner.app.open_config import embedded_district
from firstbell.runner.cli.play.rehearse import _locked_accounts
from firstbell.runner.cli.play.rehearse_checks import criteria_of
from firstbell.runner.execution.accounts.reservation import AccountsBusy
from firstbell.runner.execution.supervision.protocol import WorkerSetup
from firstbell.runner.history.database import Database
from firstbell.runner.history.tables.runs import locks
from firstbell.runner.rehearsal.arrivals import arrivals
from firstbell.runner.rehearsal.criteria import Criteria
from firstbell.runner.rehearsal.document import CostRow, RecordRow, RehearsalOutcome
from firstbell.runner.rehearsal.processes.protocol import STAY, ActorLeft, ActorWaits, FromPlayers
from firstbell.runner.rehearsal.results.report import report_page
from firstbell.runner.rehearsal.results.store import RehearsalStore
from firstbell.runner.rehearsal.run import ProgressListener, RehearsalPlan, conclude, rehearse
from firstbell.runner.rehearsal.transcript import Transcript
from tests.end_to_end.conftest import Firstbell
from tests.support.sample_rehearsal import a_record, a_student, a_teacher

pytestmark = pytest.mark.browser

STUDENTS = ["student", "student2", "student3"]
# Limits that even a slow machine meets.
LENIENT = Criteria(success=1.0, steps_s={}, latency_ms=60_000.0, frames_per_s=0.01)
IPAD_FALLS_SHORT = "iPad (gen 7)'s screen, touch and user agent in chromium, not its webkit engine"
# Violations of these levels keep people from using the page.
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def school() -> Iterator[PracticeSchool]:
    with PracticeSchool.start() as school:
        yield school


def ignore_progress(_message: FromPlayers, _transcript: Transcript) -> None:
    """A listener that does nothing."""


def played(
    school: PracticeSchool, folder: Path, *, rounds: int = 1, listener: ProgressListener = ignore_progress
) -> RecordRow:
    plan = RehearsalPlan(
        journey="live-class",
        arrivals=arrivals({"teacher": "teacher"}, STUDENTS, ramp_s=3.0, workers=2),
        ramp_s=3.0,
        rounds=rounds,
        stay_s=3.0,
        cost=CostRow(arriving_s=2.0, staying_share=0.3, memory_mib=100.0),
        cores=2,
        carries=3,
        log=folder / "rehearsal.log",
        folder=folder / "rehearsals",
    )
    district = district_of(embedded_district(), school.introduction)
    setup = WorkerSetup(config=None, practice=practice_address(school))
    return rehearse(plan, district, setup, practice=school, listener=listener)


def test_figures_match_the_schools_own_counters(school: PracticeSchool, tmp_path: Path) -> None:
    before = school.counters()
    record = played(school, tmp_path, rounds=2)
    counters = school.counters()
    assert [(person.actor, person.outcome, person.said) for person in record.people if person.outcome != "passed"] == []
    assert len(record.people) == 8
    assert {person.played_with for person in record.people} == {record.browser}
    joins = counters["live_class"]["joins"] - before["live_class"]["joins"]
    rows = {row.title: row for row in record.counted}
    assert (rows["joins"].measured, rows["joins"].counted) == (joins, joins)
    most = rows["most people at once"]
    assert (most.measured, most.counted) == (4, counters["live_class"]["peak_people"])
    frames = rows["frames of the teacher"]
    assert frames.counted == counters["live_class"]["frames_sent"]["teacher"]
    assert frames.agrees, frames
    # Six students, each in class for the three seconds of the stay at the very least.
    assert frames.measured > 6 * 3 * 5
    assert frames.tolerance < 0.5 * frames.measured
    assert joins == 8
    assert all(len(person.looks) == 2 and not person.looks[-1].fault for person in record.student_rows)
    assert conclude(record, LENIENT, None).verdict is RehearsalOutcome.GO


def test_full_class_is_a_no_go_with_the_reason(school: PracticeSchool, tmp_path: Path) -> None:
    school.break_("class-full")
    try:
        document = conclude(played(school, tmp_path), LENIENT, None)
    finally:
        school.heal_all()
    assert document.verdict is RehearsalOutcome.NO_GO
    failed = [person.failing for person in document.record.student_rows if person.outcome == "failed"]
    assert failed
    assert {(step.title, step.sign) for step in failed if step} == {("joins", "capacity")}
    assert all(row.agrees for row in document.record.counted if row.title == "joins")
    # The report has evidence of failed people only.
    assert {person.actor for person in document.record.people if person.kept} == {
        person.actor for person in document.record.people if person.outcome == "failed"
    }
    store = RehearsalStore(tmp_path / "rehearsals")
    pictures = store.pictures(document.record)
    assert len(pictures) == len(failed)
    assert all(data.startswith(b"\xff\xd8") for data in pictures.values())
    page = report_page(document, LENIENT, ZoneInfo("UTC"), pictures)
    assert page.count("data:image/jpeg;base64,") == len(failed)
    console = [name for person in document.record.people for name in person.kept if name.endswith("console.json")]
    assert len(console) == len(failed)
    assert all((tmp_path / "rehearsals" / document.record.id / name).exists() for name in console)


def test_class_with_an_unknown_person_leaves_no_evidence(school: PracticeSchool, tmp_path: Path) -> None:
    school.break_("stranger-comes-in")
    try:
        document = conclude(played(school, tmp_path), LENIENT, None)
    finally:
        school.heal_all()
    assert document.verdict is RehearsalOutcome.NO_GO
    assert any(step.is_private for person in document.record.people for step in person.steps)
    assert [person.kept for person in document.record.people if person.kept] == []
    assert [file for file in (tmp_path / "rehearsals").rglob("*") if file.is_file()] == []


def _players() -> list[psutil.Process]:
    """The player processes, in order of their start."""
    found = [
        process_
        for process_ in psutil.Process().children()
        if "firstbell.runner.app.rehearsal_main" in _command_line(process_)
    ]
    return sorted(found, key=lambda process_: process_.create_time())


def test_killed_player_process_is_an_error_and_others_finish(school: PracticeSchool, tmp_path: Path) -> None:
    def kill(message: FromPlayers, _transcript: Transcript) -> None:
        if isinstance(message, ActorWaits) and message.path == STAY and message.actor == "student 1":
            _players()[1].kill()

    record = played(school, tmp_path, rounds=2, listener=kill)
    assert {person.actor: person.outcome for person in record.people} == {
        "teacher": "passed",
        "student 1": "errored",
        "student 2": "passed",
        "student 3": "errored",
    }
    assert conclude(record, LENIENT, None).verdict is RehearsalOutcome.LIMITED
    assert _players() == []
    assert not [
        process_ for process_ in psutil.Process().children(recursive=True) if "type=renderer" in _command_line(process_)
    ]


def test_player_process_that_dies_late_loses_only_later_rounds(school: PracticeSchool, tmp_path: Path) -> None:
    gone: list[str] = []

    def kill(message: FromPlayers, _transcript: Transcript) -> None:
        if isinstance(message, ActorLeft):
            gone.append(message.actor)
            # Both people of the second process have left; the teacher has not ended the class yet.
            if message.actor != "teacher" and {"student 1", "student 3"} <= set(gone) and len(_players()) > 1:
                _players()[1].kill()

    record = played(school, tmp_path, rounds=2, listener=kill)
    assert {(person.round, person.outcome) for person in record.people} == {(1, "passed")}
    document = conclude(record, LENIENT, None)
    assert (document.verdict, "rounds played: 1 of 2" in document.said) == (RehearsalOutcome.LIMITED, True)


def _command_line(process: psutil.Process) -> str:
    """The command line of a process; empty if it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_too_many_students_and_missing_accounts_are_refused(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text('[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n')
    too_many = firstbell("rehearse", "live-class", "--students", "9")
    assert too_many.returncode == 3
    assert "9 accounts with the role student are needed, and there are 8; add [accounts.NAME]" in too_many.stderr
    own = firstbell("rehearse", "life-class", "--students", "2")
    assert own.returncode == 3
    assert own.stderr == 'firstbell: there is no journey "life-class"; did you mean "live-class"?\n'
    nowhere = firstbell("rehearse", "live-class", "--students", "2", "--report", "nowhere/report.html")
    assert nowhere.returncode == 2
    assert "there is no folder" in nowhere.stderr
    unwritable = firstbell("rehearse", "live-class", "--students", "2", "--junit", f"{'x' * 300}.xml")
    assert unwritable.returncode == 2
    assert "cannot be written: File name too long" in unwritable.stderr
    at_once = firstbell("rehearse", "live-class", "--students", "8", "--ramp", "1s")
    assert at_once.returncode == 2
    assert "this machine is forecast to carry about" in at_once.stderr
    assert "(--anyway): the report then says whether" in at_once.stderr
    with (tmp_path / "firstbell.toml").open("a") as file:
        file.write('[journeys.live-class]\nbrowser = "firefox"\n')
    elsewhere = firstbell("rehearse", "live-class", "--students", "2", "--anyway")
    assert elsewhere.returncode == 3
    assert "journeys.live-class.browser: a rehearsal runs in one browser, that of [browser]" in elsewhere.stderr
    assert not (tmp_path / ".firstbell" / "rehearsals").exists()


def test_second_rehearsal_cannot_use_the_same_accounts(school: PracticeSchool, tmp_path: Path) -> None:
    district, database = (
        district_of(embedded_district(), school.introduction),
        Database(f"sqlite:///{tmp_path / 'h.db'}"),
    )
    planned = arrivals({"teacher": "teacher"}, STUDENTS, ramp_s=3.0, workers=2)
    locked_twice = ExitStack()
    locked_twice.enter_context(_locked_accounts(database, district, planned, lease_s=60.0))
    with pytest.raises(AccountsBusy, match="another run is using the accounts"):
        locked_twice.enter_context(_locked_accounts(database, district, planned, lease_s=60.0))
    locked_twice.close()
    with _locked_accounts(database, district, planned, lease_s=60.0):
        pass
    database.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 2), (signal.SIGTERM, 143)])
def test_stopped_rehearsal_leaves_no_result_processes_or_files(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    (tmp_path / "firstbell.toml").write_text('[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n')
    command = [sys.executable, "-c", "from firstbell.runner.cli.main import main; main()", "rehearse", "live-class"]
    asked = ("--students", "2", "--ramp", "2s", "--stay", "60s", "--anyway")
    with subprocess.Popen(
        [*command, *asked], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        # Two renderers and both player processes are there.
        family = psutil.Process(process.pid)
        _until(
            lambda: sum("type=renderer" in _command_line(process_) for process_ in family.children(recursive=True)) >= 2
        )
        _until(lambda: sum("rehearsal_main" in _command_line(process_) for process_ in family.children()) == 2)
        below = family.children(recursive=True)
        database = Database(f"sqlite:///{tmp_path / '.firstbell' / 'history.db'}")
        assert len(_locked(database)) == 4  # A teacher, two students, and the class.
        process.send_signal(number)
        _, messages = process.communicate(timeout=60)
    assert process.returncode == code
    assert "stopped: all participants left, and no result was kept" in messages
    assert [process_ for process_ in below if process_.is_running() and process_.status() != psutil.STATUS_ZOMBIE] == []
    assert not (tmp_path / ".firstbell" / "rehearsals").exists()
    assert _locked(database) == []
    database.close()


def _locked(database: Database) -> list[str]:
    """All locks in the database; unlike the product, this does not release locks of dead owners."""
    with database.read() as connection:
        return list(connection.execute(select(locks.c.name)).scalars())


def _until(holds: Callable[[], bool]) -> None:
    """Waits until a condition about another process holds."""
    deadline = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def axe(folder: Path) -> str:
    """axe-core's script, from the npm registry; skips if the registry cannot be reached."""
    if shutil.which("npm") is None:
        pytest.skip("axe-core is not here: apt-get install npm, and let it reach its registry")
    packed = subprocess.run(
        ["npm", "pack", "axe-core@4", "--silent"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    if packed.returncode:
        pytest.skip(f"axe-core cannot be had: npm pack axe-core says {packed.stderr.strip()[:200]}")
    with tarfile.open(next(folder.glob("axe-core-*.tgz"))) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_needs_no_network_and_axe_finds_nothing_serious(browser: Browser, tmp_path: Path, scheme: str) -> None:
    script = axe(tmp_path)
    people = [a_teacher(), *(a_student(n) for n in range(4)), a_student(4, outcome="failed", fails_at="joins")]
    document = conclude(a_record(people), criteria_of(embedded_district()), a_record(people))
    page_file = tmp_path / "report.html"
    page_file.write_text(report_page(document, criteria_of(embedded_district()), ZoneInfo("UTC")))
    messages: list[str] = []
    asked: list[str] = []
    # The page forbids scripts, and axe is one.
    with browser.new_context(bypass_csp=True, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_file.as_uri())
        page.evaluate(script)
        found = page.evaluate("() => axe.run()")
        page.evaluate(
            "() => { document.querySelector('h1').style.color = '#eee'; document.documentElement.lang = ''; }"
        )
        broken = page.evaluate("() => axe.run()")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"] if v["impact"] in SERIOUS] == []
    assert {v["id"] for v in found["violations"]} <= {"region"}
    assert "html-has-lang" in {v["id"] for v in broken["violations"]}
    assert messages == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_command_prints_the_result_and_writes_its_outputs(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(
        '[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n'
        "[rehearsal]\nlatency_ms = 60000\nframes_per_s = 0.01\n[rehearsal.steps]\njoins = '60s'\n"
        '[accounts.student]\nusername = "zz.student01"\ndisplay_name = "Ada Zz"\n'
        'password = "practice:student#password"\ndevice = "iPad (gen 7)"\n'
    )
    earlier = conclude(a_record([a_teacher(), *(a_student(n) for n in range(6))]), LENIENT, None)
    RehearsalStore(tmp_path / ".firstbell" / "rehearsals").keep(earlier)
    asked = ("rehearse", "live-class", "--students", "2", "--ramp", "2s", "--stay", "2s", "--anyway", "--json")
    # A full disk at the end loses one output file, and not the result.
    done = firstbell(*asked, "--report", "report.html", "--junit", "/dev/full")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the result is final, but /dev/full could not be written: No space left on device" in done.stderr
    document = json.loads(done.stdout)
    assert (document["verdict"], document["comparison"]["previous"]) == ("go", earlier.record.id)
    assert (tmp_path / ".firstbell" / "rehearsals" / f"{document['record']['id']}.json").exists()
    browsers = {person["actor"]: person["played_with"] for person in document["record"]["people"]}
    assert browsers.pop("student 1") == f"{document['record']['browser']} (student 1: {IPAD_FALLS_SHORT})"
    assert set(browsers.values()) == {document["record"]["browser"]}
    assert IPAD_FALLS_SHORT.replace("'", "&#39;") in (tmp_path / "report.html").read_text()
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
