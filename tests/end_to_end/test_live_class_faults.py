"""Tests real faults of a live class: the step that fails, the media proof, and how soon."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from firstbell.journeys.media.degraded import Degradation, QualityThresholds, Shortfall, degradations
from firstbell.journeys.media.proof import MediaFault, MediaProof
from firstbell.journeys.practice.client import PracticeSchool
from firstbell.journeys.practice.faults import FAULTS
from firstbell.runner.app.local_runner import LocalRunner, open_local_runner
from firstbell.runner.config.load import load
from firstbell.runner.execution.runs.reporter import SilentReporter
from firstbell.runner.execution.runs.run_result import RunResult
from firstbell.runner.execution.supervision.protocol import FromWorker, StepBegan
from firstbell.runner.outcome import Outcome
from tests.support.earlier_passes import add_earlier_passes

pytestmark = pytest.mark.browser

LIMIT_S = 20
CONFIG = f"""\
[school]
name = "Practice"
timezone = "America/New_York"
practice = true

[browser]
step_limit = "{LIMIT_S}s"
"""

Play = Callable[[], RunResult]


@dataclass(frozen=True, kw_only=True)
class Met:
    """The expected failure: the step and its message, the proof's fault, and the ICE facts."""

    actor: str
    step: str
    said: str
    fault: MediaFault | None = None
    ice_facts: Callable[[MediaProof], bool] = lambda _proof: True
    within_s: float = 8.0


def sees(
    said: str,
    fault: MediaFault,
    ice_facts: Callable[[MediaProof], bool],
    within_s: float = 8.0,
    step: str = "sees and hears the teacher",
) -> Met:
    return Met(actor="student", step=step, said=said, fault=fault, ice_facts=ice_facts, within_s=within_s)


IN_CLASS: Mapping[str, Met] = {
    "socket-refused": Met(actor="teacher", step="opens the class", said='"Connection lost. Reconnecting..."'),
    "class-full": Met(actor="student", step="joins", said='the room says "This class is full"', within_s=4),
    "wrong-class": sees("carries no signature of ours", MediaFault.SOMEONE_ELSE, lambda proof: proof.path is None),
    "one-way": sees("none has arrived from there", MediaFault.ONE_WAY, lambda proof: proof.path is not None),
    "teacher-frozen": sees(
        "s while packets arrive",
        MediaFault.FROZEN,
        lambda proof: proof.counted.video_packets > 0,
        within_s=13,
        step="still sees and hears the teacher",
    ),
    "turn-expired": sees(
        "the relay refuses its credentials (401)",
        MediaFault.RELAY_REFUSED,
        lambda proof: {error.code for error in proof.ice.errors} == {401} and not proof.ice.has_relay,
    ),
    "udp-blocked": sees(
        "no request by UDP was answered",
        MediaFault.UDP_BLOCKED,
        lambda proof: proof.ice.is_udp_unanswered and bool(proof.ice.received) and not proof.ice.has_relay,
        within_s=11,
    ),
}

DEGRADING = {"relay-only": [Shortfall.RELAY], "relay-tcp": [Shortfall.RELAY, Shortfall.TCP]}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRunner]:
    file = tmp_path_factory.mktemp("district") / "firstbell.toml"
    file.write_text(CONFIG)
    with open_local_runner(load(file), headed=False, quiet=True) as opened:
        add_earlier_passes(opened.runtime.database, ["live-class"], opened.location)
        yield opened


@pytest.fixture
def practice(opened: LocalRunner) -> Iterator[PracticeSchool]:
    assert opened.practice is not None
    yield opened.practice
    opened.practice.heal_all()


@pytest.fixture
def attend(opened: LocalRunner) -> Play:
    """Plays the live class, once."""
    return lambda: opened.play(opened.chosen(["live-class"])[0], SilentReporter(), confirm=False)


def path_of(proof: MediaProof) -> Any:
    assert proof.path is not None
    return proof.path.protocol, proof.path.local, proof.path.remote


def shortfalls(degraded: tuple[Degradation, ...]) -> list[Shortfall]:
    """Returns the shortfalls of the path: latency and frame rate depend on the load of this machine."""
    return [each.shortfall for each in degraded if each.shortfall in (Shortfall.RELAY, Shortfall.TCP)]


@pytest.mark.parametrize("fault", IN_CLASS)
def test_fault_of_the_class_is_identified_soon(fault: str, practice: PracticeSchool, attend: Play) -> None:
    met = IN_CLASS[fault]
    practice.break_(fault)
    result = attend()
    broke = result.document.broke
    assert result.run.outcome is Outcome.FAILED, result.document
    assert broke is not None
    assert (broke.actor, broke.step, broke.service) == (met.actor, met.step, FAULTS[fault].service)
    assert met.said in broke.said
    (attempt,) = result.run.attempts
    assert attempt.failing_step is not None
    assert attempt.failing_step.ending is not None
    assert attempt.failing_step.ending.sign in ("", FAULTS[fault].cause)
    assert attempt.steps[-1].took_s < met.within_s, f"it was waited for, up to {LIMIT_S} s"
    proofs = [proof for proof in attempt.proofs if proof.fault is not None]
    assert [proof.fault for proof in proofs] == ([met.fault] if met.fault else [])
    assert all(met.ice_facts(proof) for proof in proofs), proofs


def test_class_passes_without_a_relay_once_its_faults_are_healed(practice: PracticeSchool, attend: Play) -> None:
    faults = [*IN_CLASS, *DEGRADING]
    for fault in faults:
        practice.break_(fault)
    for fault in faults:
        practice.heal(fault)
    healed = attend()
    assert healed.run.outcome is Outcome.PASSED, healed.document
    for proof in healed.run.attempts[0].proofs:
        assert path_of(proof) == ("udp", "host", "host")
        assert shortfalls(degradations(proof, QualityThresholds())) == []


@pytest.mark.parametrize("fault", DEGRADING)
def test_degraded_class_passes_and_is_reported(fault: str, practice: PracticeSchool, attend: Play) -> None:
    practice.break_(fault)
    result = attend()
    assert result.run.outcome is Outcome.PASSED, result.document
    assert FAULTS[fault].degrades
    (attempt,) = result.run.attempts
    for proof in attempt.proofs:
        assert path_of(proof) == ("tcp" if fault == "relay-tcp" else "udp", "relay", "relay")
        assert shortfalls(degradations(proof, QualityThresholds())) == DEGRADING[fault]


class HealsAfterAMoment(SilentReporter):
    """Removes the school's faults a moment after the teacher has gone to open the class."""

    def __init__(self, practice: PracticeSchool) -> None:
        self._healing = threading.Timer(1.5, practice.heal_all)

    def heard(self, message: FromWorker) -> None:
        if isinstance(message, StepBegan) and message.step.title == "opens the class":
            self._healing.start()


def test_room_that_is_lost_for_a_moment_is_entered(opened: LocalRunner, practice: PracticeSchool) -> None:
    practice.break_("socket-refused")
    (entry,) = opened.chosen(["live-class"])
    result = opened.play(entry, HealsAfterAMoment(practice), confirm=False)
    assert result.run.outcome is Outcome.PASSED, result.document
    (opening,) = [step for step in result.run.attempts[0].steps if step.step.title == "opens the class"]
    assert opening.took_s > 2, "it was refused once, and the page tried again"
