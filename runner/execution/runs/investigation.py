"""What is asked when an attempt did not pass: the hosts at that moment, from every location, and what else is known.

The hosts are looked at while the attempt is played again, so that it costs no time; then the facts are put together,
and one pure function draws the conclusion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

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

# The look has its own bound; this is for a machine that is too busy to keep it.
GRACE_S = 5.0

CheckHosts = Callable[[Sequence[Target], Egress, float], list[HostCheck]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvestigationCase:
    """What is to be explained: the attempts of one run, why the last is in doubt, and what the journey relies on."""

    journey: str
    location: str
    relies_on: tuple[str, ...]
    attempts: Sequence[Attempt]
    doubt: ProbeProblem | None


@dataclass(frozen=True, slots=True)
class PendingChecks:
    """Looks at the hosts that are under way, by location."""

    futures: Mapping[str, Future[list[HostCheck]]]

    def found(self, within_s: float) -> dict[str, tuple[HostCheck, ...]]:
        """What they found; nothing where a look failed or does not end. The time is one for all of them."""
        wait(self.futures.values(), within_s)
        return {name: self._one(name, future) for name, future in self.futures.items()}

    @staticmethod
    def _one(name: str, future: Future[list[HostCheck]]) -> tuple[HostCheck, ...]:
        try:
            return tuple(future.result(0))
        except Exception as error:
            log.warning("inquiry.no_look", location=name, said=f"{type(error).__name__}: {error}")
            return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Investigation:
    """Asks. `hosts` are the patterns of each service's own hosts; `within_s` bounds one look at all of them."""

    locations: Mapping[str, Location]
    targets: Sequence[Target]
    hosts: Mapping[str, tuple[str, ...]]
    probe: CheckHosts
    past: PastRuns
    within_s: float
    line: QualityThresholds = field(default_factory=QualityThresholds)

    def degraded(self, location: str, attempt: Attempt) -> tuple[str, ...]:
        """In what way what works is worse than it should be: calls by their proofs, hosts by their last checks."""
        calls = (one.said for proof in attempt.proofs for one in degradations(proof, self.line))
        return (*dict.fromkeys(calls), *OptionalPastRuns(self.past).degraded(location))

    def begin(self) -> PendingChecks:
        """Look at the hosts from every location, beside whatever else is done."""
        pool = ThreadPoolExecutor(max(1, len(self.locations)), thread_name_prefix="inquiry")
        futures = {
            name: pool.submit(self.probe, self.targets, location.egress, self.within_s)
            for name, location in self.locations.items()
        }
        pool.shutdown(wait=False)
        return PendingChecks(futures)

    def conclude(self, case: InvestigationCase, looking: PendingChecks) -> Diagnosis:
        """Whose part of the chain broke. Never raises: what goes wrong here may cost the reason, never the verdict."""
        try:
            return diagnose(self.facts(case, looking))
        except Exception as error:
            log.exception("inquiry.broke")
            because = DiagnosisReason(
                said=f"the inquiry broke ({type(error).__name__}); see the log", source=ReasonSource.MACHINE
            )
            return Diagnosis(service="", cause=Cause.UNKNOWN, confidence=Confidence.LOW, because=(because,))

    def facts(self, case: InvestigationCase, looking: PendingChecks) -> Facts:
        """All that is known."""
        # What this machine did is no news of any host, and the next slot is not kept waiting for it.
        found = looking.found(0.0 if case.doubt else self.within_s + GRACE_S)
        past = OptionalPastRuns(self.past)
        here = found.get(case.location, ())
        attempt = next(one for one in reversed(case.attempts) if one.ending is not None)
        ending = attempt.ending
        offset_s = attempt.clock_offset_s
        given = self.locations.get(case.location)
        return Facts(
            journey=case.journey,
            location=case.location,
            outcome=ending.kind.value if ending else "",
            relies_on=case.relies_on,
            hosts=self.hosts,
            steps=tuple(_step_facts(attempt)),
            sign=ending.sign if ending else "",
            said=ending.said if ending else "",
            confirmed=sum(_is_failure(one) for one in case.attempts) > 1,
            inside=given.inside if given else False,
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
                    outcome=past.outcome_at(case.journey, name),
                )
                for name, location in self.locations.items()
                if name != case.location
            ),
            beside=past.beside(case.journey, case.location),
            usual_ms=_usual_ms(past, case.location, attempt),
            changed=tuple(_changed(past, case.location, here)),
            clock_ahead_s=median_clock_ahead_s(here, [] if offset_s is None else [offset_s]),
            probe_problem=case.doubt,
        )


def _usual_ms(past: PastRuns, location: str, attempt: Attempt) -> dict[str, float]:
    usual = {host.host: past.usual_ms(location, host.host) for host in attempt.seen.hosts}
    return {host: ms for host, ms in usual.items() if ms is not None}


def _changed(past: PastRuns, location: str, checks: Sequence[HostCheck]) -> list[ServiceChange]:
    """What is different about the district's hosts since they last were well."""
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
