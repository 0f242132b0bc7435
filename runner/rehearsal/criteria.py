"""Go or no-go: what is wanted of a rehearsal, what was measured, and what the two amount to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from firstbell.runner.outcome import Outcome
from firstbell.runner.percentile import percentile
from firstbell.runner.rehearsal.document import CountedRow, CriterionRow, PersonRow, RecordRow, RehearsalOutcome
from firstbell.runner.rehearsal.scenario import STEPS

HIGH, LOW = 0.95, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a district wants. `steps_s` bounds the 95th percentile of steps by title."""

    success: float
    steps_s: Mapping[str, float]
    latency_ms: float
    frames_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The verdict, the sentence that says it, and each criterion."""

    verdict: RehearsalOutcome
    said: str
    criteria: tuple[CriterionRow, ...]


def unknown_steps(wanted: Criteria) -> list[str]:
    """Steps that are wanted and that no student plays."""
    return [title for title in wanted.steps_s if title not in STEPS]


def judge(record: RecordRow, wanted: Criteria, limit: str) -> Judgement:
    """What came of it. `limit` says in what this machine was the limit, or nothing.

    What a starved machine can do to a figure (a time, a delay, a frame that is late, a wait in vain) decides nothing
    where the machine was starved. What a product said of itself ("this class is full") does, and so does a stranger.
    Figures that the practice school's own contradict decide nothing at all, but for a stranger.
    """
    teachers = [person for person in record.people if person.role != "student"]
    criteria = (
        *_criteria(record.pupils, teachers, wanted),
        _rounds(record),
        *_school_counts_agree(record.counted),
    )
    decided = (*_platform_verdict(record, criteria, wanted, limit), *_own_verdict(record, criteria))
    verdict, said = decided[0] if decided else (RehearsalOutcome.GO, "every criterion is met")
    return Judgement(verdict=verdict, said=said, criteria=criteria)


def _platform_verdict(
    record: RecordRow, criteria: Sequence[CriterionRow], wanted: Criteria, limit: str
) -> Iterator[tuple[RehearsalOutcome, str]]:
    """What decides against a go where the platform has not met something; what comes first holds."""
    unmet = [criterion for criterion in criteria if criterion.is_met is False and not criterion.is_own]
    certain = [criterion for criterion in unmet if not limit or _is_certain(criterion, record, wanted)]
    contradicted = [criterion for criterion in criteria if criterion.title == SCHOOL_COUNTS and not criterion.is_met]
    if contradicted and not any(criterion.title == PRIVACY for criterion in unmet):
        yield RehearsalOutcome.LIMITED, f"no verdict: {_sentence(contradicted)}"
    if certain:
        yield RehearsalOutcome.NO_GO, _sentence(certain)
    if unmet:
        yield RehearsalOutcome.LIMITED, f"no verdict: {_sentence(unmet)}, but this machine was the limit ({limit})"


def _own_verdict(record: RecordRow, criteria: Sequence[CriterionRow]) -> Iterator[tuple[RehearsalOutcome, str]]:
    """What decides against a go where it was First Bell that did not do its part."""
    people = record.people
    own = [
        person for person in people if person.outcome in {Outcome.ERRORED, Outcome.BLIND} and not _saw_stranger(person)
    ]
    if own:
        who = f"{own[0].actor}: {own[0].said}"
        yield RehearsalOutcome.LIMITED, f"no verdict: {len(own)} of {len(people)} could not be judged ({who})"
    if ours := [criterion for criterion in criteria if criterion.is_own and not criterion.is_met]:
        yield RehearsalOutcome.LIMITED, f"no verdict: {_sentence(ours)}"
    if missing := [criterion for criterion in criteria if criterion.is_met is None]:
        yield RehearsalOutcome.LIMITED, f"no verdict: nothing could be measured of {missing[0].title}"


def _criteria(students: Sequence[PersonRow], teachers: Sequence[PersonRow], wanted: Criteria) -> Iterator[CriterionRow]:
    yield _success(students, wanted.success)
    yield _teachers(teachers)
    for title, limit_s in wanted.steps_s.items():
        took = [step.took_s for person in students if (step := person.step(title))]
        yield _at_most(f"{title}, p95", took, limit_s, "s", f"{len(took)} of {len(students)} students")
    looks = [look for person in students for look in person.looks if not look.fault]
    latencies = [look.latency_ms for look in looks if look.latency_ms is not None]
    yield _at_most("media latency, p95", latencies, wanted.latency_ms, "ms", f"{len(latencies)} looks")
    frames = [look.frames_per_s for person in students for look in person.looks[-1:] if not look.fault]
    yield _at_least("frames a second, p5", frames, wanted.frames_per_s, f"{len(frames)} students")
    strangers = sum(_saw_stranger(person) for person in (*students, *teachers))
    yield CriterionRow(title=PRIVACY, wanted="0", measured=str(strangers), is_met=not strangers)


SUCCESS, PRIVACY, ROUNDS = "students who saw and heard the teacher", "privacy errors", "rounds played"


def _rounds(record: RecordRow) -> CriterionRow:
    """Whoever plays can die when their people are at home already: then nobody is lost but the rounds to come."""
    is_met = record.played == record.rounds
    said = "" if is_met else "a process that plays died; its last words are in .firstbell/rehearsal.log"
    measured = f"{record.played} of {record.rounds}"
    return CriterionRow(
        title=ROUNDS, wanted=str(record.rounds), measured=measured, is_met=is_met, said=said, is_own=True
    )


SCHOOL_COUNTS = "figures beside the practice school's"


def _school_counts_agree(counted: Sequence[CountedRow]) -> Iterator[CriterionRow]:
    """Where somebody else has counted too, what they contradict is not to be trusted; elsewhere nobody has."""
    if not counted:
        return
    wrong = [f"{row.title} {row.measured}, counted {row.counted}" for row in counted if not row.agrees]
    measured = "; ".join(wrong) or f"{len(counted)} of {len(counted)} agree"
    yield CriterionRow(title=SCHOOL_COUNTS, wanted="the same", measured=measured, is_met=not wrong, is_own=True)


def _success(students: Sequence[PersonRow], wanted: float) -> CriterionRow:
    """Those who could not be judged, through no fault of the services, are not counted."""
    passed = sum(person.outcome == Outcome.PASSED for person in students)
    judged = sum(person.outcome in {Outcome.PASSED, Outcome.FAILED} for person in students)
    failed = next((person for person in students if person.outcome == Outcome.FAILED), None)
    return CriterionRow(
        title=SUCCESS,
        wanted=f"{wanted:.0%}",
        measured=f"{passed} of {judged}",
        is_met=passed / judged >= wanted if judged else None,
        said=f"{failed.actor}: {failed.said}" if failed else "",
    )


def _teachers(teachers: Sequence[PersonRow]) -> CriterionRow:
    judged = [person for person in teachers if person.outcome in {Outcome.PASSED, Outcome.FAILED}]
    passed = sum(person.outcome == Outcome.PASSED for person in judged)
    failed = next((person for person in judged if person.outcome == Outcome.FAILED), None)
    return CriterionRow(
        title="classes that the teacher opened and ended",
        wanted="all",
        measured=f"{passed} of {len(judged)}",
        is_met=passed == len(judged) if judged else None,
        said=failed.said if failed else "",
    )


def _at_most(title: str, values: Sequence[float], limit: float, unit: str, of: str) -> CriterionRow:
    if not values:
        return CriterionRow(title=title, wanted=f"at most {limit:g} {unit}", measured="nothing", is_met=None)
    found = percentile(values, HIGH)
    shown = f"{found:.1f} {unit}" if unit == "s" else f"{found:.0f} {unit}"
    return CriterionRow(
        title=title, wanted=f"at most {limit:g} {unit}", measured=f"{shown} ({of})", is_met=found <= limit
    )


def _at_least(title: str, values: Sequence[float], limit: float, of: str) -> CriterionRow:
    if not values:
        return CriterionRow(title=title, wanted=f"at least {limit:g}", measured="nothing", is_met=None)
    found = percentile(values, LOW)
    return CriterionRow(
        title=title, wanted=f"at least {limit:g}", measured=f"{found:.1f} ({of})", is_met=found >= limit
    )


def _is_certain(criterion: CriterionRow, record: RecordRow, wanted: Criteria) -> bool:
    """Whether a criterion would not be met on the best of machines either."""
    if criterion.title == PRIVACY:
        return True
    students = len(record.pupils)
    said_so = sum(bool(one.failing and one.failing.sign) for one in record.people if one.outcome == Outcome.FAILED)
    return criterion.title == SUCCESS and students > 0 and 1 - said_so / students < wanted.success


def _saw_stranger(person: PersonRow) -> bool:
    return any(step.is_private for step in person.steps)


def _sentence(criteria: Sequence[CriterionRow]) -> str:
    first = criteria[0]
    more = f", and {len(criteria) - 1} more" if len(criteria) > 1 else ""
    return f"{first.title}: {first.measured}, wanted {first.wanted}{more}"
