"""Tests of the drill and the demo as commands."""

from __future__ import annotations

import json
from pathlib import Path

from tests.end_to_end.conftest import Firstbell
from tests.support.receivers import http_receiver, mail_server

CONFIG = """\
[school]
name = "Bayfront"
timezone = "America/New_York"
practice = true

[alarms.mail]
port = {port}

[[alarms.routes]]
name = "vendor"
to = ["webhook:{hook}"]
services = ["sign-in"]

[[alarms.routes]]
name = "it"
to = ["smtp:it@district.example"]
"""
MOMENTS = ["fault", "detected", "confirmed", "opened", "delivered", "healed", "closed", "told that it is over"]


def test_drill_reaches_every_route_and_times_each_moment(firstbell: Firstbell, tmp_path: Path) -> None:
    with http_receiver() as hook, mail_server() as mail:
        (tmp_path / "firstbell.toml").write_text(CONFIG.format(port=mail.port, hook=hook.url))
        done = firstbell("drill", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert list(document["legs"]) == MOMENTS
    assert sorted(document["legs"].values()) == list(document["legs"].values()), (
        "a moment is earlier than the one before it"
    )
    assert [json.loads(body)["type"] for _, body in hook.posts] == [
        "firstbell.incident.opened",
        "firstbell.incident.closed",
    ]
    assert all(b"Subject: [drill] [" in letter for letter in mail.letters)
    assert len(mail.letters) == 2
    assert not (tmp_path / ".firstbell" / "history.db").exists(), "a drill has written into the district's own history"


def test_drill_reports_notices_that_were_not_delivered(firstbell: Firstbell, tmp_path: Path) -> None:
    with http_receiver() as hook, mail_server() as mail:
        hook.answers = [(410, {})] * 9
        (tmp_path / "firstbell.toml").write_text(CONFIG.format(port=mail.port, hook=hook.url))
        done = firstbell("drill")
    assert done.returncode == 1
    assert "Not every notice was delivered." in done.stdout
    assert "127.0.0.1 answered 410" in done.stdout


def test_demo_shows_the_alarm_beside_a_configuration(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(CONFIG.format(port=9, hook="http://127.0.0.1:9/"))
    done = firstbell("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[critical] The class list is empty (live-class)" in done.stdout
    assert "s after the fault" in done.stdout
    assert "[closed]" in done.stdout
    assert not (tmp_path / ".firstbell" / "history.db").exists(), "the demo's incidents are in the district's history"
