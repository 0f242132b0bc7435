"""Tests that a failure on an unhealthy machine blames no service, and one on a healthy machine stands."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from firstbell.journeys.stage.ending import Ending, EndingKind, private
from firstbell.journeys.stage.step import Step, StepRecord
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.facts import ProbeProblem
from firstbell.runner.execution.run import Attempt
from firstbell.runner.execution.runs import machine_load as machines
from firstbell.runner.execution.runs.machine_load import LagMeter, MachineMeter
from firstbell.runner.execution.runs.probe_health import MachineState, as_errored, probe_problem

GONE = Ending(kind=EndingKind.FAILED, said="in whatever words", unresolved="portal.x")
REFUSED = Ending(kind=EndingKind.FAILED, said="the page says ERR_NAME_NOT_RESOLVED")
EMPTY = Ending(kind=EndingKind.FAILED, said='the list says "No classes today"')


@pytest.mark.parametrize(
    ("ending", "machine", "why"),
    [
        pytest.param(EMPTY, MachineState(), None, id="a fit machine"),
        pytest.param(EMPTY, MachineState(lost_share=0.49, stolen_share=0.49), None, id="merely busy"),
        pytest.param(EMPTY, MachineState(lost_share=0.5), "worker or its browser waited 50%", id="starved"),
        pytest.param(EMPTY, MachineState(stolen_share=0.6), "starved: its host took 60%", id="stolen"),
        pytest.param(EMPTY, MachineState(disk_free_mib=3), "disk of this machine is full", id="full"),
        pytest.param(EMPTY, MachineState(memory_free_mib=10), "out of memory", id="out of memory"),
        pytest.param(GONE, MachineState(resolver_answers=False), "name server does not answer", id="no names"),
        pytest.param(GONE, MachineState(), None, id="the name is gone"),
        pytest.param(REFUSED, MachineState(resolver_answers=False), None, id="a sentence with that word is not a name"),
        pytest.param(EMPTY, MachineState(resolver_answers=False), None, id="names do not matter to an empty list"),
        pytest.param(
            Ending(kind=EndingKind.ERRORED, said="x"), MachineState(lost_share=1), None, id="only failures are doubted"
        ),
    ],
)
def test_probe_problem_has_a_reason(ending: Ending, machine: MachineState, why: str | None) -> None:
    found = probe_problem(ending, machine)
    assert (found is None) if why is None else why in (found.said if found else "")


def test_errored_attempt_keeps_the_observation_and_blames_no_service() -> None:
    step = Step(position=1, actor="student", title="finds", service="platform", started_s=0.0)
    record = StepRecord(step=step, ended_s=1.0, ending=EMPTY)
    attempt = Attempt(number=1, started_at=datetime.now(UTC), took_s=1.0, steps=(record,), ending=EMPTY)
    reported = as_errored(attempt, probe_problem(EMPTY, MachineState(lost_share=0.9)))
    assert reported.ending is not None
    assert reported.ending.kind is EndingKind.ERRORED
    assert "No classes today" in reported.ending.said
    assert reported.steps[0].ending == reported.ending
    assert as_errored(attempt, probe_problem(EMPTY, MachineState())) is attempt


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(private(1), id="a stranger in the class stays private"),
        pytest.param(Ending(kind=EndingKind.ERRORED, said="the browser crashed"), id="errored"),
        pytest.param(Ending(kind=EndingKind.BLIND, said="a captcha"), id="blind"),
    ],
)
def test_ending_that_blames_no_service_stays_unchanged(ending: Ending) -> None:
    attempt = Attempt(number=1, started_at=datetime.now(UTC), took_s=1.0, ending=ending)
    assert as_errored(attempt, ProbeProblem(cause=Cause.OWN_NETWORK, said="no way out")).ending is ending


@pytest.mark.parametrize(
    ("ending", "asked"),
    [
        pytest.param(GONE, ["portal.x"], id="the host is a fact, not the sentence's first word"),
        pytest.param(REFUSED, [], id="a sentence asks nothing"),
        pytest.param(EMPTY, [], id="no name was missing"),
    ],
)
def test_resolver_is_asked_only_for_unresolved_hosts(
    ending: Ending, asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hosts: list[str] = []

    def no_answer(host: str) -> bool:
        hosts.append(host)
        return False

    monkeypatch.setattr(machines, "resolver_answers", no_answer)
    attempt = Attempt(number=1, started_at=datetime.now(UTC), took_s=1.0, ending=ending)
    assert MachineMeter(tmp_path).read(attempt).resolver_answers == (not asked)
    assert hosts == asked


def test_lag_meter_without_measurements_reports_no_loss() -> None:
    assert LagMeter().lost_share == 0.0
