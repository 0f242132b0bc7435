"""Judges a rehearsal: go, no-go or no result, by comparing its measurements with the criteria."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from firstbell.runner.outcome import Outcome
from firstbell.runner.percentile import percentile
from firstbell.runner.rehearsal.document import CountedRow, CriterionRow, PersonRow, RecordRow, RehearsalOutcome

HIGH, LOW = 0.95, 0.05
PRIVACY, ROUNDS = "privacy errors", "rounds played"
SCHOOL_COUNTS = "figures that match the practice school's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """The criteria of a district. `steps_s` bounds the 95th percentile of steps by title."""

    success: float
    steps_s: Mapping[str, float]
    latency_ms: float
    frames_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The outcome, a sentence that explains it, and each criterion with its measurement."""

    outcome: RehearsalOutcome
    summary: str
    rows: tuple[CriterionRow, ...]


def judge(record: RecordRow, criteria: Criteria, limit: str) -> Judgement:
    """Judges a record. `limit` gives the reasons why this machine was the limit; empty if it was not.

    If the machine was the limit, figures that an overloaded machine can spoil (a time, a latency, a late frame, a wait
    in vain) decide nothing; a message of the product itself ("this class is full") does, and so does an unknown person.
    If the practice school's own figures differ, only an unknown person decides.
    """
    rows = (*_rows(record, criteria), _rounds(record), *_school_counts_agree(record.counted))
    decisions = (*_platform_decision(record, rows, criteria, limit), *_own_decision(record, rows))
    unknown = [f"; {row.title} are {row.measured}: {row.said}" for row in rows if row.is_met is None]
    met = (RehearsalOutcome.GO, f"every criterion is met{''.join(unknown)}")
    outcome, summary = decisions[0] if decisions else met
    return Judgement(outcome=outcome, summary=summary, rows=rows)


def _platform_decision(
    record: RecordRow, rows: Sequence[CriterionRow], criteria: Criteria, limit: str
) -> Iterator[tuple[RehearsalOutcome, str]]:
    """Outcomes other than go because the platform missed a criterion; the first one applies."""
    unmet = [row for row in rows if row.is_met is False and not row.is_own]
    certain = [row for row in unmet if not limit or _is_certain(row, record, criteria)]
    contradicted = [row for row in rows if row.title == SCHOOL_COUNTS and not row.is_met]
    if contradicted and not any(row.title == PRIVACY for row in unmet):
        yield RehearsalOutcome.LIMITED, f"no result: {_sentence(contradicted)}"
    if certain:
        yield RehearsalOutcome.NO_GO, _sentence(certain)
    if unmet:
        yield RehearsalOutcome.LIMITED, f"no result: {_sentence(unmet)}, but this machine was the limit ({limit})"


def _own_decision(record: RecordRow, rows: Sequence[CriterionRow]) -> Iterator[tuple[RehearsalOutcome, str]]:
    """Outcomes other than go because First Bell itself failed; the first one applies."""
    people = record.people
    unjudged = [
        person for person in people if person.outcome in {Outcome.ERRORED, Outcome.BLIND} and not _saw_stranger(person)
    ]
    if unjudged:
        first = f"{unjudged[0].actor}: {unjudged[0].said}"
        yield RehearsalOutcome.LIMITED, f"no result: {len(unjudged)} of {len(people)} could not be judged ({first})"
    if own := [row for row in rows if row.is_own and not row.is_met]:
        yield RehearsalOutcome.LIMITED, f"no result: {_sentence(own)}"
    if missing := [row for row in rows if row.is_met is None and row.title != PRIVACY]:
        yield RehearsalOutcome.LIMITED, f"no result: nothing was measured for {missing[0].title}"


def _rows(record: RecordRow, criteria: Criteria) -> Iterator[CriterionRow]:
    students, hosts = record.student_rows, record.host_rows
    yield _success(record, criteria.success)
    if hosts:
        yield _hosts(hosts)
    for title, limit_s in criteria.steps_s.items():
        # A step that only a host plays is judged by the host's time.
        people = students if title in record.steps or not hosts else hosts
        took = [step.took_s for person in people if (step := person.step(title))]
        of = f"{len(took)} of {len(people)} {people[0].role}s" if people else ""
        yield _at_most(f"{title}, p95", took, limit_s, "s", of)
    # A journey that proves no media is judged by its steps alone; one that does has failed where it never got so far.
    if any(person.looks for person in students):
        yield from _media(students, criteria)
    yield _privacy(record)


def _media(students: Sequence[PersonRow], criteria: Criteria) -> Iterator[CriterionRow]:
    samples = [sample for person in students for sample in person.looks if not sample.fault]
    latencies = [sample.latency_ms for sample in samples if sample.latency_ms is not None]
    yield _at_most("media latency, p95", latencies, criteria.latency_ms, "ms", f"{len(latencies)} samples")
    frames = [sample.frames_per_s for person in students for sample in person.looks[-1:] if not sample.fault]
    yield _at_least("frames per second, p5", frames, criteria.frames_per_s, f"{len(frames)} students")


def _privacy(record: RecordRow) -> CriterionRow:
    """Strangers are noticed only where a list of participants is followed; elsewhere nothing is known of them."""
    strangers = sum(_saw_stranger(person) for person in record.people)
    looks = [look for person in record.people for look in person.looks]
    if strangers or not looks or any(look.is_guarded for look in looks):
        return CriterionRow(title=PRIVACY, wanted="0", measured=str(strangers), is_met=not strangers)
    said = "no list of participants was followed, so that a stranger would not have been noticed"
    return CriterionRow(title=PRIVACY, wanted="0", measured="not known", is_met=None, said=said)


def _rounds(record: RecordRow) -> CriterionRow:
    """A player process can crash after its people have left: no person is lost then, but later rounds are."""
    is_met = record.rounds_played == record.rounds
    text = "" if is_met else "a player process crashed; log: .firstbell/rehearsal.log"
    measured = f"{record.rounds_played} of {record.rounds}"
    return CriterionRow(
        title=ROUNDS, wanted=str(record.rounds), measured=measured, is_met=is_met, said=text, is_own=True
    )


def _school_counts_agree(counted: Sequence[CountedRow]) -> Iterator[CriterionRow]:
    """One row for all figures that the practice school counted too; none for a school that counts nothing."""
    if not counted:
        return
    wrong = [f"{row.title} {row.measured}, counted by the school {row.counted}" for row in counted if not row.agrees]
    measured = "; ".join(wrong) or f"{len(counted)} of {len(counted)}"
    yield CriterionRow(title=SCHOOL_COUNTS, wanted="all", measured=measured, is_met=not wrong, is_own=True)


def _success(record: RecordRow, required: float) -> CriterionRow:
    """The share of successful guests; those who could not be judged are not counted."""
    students = record.student_rows
    passed = sum(person.outcome == Outcome.PASSED for person in students)
    judged = sum(person.outcome in {Outcome.PASSED, Outcome.FAILED} for person in students)
    unjudged = f", {len(students) - judged} not judged" if judged < len(students) else ""
    failed = next((person for person in students if person.outcome == Outcome.FAILED), None)
    return CriterionRow(
        title=record.success_title,
        wanted=f"{required:.0%}",
        measured=f"{passed} of {judged}{unjudged}",
        is_met=passed / judged >= required if judged else None,
        said=f"{failed.actor}: {failed.said}" if failed else "",
    )


def _hosts(hosts: Sequence[PersonRow]) -> CriterionRow:
    judged = [person for person in hosts if person.outcome in {Outcome.PASSED, Outcome.FAILED}]
    passed = sum(person.outcome == Outcome.PASSED for person in judged)
    failed = next((person for person in judged if person.outcome == Outcome.FAILED), None)
    return CriterionRow(
        title=f"rounds that the {' and the '.join(dict.fromkeys(host.role for host in hosts))} played to the end",
        wanted="all",
        measured=f"{passed} of {len(judged)}",
        is_met=passed == len(judged) if judged else None,
        said=failed.said if failed else "",
    )


def _at_most(title: str, values: Sequence[float], limit: float, unit: str, of: str) -> CriterionRow:
    required = f"at most {limit:g} {unit}"
    if not values:
        return CriterionRow(title=title, wanted=required, measured="nothing", is_met=None)
    found = percentile(values, HIGH)
    text = f"{found:.1f} {unit}" if unit == "s" else f"{found:.0f} {unit}"
    return CriterionRow(title=title, wanted=required, measured=f"{text} ({of})", is_met=found <= limit)


def _at_least(title: str, values: Sequence[float], limit: float, of: str) -> CriterionRow:
    required = f"at least {limit:g}"
    if not values:
        return CriterionRow(title=title, wanted=required, measured="nothing", is_met=None)
    found = percentile(values, LOW)
    return CriterionRow(title=title, wanted=required, measured=f"{found:.1f} ({of})", is_met=found >= limit)


def _is_certain(row: CriterionRow, record: RecordRow, criteria: Criteria) -> bool:
    """Tells whether a criterion would be missed on a faster machine too."""
    if row.title == PRIVACY:
        return True
    students = len(record.student_rows)
    recognised = sum(
        bool(person.failing and person.failing.sign) for person in record.people if person.outcome == Outcome.FAILED
    )
    return row.title == record.success_title and students > 0 and 1 - recognised / students < criteria.success


def _saw_stranger(person: PersonRow) -> bool:
    return any(step.is_private for step in person.steps)


def _sentence(rows: Sequence[CriterionRow]) -> str:
    more = f", and {len(rows) - 1} more" if len(rows) > 1 else ""
    return f"{rows[0].title}: {rows[0].measured}, required {rows[0].wanted}{more}"
