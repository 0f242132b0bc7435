"""Gathers the facts of an attempt that did not pass: host checks from every location, and history.

Hosts are checked while the attempt is played again, so that it costs no time; then one pure function diagnoses the
facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from firstbell.journeys.media.degraded import QualityThresholds, degradations
from firstbell.journeys.stage.ending import EndingKind
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.diagnosis import Confidence, Diagnosis, DiagnosisReason, ReasonSource
from firstbell.runner.diagnosis.facts import (
    Facts,
    OtherLocation,
    ProbeProblem,
    ServiceChange,
    StepFact,
    median_clock_ahead_s,
)
from firstbell.runner.diagnosis.host_changes import HostChange, host_changes
from firstbell.runner.diagnosis.host_check import HostCheck
from firstbell.runner.diagnosis.location import Location
from firstbell.runner.diagnosis.rules.table import diagnose
from firstbell.runner.diagnosis.targets import Egress, Target
from firstbell.runner.execution.run import Attempt
from firstbell.runner.execution.runs.optional_history import OptionalPastRuns, PastRuns

log = structlog.get_logger()

# A check has its own time limit; this is for a machine that is too busy to keep it.
GRACE_S = 5.0

CheckHosts = Callable[[Sequence[Target], Egress, float], list[HostCheck]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestigationCase:
    """The run to diagnose: its attempts, the probe's own problem in the last one, the journey's services, and the
    account of each role."""

    journey: str
    location: str
    relies_on: tuple[str, ...]
    attempts: Sequence[Attempt]
    probe_problem: ProbeProblem | None
    accounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PendingChecks:
    """Host checks in progress, by location."""

    futures: Mapping[str, Future[list[HostCheck]]]

    def found(self, within_s: float) -> dict[str, tuple[HostCheck, ...]]:
        """Returns the checks; none where a check failed or does not end. The time limit is one for all of them."""
        wait(self.futures.values(), within_s)
        return {name: self._result(name, future) for name, future in self.futures.items()}

    @staticmethod
    def _result(name: str, future: Future[list[HostCheck]]) -> tuple[HostCheck, ...]:
        try:
            return tuple(future.result(0))
        except Exception as error:
            log.warning("investigation.no_host_check", location=name, said=f"{type(error).__name__}: {error}")
            return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Investigation:
    """Diagnoses runs. `hosts` are the patterns of each service's own hosts; `within_s` bounds one check of all."""

    locations: Mapping[str, Location]
    targets: Sequence[Target]
    hosts: Mapping[str, tuple[str, ...]]
    probe: CheckHosts
    past: PastRuns
    within_s: float
    thresholds: QualityThresholds = field(default_factory=QualityThresholds)

    def degraded(self, location: str, attempt: Attempt) -> tuple[str, ...]:
        """Returns in which respects a passing run is degraded: calls by their proofs, hosts by their last checks."""
        calls = (degradation.said for proof in attempt.proofs for degradation in degradations(proof, self.thresholds))
        return (*dict.fromkeys(calls), *OptionalPastRuns(self.past).degraded(location))

    def begin(self) -> PendingChecks:
        """Starts checking the hosts from every location, in threads."""
        pool = ThreadPoolExecutor(max(1, len(self.locations)), thread_name_prefix="host-check")
        futures = {
            name: pool.submit(self.probe, self.targets, location.egress, self.within_s)
            for name, location in self.locations.items()
        }
        pool.shutdown(wait=False)
        return PendingChecks(futures)

    def conclude(self, case: InvestigationCase, pending: PendingChecks) -> Diagnosis:
        """Returns the diagnosis. Never raises: an error here may cost the reason, never the outcome."""
        try:
            return diagnose(self.facts(case, pending))
        except Exception as error:
            log.exception("investigation.failed")
            reason = DiagnosisReason(
                said=f"the investigation failed ({type(error).__name__}); see the log", source=ReasonSource.MACHINE
            )
            return Diagnosis(service="", cause=Cause.UNKNOWN, confidence=Confidence.LOW, because=(reason,))

    def facts(self, case: InvestigationCase, pending: PendingChecks) -> Facts:
        """Returns all known facts."""
        # A problem of this machine says nothing about any host, and must not delay the next slot.
        found = pending.found(0.0 if case.probe_problem else self.within_s + GRACE_S)
        past = OptionalPastRuns(self.past)
        here = found.get(case.location, ())
        attempt = next(attempt for attempt in reversed(case.attempts) if attempt.ending is not None)
        ending = attempt.ending
        offset_s = attempt.clock_offset_s
        location = self.locations.get(case.location)
        memory, step = past.memory(case.journey, case.location), attempt.failing_step
        return Facts(
            journey=case.journey,
            location=case.location,
            outcome=ending.kind.value if ending else "",
            relies_on=case.relies_on,
            hosts=self.hosts,
            steps=tuple(_step_facts(attempt)),
            sign=ending.sign if ending else "",
            said=ending.said if ending else "",
            confirmed=sum(_is_failure(attempt) for attempt in case.attempts) > 1,
            inside=location.inside if location else False,
            is_private=bool(ending and ending.is_private),
            seen=attempt.seen,
            proofs=attempt.proofs,
            checks=here,
            controls_asked=sum(target.is_control for target in self.targets),
            elsewhere=tuple(
                OtherLocation(
                    location=name,
                    inside=location.inside,
                    checks=found.get(name, ()),
                    last=past.last_at(case.journey, name),
                )
                for name, location in self.locations.items()
                if name != case.location
            ),
            beside=past.beside(case.journey, case.location),
            usual_ms=_usual_ms(past, case.location, attempt),
            changed=tuple(_changed(past, case.location, here)),
            clock_ahead_s=median_clock_ahead_s(here, [] if offset_s is None else [offset_s]),
            probe_problem=case.probe_problem,
            has_passed=memory.has_passed,
            harmless=memory.harmless,
            account=case.accounts.get(step.step.actor, "") if step else "",
            refused_accounts=past.refused_accounts(),
            at=attempt.started_at + timedelta(seconds=attempt.took_s),
        )


def _usual_ms(past: PastRuns, location: str, attempt: Attempt) -> dict[str, float]:
    usual = {host.host: past.usual_ms(location, host.host) for host in attempt.seen.hosts}
    return {host: ms for host, ms in usual.items() if ms is not None}


def _changed(past: PastRuns, location: str, checks: Sequence[HostCheck]) -> list[ServiceChange]:
    """Returns what has changed about the district's hosts since their last check without findings."""
    found = []
    for check in checks:
        before = past.when_well(location, check.host) if check.service else None
        for change in host_changes(before, check) if before else ():
            found.append(ServiceChange(service=check.service, said=_in_words(check.host, change)))
    return found


def _in_words(host: str, change: HostChange) -> str:
    return f"the {change.what.value} of {host} has changed: {change.was or 'none'}, now {change.now or 'none'}"


def _is_failure(attempt: Attempt) -> bool:
    return attempt.ending is not None and attempt.ending.kind is EndingKind.FAILED


def _step_facts(attempt: Attempt) -> list[StepFact]:
    return [
        StepFact(
            actor=record.step.actor,
            title=record.step.title,
            service=record.step.service,
            took_s=round(record.took_s, 3),
            is_well=record.ending is None,
            said=record.ending.said if record.ending else "",
            sign=record.ending.sign if record.ending else "",
        )
        for record in attempt.steps
    ]
