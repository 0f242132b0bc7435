"""Tests the investigation of an attempt that did not pass: facts from every source, a diagnosis despite any error."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from firstbell.artifacts.request_failures import FailedRequest, HostTraffic
from firstbell.journeys.stage.ending import Ending, EndingKind
from firstbell.journeys.stage.step import Step, StepRecord
from firstbell.runner.diagnosis.browser_facts import BrowserFacts
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Confidence
from firstbell.runner.diagnosis.facts import JourneyMemory, OtherJourney, PastOutcome, ProbeProblem
from firstbell.runner.diagnosis.host_check import Connection, HostCheck, HttpAnswer
from firstbell.runner.diagnosis.host_check import HostFault as Found
from firstbell.runner.diagnosis.location import Location
from firstbell.runner.diagnosis.targets import Egress, Target, target_of
from firstbell.runner.execution.run import Attempt
from firstbell.runner.execution.runs.investigation import Investigation, InvestigationCase
from firstbell.runner.history.database import HistoryError

AT = datetime(2026, 8, 31, 11, 46, tzinfo=UTC)
TARGETS = (target_of("https://learn.x/", service="platform"), target_of("https://control.y/", is_control=True))
EMPTY = Ending(kind=EndingKind.FAILED, said='the list says "No classes today"', sign="list-empty")


class Remembered:
    """A history with past runs."""

    def __init__(self) -> None:
        self.asked = 0

    def last_at(self, _journey: str, _location: str) -> PastOutcome | None:
        self.asked += 1
        return PastOutcome(outcome="passed", at=AT)

    def memory(self, _journey: str, _location: str) -> JourneyMemory:
        self.asked += 1
        return JourneyMemory(has_passed=True)

    def refused_accounts(self) -> tuple[str, ...]:
        self.asked += 1
        return ("another",)

    def beside(self, _journey: str, _location: str) -> tuple[OtherJourney, ...]:
        self.asked += 1
        return (OtherJourney(journey="plan-b", outcome="passed", at=AT),)

    def usual_ms(self, _location: str, _host: str) -> float | None:
        self.asked += 1
        return 90.0

    def degraded(self, _location: str) -> tuple[str, ...]:
        self.asked += 1
        return ("learn.x:443 does not answer over IPv6",)

    def when_well(self, _location: str, host: str) -> HostCheck | None:
        self.asked += 1
        return HostCheck(host=host, service="platform", at=AT, http=HttpAnswer(status=200, title="Classes"))


class Away(Remembered):
    """A database that cannot be reached."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def __getattribute__(self, name: str) -> Any:
        if name in ("asked", "error") or name.startswith("__"):
            return super().__getattribute__(name)

        def gone(*_asked: str) -> None:
            self.asked += 1
            raise self.error

        return gone


def check_hosts(targets: Sequence[Target], way: Egress, _within_s: float) -> list[HostCheck]:
    """Host checks without findings; the platform has another title through the proxy."""
    page = HttpAnswer(status=200, title="Classes" if way.proxy else "Scheduled maintenance", clock_ahead_s=1.0)
    return [
        HostCheck(
            host=check.host,
            service=check.service,
            is_control=check.is_control,
            at=AT,
            tcp=(Connection(address="192.0.2.1"),),
            http=page,
        )
        for check in targets
    ]


def investigation(past: Any, probe: Callable[..., list[HostCheck]] = check_hosts) -> Investigation:
    return Investigation(
        locations={"home": Location(name="home"), "school": Location(inside=True, egress=Egress(proxy="http://p:1"))},
        targets=TARGETS,
        hosts={"platform": ("learn.x",)},
        probe=probe,
        past=past,
        within_s=0.2,
    )


def attempt(ending: Ending | None, number: int = 1) -> Attempt:
    step = Step(position=1, actor="student", title="finds the class", service="platform", started_s=0.0)
    return Attempt(
        number=number,
        started_at=AT,
        took_s=2.0,
        steps=(StepRecord(step=step, ended_s=2.0, ending=ending),),
        ending=ending,
        clock_offset_s=3.0,
        seen=BrowserFacts(hosts=(HostTraffic(host="learn.x:443", answers=3, slowest_ms=100),)),
    )


def case(*attempts: Attempt) -> InvestigationCase:
    return InvestigationCase(
        journey="class-list",
        location="home",
        relies_on=("platform",),
        attempts=attempts,
        probe_problem=None,
        accounts={"student": "kid"},
    )


def test_facts_come_from_every_source() -> None:
    investigating = investigation(Remembered())
    found = investigating.facts(case(attempt(EMPTY), attempt(EMPTY, 2)), investigating.begin())
    assert [check.host for check in found.checks] == ["learn.x:443", "control.y:443"]
    assert (found.controls_asked, found.confirmed, found.inside) == (1, True, False)
    (there,) = found.elsewhere
    assert there.last is not None
    assert (there.location, there.inside, there.last.outcome, len(there.checks)) == ("school", True, "passed", 2)
    assert (found.has_passed, found.account, found.refused_accounts) == (True, "kid", ("another",))
    assert found.usual_ms == {"learn.x:443": 90.0}
    (changed,) = found.changed
    assert changed.service == "platform"
    assert changed.said == "the title of learn.x:443 has changed: Classes, now Scheduled maintenance"
    assert found.clock_ahead_s == 1.0, "two hosts and a browser: the middle one"
    assert found.beside[0].journey == "plan-b"


def test_one_failure_of_two_attempts_is_not_confirmed() -> None:
    investigating = investigation(Remembered())
    found = investigating.facts(case(attempt(EMPTY), attempt(None, 2)), investigating.begin())
    assert not found.confirmed
    assert found.sign == "list-empty"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(HistoryError("history is away"), id="away"),
        pytest.param(ValueError("a row of tomorrow"), id="a row that cannot be read"),
    ],
)
def test_diagnosis_works_without_history(error: Exception) -> None:
    investigating = investigation(Away(error))
    found = investigating.conclude(case(attempt(EMPTY), attempt(EMPTY, 2)), investigating.begin())
    assert (found.service, found.cause, found.confidence) == ("platform", Cause.LIST_EMPTY, Confidence.MEDIUM)
    assert investigating.degraded("home", attempt(None)) == ()


def test_unreachable_history_is_queried_once() -> None:
    past = Away(HistoryError("no answer after 5 s"))
    investigating = investigation(past)
    investigating.conclude(case(attempt(EMPTY)), investigating.begin())
    assert past.asked == 1


def test_failed_investigation_blames_no_service_and_does_not_raise() -> None:
    investigating = replace(investigation(Remembered()), hosts=None)  # type: ignore[arg-type]  # what a mistake of ours would do
    blocked = FailedRequest(host="learn.x:443", path="/", method="GET", kind="document", is_page=True, status=503)
    broken = replace(attempt(EMPTY), seen=BrowserFacts(failed_requests=(blocked,)))
    found = investigating.conclude(case(broken), investigating.begin())
    assert (found.service, found.cause, found.confidence) == ("", Cause.UNKNOWN, Confidence.LOW)
    assert "failed (AttributeError)" in found.because[0].said


def test_hanging_host_checks_cost_their_time_limit_once() -> None:
    over = threading.Event()

    def hang(_targets: Sequence[Target], way: Egress, _within_s: float) -> list[HostCheck]:
        if way.proxy:
            raise OSError("ca.pem")
        over.wait(5)
        return []

    investigating = investigation(Remembered(), hang)
    investigating = replace(
        investigating, locations={f"home{number}": Location() for number in range(4)} | dict(investigating.locations)
    )
    began_s = time.monotonic()
    found = investigating.begin().found(0.1)
    over.set()
    assert set(found.values()) == {()}
    assert time.monotonic() - began_s < 0.4, "four of them would take this long one after the other"


def test_passing_run_is_degraded_by_its_hosts() -> None:
    assert investigation(Remembered()).degraded("home", attempt(None)) == ("learn.x:443 does not answer over IPv6",)


def test_host_reachable_only_inside_is_blocked_at_the_edge() -> None:
    def dropped(targets: Sequence[Target], way: Egress, within_s: float) -> list[HostCheck]:
        lost = (Connection(address="192.0.2.1", trouble=Found.NO_ANSWER),)
        checks = check_hosts(targets, way, within_s)
        return [check if way.proxy or check.is_control else replace(check, tcp=lost, http=None) for check in checks]

    investigating = investigation(Remembered(), dropped)
    found = investigating.conclude(case(attempt(replace(EMPTY, sign=""))), investigating.begin())
    assert (found.service, found.cause) == ("platform", Cause.OUTSIDE_DROPPED)


def test_problem_of_this_machine_does_not_wait_for_host_checks() -> None:
    over = threading.Event()

    def hang(_targets: Sequence[Target], _way: Egress, _within_s: float) -> list[HostCheck]:
        over.wait(5)
        return []

    investigating = investigation(Remembered(), hang)
    starved = replace(
        case(attempt(EMPTY)), probe_problem=ProbeProblem(cause=Cause.OWN_MACHINE, said="no processor was left")
    )
    began_s = time.monotonic()
    found = investigating.conclude(starved, investigating.begin())
    over.set()
    assert (found.cause, found.service) == (Cause.OWN_MACHINE, "")
    assert time.monotonic() - began_s < 1
