"""Decides whether an apparent failure of a service is the probe's own: machine starved, full, or without names."""

from __future__ import annotations

from dataclasses import dataclass, replace

from firstbell.journeys.stage.ending import Ending, EndingKind
from firstbell.runner.diagnosis.cause import Cause
from firstbell.runner.diagnosis.facts import ProbeProblem
from firstbell.runner.execution.run import Attempt

# At half of the time, a page gets less than half of the machine that every limit was chosen for. The usual load of
# two live classes on two cores loses 5 to 15 %.
STARVED_SHARE = 0.5
FULL_MIB = 20.0
NO_MEMORY_MIB = 64.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """The state of this machine during an attempt.

    `lost_share`: the share of time in which the worker or a page was ready to run and was not run; `stolen_share`: the
    share of processor time that the host gave to others; free space and memory at its end; whether the system's
    resolver answers at all (a "there is no such name" is an answer).
    """

    lost_share: float = 0.0
    stolen_share: float = 0.0
    disk_free_mib: float = float("inf")
    memory_free_mib: float = float("inf")
    resolver_answers: bool = True


def probe_problem(ending: Ending, machine: MachineState) -> ProbeProblem | None:
    """Returns why a failure may be this machine's own; None if it is not."""
    if ending.kind is not EndingKind.FAILED:
        return None
    taken, waited = f"{machine.stolen_share:.0%}", f"{machine.lost_share:.0%}"
    starved = "this machine was starved: "
    reasons = {
        "the disk of this machine is full": machine.disk_free_mib < FULL_MIB,
        "this machine is out of memory": machine.memory_free_mib < NO_MEMORY_MIB,
        f"{starved}its host took {taken} of the processors": machine.stolen_share >= STARVED_SHARE,
        f"{starved}the worker or its browser waited {waited} of the time": machine.lost_share >= STARVED_SHARE,
    }
    if short := next((reason for reason, is_true in reasons.items() if is_true), None):
        return ProbeProblem(cause=Cause.OWN_MACHINE, said=short)
    if ending.unresolved and not machine.resolver_answers:
        return ProbeProblem(cause=Cause.OWN_NAMES, said="this machine's name server does not answer")
    return None


def as_errored(attempt: Attempt, problem: ProbeProblem | None) -> Attempt:
    """Returns the attempt as errored if the probe has a problem; its message keeps the failure's own.

    An ending that blames no service stays as it is: above all a stranger in the class must never be forgotten.
    """
    if attempt.ending is None or attempt.ending.kind is not EndingKind.FAILED or problem is None:
        return attempt
    text = f"{problem.said}; observed: {attempt.ending.said}"
    ending = Ending(kind=EndingKind.ERRORED, said=text, sign=attempt.ending.sign)
    steps = tuple(
        replace(step, ending=ending) if step.ending is not None and step.ending.kind is EndingKind.FAILED else step
        for step in attempt.steps
    )
    return replace(attempt, ending=ending, steps=steps)
