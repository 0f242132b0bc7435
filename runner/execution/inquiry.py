"""What is asked when an attempt did not pass: the hosts at that moment, from every location, and what else is known.

The hosts are looked at while the attempt is played again, so that it costs no time; then the facts are put together,
and one pure function draws the conclusion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import structlog

from journeys.media.degraded import Line, degradations
from journeys.stage.ending import EndingKind
from runner.diagnosis.cause import Cause
from runner.diagnosis.changes import Change, changes
from runner.diagnosis.diagnosis import Because, Confidence, Diagnosis, Source
from runner.diagnosis.facts import Changed, Doubt, Elsewhere, Facts, StepFact, clock_of
from runner.diagnosis.host import HostCheck
from runner.diagnosis.location import Location
from runner.diagnosis.rules import diagnose
from runner.diagnosis.targets import Target, Way
from runner.execution.at_hand import AtHand, Past
from runner.execution.run import Attempt

log = structlog.get_logger()

# The look has its own bound; this is for a machine that is too busy to keep it.
GRACE_S = 5.0

Probe = Callable[[Sequence[Target], Way, float], list[HostCheck]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is to be explained: the attempts of one run, why the last is in doubt, and what the journey relies on."""

    journey: str
    location: str
    relies_on: tuple[str, ...]
    attempts: Sequence[Attempt]
    doubt: Doubt | None


@dataclass(frozen=True, slots=True)
class Looking:
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
class Inquiry:
    """Asks. `hosts` are the patterns of each service's own hosts; `within_s` bounds one look at all of them."""

    locations: Mapping[str, Location]
    targets: Sequence[Target]
    hosts: Mapping[str, tuple[str, ...]]
    probe: Probe
    past: Past
    within_s: float
    line: Line = field(default_factory=Line)

    def degraded(self, location: str, attempt: Attempt) -> tuple[str, ...]:
        """In what way what works is worse than it should be: calls by their proofs, hosts by their last checks."""
        calls = (one.said for proof in attempt.proofs for one in degradations(proof, self.line))
        return (*dict.fromkeys(calls), *AtHand(self.past).degraded(location))

    def begin(self) -> Looking:
        """Look at the hosts from every location, beside whatever else is done."""
        pool = ThreadPoolExecutor(max(1, len(self.locations)), thread_name_prefix="inquiry")
        futures = {
            name: pool.submit(self.probe, self.targets, location.way, self.within_s)
            for name, location in self.locations.items()
        }
        pool.shutdown(wait=False)
        return Looking(futures)

    def conclude(self, case: Case, looking: Looking) -> Diagnosis:
        """Whose part of the chain broke. Never raises: what goes wrong here may cost the reason, never the verdict."""
        try:
            return diagnose(self.facts(case, looking))
        except Exception as error:
            log.exception("inquiry.broke")
            because = Because(said=f"the inquiry broke ({type(error).__name__}); see the log", source=Source.MACHINE)
            return Diagnosis(service="", cause=Cause.UNKNOWN, confidence=Confidence.LOW, because=(because,))

    def facts(self, case: Case, looking: Looking) -> Facts:
        """All that is known."""
        # What this machine did is no news of any host, and the next slot is not kept waiting for it.
        found = looking.found(0.0 if case.doubt else self.within_s + GRACE_S)
        past = AtHand(self.past)
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
                Elsewhere(
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
            clock_ahead_s=clock_of(here, [] if offset_s is None else [offset_s]),
            doubt=case.doubt,
        )


def _usual_ms(past: Past, location: str, attempt: Attempt) -> dict[str, float]:
    usual = {host.host: past.usual_ms(location, host.host) for host in attempt.seen.hosts}
    return {host: ms for host, ms in usual.items() if ms is not None}


def _changed(past: Past, location: str, checks: Sequence[HostCheck]) -> list[Changed]:
    """What is different about the district's hosts since they last were well."""
    found = []
    for check in checks:
        before = past.when_well(location, check.host) if check.service else None
        for change in changes(before, check) if before else ():
            found.append(Changed(service=check.service, said=_in_words(check.host, change)))
    return found


def _in_words(host: str, change: Change) -> str:
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
