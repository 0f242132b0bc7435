"""A rehearsal in real browsers: its figures beside the school's own counters, and its page in Chromium with axe."""

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
from firstbell.runner.rehearsal.processes.protocol import EVERYBODY, ActorLeft, ActorWaits, FromPlayers
from firstbell.runner.rehearsal.results.report import report_page
from firstbell.runner.rehearsal.results.store import RehearsalStore
from firstbell.runner.rehearsal.run import ProgressListener, RehearsalPlan, conclude, rehearse
from firstbell.runner.rehearsal.transcript import Transcript
from tests.end_to_end.conftest import Firstbell
from tests.support.sample_rehearsal import a_record, a_student, a_teacher

pytestmark = pytest.mark.browser

STUDENTS = ["student", "student2", "student3"]
# A busy machine is slow, and these tests are not about that.
PATIENT = Criteria(success=1.0, steps_s={}, latency_ms=60_000.0, frames_per_s=0.01)
IPAD_FALLS_SHORT = "iPad (gen 7)'s screen, touch and user agent in chromium, not its webkit engine"
# What axe calls serious or critical keeps people out.
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def school() -> Iterator[PracticeSchool]:
    with PracticeSchool.start() as school:
        yield school


def nobody(_message: FromPlayers, _minutes: Transcript) -> None:
    """Looks on and does nothing."""


def played(school: PracticeSchool, folder: Path, *, rounds: int = 1, onlooker: ProgressListener = nobody) -> RecordRow:
    bill = RehearsalPlan(
        journey="live-class",
        seats=arrivals("teacher", STUDENTS, ramp_s=3.0, workers=2),
        ramp_s=3.0,
        rounds=rounds,
        stay_s=3.0,
        cost=CostRow(arriving_s=2.0, staying_share=0.3, memory_mib=100.0),
        cores=2,
        carries=3,
        log=folder / "rehearsal.log",
        shelf=folder / "rehearsals",
    )
    district = district_of(embedded_district(), school.introduction)
    hello = WorkerSetup(config=None, practice=practice_address(school))
    return rehearse(bill, district, hello, practice=school, onlooker=onlooker)


def test_its_figures_are_those_that_the_school_counts_itself(school: PracticeSchool, tmp_path: Path) -> None:
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
    assert all(len(person.looks) == 2 and not person.looks[-1].fault for person in record.pupils)
    assert conclude(record, PATIENT, None).verdict is RehearsalOutcome.GO


def test_a_class_that_is_full_is_a_no_go_that_says_so(school: PracticeSchool, tmp_path: Path) -> None:
    school.break_("class-full")
    try:
        document = conclude(played(school, tmp_path), PATIENT, None)
    finally:
        school.heal_all()
    assert document.verdict is RehearsalOutcome.NO_GO
    failed = [person.failing for person in document.record.pupils if person.outcome == "failed"]
    assert failed
    assert {(step.title, step.sign) for step in failed if step} == {("joins", "capacity")}
    assert all(row.agrees for row in document.record.counted if row.title == "joins")
    # What remains of them, and only of them, is in the report.
    assert {person.actor for person in document.record.people if person.kept} == {
        person.actor for person in document.record.people if person.outcome == "failed"
    }
    shelf = RehearsalStore(tmp_path / "rehearsals")
    pictures = shelf.pictures(document.record)
    assert len(pictures) == len(failed)
    assert all(data.startswith(b"\xff\xd8") for data in pictures.values())
    page = report_page(document, PATIENT, ZoneInfo("UTC"), pictures)
    assert page.count("data:image/jpeg;base64,") == len(failed)
    console = [name for person in document.record.people for name in person.kept if name.endswith("console.json")]
    assert len(console) == len(failed)
    assert all((tmp_path / "rehearsals" / document.record.id / name).exists() for name in console)


def test_nothing_remains_of_a_class_into_which_a_stranger_came(school: PracticeSchool, tmp_path: Path) -> None:
    school.break_("stranger-comes-in")
    try:
        document = conclude(played(school, tmp_path), PATIENT, None)
    finally:
        school.heal_all()
    assert document.verdict is RehearsalOutcome.NO_GO
    assert any(step.is_private for person in document.record.people for step in person.steps)
    assert [person.kept for person in document.record.people if person.kept] == []
    assert [file for file in (tmp_path / "rehearsals").rglob("*") if file.is_file()] == []


def _players() -> list[psutil.Process]:
    """The processes that play, as they were started."""
    found = [one for one in psutil.Process().children() if "firstbell.runner.app.rehearsal_main" in _words(one)]
    return sorted(found, key=lambda one: one.create_time())


def test_players_that_are_killed_are_an_error_of_ours_and_the_others_go_home(
    school: PracticeSchool, tmp_path: Path
) -> None:
    def kill(message: FromPlayers, _minutes: Transcript) -> None:
        if isinstance(message, ActorWaits) and message.cue == EVERYBODY and message.actor == "student 1":
            _players()[1].kill()

    record = played(school, tmp_path, rounds=2, onlooker=kill)
    assert {person.actor: person.outcome for person in record.people} == {
        "teacher": "passed",
        "student 1": "errored",
        "student 2": "passed",
        "student 3": "errored",
    }
    assert conclude(record, PATIENT, None).verdict is RehearsalOutcome.LIMITED
    assert _players() == []
    assert not [one for one in psutil.Process().children(recursive=True) if "type=renderer" in _words(one)]


def test_players_that_die_when_their_people_have_left_cost_the_rounds_to_come(
    school: PracticeSchool, tmp_path: Path
) -> None:
    gone: list[str] = []

    def kill(message: FromPlayers, _minutes: Transcript) -> None:
        if isinstance(message, ActorLeft):
            gone.append(message.actor)
            # Both whom the second process plays are at home; the teacher has still to end the class.
            if message.actor != "teacher" and {"student 1", "student 3"} <= set(gone) and len(_players()) > 1:
                _players()[1].kill()

    record = played(school, tmp_path, rounds=2, onlooker=kill)
    assert {(person.round, person.outcome) for person in record.people} == {(1, "passed")}
    document = conclude(record, PATIENT, None)
    assert (document.verdict, "rounds played: 1 of 2" in document.said) == (RehearsalOutcome.LIMITED, True)


def _words(process: psutil.Process) -> str:
    """How a process was started; nothing of one that has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_more_than_this_machine_carries_is_refused_and_so_are_accounts_that_do_not_exist(
    firstbell: Firstbell, tmp_path: Path
) -> None:
    (tmp_path / "firstbell.toml").write_text('[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n')
    too_many = firstbell("rehearse", "live-class", "--students", "9")
    assert too_many.returncode == 3
    assert "9 accounts with the role student are needed, and there are 8; add [accounts.NAME]" in too_many.stderr
    own = firstbell("rehearse", "our-own", "--students", "2")
    assert own.returncode == 3
    assert own.stderr == 'firstbell: only "live-class" can be rehearsed; play "our-own" with: firstbell run our-own\n'
    pair = firstbell("rehearse", "live-class", "--teachers", "2", "--students", "2")
    assert pair.returncode == 3
    assert pair.stderr == "firstbell: a rehearsal has 1 teacher, not 2; leave out --teachers\n"
    nowhere = firstbell("rehearse", "live-class", "--students", "2", "--report", "nowhere/report.html")
    assert nowhere.returncode == 2
    assert "there is no folder" in nowhere.stderr
    unwritable = firstbell("rehearse", "live-class", "--students", "2", "--junit", f"{'x' * 300}.xml")
    assert unwritable.returncode == 2
    assert "cannot be written: File name too long" in unwritable.stderr
    at_once = firstbell("rehearse", "live-class", "--students", "8", "--ramp", "1s")
    assert at_once.returncode == 2
    assert "this machine is forecast to carry about" in at_once.stderr
    assert "(--anyway): the report will say whether" in at_once.stderr
    with (tmp_path / "firstbell.toml").open("a") as file:
        file.write('[journeys.live-class]\nbrowser = "firefox"\n')
    elsewhere = firstbell("rehearse", "live-class", "--students", "2", "--anyway")
    assert elsewhere.returncode == 3
    assert "journeys.live-class.browser: a rehearsal runs in one browser, that of [browser]" in elsewhere.stderr
    assert not (tmp_path / ".firstbell" / "rehearsals").exists()


def test_another_rehearsal_cannot_have_the_same_people(school: PracticeSchool, tmp_path: Path) -> None:
    district, database = (
        district_of(embedded_district(), school.introduction),
        Database(f"sqlite:///{tmp_path / 'h.db'}"),
    )
    places = arrivals("teacher", STUDENTS, ramp_s=3.0, workers=2)
    kept_twice = ExitStack()
    kept_twice.enter_context(_locked_accounts(database, district, places, lease_s=60.0))
    with pytest.raises(AccountsBusy, match="in use by another run"):
        kept_twice.enter_context(_locked_accounts(database, district, places, lease_s=60.0))
    kept_twice.close()
    with _locked_accounts(database, district, places, lease_s=60.0):
        pass
    database.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 2), (signal.SIGTERM, 143)])
def test_whoever_stops_it_gets_no_verdict_and_nobody_and_nothing_is_left(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    (tmp_path / "firstbell.toml").write_text('[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n')
    command = [sys.executable, "-c", "from firstbell.runner.cli.main import main; main()", "rehearse", "live-class"]
    asked = ("--students", "2", "--ramp", "2s", "--stay", "60s", "--anyway")
    with subprocess.Popen(
        [*command, *asked], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as going:
        assert going.stdout is not None
        # Everybody is in class once two students wait there; their screens say so, and the processes are theirs.
        family = psutil.Process(going.pid)
        _until(lambda: sum("type=renderer" in _words(one) for one in family.children(recursive=True)) >= 2)
        _until(lambda: sum("rehearsal_process" in _words(one) for one in family.children()) == 2)
        below = family.children(recursive=True)
        database = Database(f"sqlite:///{tmp_path / '.firstbell' / 'history.db'}")
        assert len(_locked(database)) == 4  # A teacher, two students, and the class.
        going.send_signal(number)
        _, said = going.communicate(timeout=60)
    assert going.returncode == code
    assert "stopped: all participants left, and no result was kept" in said
    assert [one for one in below if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []
    assert not (tmp_path / ".firstbell" / "rehearsals").exists()
    assert _locked(database) == []
    database.close()


def _locked(database: Database) -> list[str]:
    """What is held, by whomever; unlike what plays, this does not give back what the dead held."""
    with database.read() as connection:
        return list(connection.execute(select(locks.c.name)).scalars())


def _until(holds: Callable[[], bool]) -> None:
    """Wait for another process to come so far; it tells nobody."""
    deadline = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def axe(folder: Path) -> str:
    """axe-core's script, from the npm registry; skips where there is none to ask."""
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
def test_the_page_opens_without_network_and_axe_finds_nothing_serious(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    script = axe(tmp_path)
    people = [a_teacher(), *(a_student(n) for n in range(4)), a_student(4, outcome="failed", fails_at="joins")]
    document = conclude(a_record(people), criteria_of(embedded_district()), a_record(people))
    page_file = tmp_path / "report.html"
    page_file.write_text(report_page(document, criteria_of(embedded_district()), ZoneInfo("UTC")))
    said: list[str] = []
    asked: list[str] = []
    # The page forbids scripts, and axe is one.
    with browser.new_context(bypass_csp=True, color_scheme=scheme) as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
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
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_the_command_ends_with_its_verdict_and_leaves_its_papers(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(
        '[school]\nname = "P"\ntimezone = "UTC"\npractice = true\n'
        "[rehearsal]\nlatency_ms = 60000\nframes_per_s = 0.01\n[rehearsal.steps]\njoins = '60s'\n"
        '[accounts.student]\nusername = "zz.student01"\ndisplay_name = "Ada Zz"\n'
        'password = "practice:student#password"\ndevice = "iPad (gen 7)"\n'
    )
    earlier = conclude(a_record([a_teacher(), *(a_student(n) for n in range(6))]), PATIENT, None)
    RehearsalStore(tmp_path / ".firstbell" / "rehearsals").keep(earlier)
    asked = ("rehearse", "live-class", "--students", "2", "--ramp", "2s", "--stay", "2s", "--anyway", "--json")
    done = firstbell(*asked, "--report", "report.html", "--junit", "junit.xml")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert (told["verdict"], told["comparison"]["previous"]) == ("go", earlier.record.id)
    assert (tmp_path / ".firstbell" / "rehearsals" / f"{told['record']['id']}.json").exists()
    held = {person["actor"]: person["played_with"] for person in told["record"]["people"]}
    assert held.pop("student 1") == f"{told['record']['browser']} (student 1: {IPAD_FALLS_SHORT})"
    assert set(held.values()) == {told["record"]["browser"]}
    assert IPAD_FALLS_SHORT.replace("'", "&#39;") in (tmp_path / "report.html").read_text()
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "junit.xml").exists()
    # A disk that is full when all is over costs a paper, and not the verdict.
    full = firstbell(*asked, "--report", "/dev/full", "--junit", "again.xml")
    assert (full.returncode, json.loads(full.stdout)["verdict"]) == (0, "go")
    assert "the result is final, but /dev/full could not be written: No space left on device" in full.stderr
    assert (tmp_path / "again.xml").exists()
