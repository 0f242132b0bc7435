"""Tests that every shipped journey passes without faults, and that each fault breaks the right journey and step."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from firstbell.artifacts.packing import unpack
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.journeys.practice.faults import FAULTS
from firstbell.runner.app.local_runner import LocalRunner
from firstbell.runner.diagnosis.diagnosis import OF_ACCOUNT
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
    "captive-portal": ("sign-in", "student", "signs in", "Guest Wi-Fi"),
    "slow": ("sign-in", "student", "opens the portal", r"Timeout|was not loaded to its end"),
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

OTHER_LOCATION = {
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
def practice(opened: LocalRunner) -> Iterator[PracticeSchool]:
    assert opened.practice is not None
    yield opened.practice
    opened.practice.heal_all()


def test_shipped_journeys_pass_and_leave_their_evidence(opened: LocalRunner, play: Play) -> None:
    played = [name for name, entry in opened.entries.items() if entry.section.enabled]
    assert played == ["sign-in", "class-list", "live-class", "plan-b"]
    for name in played:
        result = play(name)
        assert result.run.outcome is Outcome.PASSED, result.document
        assert not result.problems


def kept(opened: LocalRunner, result: RunResult) -> dict[str, bytes]:
    """Returns a run's files as the store has them."""
    assert opened.uploader.finish(20) == ""
    store, run_id = opened.run_context.store, result.run.id
    (name,) = [name for name in store.names("runs/") if name.endswith(f"{run_id}/run.json")]
    prefix = name.removesuffix("/run.json")
    return unpack(prefix, store.names(f"{prefix}/"), store.get)


def test_run_in_the_store_is_complete_and_matches_its_document(opened: LocalRunner, play: Play) -> None:
    files = kept(opened, play("live-class"))
    document = json.loads(files["run.json"])
    assert document["schema"] == "firstbell.run/1"
    assert document["outcome"] == "passed"
    for artifact in document["artifacts"]:
        assert hashlib.sha256(files[artifact["name"]]).hexdigest() == artifact["sha256"], artifact["name"]
    kinds = {(artifact["actor"], artifact["kind"]) for artifact in document["artifacts"]}
    expected_artifacts = {"trace", "screenshot", "console", "network", "har", "figures", "frame"}
    assert kinds == {(actor, kind) for actor in ("teacher", "student") for kind in expected_artifacts}
    assert abs(document["attempts"][0]["clock_offset_s"]) <= 1.5  # Everybody here goes by one clock.
    (student, teacher, again) = document["attempts"][0]["media"]
    assert [one["observer"] for one in (student, teacher, again)] == ["student", "teacher", "student"]
    assert student["path"]["protocol"] == "udp"
    assert student["phases"]["first_signed_ms"] > 0
    assert [one["fault"] for one in (student, teacher, again)] == [None] * 3
    manner = "chromium headless shell " if find_browser().is_shell else "chromium "
    assert re.fullmatch(rf"{manner}[\d.]+", document["attempts"][0]["browser"])


def test_this_table_names_every_fault_of_the_practice_school() -> None:
    assert {*WHERE, *IN_CLASS, *DEGRADING, *OTHER_LOCATION} == set(FAULTS)


def test_stranger_in_the_class_ends_the_run_and_leaves_no_picture(
    opened: LocalRunner, practice: PracticeSchool, play: Play
) -> None:
    practice.break_("stranger-comes-in")
    result = play("live-class")
    document = result.document
    assert result.run.outcome is Outcome.ERRORED, document
    assert "privacy: a person who was not expected came into the class" in document.attempts[-1].said
    assert "Robin" not in document.model_dump_json()
    assert {artifact.kind for artifact in document.artifacts} <= {"network", "figures", "checks"}
    assert not list(opened.run_context.work.rglob("*.jpg"))
    practice.heal("stranger-comes-in")
    assert play("live-class").run.outcome is Outcome.PASSED


@pytest.mark.parametrize("fault", sorted(WHERE))
def test_each_fault_breaks_the_right_journey_at_the_right_step(
    fault: str, opened: LocalRunner, practice: PracticeSchool
) -> None:
    journey, actor, step, said = WHERE[fault]
    practice.break_(fault)
    result = opened.play(opened.chosen([journey])[0], SilentReporter(), confirm=False)
    broke = result.document.broke
    # One account that is refused is ours to mend; only where others are refused too is it the sign-in.
    is_of_account = FAULTS[fault].cause in {cause.value for cause in OF_ACCOUNT}
    assert result.run.outcome is (Outcome.ERRORED if is_of_account else Outcome.FAILED), result.document
    assert broke is not None
    assert (broke.actor, broke.step, broke.service) == (actor, step, FAULTS[fault].service)
    assert re.search(said, broke.said), broke.said


@pytest.mark.parametrize("journey", sorted({where[0] for where in WHERE.values()}))
def test_a_journey_passes_once_its_faults_are_healed(journey: str, practice: PracticeSchool, play: Play) -> None:
    faults = [fault for fault, where in WHERE.items() if where[0] == journey]
    for fault in faults:
        practice.break_(fault)
    for fault in faults:
        practice.heal(fault)
    assert play(journey).run.outcome is Outcome.PASSED


def test_plan_b_works_while_all_other_services_are_down(practice: PracticeSchool, play: Play) -> None:
    for fault in ("portal-unreachable", "sign-in-503", "sessions-empty", "no-media", "slow"):
        practice.break_(fault)
    assert play("plan-b").run.outcome is Outcome.PASSED


def test_failure_leaves_all_pictures_and_names_the_one_to_open_first(
    opened: LocalRunner, practice: PracticeSchool, play: Play
) -> None:
    practice.break_("sessions-empty")
    result = play("live-class")
    failed = [part for part in result.document.artifacts if part.name.endswith("-failed.jpg")]
    assert {part.actor for part in failed} == {"teacher", "student"}
    assert opened.uploader.finish(20) == ""
    pointers = dict(result.open_first)
    assert Path(pointers["screenshot"]).is_file()
    assert pointers["trace"] == f"firstbell evidence {result.run.id[-6:]} --open"


def test_evidence_of_a_run_has_no_password(opened: LocalRunner, play: Play) -> None:
    known, files = opened.run_context.known, kept(opened, play("sign-in"))
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
    """Removes the school's faults when the second attempt begins."""

    def __init__(self, practice: PracticeSchool) -> None:
        self._practice = practice

    def began(self, journey: str, location: str, attempt: int, at: datetime) -> None:
        super().began(journey, location, attempt, at)
        if attempt == 2:
            self._practice.heal_all()


def test_run_that_passes_at_its_second_attempt_is_flaky_with_both(
    opened: LocalRunner, practice: PracticeSchool
) -> None:
    practice.break_("sign-in-503")
    (entry,) = opened.chosen(["class-list"])
    first = opened.worker.worker.pid
    result = opened.play(entry, HealsBeforeTheSecond(practice))
    assert (result.run.outcome, result.run.flaky) == (Outcome.PASSED, True)
    assert [attempt.ending is None for attempt in result.run.attempts] == [False, True]
    assert opened.worker.worker.pid != first, "the second attempt is a fresh worker's"
    assert {artifact.name.split("/")[0] for artifact in result.document.artifacts} == {"attempt-1", "attempt-2"}
    with_screencast = [a for a in result.document.artifacts if a.kind == "trace" and a.name.startswith("attempt-2")]
    assert with_screencast
    (row,) = opened.run_context.history.recent(1, outcome="flaky")  # type: ignore[attr-defined]  # a RunHistory, by hand
    assert row.id == result.run.id
