"""One rehearsal from its first bell to its verdict: rounds are played, the machine is read, figures are compared."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from firstbell.journeys.practice.client import PracticeSchool
from firstbell.runner.execution.district import District
from firstbell.runner.execution.supervision.child_process import QUIT_S
from firstbell.runner.execution.supervision.protocol import WorkerSetup
from firstbell.runner.rehearsal.arrivals import Arrival
from firstbell.runner.rehearsal.capacity import limit_of
from firstbell.runner.rehearsal.criteria import Criteria, judge
from firstbell.runner.rehearsal.document import CostRow, PersonRow, RecordRow, RehearsalDocument
from firstbell.runner.rehearsal.processes.machine_load import MachineSampler
from firstbell.runner.rehearsal.processes.parent import READY_S, PlayerProcesses
from firstbell.runner.rehearsal.processes.protocol import FromPlayers, PreparePlayers
from firstbell.runner.rehearsal.results.compare import compare
from firstbell.runner.rehearsal.results.cross_check import SchoolCounts, cross_check
from firstbell.runner.rehearsal.results.store import delete_round
from firstbell.runner.rehearsal.transcript import Transcript

# A way to class has this many waits, each of which may take the step limit; the rest is for a slow machine.
WAITS = 16
SLACK_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalPlan:
    """What is to be played: by whom, how often, and how this machine was measured. `log` takes what is printed, and a
    folder on the `shelf` what remains of those who fail, pictures without what `mask` selects."""

    journey: str
    seats: tuple[Arrival, ...]
    ramp_s: float
    rounds: int
    stay_s: float
    cost: CostRow
    cores: int
    carries: int
    log: Path
    shelf: Path
    mask: tuple[str, ...] = ()

    @property
    def students(self) -> int:
        """How many come to class."""
        return sum(seat.number > 0 for seat in self.seats)

    @property
    def workers(self) -> int:
        """How many processes play them."""
        return len({seat.worker for seat in self.seats})


ProgressListener = Callable[[FromPlayers, Transcript], None]


def rehearse(
    bill: RehearsalPlan,
    district: District,
    hello: WorkerSetup,
    *,
    practice: PracticeSchool | None,
    onlooker: ProgressListener,
) -> RecordRow:
    """Play all rounds, and return what was measured. Raises WorkerUnwell where nobody can play."""
    guests = [*district.guests, *(district.account(seat.account).display_name for seat in bill.seats)]
    before = _counts_reset(practice) if practice else None
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
    folder = bill.shelf / name
    engage = PreparePlayers(hello=hello, guests=tuple(guests), stay_s=bill.stay_s, keep=folder, mask=bill.mask)
    with _deleted_if_stopped(folder):
        with PlayerProcesses(bill.seats, engage, log=bill.log) as ensemble:
            began_at, began = datetime.now(UTC), time.monotonic()
            minutes = Transcript(bill.seats, began_at.timestamp())

            def follow(message: FromPlayers) -> None:
                minutes.hear(message)
                onlooker(message, minutes)

            with MachineSampler() as gauge:
                for _ in range(bill.rounds):
                    if not ensemble.is_whole:
                        break
                    minutes.begin()
                    ensemble.play(secrets.token_hex(8), deadline_s=_deadline_s(bill, district), follow=follow)
                    minutes.end()
            browser = ensemble.browser
        # Once nobody is left who could still put something away.
        people = redact_private_people(minutes.people, folder)
    return RecordRow(
        id=name,
        journey=bill.journey,
        district=district.school.name,
        location=district.location.name,
        began_at=began_at,
        took_s=round(time.monotonic() - began, 2),
        students=bill.students,
        teachers=len(bill.seats) - bill.students,
        ramp_s=bill.ramp_s,
        rounds=bill.rounds,
        workers=bill.workers,
        cores=bill.cores,
        browser=browser,
        version=version("firstbell"),
        cost=bill.cost,
        carries=bill.carries,
        people=people,
        samples=tuple(gauge.samples),
        lost_share=round(minutes.lost_share, 4),
        counted=cross_check(before, _count(practice), minutes.people) if practice and before else (),
    )


def _counts_reset(practice: PracticeSchool) -> SchoolCounts:
    practice.reset_peak()
    return _count(practice)


def conclude(record: RecordRow, wanted: Criteria, previous: RecordRow | None) -> RehearsalDocument:
    """What a record amounts to."""
    limit = limit_of(record.samples, record.lost_share)
    judgement = judge(record, wanted, limit)
    return RehearsalDocument(
        verdict=judgement.verdict,
        said=judgement.said,
        limit=limit,
        criteria=judgement.criteria,
        comparison=compare(record, previous) if previous else None,
        record=record,
    )


def _deadline_s(bill: RehearsalPlan, district: District) -> float:
    return bill.ramp_s + bill.stay_s + WAITS * district.step_limit_s + SLACK_S


def longest_s(bill: RehearsalPlan, district: District) -> float:
    """The longest that all of it can take: everybody's browsers, every round until its deadline, and the way home."""
    return READY_S + bill.rounds * _deadline_s(bill, district) + bill.workers * QUIT_S + SLACK_S


def redact_private_people(people: Sequence[PersonRow], folder: Path) -> tuple[PersonRow, ...]:
    """Nothing remains of a round in which anybody met a stranger: what one student saw, another's picture may show.
    Raises OSError."""
    private = {person.round for person in people if any(step.is_private for step in person.steps)}
    for number in private:
        delete_round(folder, number)
    return tuple(one.model_copy(update={"kept": ()}) if one.round in private else one for one in people)


@contextmanager
def _deleted_if_stopped(folder: Path) -> Iterator[None]:
    """A rehearsal that was stopped has no report from which its pictures could be found."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _count(practice: PracticeSchool) -> SchoolCounts:
    return SchoolCounts.of(practice.counters()["live_class"])
