"""Rehearsals of a district's own journeys in plain Playwright, on a room with a lobby that counts who is in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from firstbell.runner.app.build import district_of
from firstbell.runner.cli.play.rehearse_checks import cast_of, criteria_of, titles_of
from firstbell.runner.config.load import parse
from firstbell.runner.execution.supervision.protocol import JourneyInfo, WorkerSetup
from firstbell.runner.rehearsal.arrivals import arrivals
from firstbell.runner.rehearsal.document import CostRow, RecordRow, RehearsalOutcome
from firstbell.runner.rehearsal.processes.protocol import FromPlayers, StepPlayed
from firstbell.runner.rehearsal.run import ProgressListener, RehearsalPlan, conclude, rehearse
from firstbell.runner.rehearsal.transcript import Transcript

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><title>Room</title><p role=status>Waiting</p><p data-testid=code>room-%(code)s</p><div></div>
<script>
const me = %(me)r, [status, list] = [document.querySelector("[role=status]"), document.querySelector("div")];
setInterval(async () => {
  const { inside, waiting } = await (await fetch("/people")).json();
  if (inside.includes(me)) status.textContent = "In class";
  for (const name of waiting) {
    if (me !== "Ms Host" || [...list.children].some((button) => button.textContent === `Admit ${name}`)) continue;
    const button = list.appendChild(document.createElement("button"));
    button.textContent = `Admit ${name}`;
    button.onclick = () => fetch("/admit?name=" + encodeURIComponent(name)).then(() => button.remove());
  }
}, 100);
addEventListener("pagehide", () => navigator.sendBeacon("/out?name=" + encodeURIComponent(me)));
</script>"""


class Lobby:
    """A room over HTTP: whoever does not say goodbye stays in it for ever."""

    def __init__(self) -> None:
        self.inside: list[str] = []
        self.waiting: list[str] = []
        self.most = 0
        lobby = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path, asked = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
                lobby.hears(path, asked.get("name", ""))
                if path == "/people":
                    text = f'{{"inside": {lobby.inside}, "waiting": {lobby.waiting}}}'.replace("'", '"')
                    self.answer(text, "application/json")
                else:
                    self.answer(PAGE % {"code": "7", "me": asked.get("name", "")}, "text/html")

            do_POST = do_GET  # noqa: N815  # a beacon is a POST

            def answer(self, text: str, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hears(self, path: str, name: str) -> None:
        match path:
            case "/new" | "/admit":
                self.inside.append(name)
                self.waiting = [other for other in self.waiting if other != name]
            case "/room":
                self.waiting.append(name)
            case "/out":
                self.inside = [other for other in self.inside if other != name]
                self.waiting = [other for other in self.waiting if other != name]
        self.most = max(self.most, len(self.inside))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


JOURNEYS = """
import pytest
from playwright.sync_api import expect
from rooms import admit, status


@pytest.mark.journey("lesson", relies_on=["rooms"])
def test_lesson(teacher, student, school, desk):
    url = school.service("rooms").url
    with teacher.step("opens a room", relies_on="rooms"):
        teacher.page.goto(f"{url}/new?name={teacher.account.display_name}")
        code = teacher.page.get_by_test_id("code").inner_text()
    with student.step("asks to come in", relies_on="rooms"):
        desk.page.goto(f"{url}/room?code={code}&name={student.account.display_name}")
        expect(status(student)).to_have_text("Waiting")
        assert code == "room-7"
    with teacher.step("admits the student", relies_on="rooms"):
        admit(teacher, student)
    with student.step("is in the class", relies_on="rooms"):
        expect(status(student)).to_have_text("In class")


@pytest.mark.journey("broken-lesson", relies_on=["rooms"])
def test_broken_lesson(teacher, student, school, desk):
    test_lesson(teacher, student, school, desk)
    with teacher.step("ends the lesson", relies_on="rooms"):
        expect(status(teacher)).to_have_text("Ended", timeout=500)


@pytest.mark.journey("visit", relies_on=["rooms"])
def test_visit(student, school):
    with student.step("waits outside", relies_on="rooms"):
        student.page.goto(f"{school.service('rooms').url}/room?name={student.account.display_name}")
        expect(status(student)).to_have_text("Waiting")
"""
HELPERS = """
def status(actor):
    return actor.page.get_by_role("status")


def admit(teacher, student):
    teacher.page.get_by_role("button", name=f"Admit {student.account.display_name}", exact=True).click()
"""
CONFTEST = """
import pytest


class Desk:
    def __init__(self, page):
        self.page = page


@pytest.fixture
def desk(student):
    yield Desk(student.page)
"""
STUDENTS = 3


@pytest.fixture(scope="module")
def lobby() -> Iterator[Lobby]:
    lobby = Lobby()
    yield lobby
    lobby.close()


@pytest.fixture(scope="module")
def config_file(lobby: Lobby, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("district")
    (folder / "journeys").mkdir()
    for name, text in {"test_lessons": JOURNEYS, "rooms": HELPERS, "conftest": CONFTEST}.items():
        (folder / "journeys" / f"{name}.py").write_text(text)
    people = {"teacher": "Ms Host", **{f"student{n}": f"Kid {n}" for n in range(1, STUDENTS + 1)}}
    accounts = "".join(
        f'[accounts.{name}]\nrole = "{name.rstrip("123")}"\nusername = "zz.{name}"\n'
        f'display_name = "{shown}"\npassword = "env:FIRSTBELL_NOBODY"\n'
        for name, shown in people.items()
    )
    (folder / "firstbell.toml").write_text(
        '[school]\nname = "Own"\ntimezone = "UTC"\njourneys = ["journeys"]\n'
        f'[services.rooms]\nowner = "us"\nurl = "{lobby.url}"\n[browser]\nstep_limit = "5s"\n{accounts}'
    )
    return folder / "firstbell.toml"


def ignore_progress(_message: FromPlayers, _transcript: Transcript) -> None:
    """A listener that does nothing."""


def played(
    config_file: Path,
    folder: Path,
    journey: str,
    *,
    listener: ProgressListener = ignore_progress,
    hosts: tuple[str, ...] = ("teacher",),
) -> RecordRow:
    text = config_file.read_text()
    students = [f"student{n}" for n in range(1, STUDENTS + 1)]
    plan = RehearsalPlan(
        journey=journey,
        arrivals=arrivals({host: host for host in hosts}, students, ramp_s=1.0, workers=2),
        ramp_s=1.0,
        rounds=1,
        stay_s=0.5,
        cost=CostRow(arriving_s=2.0, staying_share=0.3, memory_mib=100.0),
        cores=2,
        carries=3,
        log=folder / "rehearsal.log",
        folder=folder / "rehearsals",
    )
    district = district_of(parse(text, config_file), None)
    return rehearse(plan, district, WorkerSetup(config=config_file, text=text), practice=None, listener=listener)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTBELL_NOBODY", "correct horse")


def test_lesson_with_a_lobby_is_played_by_one_teacher_and_many_students(
    config_file: Path, lobby: Lobby, tmp_path: Path
) -> None:
    lobby.most = 0
    record = played(config_file, tmp_path, "lesson")
    assert [(person.actor, person.said) for person in record.people if person.outcome != "passed"] == []
    assert record.steps == ("asks to come in", "is in the class")
    assert [step.title for person in record.host_rows for step in person.steps] == [
        "opens a room",
        "admits the student",
    ]
    # All were in it at once, and nobody has stayed behind though the journey never leaves.
    assert (lobby.most, lobby.inside, lobby.waiting) == (STUDENTS + 1, [], [])
    info = JourneyInfo(
        id="lesson",
        title="",
        relies_on=(),
        roles=("teacher", "student"),
        file=str(config_file.parent / "journeys" / "test_lessons.py"),
        line=1,
    )
    assert cast_of(info).hosts == ("teacher",)
    criteria = criteria_of(parse(config_file.read_text(), config_file), titles_of(info, ()))
    document = conclude(record, criteria, None)
    assert document.verdict is RehearsalOutcome.GO
    titles = [row.title for row in document.criteria]
    assert titles[:2] == ["students who passed every step", "rounds that the teacher played to the end"]


def test_nobody_stays_behind_after_a_failure(config_file: Path, lobby: Lobby, tmp_path: Path) -> None:
    record = played(config_file, tmp_path, "broken-lesson")
    assert {person.outcome for person in record.people} == {"failed"}
    teacher = record.host_rows[0]
    assert teacher.failing is not None
    assert teacher.failing.title == "ends the lesson"
    assert (lobby.inside, lobby.waiting) == ([], [])


def test_nobody_stays_behind_after_an_interruption(config_file: Path, lobby: Lobby, tmp_path: Path) -> None:
    there: list[str] = []

    def stop(message: FromPlayers, _transcript: Transcript) -> None:
        if isinstance(message, StepPlayed) and message.title == "admits the student":
            there.extend(lobby.inside)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        played(config_file, tmp_path, "lesson", listener=stop)
    assert "Ms Host" in there
    assert (lobby.inside, lobby.waiting) == ([], [])


def test_students_alone_need_no_teacher(config_file: Path, lobby: Lobby, tmp_path: Path) -> None:
    record = played(config_file, tmp_path, "visit", hosts=())
    assert [person.outcome for person in record.people] == ["passed"] * STUDENTS
    assert (lobby.inside, lobby.waiting) == ([], [])
