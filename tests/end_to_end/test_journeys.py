"""Every shipped journey passes while all is well, and each fault breaks the right one at the right step."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from firstbell.artifacts.packing import unpack
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.journeys.practice.faults import FAULTS
from firstbell.runner.app.local_runner import LocalRunner
from firstbell.runner.execution.browsers.discovery import find_browser
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.outcome import Outcome
from tests.end_to_end.test_live_class_faults import DEGRADING, IN_CLASS

pytestmark = pytest.mark.browser

Play = Callable[[str], RunResult]

WHERE = {
    "portal-unreachable": ("sign-in", "student", "opens the portal", "ERR_CONNECTION_REFUSED"),
    "portal-cut": ("sign-in", "student", "opens the portal", "ERR_CONNECTION_RESET"),
    "captive-portal": ("sign-in", "student", "opens the portal", "Guest Wi-Fi"),
    "slow": ("sign-in", "student", "opens the portal", "Timeout"),
    "sign-in-refuses": ("sign-in", "student", "signs in", "Wrong username or password."),
    "sign-in-503": ("sign-in", "student", "signs in", "sign-in.localhost answered 503"),
    "sign-in-account-locked": ("sign-in", "student", "signs in", "This account is locked."),
    "sign-in-code-refused": ("sign-in", "student", "signs in", "That code is not valid."),
    "sign-in-device-certificate": ("sign-in", "student", "signs in", "sign-in.localhost answered 403"),
    "token-broken": ("sign-in", "student", "signs in", "portal.localhost answered 502"),
    "platform-500": ("class-list", "student", "sees today's classes", "learn.localhost answered 500"),
    "platform-429": ("class-list", "student", "sees today's classes", "learn.localhost answered 429"),
    "sessions-wrong-day": ("class-list", "student", "sees today's classes", "and today is"),
    "plan-b-503": ("plan-b", "teacher", "enters the meeting room", "meet.localhost answered 503"),
    "sessions-empty": ("live-class", "student", "finds the live session", "No classes today"),
    "lobby-stuck": ("live-class", "student", "joins", "Waiting for the teacher to open the class"),
    "no-media": ("live-class", "student", "sees and hears the teacher", "no network path was found for the media"),
    "teacher-black": ("live-class", "student", "sees and hears the teacher", "the picture is black"),
    "teacher-silent": ("live-class", "student", "sees and hears the teacher", "Hz is not heard"),
}

ELSEWHERE = {
    "stranger-comes-in",  # Not a failure: below.
    "session-link-dead",
    "portal-no-answer",  # Nothing but a time-out, which costs minutes here: the benchmark of the diagnosis plays them.
    "portal-half-pages",
    "sign-in-loop",
    "sign-in-slow",
    "platform-maintenance",
    "platform-slow",
    "platform-blank",
    "platform-forbids",
    "platform-cookie-lost",
    "outside-dropped",  # Not met by who stands inside.
    "outside-offline",
    *(name for name, fault in FAULTS.items() if fault.needs),
}
"""Faults that are not played here, and why."""


@pytest.fixture
def practice(opened: LocalRunner) -> PracticeSchool:
    assert opened.practice is not None
    return opened.practice


def test_all_shipped_journeys_pass_and_leave_what_they_should(opened: LocalRunner, play: Play) -> None:
    assert list(opened.pieces) == ["sign-in", "class-list", "live-class", "plan-b"]
    for name in opened.pieces:
        performed = play(name)
        assert performed.run.outcome is Outcome.PASSED, performed.document
        assert not performed.trouble


def kept(opened: LocalRunner, performed: RunResult) -> dict[str, bytes]:
    """A run's files as the store gives them back."""
    assert opened.uploader.finish(20) == ""
    store, run_id = opened.house.store, performed.run.id
    (name,) = [name for name in store.names("runs/") if name.endswith(f"{run_id}/run.json")]
    prefix = name.removesuffix("/run.json")
    return unpack(prefix, store.names(f"{prefix}/"), store.get)


def test_a_run_in_the_store_is_whole_and_matches_its_document(opened: LocalRunner, play: Play) -> None:
    files = kept(opened, play("live-class"))
    document = json.loads(files["run.json"])
    assert document["schema"] == "firstbell.run/1"
    assert document["outcome"] == "passed"
    for artifact in document["artifacts"]:
        assert hashlib.sha256(files[artifact["name"]]).hexdigest() == artifact["sha256"], artifact["name"]
    kinds = {(artifact["actor"], artifact["kind"]) for artifact in document["artifacts"]}
    wanted = {"trace", "screenshot", "console", "network", "har", "figures", "frame"}
    assert kinds == {(actor, kind) for actor in ("teacher", "student") for kind in wanted}
    assert abs(document["attempts"][0]["clock_offset_s"]) <= 1.5  # Everybody here goes by one clock.
    (student, teacher, again) = document["attempts"][0]["media"]
    assert [one["observer"] for one in (student, teacher, again)] == ["student", "teacher", "student"]
    assert student["path"]["protocol"] == "udp"
    assert student["phases"]["first_signed_ms"] > 0
    assert [one["fault"] for one in (student, teacher, again)] == [None] * 3
    manner = "chromium headless shell " if find_browser().is_shell else "chromium "
    assert re.fullmatch(rf"{manner}[\d.]+", document["attempts"][0]["browser"])


def test_the_switchboard_and_this_table_name_the_same_faults() -> None:
    assert {*WHERE, *IN_CLASS, *DEGRADING, *ELSEWHERE} == set(FAULTS)


def test_a_stranger_in_the_class_ends_the_run_and_leaves_no_picture_of_anybody(
    opened: LocalRunner, practice: PracticeSchool, play: Play
) -> None:
    practice.break_("stranger-comes-in")
    performed = play("live-class")
    document = performed.document
    assert performed.run.outcome is Outcome.ERRORED, document
    assert "privacy: a person who was not expected came into the class" in document.attempts[-1].said
    assert "Robin" not in document.model_dump_json()
    assert {artifact.kind for artifact in document.artifacts} <= {"network", "figures", "checks"}
    assert not list(opened.house.work.rglob("*.jpg"))
    practice.heal("stranger-comes-in")
    assert play("live-class").run.outcome is Outcome.PASSED


@pytest.mark.parametrize("fault", sorted(WHERE))
def test_each_fault_breaks_the_right_journey_at_the_right_step(
    fault: str, practice: PracticeSchool, play: Play
) -> None:
    journey, actor, step, said = WHERE[fault]
    practice.break_(fault)
    performed = play(journey)
    broke = performed.document.broke
    assert performed.run.outcome is Outcome.FAILED, performed.document
    assert broke is not None
    assert (broke.actor, broke.step, broke.service) == (actor, step, FAULTS[fault].service)
    assert said in broke.said
    practice.heal(fault)
    assert play(journey).run.outcome is Outcome.PASSED


def test_plan_b_works_while_everything_else_is_down(practice: PracticeSchool, play: Play) -> None:
    for fault in ("portal-unreachable", "sign-in-503", "sessions-empty", "no-media", "slow"):
        practice.break_(fault)
    assert play("plan-b").run.outcome is Outcome.PASSED


def test_a_failure_leaves_a_picture_of_everybody_and_points_to_the_one_that_matters(
    opened: LocalRunner, practice: PracticeSchool, play: Play
) -> None:
    practice.break_("sessions-empty")
    performed = play("live-class")
    failed = [part for part in performed.document.artifacts if part.name.endswith("-failed.jpg")]
    assert {part.actor for part in failed} == {"teacher", "student"}
    assert opened.uploader.finish(20) == ""
    pointers = dict(performed.pointers)
    assert Path(pointers["screenshot"]).is_file()
    assert pointers["trace"] == f"firstbell evidence {performed.run.id[-6:]} --open"


def test_no_password_is_in_anything_that_a_run_leaves(opened: LocalRunner, play: Play) -> None:
    known, files = opened.house.known, kept(opened, play("sign-in"))
    traces = [name for name in files if name.endswith("trace.zip")]
    assert len(traces) == 2
    for name, data in files.items():
        assert not known.found_in(data), name
    for name in traces:
        with zipfile.ZipFile(io.BytesIO(files[name])) as trace:
            text = b"".join(trace.read(member) for member in trace.namelist())
        assert b"zz.student01" in text or b"zz.rivera" in text
        assert not known.found_in(text)


class HealsBeforeTheSecond(SilentReporter):
    """Heals the school the moment that the confirming attempt begins."""

    def __init__(self, practice: PracticeSchool) -> None:
        self._practice = practice

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        super().began(journey, location, attempt, at)
        if attempt == 2:
            self._practice.heal_all()


def test_what_passes_when_it_is_played_again_is_flaky_and_keeps_both_attempts(
    opened: LocalRunner, practice: PracticeSchool
) -> None:
    practice.break_("sign-in-503")
    (piece,) = opened.chosen(["class-list"])
    first = opened.player.worker.pid
    performed = opened.play(piece, HealsBeforeTheSecond(practice))
    assert (performed.run.outcome, performed.run.flaky) == (Outcome.PASSED, True)
    assert [attempt.ending is None for attempt in performed.run.attempts] == [False, True]
    assert opened.player.worker.pid != first, "the second attempt is a fresh worker's"
    assert {artifact.name.split("/")[0] for artifact in performed.document.artifacts} == {"attempt-1", "attempt-2"}
    with_screencast = [a for a in performed.document.artifacts if a.kind == "trace" and a.name.startswith("attempt-2")]
    assert with_screencast
    (row,) = opened.house.history.recent(1, outcome="flaky")  # type: ignore[attr-defined]  # a RunHistory, by hand
    assert row.id == performed.run.id
