"""The running service with real receivers: a journey breaks, IT is alarmed, acknowledges it, asks its own monitor, and
learns that it is over."""

from __future__ import annotations

import email
import email.policy
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.support.receivers import MailServer, Receiver, http_receiver, mail_server

pytestmark = pytest.mark.browser

ALERTMANAGER = shutil.which("prometheus-alertmanager")
CONFIG = """\
[school]
name = "Practice"
timezone = "America/New_York"
practice = true
journeys = ["mine"]

[services.edge]
owner = "Contoso Learn"
contact = "support@contoso.example"

[watch]
workers = 1
grace = "6s"
stop_within = "20s"

[journeys.gate]
every = "8s"
deadline = "8s"
{others}

[alarms.mail]
port = {mail_port}
sender = "First Bell <bell@district.example>"

[[alarms.routes]]
name = "it"
to = ["smtp:it@district.example", "webhook:{hook}", {more}]

[[alarms.routes]]
name = "parents"
to = ["smtp:parents@district.example"]
public = true

[alarms.heartbeat]
url = "{heartbeat}/ping"
every = "1s"
"""
OTHERS = "\n".join(f"[journeys.{name}]\nenabled = false" for name in ("sign-in", "class-list", "live-class", "plan-b"))
GATE = '''"""Passes until a file exists."""
import pathlib

import pytest

@pytest.mark.journey("gate", relies_on=["edge", "live-class"])
def test_gate(student, school):
    with student.step("finds the class", relies_on="edge"):
        school.open_portal(student)
        assert not pathlib.Path({flag!r}).exists(), "the list is <b>empty</b>"
'''
FIRSTBELL = "from firstbell.runner.cli.main import main; main()"


def until(condition: Callable[[], Any], within_s: float, description: str) -> Any:
    """Waits until a condition is true, and returns its value; another process can only be polled."""
    deadline, pause = time.monotonic() + within_s, threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {description}"
        pause.wait(0.1)
    return found


@contextmanager
def alertmanager(folder: Path) -> Iterator[str]:
    """Runs Debian's Alertmanager on a free port."""
    assert ALERTMANAGER is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    (folder / "alertmanager.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    process = subprocess.Popen(
        [
            ALERTMANAGER,
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/alertmanager",
            f"--web.listen-address={address}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: _get(f"http://{address}/-/ready") is not None, 20, "Alertmanager is ready")
        yield f"http://{address}"
    finally:
        process.kill()
        process.wait()


def _alerts(address: str) -> list[dict[str, Any]]:
    """Returns the active alerts."""
    found: list[dict[str, Any]] = json.loads(_get(f"{address}/api/v2/alerts?active=true") or b"[]")
    return found


def _get(url: str) -> bytes | None:
    try:
        answer = urllib3.request("GET", url, retries=False, timeout=2.0)
    except urllib3.exceptions.HTTPError:
        return None
    return answer.data if answer.status == 200 else None


class District:
    """A folder with a configuration, the service that runs in it, and the receivers of its notices."""

    def __init__(self, folder: Path, mail: MailServer, hook: Receiver, heartbeat: Receiver, alerts: str) -> None:
        self.folder, self.mail, self.hook, self.heartbeat, self.alerts = folder, mail, hook, heartbeat, alerts
        self.flag = folder / "broken"
        (folder / "mine").mkdir()
        (folder / "mine" / "test_gate.py").write_text(GATE.format(flag=str(self.flag)))
        more = f'"alertmanager:{alerts}"' if alerts else ""
        text = CONFIG.format(
            others=OTHERS, mail_port=mail.port, hook=hook.url, heartbeat=heartbeat.url.rpartition("/")[0], more=more
        )
        (folder / "firstbell.toml").write_text(text)

    def firstbell(self, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", FIRSTBELL, *arguments],
            cwd=self.folder,
            capture_output=True,
            text=True,
            input=answer,
            timeout=60,
            check=False,
        )

    def letters(self) -> list[EmailMessage]:
        return [email.message_from_bytes(letter, policy=email.policy.default) for letter in self.mail.letters]

    def subjects(self, to: str = "it@district.example") -> list[str]:
        return [letter["Subject"] for letter in self.letters() if letter["To"] == to]


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    folder = tmp_path_factory.mktemp("district")
    with http_receiver() as hook, http_receiver() as heartbeat, mail_server() as mail:
        if ALERTMANAGER is None:
            yield from _watched(District(folder, mail, hook, heartbeat, ""))
            return
        with alertmanager(folder) as alerts:
            yield from _watched(District(folder, mail, hook, heartbeat, alerts))


def _watched(district: District) -> Iterator[District]:
    with (district.folder / "log.jsonl").open("wb") as log:
        service = subprocess.Popen([sys.executable, "-c", FIRSTBELL, "watch"], cwd=district.folder, stderr=log)
        try:
            yield district
        finally:
            service.send_signal(signal.SIGTERM)
            try:
                service.wait(30)
            finally:
                os.kill(service.pid, signal.SIGKILL) if service.poll() is None else None


def test_alarms_from_the_first_failure_to_the_closing(district: District) -> None:
    until(lambda: "/ping" in district.heartbeat.paths, 40, "the heartbeat after the first run")
    assert district.heartbeat.paths[0] == "/ping/start"
    until(lambda: district.firstbell("status", "--format", "nagios").returncode == 0, 30, "the status is ok")

    district.flag.touch()
    until(district.subjects, 60, "the mail about it")
    (letter,) = [mail for mail in district.letters() if mail["To"] == "it@district.example"]
    assert letter["Subject"].startswith('[critical] Student fails at "finds the class" (gate): Contoso Learn (edge)')
    page = letter.get_body(("html",))
    assert page is not None
    assert "&lt;b&gt;empty&lt;/b&gt;" in page.get_content()
    assert "live-class (cannot be tested while edge is broken)" in page.get_content()
    (picture,) = [part for part in letter.walk() if part.get_content_type() == "image/jpeg"]
    assert picture.get_content()[:2] == b"\xff\xd8"
    (event,) = [json.loads(body) for _, body in until(lambda: district.hook.posts, 10, "the webhook")]
    assert event["data"]["details"]["Call"] == "Contoso Learn, support@contoso.example"

    plugin = district.firstbell("status", "--format", "nagios")
    assert plugin.returncode == 2
    assert plugin.stdout.startswith("FIRSTBELL CRITICAL - gate broken by edge, Contoso Learn | 'gate@here'=")

    done = district.firstbell("ack", "1", "--why", "calling Contoso", "--by", "ana")
    assert "Incident 1 is acknowledged: ana" in done.stdout
    until(lambda: len(district.subjects()) == 2, 15, "the mail about the acknowledgement")
    assert district.subjects()[1].startswith("[acknowledged by ")
    assert "ana" in district.firstbell("incidents").stdout

    shown = district.firstbell("alarm", "publish", "1", answer="n\n")
    assert "Students may have trouble reaching our pages" in shown.stdout
    assert district.subjects("parents@district.example") == []
    district.firstbell("alarm", "publish", "1", "--yes")
    until(lambda: district.subjects("parents@district.example"), 15, "the notice to parents")

    district.flag.unlink()
    until(lambda: len(district.subjects()) == 3, 60, "the mail about the closing")
    assert district.subjects()[2].startswith("[closed]")
    story = district.firstbell("incidents", "1").stdout
    for text in ("opened: gate at here: confirmed", "acknowledged: by ana: calling Contoso", "closed: gate at here"):
        assert text in story
    assert district.letters()[-1]["In-Reply-To"] == letter["Message-ID"]


def test_alertmanager_gets_the_alert_and_its_end(district: District) -> None:
    if not district.alerts:
        pytest.skip("no Alertmanager on this machine; to run this test: apt-get install prometheus-alertmanager")
    district.flag.touch()
    alerts = until(lambda: _alerts(district.alerts), 60, "an alert in Alertmanager")
    assert alerts[0]["labels"]["service"] == "edge"
    summary = alerts[0]["annotations"]["summary"]
    assert summary.startswith("[critical] ")
    assert 'Student fails at "finds the class" (gate)' in summary
    district.flag.unlink()
    until(lambda: not _alerts(district.alerts), 90, "the alert is resolved")


def test_a_silence_suppresses_notices_but_not_the_status(district: District) -> None:
    sent = len(district.subjects())
    assert district.firstbell("silence", "add", "--until", "10m", "--why", "a test").returncode == 0
    district.flag.touch()
    until(lambda: district.firstbell("status", "--format", "nagios").returncode == 2, 60, "the status is critical")
    assert len(district.subjects()) == sent
    district.firstbell("silence", "end", "1")
    until(lambda: len(district.subjects()) > sent, 20, "the notice after the silence")
    district.flag.unlink()


def test_alarm_test_reports_the_result_of_each_channel(district: District) -> None:
    done = district.firstbell("alarm", "test", "--route", "it")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == (3 if district.alerts else 2)
    district.hook.answers = [(410, {})] * 5  # The service may send a closing meanwhile.
    done = district.firstbell("alarm", "test", "--route", "it")
    assert done.returncode == 1
    assert "127.0.0.1 answered 410" in done.stdout
