"""Tests of the drill and the demo as commands."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from firstbell.runner.alarms.message import Message
from firstbell.runner.alarms.outbox import DeliveryState, QueuedNotice
from firstbell.runner.alarms.routing import NoticeKind, Severity
from firstbell.runner.cli.practice import drill as module
from firstbell.runner.history.alarms.outbox import OutboxEntry
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


def test_drill_reports_notices_that_were_not_delivered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notices of a drill are given: the test above plays one."""
    at = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
    message = Message(
        kind=NoticeKind.OPENED,
        severity=Severity.CRITICAL,
        incident=1,
        thread="firstbell-1",
        subject="[critical] The class list is empty",
        rows=(),
        service="platform",
        owner="Platform",
        at=at,
        since=at,
        good_until=at,
    )
    notice = QueuedNotice(
        id=1, key="1", incident=1, route="it", address="smtp:it", message=message, picture="", tries=0, made_at=at
    )
    taken = OutboxEntry(notice=notice, state=DeliveryState.DELIVERED, due_at=at, said="", delivered_at=at)
    refused = replace(taken, state=DeliveryState.DEAD, said="127.0.0.1 answered 410", delivered_at=None)
    monkeypatch.setattr(module, "open_local_runner", lambda *_, **__: nullcontext())
    monkeypatch.chdir(tmp_path)
    for notices, code, sentence in (
        ([taken], 0, "Every notice was delivered"),
        ([taken, refused], 1, "127.0.0.1 answered 410"),
        ([taken, refused], 1, "Not every notice was delivered."),
        ([], 1, "Not every notice was delivered."),
    ):
        monkeypatch.setattr(module, "_drill", lambda *_, notices=notices, **__: notices)
        done = CliRunner().invoke(module.drill, [])
        assert (done.exit_code, sentence in done.output) == (code, True), done.output


def test_demo_shows_the_alarm_beside_a_configuration(firstbell: Firstbell, tmp_path: Path) -> None:
    (tmp_path / "firstbell.toml").write_text(CONFIG.format(port=9, hook="http://127.0.0.1:9/"))
    done = firstbell("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[critical] The class list is empty (live-class)" in done.stdout
    assert "s after the fault" in done.stdout
    assert "[closed]" in done.stdout
    assert not (tmp_path / ".firstbell" / "history.db").exists(), "the demo's incidents are in the district's history"
